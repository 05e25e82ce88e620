"""At which learning rate does a model learn best, and does that rate move as the model grows?

The same few steps are taken at every size, seed and rate. A rate is that of the group with the highest learning rate in
the smallest model; all other groups, and all groups of larger models, keep their ratio to it, as the factory sets them:
what a parameterization scales by size stays scaled. Score: mean loss over batches that were not trained on. The best
rate is the vertex of the parabola through the logarithm of the score at the best rate and its neighbours.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.models.coordinate_check.subject import FactoryError, Trained, make

STAYS = 0.25  # of a doubling of the rate, per doubling of the size: what four-fold growth may move is half a doubling
HELD_OUT = 4  # batches of the score, of the steps after the last that was trained on
RateVerdict = Literal["transfers", "moves", "undecided"]


@dataclass(frozen=True)
class BestRates:
    """Where the best learning rate is at each size, and how far it moves.

    Attributes:
        sizes: ascending, shape (sizes,).
        rates: tried, ascending, shape (rates,).
        scores: mean loss after training, shape (seeds, sizes, rates); inf where it was not finite.
        best: rate of least score, shape (seeds, sizes); NaN where it is at the edge of the rates.
        shift, error: doublings of the best rate per doubling of the size, mean over seeds, and its standard error.
        verdict: shift +- 2 errors inside +-`STAYS`, beyond, or across its edge; "undecided" also where a best rate lies
            at the edge.
        notes: where it does, or why there is no error.
    """

    sizes: tuple[int, ...]
    rates: Float[np.ndarray, "rates"]
    scores: Float[np.ndarray, "seeds sizes rates"]
    best: Float[np.ndarray, "seeds sizes"]
    shift: float
    error: float
    verdict: RateVerdict
    notes: tuple[str, ...]

    @property
    def untuned(self) -> Float[np.ndarray, "sizes"]:
        """Mean score at each size with the rate of the grid that is best at the smallest."""
        mean = self.scores.mean(axis=0)
        return np.asarray(mean[:, int(np.argmin(mean[0]))])

    @property
    def tuned(self) -> Float[np.ndarray, "sizes"]:
        """Mean score at each size with its own best rate of the grid."""
        return np.asarray(self.scores.mean(axis=0).min(axis=1))


def scan_rates(
    factory: Callable[..., Any],
    sizes: Sequence[int],
    rates: ArrayLike,
    steps: int = 20,
    seeds: int = 3,
    name: str = "size",
) -> BestRates:
    """Train a model of every size at every rate for a few steps, and return where the best rate is.

    Args:
        factory, sizes, seeds, name: as in `check_coordinates`.
        rates: learning rates, at least three, increasing, > 0.
        steps: training steps, >= 1; the best rate of few steps is not that of a long training, but moves alike.

    Raises:
        ValueError: an argument is out of range; nothing is finite at any rate of a size.
        TypeError, FactoryError: as `check_coordinates`; a learning rate of 0, which nothing can be in ratio to.
    """
    tried = np.asarray(rates, dtype=np.float64)
    if tried.ndim != 1 or len(tried) < 3 or not np.all(np.isfinite(tried) & (tried > 0)) or np.any(np.diff(tried) <= 0):
        raise ValueError(f"rates = {tried.tolist()}; valid: at least three, increasing, > 0")
    if len(set(sizes)) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes = {list(sizes)}; valid: at least two different ones, >= 1")
    if steps < 1 or seeds < 1:
        raise ValueError(f"steps = {steps}, seeds = {seeds}; valid: at least 1")
    ordered = tuple(sorted(set(sizes)))
    torch.manual_seed(0)
    base = _highest_rate(make(factory, ordered[0], name))
    scores = np.array(
        [
            [[_score(factory, size, rate / base, steps, seed, name) for rate in tried] for size in ordered]
            for seed in range(seeds)
        ]
    )
    if not np.isfinite(scores).any(axis=2).all():
        raise ValueError(f"no rate from {tried[0]:g} to {tried[-1]:g} ends with a finite loss at every {name}")
    return judge_rates(ordered, tried, scores, name)


def judge_rates(
    sizes: tuple[int, ...], rates: Float[np.ndarray, "rates"], scores: Float[np.ndarray, "seeds sizes rates"], name: str
) -> BestRates:
    """Return the best rates of scores, their shift with size, and the verdict on it; arguments as in `BestRates`."""
    log_rates = np.log2(rates)
    found = np.array([[_vertex(log_rates, each) for each in row] for row in scores])
    best, resolution = found[..., 0], found[..., 1]
    notes = []
    for edge, word in ((0, "lowest"), (len(rates) - 1, "highest")):
        there = [
            size for size, each in zip(sizes, scores.swapaxes(0, 1), strict=True) if (each.argmin(1) == edge).any()
        ]
        if there:
            notes.append(f"best at the {word} rate tried at {name} {', '.join(map(str, there))}: widen the rates")
    known = np.isfinite(best).all(axis=1)
    doublings = np.log2(sizes)
    each = np.polyfit(doublings, best[known].T, 1)[0] if known.any() else np.array([])
    shift = float(each.mean()) if len(each) else math.nan
    of_grid = math.sqrt(float(resolution.max()) ** 2 / np.sum((doublings - doublings.mean()) ** 2))
    error = math.nan
    if len(each) > 1 and (np.ptp(each) > 0 or of_grid > 0):
        error = math.hypot(float(each.std(ddof=1)) / math.sqrt(len(each)), of_grid)
    verdict: RateVerdict = "undecided"
    if notes or math.isnan(error):
        pass
    elif abs(shift) + 2 * error <= STAYS:
        verdict = "transfers"
    elif abs(shift) - 2 * error > STAYS:
        verdict = "moves"
    if not notes and math.isnan(error):
        notes.append("the seeds give no error: nothing is decided (--seeds 3, and no seed set in the factory)")
    return BestRates(sizes, rates, scores, 2.0**best, shift, error, verdict, tuple(notes))


def _vertex(x: Float[np.ndarray, "rates"], scores: Float[np.ndarray, "rates"]) -> tuple[float, float]:
    """Return where a parabola through the least score and its neighbours is least, NaN at the edge, and 0.

    Without such a parabola, as beside a rate that overflows: the best rate tried, and the error that the spacing of the
    rates leaves it with.
    """
    place = int(np.argmin(scores))
    if place in (0, len(x) - 1):
        return math.nan, 0.0
    around = slice(place - 1, place + 2)
    y = scores[around]
    rounding = float(x[place + 1] - x[place - 1]) / 2 / math.sqrt(12)  # of a number that is anywhere in its cell
    if not np.isfinite(y).all():
        return float(x[place]), rounding
    curvature, slope, _ = np.polyfit(x[around] - x[place], np.log(y) if (y > 0).all() else y, 2)
    if curvature <= 0:
        return float(x[place]), rounding
    return float(np.clip(x[place] - slope / (2 * curvature), x[place - 1], x[place + 1])), 0.0


def _highest_rate(subject: Trained) -> float:
    highest = max((group.get("lr", 0.0) for each in subject.optimizers for group in each.param_groups), default=0.0)
    if not highest > 0:
        raise FactoryError("the learning rate of the smallest model is 0: other rates have no ratio to it")
    return float(highest)


def _score(factory: Callable[..., Any], size: int, factor: float, steps: int, seed: int, name: str) -> float:
    torch.manual_seed(seed)
    subject = make(factory, size, name)
    for optimizer in subject.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] * factor
    for step in range(steps):
        if not math.isfinite(subject.step(step)):
            return math.inf
    with torch.no_grad():
        score = sum(float(subject.loss(steps + batch)) for batch in range(HELD_OUT)) / HELD_OUT
    return score if math.isfinite(score) else math.inf
