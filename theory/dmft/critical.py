"""How does a shifted symmetric flow respond when its slowest mode is marginal, and how far off is a finite one?

dh/dt = -(M + z) h with M a symmetric Gaussian matrix whose spectrum is [-2, 2] (arXiv:2601.01010, its warm-up; the
critical shift of its figure 2 is z = 2). It is the elliptic system at tau = 1, g = 1/z, with time in units of 1/z: at
the critical shift, t of `elliptic` is twice the t of here.

Notation

| symbol | name | shape / range |
|---|---|---|
| z | shift, critical at 2 | >= 2 |
| t | time of the shifted flow | >= 0 |
| R(t) = (1/N) tr e^{-(M + z) t} | response, e^{-zt} I_1(2t)/t as N -> infinity | > 0, (times,) |
| N | size of M: off-diagonal variance 1/N, diagonal variance 2/N | integer >= 1 |
| tau, c = sqrt(tau)/(1 + tau) | symmetry of an elliptic system, memory strength where it is critical | (0, 1] |

The linear statistic tr f(M) of such a matrix has a mean N int f rho + m(f) + O(1/N) and a variance v(f) + O(1/N) that
does not grow with N. For f(x) = e^{-xt} both are Bessel functions, so that the error of a response of finite size,
relative to that of infinite size, is A/N with a known A.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import special

from solv.theory.validation import require_integer, require_real

CRITICAL_SHIFT = 2.0
SHORTEST_TIME = 1e-12


@dataclass(frozen=True)
class FiniteResponse:
    """Mean and standard deviation of R(t) over matrices of one size, both (times,), to the first order in 1/N."""

    mean: Float[np.ndarray, "times"]
    spread: Float[np.ndarray, "times"]


def shifted_response(times: ArrayLike, shift: float = CRITICAL_SHIFT) -> Float[np.ndarray, "times"]:
    """Return R(t) = e^{-zt} I_1(2t)/t of infinitely many units; t^{-3/2}/(2 sqrt(pi)) late at z = 2.

    Args:
        times: t >= 0, (times,).
        shift: z >= 2; below it the flow grows.

    Raises:
        ValueError: an argument out of range.

    Cost: O(times).

    """
    t, z = _checked_times(times), require_real("shift", shift, least=CRITICAL_SHIFT)
    late = np.where(t > SHORTEST_TIME, t, 1.0)
    return np.asarray(np.where(t > SHORTEST_TIME, special.ive(1, 2 * late) / late, 1.0) * np.exp((2 - z) * t))


def finite_response(times: ArrayLike, size: int, shift: float = CRITICAL_SHIFT) -> FiniteResponse:
    """Return mean and spread of R(t) over matrices of N units.

    Mean R + (cosh 2t - I_0(2t)) e^{-zt} / 2N, variance 2 t I_0(2t) I_1(2t) e^{-2zt} / N^2: the mean and the variance of
    linear statistics of the Gaussian orthogonal ensemble, which are (f(2) + f(-2))/4 - (1/2 pi) int f/sqrt(4 - x^2) and
    (1/2) sum_k k a_k^2 of the Chebyshev coefficients a_k. Valid for t << N^{2/3}, beyond which single eigenvalues at
    the edge decide.

    Args:
        times: t >= 0, (times,).
        size: N >= 1.
        shift: z >= 2.

    Raises:
        ValueError: an argument out of range.

    Cost: O(times).

    """
    t, n = _checked_times(times), require_integer("size", size, least=1)
    decay = np.exp((2 - require_real("shift", shift, least=CRITICAL_SHIFT)) * t)
    zero, one = special.ive(0, 2 * t), special.ive(1, 2 * t)
    offset = ((1 + np.exp(-4 * t)) / 2 - zero) / 2
    return FiniteResponse(
        mean=np.asarray(shifted_response(t, shift) + decay * offset / n),
        spread=np.asarray(decay * np.sqrt(2 * t * zero * one) / n),
    )


def response_error(times: ArrayLike, size: int, shift: float = CRITICAL_SHIFT) -> float:
    """Return the root mean square, over matrices of N units, of |R_N - R| / |R|, norms over the times given.

    Args:
        times: equally spaced t >= 0, (times,): the norm is the root of the sum of squares over them.
        size: N >= 1.
        shift: z >= 2.

    Raises:
        ValueError: an argument out of range.

    It is A/N; A grows with the latest time as the edge of the spectrum comes to matter. Cost: O(times).

    """
    infinite, finite = shifted_response(times, shift), finite_response(times, size, shift)
    return float(np.sqrt(np.sum((finite.mean - infinite) ** 2 + finite.spread**2) / np.sum(infinite**2)))


def late_response(times: ArrayLike, tau: float) -> Float[np.ndarray, "times"]:
    """Return the late R(t) of an elliptic system at its critical coupling, t^{-3/2} e^{-(1-2c)t}/(2 sqrt(pi) c^{3/2}).

    The coupling is g = 1/(1 + tau), where the spectrum touches the imaginary axis. Only at tau = 1, where 2c = 1, is R
    a pure power, sqrt(2/pi) t^{-3/2}: otherwise the modes at the edge are too few, or turn, to be seen in a trace.

    Args:
        times: t > 0 in units of `elliptic`, (times,).
        tau: symmetry in (0, 1].

    Raises:
        ValueError: an argument out of range.

    Cost: O(times).

    """
    t = _checked_times(times)
    if not np.all(t > 0):
        raise ValueError("times contains 0; valid: numbers > 0")
    tau = require_real("tau", tau, above=0, most=1)
    c = math.sqrt(tau) / (1 + tau)
    return np.asarray(t**-1.5 * np.exp(-(1 - 2 * c) * t) / (2 * math.sqrt(math.pi) * c**1.5))


def _checked_times(times: ArrayLike) -> Float[np.ndarray, "times"]:
    grid = np.asarray(times, dtype=float)
    if not np.all(np.isfinite(grid) & (grid >= 0)):
        raise ValueError(f"times = {times!r} is out of range; valid: finite numbers >= 0")
    return grid
