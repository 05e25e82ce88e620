"""Which measure of alignment puts errors into their order? Spearman's correlation of A and of its rivals with them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from solv.theory.icl_alignment.measures import ALIGNMENT_MEASURES
from solv.tracking.claims import known
from solv.tracking.curves import Curves, Params, parameter

ALIGNMENT = "A"
MEASURES = (ALIGNMENT, *ALIGNMENT_MEASURES)
Pretraining: TypeAlias = tuple[str, float]  # (train, kappa)
Measures: TypeAlias = Mapping[Pretraining, np.ndarray]  # -> (measures, tests), in the order of MEASURES
Errors: TypeAlias = Mapping[Pretraining, np.ndarray]  # -> (tests,)
Ranking: TypeAlias = Callable[[Measures, Errors], np.ndarray]


def rivals(train: np.ndarray, tests: Sequence[np.ndarray]) -> list[list[float]]:
    """Return what each rival of A says of every test covariance beside `train`, (rivals, tests)."""
    return [[rival(train, test) for test in tests] for rival, _ in ALIGNMENT_MEASURES.values()]


def rank_correlations(measures: Measures, errors: Errors) -> np.ndarray:
    """Return the correlation of each measure with the errors of all pairs, signed so that 1 is perfect, (measures,)."""
    signs = [1, *(sign for _, sign in ALIGNMENT_MEASURES.values())]
    together = np.concatenate(list(errors.values()))
    values = np.concatenate([measures[key] for key in errors], axis=1)
    return np.array([sign * spearmanr(row, together).statistic for sign, row in zip(signs, values, strict=True)])


def rank_correlations_within(measures: Measures, errors: Errors) -> np.ndarray:
    """Return the mean over pretrainings of the correlations of each of them alone, (measures,)."""
    each = [rank_correlations(measures, {key: alone}) for key, alone in errors.items()]
    return np.asarray(np.mean(each, axis=0))


def by_measure(params: Params, *values: ArrayLike) -> Iterator[tuple[dict[str, object], tuple[float, ...]]]:
    """Yield the params of each measure's curve, a single point, and its part of the arrays `values`, (measures,)."""
    for index, name in enumerate(MEASURES):
        yield {**params, "measure": name}, tuple(float(np.asarray(value)[index]) for value in values)


@dataclass(frozen=True)
class Lead:
    """How far A is ahead of the best of its rivals.

    Attributes:
        own, own_error: rank correlation of A, and its standard error; NaN where it is not known.
        rival, rival_name: those of the best rival.
        error: standard error of the difference. The repeats of A and its rivals are the same, so that adding their
            variances exaggerates.
    """

    own: float
    own_error: float
    rival: float
    rival_name: str
    error: float

    def __str__(self) -> str:
        return f"A {self.own:.3f}, {self.rival_name} {self.rival:.3f}"


def lead(ranks: Curves) -> Lead:
    """Return the lead of A in curves that have every measure once."""
    named = ranks.assign(measure=parameter(ranks, "measure"))
    own, others = named[named["measure"] == ALIGNMENT].iloc[0], named[named["measure"] != ALIGNMENT]
    best = others.nlargest(1, "y").iloc[0]
    own_error, best_error = (known(row["y_err"], row["n"]) for row in (own, best))
    error = math.hypot(own_error, best_error)
    return Lead(float(own["y"]), own_error, float(best["y"]), str(best["measure"]), error)
