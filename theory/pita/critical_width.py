"""At which width does accuracy cross a threshold, and with which power of a size does that width grow?

    H       critical width: where the accuracy, a function of log width, crosses the threshold
    A, D    breadth (arms) and depth (levels) of the chain task
    gamma   exponent of H in one of them

The lines that the public code of arXiv:2602.14404 draws into its heat maps have the slopes H ~ D^2 A^(1/2) with a
trace and H ~ D A^(1/2) without one. One formula has all four slopes (ours, not the paper's):

    H^2 ~ A D^2 / share^2

There are about A D^2 questions to tell apart, in H^2 numbers; near-uniform attention over t tokens leaves each a share
1/t, and the answer hangs on one of them: share = 1/2 for the two tokens of a question, 1/(D + 1) behind a trace of the
whole arm.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.validation import require_real

# gamma by (with a trace, in depth)
DRAWN_EXPONENTS = {(True, True): 2.0, (True, False): 0.5, (False, True): 1.0, (False, False): 0.5}


def width_formula(arms: ArrayLike, depth: ArrayLike, *, trace: bool) -> Float[np.ndarray, "..."]:
    """Return A^(1/2) D / share, to which the critical width is proportional (ours).

    Args:
        arms: A > 0.
        depth: D > 0, broadcast against the arms.
        trace: whether a trace is written: share = 1 / (D + 1), otherwise 1/2.

    Raises:
        ValueError: a number out of range.
    """
    broad, deep = np.asarray(arms, dtype=float), np.asarray(depth, dtype=float)
    if np.any(broad <= 0) or np.any(deep <= 0):
        raise ValueError(f"arms = {broad.tolist()}, depth = {deep.tolist()}; valid: > 0")
    return np.asarray(np.sqrt(broad) * deep * (deep + 1 if trace else 2.0))


@dataclass(frozen=True)
class Crossing:
    """A critical width.

    Attributes:
        log_width: natural logarithm of H; -inf: below the smallest width, inf: above the largest.
        error: standard error of log_width; NaN where it is infinite or there is one repeat.
    """

    log_width: float
    error: float


@dataclass(frozen=True)
class WidthLaw:
    """H = amplitude size^exponent.

    Attributes:
        exponent, error: gamma and its standard error; errors are enlarged where the points scatter more than they say.
        amplitude: H at size 1.
        points: number of sizes whose critical width is known.
    """

    exponent: float
    error: float
    amplitude: float
    points: int


def crossing(widths: ArrayLike, accuracies: ArrayLike, threshold: float = 0.75) -> Crossing:
    """Return where the mean accuracy over repeats crosses the threshold upwards for the last time.

    Straight lines in log width between the measured widths; the standard error of the mean accuracy there, over the
    slope.

    Args:
        widths: increasing, > 0, shape (widths,), at least 2.
        accuracies: shape (repeats, widths).
        threshold: in (0, 1).

    Raises:
        ValueError: shapes that differ, widths that do not increase, or a threshold out of range.
    """
    threshold = require_real("threshold", threshold, above=0, below=1)
    logs, values = np.log(np.asarray(widths, dtype=float)), np.asarray(accuracies, dtype=float)
    if values.ndim != 2 or logs.shape != values.shape[1:] or len(logs) < 2:
        raise ValueError(
            f"widths and accuracies have shapes {logs.shape} and {values.shape}; "
            "valid: (widths >= 2,), (repeats, widths)"
        )
    if np.any(np.diff(logs) <= 0):
        raise ValueError(f"widths = {np.asarray(widths).tolist()} do not increase")
    mean = values.mean(axis=0)
    above = mean >= threshold
    if not above[-1]:
        return Crossing(np.inf, np.nan)
    if above.all():
        return Crossing(-np.inf, np.nan)
    right = len(above) - int(np.argmin(above[::-1]))  # the first width from which on all are above
    left = right - 1
    part = (threshold - mean[left]) / (mean[right] - mean[left])
    slope = (mean[right] - mean[left]) / (logs[right] - logs[left])
    between = (1 - part) * values[:, left] + part * values[:, right]
    error = float(between.std(ddof=1) / np.sqrt(len(between)) / slope) if len(between) > 1 else np.nan
    return Crossing(float(logs[left] + part * (logs[right] - logs[left])), error)


def width_law(sizes: ArrayLike, log_widths: ArrayLike, errors: ArrayLike) -> WidthLaw:
    """Fit log H = log amplitude + gamma log size by weighted least squares.

    Args:
        sizes: > 0, shape (sizes,).
        log_widths: as of `crossing`; infinite ones are left out.
        errors: their standard errors, > 0; shape (sizes,).

    Returns:
        The law; NaN where fewer than two critical widths are known.

    Raises:
        ValueError: shapes that differ, or sizes that are not > 0.
    """
    x, y, dy = (np.asarray(values, dtype=float) for values in (sizes, log_widths, errors))
    if x.shape != y.shape or x.shape != dy.shape or x.ndim != 1:
        raise ValueError(f"sizes, log_widths and errors have shapes {x.shape}, {y.shape}, {dy.shape}; valid: equal")
    if np.any(x <= 0):
        raise ValueError(f"sizes = {x.tolist()}; valid: > 0")
    known = np.isfinite(y) & np.isfinite(dy) & (dy > 0)
    points = int(known.sum())
    if points < 2 or len(np.unique(x[known])) < 2:
        return WidthLaw(np.nan, np.nan, np.nan, points)
    x, y, weights = np.log(x[known]), y[known], 1 / dy[known] ** 2
    centre = np.average(x, weights=weights)
    spread = float(weights @ (x - centre) ** 2)
    exponent = float(weights @ ((x - centre) * y) / spread)
    intercept = float(np.average(y, weights=weights) - exponent * centre)
    residues = y - intercept - exponent * x
    chi_square = float(weights @ residues**2) / (points - 2) if points > 2 else 1.0
    return WidthLaw(exponent, float(np.sqrt(max(chi_square, 1.0) / spread)), float(np.exp(intercept)), points)
