"""Which measure of alignment puts errors into their order? Spearman's correlation of e_misalign and its rivals.

The paper's number is the mean over task diversities of the correlations within each of them. The pooled number, over
all pairs and diversities together, stands second: there the rivals that do not know the diversity fail by themselves.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from solv.theory.icl_alignment.error import icl_error
from solv.theory.icl_alignment.measures import RIVALS, RIVALS_OF_OURS, RIVALS_OF_THE_PAPER
from solv.tracking.claims import known
from solv.tracking.curves import Curves, Params, parameter

MISALIGNMENT = "e_misalign"
RESOLVENT = "resolvent"
RANK_CALLS = 300  # that take as long as one rank correlation
MEASURES = (MISALIGNMENT, RESOLVENT, *RIVALS)
SIGNS = (1, 1, *(sign for _, sign in RIVALS.values()))
Pretraining: TypeAlias = tuple[str, float]  # (train, kappa)
Measures: TypeAlias = Mapping[Pretraining, np.ndarray]  # -> (measures, tests), in the order of MEASURES
Errors: TypeAlias = Mapping[Pretraining, np.ndarray]  # -> (tests,)
Ranking: TypeAlias = Callable[[Measures, Errors], np.ndarray]


def all_measures(
    train: np.ndarray, tests: Sequence[np.ndarray], tau: float, alpha: float, kappas: Sequence[float], rho: float
) -> np.ndarray:
    """Return what every measure says of every test covariance beside `train`, shape (kappas, measures, tests)."""
    found = [icl_error(train, test, tau, alpha, np.array(kappas), rho) for test in tests]
    informed = np.array([[each.misalignment, each.resolvent] for each in found])  # (tests, 2, kappas)
    others = np.array([[rival(train, test) for test in tests] for rival, _ in RIVALS.values()])
    return np.stack([np.concatenate([informed[:, :, index].T, others]) for index in range(len(kappas))])


def rank_correlations(measures: Measures, errors: Errors) -> np.ndarray:
    """Return the correlation of each measure with the errors of all pairs, signed so that 1 is perfect, (measures,)."""
    from scipy.stats import spearmanr  # a second of import

    together = np.concatenate(list(errors.values()))
    values = np.concatenate([measures[key] for key in errors], axis=1)
    return np.array([sign * spearmanr(row, together).statistic for sign, row in zip(SIGNS, values, strict=True)])


def rank_correlations_within(measures: Measures, errors: Errors) -> np.ndarray:
    """Return the mean over pretrainings of the correlations of each of them alone, (measures,)."""
    each = [rank_correlations(measures, {key: alone}) for key, alone in errors.items()]
    return np.asarray(np.mean(each, axis=0))


def rank_correlations_of_means(
    rank: Ranking, measures: Measures, errors: Mapping[Pretraining, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return how each measure orders the mean errors over repeats, as the authors average them before they rank.

    The chance of single repeats puts close errors into another order and pulls their own correlations towards 0.

    Args:
        rank: what is made of the mean errors.
        measures: what every measure says.
        errors: of every pretraining, (repeats, tests).

    Returns:
        the correlations (measures,), their jackknife standard errors over repeats (NaN for one), and the repeats.
    """
    n = len(next(iter(errors.values())))
    value = rank(measures, {key: each.mean(axis=0) for key, each in errors.items()})
    if n < 2:
        return value, np.full_like(value, np.nan), n
    without = [
        rank(measures, {key: np.delete(each, left_out, axis=0).mean(axis=0) for key, each in errors.items()})
        for left_out in range(n)
    ]
    return value, np.sqrt((n - 1) * np.var(without, axis=0)), n


def by_measure(params: Params, *values: ArrayLike) -> Iterator[tuple[dict[str, object], tuple[float, ...]]]:
    """Yield the params of each measure's curve, a single point, and its part of the arrays `values`, (measures,)."""
    for index, name in enumerate(MEASURES):
        yield {**params, "measure": name}, tuple(float(np.asarray(value)[index]) for value in values)


@dataclass(frozen=True)
class Rank:
    """The rank correlation of one measure, its standard error over n repeats: NaN where it is not known."""

    name: str
    value: float
    error: float
    n: int

    def __str__(self) -> str:
        return f"{self.name} {self.value:.3f}"

    def above(self, other: "Rank") -> tuple[float, float]:
        """Return the lead over another measure, and its standard error.

        The repeats of both are the same, so that adding their variances exaggerates.
        """
        return self.value - other.value, math.hypot(self.error, other.error)


def ranks_of(curves: Curves) -> dict[str, Rank]:
    """Return the rank correlation of every measure, from curves that have each of them once."""
    names = parameter(curves, "measure")
    return {
        name: Rank(name, float(row["y"]), known(row["y_err"], row["n"]), int(row["n"]))
        for name, (_, row) in zip(names, curves.iterrows(), strict=True)
    }


def listed(ranks: Mapping[str, Rank]) -> str:
    """Return the correlations of the paper's four measures in words, and of the best of ours."""
    best = max((ranks[name] for name in RIVALS_OF_OURS), key=lambda rank: rank.value)
    return ", ".join(str(ranks[name]) for name in (MISALIGNMENT, RESOLVENT, *RIVALS_OF_THE_PAPER)) + f", {best}"
