"""Which exponent do losses of several teachers follow? The fit that theory and measurement share, and its interval."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from solv.theory.fits.power_law import LEAST_POINTS, fit_power_law
from solv.tracking.claims import Verdict, known, within
from solv.tracking.curves import Curves, Params, Recorder, decode_params, select

ROUNDING = 1e-6  # divergences below it are not fitted
LEAST = 1e-12  # losses are rounded up to it, so that their logarithm is a number
LONG = 600  # steps of a control, and least time s of a student, from which laws of late times are judged
EXPONENT = 0.02  # how far a fitted exponent of -1/3 may lie from it: windows are finite
LATE_LAW = 0.1  # the same for laws that need longer: a tenth of what normalised steps predict, over a factor 4 in time


@dataclass(frozen=True)
class Fit:
    """An exponent fitted to the geometric mean over repeats.

    Attributes:
        exponent: the slope in log-log: minus the rate of decay.
        error: standard error over the repeats' own slopes.
        repeats: how many there are.
        low, high: its 95 % interval.
    """

    exponent: float
    error: float
    repeats: int
    low: float
    high: float


def fitted(
    x: Float[np.ndarray, "points"],
    y: Float[np.ndarray, "repeats points"],
    least: float,
    most: float = math.inf,
) -> Fit | None:
    """Return the exponent of y within least <= x <= most; None for fewer than 5 points above `ROUNDING`."""
    keep = (x >= least) & (x <= 1.01 * most) & (y.min(axis=0) > ROUNDING)  # the last step may go a little beyond
    if keep.sum() < LEAST_POINTS:
        return None
    fit = fit_power_law(x[keep], y[:, keep])
    rates = [fit_power_law(x[keep], row[keep]).exponent for row in y]
    error = float(np.std(rates, ddof=1) / math.sqrt(len(rates)))
    return Fit(-fit.exponent, error, len(y), -fit.high, -fit.low)


def fit_curves(
    record: Recorder,
    exponents: StrEnum,
    intervals: StrEnum,
    params: Params,
    x: tuple[str, float | Sequence[float]],
    fits: Sequence[Fit],
) -> Iterator[Curves]:
    """Yield trained exponents, and the ends of their intervals.

    Args:
        record: of the part.
        exponents, intervals: panels of the part.
        params: of the curve.
        x: name and values of its abscissa, one for each fit.
        fits: at least one.
    """
    y, y_err, n = ([getattr(fit, name) for fit in fits] for name in ("exponent", "error", "repeats"))
    yield record.trained(exponents, params, x=x, y=("exponent", y), y_err=y_err, n=n)
    for side in ("low", "high"):
        ends = [getattr(fit, side) for fit in fits]
        yield record.trained(intervals, params, x=x, y=(side, ends), y_err=math.nan, n=1)


def near(row: pd.Series, law: float, tolerance: float) -> Verdict:
    """Judge whether a measured exponent, a row of the curves, is that of a law."""
    return within(row["y"], law, tolerance, known(row["y_err"], row["n"]))


def listed(rows: Curves, name: Callable[[Mapping[str, Any]], str]) -> str:
    """Return the names of the curves, by their params, with their exponents and standard errors."""
    return ", ".join(
        f"{name(decode_params(row['params']))}: {row['y']:.3f} ± {row['y_err']:.3f}" for _, row in rows.iterrows()
    )


def long_enough(rows: Curves, fits: Curves) -> Curves:
    """Return those exponents whose window ends late enough for a law of late times: `fits` has its `end`."""
    ends = select(fits, source="theory", y_name="end").set_index("params")["y"]
    return rows[rows["params"].map(ends) >= LONG]
