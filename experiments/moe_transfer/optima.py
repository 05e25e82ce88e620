"""Where is the best learning rate, how well is it known, and how does it move with size?"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.tracking.claims import Verdict, all_of, known
from solv.tracking.confidence import sigmas_to_hold, within
from solv.tracking.curves import Curves, Recorder, select

STEP = 1.0  # octaves between learning rates: an optimum is known to no less
FINE = 0.25  # octaves within which optima agree where rates are at most half an octave apart
WINDOW = 1.0  # octaves on either side of the lowest loss that its parabola is fitted over


@dataclass(frozen=True)
class Optimum:
    """The best learning rate of one model.

    Attributes:
        log2_rate: its logarithm; NaN if the lowest loss is at an edge of the grid or beside a divergence.
        error: standard error over initialisations; NaN if fewer than two of them have an optimum of their own.
        n: how many have one, where the error is known; else 1.
        without: how many have none. Where that leaves no error, the optimum decides nothing.
        inside: whether the optimum is inside the grid; for pooled runs, the fraction of them in which it is.
        spacing: octaves between the rates around it.
    """

    log2_rate: float
    error: float
    n: int
    without: float = 0.0
    inside: float = 1.0
    spacing: float = STEP

    @property
    def vague(self) -> bool:
        """Whether diverged trainings, or the edge of the grid, took away the error."""
        return math.isnan(self.log2_rate) or (math.isnan(self.error) and self.without > 0)


def optimum_of(rates: ArrayLike, scores: Float[np.ndarray, "seeds rates"]) -> Optimum:
    """Return the optimum of the parabola through the lowest point of the mean curve and all within an octave of it.

    Args:
        rates: log2 of the learning rates, ascending.
        scores: loss of every initialisation, infinite where it diverged.
    """
    x = np.asarray(rates, dtype=float)
    by_seed = np.array([_parabola(x, row) for row in scores])
    finite = by_seed[np.isfinite(by_seed)]
    error = float(np.std(finite, ddof=1) / np.sqrt(len(finite))) if len(finite) > 1 else math.nan
    log2_rate = _parabola(x, scores.mean(axis=0))
    inside = 0.0 if math.isnan(log2_rate) else 1.0
    lost = float(len(by_seed) - len(finite))
    return Optimum(log2_rate, error, max(len(finite), 1), lost, inside, float(np.diff(x).min()))


def _parabola(x: np.ndarray, y: np.ndarray) -> float:
    low = int(np.argmin(y))
    if low in (0, len(x) - 1) or not np.isfinite(y[low - 1 : low + 2]).all():
        return math.nan
    near = np.isfinite(y) & (np.abs(x - x[low]) <= max(WINDOW, x[low] - x[low - 1], x[low + 1] - x[low]))
    a, b, _ = np.polyfit(x[near] - x[low], y[near], 2)
    vertex = -b / (2 * a) if a > 0 else math.nan
    return float(x[low] + vertex) if abs(vertex) <= WINDOW else math.nan


def tolerance_of(optima: Iterable[Optimum]) -> float:
    """Return within how many octaves optima agree: a grid step, or where the grids are fine enough, `FINE`."""
    return FINE if max((each.spacing for each in optima), default=STEP) <= 2 * FINE else STEP


@dataclass(frozen=True)
class Transfer:
    """How well the best rate of the smallest size serves the others.

    Attributes:
        verdict: whether it does.
        shift: octaves from the smallest size's best rate to that of the size where most speaks against it.
        error: standard error of `shift`; NaN if it is not known.
        size: that size.
        farthest: octaves by which the shift may differ from 0 at most, by its error.
    """

    verdict: Verdict
    shift: float
    error: float
    size: float
    farthest: float


def transfer_of(optima: Mapping[float, Optimum], tolerance: float) -> Transfer:
    """Judge whether the best rate of every size is within `tolerance` octaves of that of the smallest.

    A rate is tuned at the smallest size and used at all others: each shift is judged by itself. Initialisations scatter
    alike at all sizes, so that one standard deviation is taken from all of them together: of two or four it may be
    small by chance, and of one there is none. All shifts must be within the tolerance for it to hold, so that no number
    of sizes makes that easier.

    Args:
        optima: by size, ascending; those without an optimum are left out, two at least have one.
        tolerance: octaves.
    """
    inside = {size: each for size, each in optima.items() if not math.isnan(each.log2_rate)}
    scatter, freedom = _scatter(inside.values())
    (_, first), *others = inside.items()
    found = []
    for size, each in others:
        shift, error = each.log2_rate - first.log2_rate, scatter * math.sqrt(1 / each.n + 1 / first.n)
        if (each.n == 1 and each.without) or (first.n == 1 and first.without):
            error = math.nan  # diverged trainings took it away
        verdict = within(shift, 0.0, tolerance, error, freedom + 1, comparisons=len(others))
        reach = math.inf if math.isnan(error) else sigmas_to_hold(freedom + 1) * error
        found.append(Transfer(verdict, shift, error, size, abs(shift) + reach))
    worst = max(found, key=lambda each: (each.farthest, abs(each.shift)))
    return replace(worst, verdict=all_of(each.verdict for each in found))


def _scatter(optima: Iterable[Optimum]) -> tuple[float, int]:
    """Return the standard deviation of the best rate over initialisations, and its degrees of freedom; NaN if none."""
    repeated = [each for each in optima if each.n > 1 and not math.isnan(each.error)]
    freedom = sum(each.n - 1 for each in repeated)
    squares = sum((each.n - 1) * each.n * each.error**2 for each in repeated)
    return (math.sqrt(squares / freedom), freedom) if freedom else (math.nan, 0)


def shift_per_doubling(optima: Mapping[float, tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of the line through (log2 size, optimum), and its standard error from those of the optima.

    An optimum of one seed counts with the scatter of a single seed at the other sizes; NaN if that is unknown too.
    """
    x = np.log2(list(optima))
    y, error = np.array(list(optima.values())).T
    if np.isnan(error).any() and not np.isnan(error).all():
        error = np.where(np.isnan(error), np.sqrt(2 * np.nanmean(error**2)), error)
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    return float(weights @ y), float(np.sqrt((weights**2) @ error**2))


# -- as curves -----------------------------------------------------------------------------------------------------


def rate_curve(
    record: Recorder, panel: StrEnum, params: Mapping[str, object], axis: str, size: float, optimum: Optimum
) -> Iterator[Curves]:
    """Yield the best learning rate at one size, to be drawn; nothing if it is not inside the grid."""
    if not math.isnan(optimum.log2_rate):
        rate = 2**optimum.log2_rate
        y_err = rate * np.log(2) * optimum.error
        yield record.trained(panel, params, x=(axis, size), y=("rate", rate), y_err=y_err, n=optimum.n)


def optimum_table(
    record: Recorder, panel: StrEnum, params: Mapping[str, object], size: float, optimum: Optimum
) -> Iterator[Curves]:
    """Yield all that is known of the optimum of one size: the numbers that claims read, one ordinate each."""
    x = "size", size
    yield record.trained(panel, params, x=x, y=("inside", optimum.inside), y_err=0, n=1)
    yield record.trained(panel, params, x=x, y=("without", optimum.without), y_err=0, n=1)
    yield record.trained(panel, params, x=x, y=("spacing", optimum.spacing), y_err=0, n=1)
    if not math.isnan(optimum.log2_rate):
        y = "log2_rate", optimum.log2_rate
        yield record.trained(panel, params, x=x, y=y, y_err=optimum.error, n=optimum.n)


def read_optima(table: Curves) -> dict[float, Optimum]:
    """Return the optimum of every size, ascending, from the rows of `optimum_table` for one way to grow.

    An error that vanishes over several initialisations counts as unknown.
    """
    optima = {}
    for size in sorted(set(table["x"])):
        here = table[table["x"] == size]
        inside, without, spacing = (
            float(select(here, y_name=name)["y"].iloc[0]) for name in ("inside", "without", "spacing")
        )
        rate = select(here, y_name="log2_rate")
        if rate.empty:
            optima[float(size)] = Optimum(math.nan, math.nan, 1, without, inside, spacing)
        else:
            y, y_err, n = (rate[name].iloc[0] for name in ("y", "y_err", "n"))
            optima[float(size)] = Optimum(float(y), known(float(y_err), int(n)), int(n), without, inside, spacing)
    return optima
