"""Which exponent does a loss have by least squares in its logarithm? log y = log(A x^-nu + E), E at most the last y.

The protocol of Liu et al. (arXiv:2602.03685) for language models: x is the sum of the learning rates, or the number of
steps; the first readings, which another law has, are dropped. Relative errors of all readings count alike, where
`loss_curve` weighs absolute ones, whose noise goes together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from solv.theory.validation import require_integer

LEAST_POINTS = 5
STARTS = ((0.2, 0.0), (0.33, 0.5), (0.33, 0.95), (1.0, 0.9))  # of nu, and of E over the last y
LARGEST = 20.0  # of nu


@dataclass(frozen=True)
class LogDecay:
    """A fitted law y = limit + amplitude x^-exponent.

    Attributes:
        exponent, amplitude, limit: all >= 0.
        error: standard error of the exponent if deviations of log y are independent and of one size; nan where the
            limit is at an end of its range or no point is left to tell.
        r_squared: share of the variance of log y that the law explains.
        points: how many were fitted.
    """

    exponent: float
    amplitude: float
    limit: float
    error: float
    r_squared: float
    points: int


def fit_log_decay(x: ArrayLike, y: ArrayLike, *, drop_first: int = 0, drop_last: int = 0) -> LogDecay:
    """Fit log y = log(A x^-nu + E), with 0 <= E <= the last y of all, by least squares.

    Args:
        x: shape (points,), > 0, increasing.
        y: shape (points,), > 0.
        drop_first, drop_last: readings that are left out at either end, >= 0.

    Raises:
        ValueError: shapes that differ, a value out of range, or fewer than 5 points left.
    """
    first = require_integer("drop_first", drop_first, least=0)
    last = require_integer("drop_last", drop_last, least=0)
    abscissae, ordinates = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if abscissae.ndim != 1 or abscissae.shape != ordinates.shape:
        raise ValueError(f"x and y have shapes {abscissae.shape} and {ordinates.shape}; valid: (points,) both")
    if (
        np.any(np.diff(abscissae) <= 0)
        or np.any(abscissae <= 0)
        or not np.all((ordinates > 0) & np.isfinite(ordinates))
    ):
        raise ValueError("x and y hold values out of range; valid: x > 0, increasing, and y > 0, finite")
    kept = slice(first, len(abscissae) - last)
    log_x, log_y = np.log(abscissae[kept]), np.log(ordinates[kept])
    if len(log_y) < LEAST_POINTS:
        raise ValueError(f"{len(log_y)} points are left; valid: at least {LEAST_POINTS}")
    middle, most = log_x.mean(), float(ordinates[-1])

    def residual(values: np.ndarray) -> np.ndarray:
        log_amplitude, exponent, share = values
        with np.errstate(divide="ignore"):
            law = np.logaddexp(log_amplitude - exponent * (log_x - middle), np.log(share) + np.log(most))
        return np.asarray(law - log_y)

    bounds = ([-np.inf, 0.0, 0.0], [np.inf, LARGEST, 1.0])
    found = [
        optimize.least_squares(
            residual, [np.log(max(np.exp(log_y.mean()) - share * most, 1e-3 * most)), nu, share], bounds=bounds
        )
        for nu, share in STARTS
    ]
    best = min(found, key=lambda each: float(each.cost))
    log_amplitude, exponent, share = (float(value) for value in best.x)
    total = float(np.sum((log_y - log_y.mean()) ** 2))
    r_squared = 1 - 2 * float(best.cost) / total if total > 0 else float("nan")
    return LogDecay(
        exponent,
        float(np.exp(log_amplitude + exponent * middle)),
        share * most,
        _error(np.asarray(best.jac), 2 * float(best.cost), share),
        r_squared,
        len(log_y),
    )


def _error(jacobian: np.ndarray, squares: float, share: float) -> float:
    """Return the standard error of the exponent, of a limit that is free or at its lower end."""
    columns = jacobian[:, :2] if share < 1e-9 else jacobian
    freedom = len(jacobian) - columns.shape[1]
    if freedom < 1 or share > 1 - 1e-9:
        return float("nan")
    covariance = np.linalg.pinv(columns.T @ columns) * squares / freedom
    return float(np.sqrt(covariance[1, 1]))
