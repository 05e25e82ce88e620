"""What do the fits of the paper read off a gap? Its unweighted least squares, and the joint fit of its figure 2b.

Both are fits of arXiv:2603.11331 to log(-log Pi_k), Pi_k = 1 - gap (notation of `solv.theory.jailbreak.clusters`):

* least squares of log(-log Pi_k) on (-log k, -k, 1), every k alike (appendix F.5.3; the fits of language models);
* figure 2b fits all fields together: log gap = -nu(h) log k - mu(h) k + c(h), with nu and mu made non-decreasing in h,
  mu >= 0 and mu(0) = 0, residuals of log(-log Pi_k) over their errors. The growth of nu and mu is thus put in.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

FIGURE_2_COUNTS = (1, 2, *range(4, 65, 2))  # the k of figure 2, 33 of them
LANGUAGE_COUNTS = (*range(1, 21), *range(21, 126, 4))  # the k of the language models, 47 of them
LEAST_GAP, MOST_GAP = 1e-300, 1 - 1e-16


@dataclass(frozen=True)
class FieldFits:
    """nu and mu of every field, shape (fields,) each."""

    nu: Float[np.ndarray, "fields"]
    mu: Float[np.ndarray, "fields"]


def least_squares_edge(
    k: ArrayLike, gaps: ArrayLike, *, of_log_gap: bool = False
) -> tuple[Float[np.ndarray, "*curves"], Float[np.ndarray, "*curves"]]:
    """Return (nu, mu) of unweighted least squares on (-log k, -k, 1), for each curve.

    Args:
        k: numbers of samples >= 1, shape (ks,), at least 3 of them.
        gaps: in (0, 1), shape (*curves, ks).
        of_log_gap: whether log gap is fitted instead of log(-log(1 - gap)).

    Raises:
        ValueError: too few k, or a gap outside (0, 1).
    """
    counts, values = np.asarray(k, dtype=np.float64), np.asarray(gaps, dtype=np.float64)
    if len(counts) < 3 or values.shape[-1:] != counts.shape:
        raise ValueError(f"k has {len(counts)} and gaps {values.shape[-1:]} values; valid: the same, at least 3")
    if not ((values > 0) & (values < 1)).all():
        raise ValueError("a gap is not in (0, 1); its log(-log Pi) is not finite")
    y = np.log(values) if of_log_gap else log_minus_log(np.log(values))
    design = np.stack([-np.log(counts), -counts, np.ones(len(counts))], axis=1)
    found = y @ np.linalg.pinv(design).T
    return found[..., 0], found[..., 1]


def log_minus_log(log_gap: ArrayLike) -> Float[np.ndarray, "*points"]:
    """Return log(-log(1 - gap)) of log gap; about log gap itself where the gap is small."""
    gap = np.clip(np.exp(np.asarray(log_gap, dtype=np.float64)), LEAST_GAP, MOST_GAP)
    return np.asarray(np.log(-np.log1p(-gap)))


def log_minus_log_slope(gap: ArrayLike) -> Float[np.ndarray, "*points"]:
    """Return d log(-log(1 - gap)) / d log gap = gap / ((1 - gap) (-log(1 - gap))).

    The factor by which a power read off log(-log Pi_k) is too large: 1.05 at a gap of 0.1, 1.44 at 0.5, 3.9 at 0.9.

    Raises:
        ValueError: a gap outside (0, 1).
    """
    values = np.asarray(gap, dtype=np.float64)
    if not ((values > 0) & (values < 1)).all():
        raise ValueError("gap is not in (0, 1)")
    return np.asarray(values / ((1 - values) * -np.log1p(-values)))


def fit_fields(
    k: ArrayLike, log_gaps: ArrayLike, errors: ArrayLike, *, monotone: bool, zero_first: bool = False
) -> FieldFits:
    """Fit log gap = -nu log k - mu k + c at every field, residuals of log(-log Pi_k) over their errors.

    Args:
        k: numbers of samples, shape (ks,), at least 3.
        log_gaps: by rising field, < 0, shape (fields, ks).
        errors: standard errors of log_gaps, > 0, of the same shape.
        monotone: whether nu and mu are made non-decreasing in the field, and mu >= 0 (figure 2b).
        zero_first: whether mu of the first field is 0, where `monotone` (there the first field is 0).

    Raises:
        ValueError: shapes that differ, an error that is not > 0, or a fit that does not converge.

    Cost: a least-squares problem of 3 x fields unknowns.
    """
    counts, y, width = (np.asarray(each, dtype=np.float64) for each in (k, log_gaps, errors))
    if y.ndim != 2 or y.shape != width.shape or y.shape[1:] != counts.shape or len(counts) < 3:
        raise ValueError(f"k, log_gaps and errors have shapes {counts.shape}, {y.shape}, {width.shape}")
    if not (width > 0).all():
        raise ValueError("errors holds a value that is not > 0")
    wanted = log_minus_log(y)
    sigma = (log_minus_log(np.minimum(y + width, 0)) - log_minus_log(y - width)) / 2
    fields = len(y)
    nu, mu = least_squares_edge(counts, np.clip(np.exp(y), LEAST_GAP, MOST_GAP))
    constant = wanted[:, 0] + nu * np.log(counts[0]) + mu * counts[0]
    low = np.full((3, fields), -np.inf)
    if monotone:  # unknowns are the first value and the growths, each >= 0
        nu, mu = np.maximum.accumulate(nu), np.maximum.accumulate(np.maximum(mu, 0))
        nu, mu = np.diff(nu, prepend=0.0), np.diff(mu, prepend=0.0)
        low[0, 1:], low[1] = 0, 0
    free = np.ones((3, fields), dtype=bool)
    free[1, 0] = not (monotone and zero_first)
    start = np.stack([nu, mu, constant])
    start[~free] = 0

    def parts(unknown: np.ndarray) -> np.ndarray:
        values = np.zeros((3, fields))
        values[free] = unknown
        if monotone:
            values[:2] = np.cumsum(values[:2], axis=1)
        return values

    def residuals(unknown: np.ndarray) -> np.ndarray:
        power, rate, offset = parts(unknown)[:, :, None]
        fitted = np.minimum(offset - power * np.log(counts) - rate * counts, -1e-12)
        return np.asarray(((_log_minus_log_far(fitted) - _log_minus_log_far(y)) / sigma).ravel())

    found = least_squares(
        residuals, start[free], bounds=(low[free], np.inf), x_scale="jac", method="trf", max_nfev=2000
    )
    if not found.success:
        raise ValueError(f"the fit of nu and mu in {fields} fields does not converge: {found.message}")
    power, rate, _ = parts(found.x)
    return FieldFits(power, rate)


def _log_minus_log_far(log_gap: np.ndarray) -> np.ndarray:
    """Return `log_minus_log`, continued by log gap itself where the gap is below what 1 - gap can hold."""
    far = log_gap < -30
    return np.where(far, log_gap, log_minus_log(np.where(far, -1.0, log_gap)))
