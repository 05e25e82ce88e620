"""What does theory know of the regression in the paper's figures, and what do samples of its real posterior give?

Lengths are in units of sigma: errors are delta / sigma^2, temperatures t = T / (2 sigma^2). Theory is that of d -> inf
at the paper's d/n, which at d/n = 0.001 leaves nothing to be seen of d = 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context
from solv.theory.best_of_k.local_exponents import Regression
from solv.theory.best_of_k.selection import Equivalents, WeightMoments, equivalents_from_moments

EXTRAPOLATE, SCALE, MIS = "extrapolate", "scale", "mis"


@dataclass(frozen=True)
class Judge:
    """A judge of one of three families.

    Attributes:
        family: `extrapolate`: y_R = y_T + c (y_T - m); `scale`: w_R = (1 + c) w_T; `mis`: w_R = w_T + c R with R
            independent of the teacher and of unit variance.
        c: its strength.
    """

    family: str
    c: float


def regression(config: BestOfKConfig, training: int | None = None) -> Regression:
    """Return the regression of the paper's figures, with another number of training samples if one is given."""
    paper = config.paper
    return Regression(paper.dimension / (training or paper.training), paper.sigma, paper.gamma, paper.signal)


def params(config: BestOfKConfig, **own: object) -> dict[str, object]:
    """Return the params that every curve of the paper's figures has, and those of one curve."""
    paper = config.paper
    return {"dimension": paper.dimension, "sigma": paper.sigma, "gamma": paper.gamma, "signal": paper.signal, **own}


def temperature(config: BestOfKConfig, t: float | None = None) -> float:
    """Return T = 2 sigma^2 t; at the t of the paper's figures if none is given."""
    return 2 * config.paper.sigma**2 * (config.paper.t if t is None else t)


def own_t(config: BestOfKConfig, equivalents: Equivalents, t: float | None = None) -> float:
    """Return T / (2 s2), the unit of the paper's expansion, of a temperature T / (2 sigma^2)."""
    return temperature(config, t) / (2 * equivalents.predictive_variance)


def judged(config: BestOfKConfig, judge: Judge, training: int | None = None) -> Equivalents:
    """Return the deterministic equivalents with one judge."""
    setup = regression(config, training)
    if judge.family == EXTRAPOLATE:
        return setup.equivalents().extrapolating(judge.c)
    signal, c = setup.signal, judge.c
    cross, offset = (c * signal, c**2 * signal) if judge.family == SCALE else (0.0, c**2)
    moments = WeightMoments(*(np.array([each]) for each in (signal, cross, offset)))
    return equivalents_from_moments(1 / setup.d_over_n, setup.sigma, setup.sigma, setup.gamma, [1.0], moments)


def simulate_paper(
    config: BestOfKConfig,
    context: Context,
    name: str,
    judges: Sequence[Judge],
    k: Sequence[int],
    temperatures: Sequence[float],
    training: int | None = None,
) -> np.ndarray:
    """Return delta / sigma^2 of samples of the real posterior, shape (repeats, judges, temperatures, ks).

    All judges, temperatures and k score the same samples: differences are paired over training sets.

    Args:
        config: its `paper`.
        context: of the run; the errors are one unit of it.
        name: of the unit and its streams.
        judges, k, temperatures: by whom, among how many and how sharply (T) samples are weighted.
        training: samples of a training set, if not those of `paper`.
    """
    import torch

    from solv.models.best_of_k.simulation import RegressionTask
    from solv.models.best_of_k.weighted_selection import simulate_weighted_errors

    paper, setup = config.paper, regression(config, training)

    def compute() -> dict[str, np.ndarray]:
        d, device = paper.dimension, context.device
        ones = torch.ones(d, dtype=torch.float64, device=device)
        teacher = setup.signal**0.5 * ones
        signs = ones.clone()
        signs[: d // 2] = -1
        task = RegressionTask(1 / setup.d_over_n, setup.sigma, setup.sigma, setup.gamma, ones, teacher)
        errors = []
        for repeat in range(paper.repeats):
            stream = context.seeds.torch(name, repeat, device=device)
            other = signs[torch.randperm(d, generator=stream, device=device)]
            weights = torch.stack(
                [
                    teacher * (1 + (judge.c if judge.family == SCALE else 0.0))
                    + other * (judge.c if judge.family == MIS else 0.0)
                    for judge in judges
                ]
            )
            towards = [judge.c if judge.family == EXTRAPOLATE else 0.0 for judge in judges]
            errors.append(
                simulate_weighted_errors(task, weights, towards, k, temperatures, points=paper.points, generator=stream)
            )
        return {"errors": torch.stack(errors).cpu().numpy() / setup.sigma**2}

    return context.unit(name, compute)["errors"]
