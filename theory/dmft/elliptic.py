"""What do correlation, response and spectrum of a linear system driven by an elliptic random matrix look like?

dx/dt = -x + J x + j(t), Var J_ij = g^2/N, Corr(J_ij, J_ji) = tau, x(0) i.i.d. of variance 1, N -> infinity
(arXiv:2601.01010; dmft spec section 3, model M1). tau = 1 is a Wigner matrix, 0 Ginibre, -1 antisymmetric.

Notation

| symbol | name | shape / range |
|---|---|---|
| g, tau | coupling strength, symmetry | > 0, [-1, 1] |
| c = g sqrt|tau| | memory strength | >= 0 |
| R(z), R(t) | resolvent (1/N) tr (z + 1 - J)^-1 and response (1/N) tr e^{(J-1)t} | complex, real |
| C(t,s) | mean x_i(t) x_i(s) | real |
| S(w) | power spectrum under unit white noise | > 0 |
"""

import math
import warnings

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike
from scipy import special

from solv.theory.dmft.linear_dmft import TwoTime, coupled_two_time
from solv.theory.validation import require_integer, require_real

SERIES_TERMS = 200
SMALLEST_TAU = 1e-3
LARGEST_SCALED_TIME = 100.0
# Below this time a memory of order t^2 is nothing, and the ratio of a Bessel function to its argument may underflow.
SHORTEST_TIME = 1e-12


def elliptic_resolvent(z: ArrayLike, g: float, tau: float) -> Complex[np.ndarray, "*points"]:
    """Return R(z) = 1/(z + 1 - tau g^2 R(z)) on the branch R ~ 1/z (spec equation (2)).

    Args:
        z: complex points outside the spectrum of J - 1.
        g: > 0.
        tau: -1..1.

    Raises:
        ValueError: g or tau out of range.

    Cost: O(points).

    """
    g, tau = _checked(g, tau)
    shifted = np.asarray(z, dtype=complex) + 1
    root = np.sqrt(shifted**2 - 4 * tau * g**2)
    # R = 2/(shifted +- root): the larger denominator is the smaller root, without cancellation.
    upper, lower = shifted + root, shifted - root
    return np.asarray(2 / np.where(np.abs(upper) >= np.abs(lower), upper, lower))


def elliptic_response(times: ArrayLike, g: float, tau: float) -> Float[np.ndarray, "times"]:
    """Return R(t) = e^-t I_1(2ct)/(ct), with J_1 for tau < 0 and e^-t for tau = 0 (spec equation (3)).

    Args:
        times: t >= 0, (times,).
        g: > 0.
        tau: -1..1.

    Raises:
        ValueError: an argument out of range.

    Cost: O(times).

    """
    g, tau = _checked(g, tau)
    t = _checked_times("times", times)
    c = g * math.sqrt(abs(tau))
    argument = 2 * c * np.where(t > SHORTEST_TIME, t, 1.0)
    # The growth e^{2ct} of I_1 joins the decay e^{-t}: neither alone is a number at late times.
    bessel, decay = (special.jv, np.exp(-t)) if tau < 0 else (special.ive, np.exp((2 * c - 1) * t))
    late = 2 * bessel(1, argument) / np.where(c > 0, argument, 1.0) * decay
    return np.asarray(np.where((t > SHORTEST_TIME) & (c > 0), late, np.exp(-t)))


def elliptic_correlation(times: ArrayLike, other_times: ArrayLike, g: float, tau: float) -> Float[np.ndarray, "times"]:
    """Return C(t, s) for paired times (spec equations (5), (6)).

    The geometric series of C(z,w) = R R'/(1 - g^2 R R') inverted term by term, 200 terms; tau = 0 and tau = 1 in closed
    form, |tau| < 1e-3 taken as 0 (error below 1e-3 g^2 t^2).

    Args:
        times: t, 0 <= g t <= 100 (the reach of the series), (times,).
        other_times: s, likewise, (times,).
        g: > 0; at g (1 + tau) >= 1 the system is unstable, and a warning says so.
        tau: -1..1.

    Raises:
        ValueError: an argument out of range, or shapes that differ.

    Cost: O(200 x times) Bessel functions.

    """
    g, tau = _checked(g, tau)
    t, s = _checked_times("times", times), _checked_times("other_times", other_times)
    if t.shape != s.shape:
        raise ValueError(f"times, other_times have shapes {t.shape}, {s.shape}; valid: equal shapes")
    latest = max(np.max(t, initial=0.0), np.max(s, initial=0.0))
    if g * latest > LARGEST_SCALED_TIME:
        raise ValueError(f"times reach {latest:g}, out of range at g = {g:g}; valid: times <= 100 / g")
    _warn_if_unstable(g, tau)
    if tau == 1:
        return elliptic_response(t + s, g, tau)
    if abs(tau) < SMALLEST_TAU:
        root = 2 * g * np.sqrt(t * s)
        return np.asarray(special.ive(0, root) * np.exp(root - t - s))
    c = g * math.sqrt(abs(tau))
    interior = (t > SHORTEST_TIME) & (s > SHORTEST_TIME)
    u, v = np.where(interior, t, 1.0), np.where(interior, s, 1.0)
    order = np.arange(1, SERIES_TERMS + 1)[:, None]
    bessel = special.ive if tau > 0 else special.jv
    # Half of |tau|^(1-n) goes to each Bessel function: within g t <= 100 neither factor over- nor underflows in the
    # bulk.
    scale = order * abs(tau) ** ((1 - order) / 2)
    terms = scale * bessel(order, 2 * c * u) * (scale * bessel(order, 2 * c * v))
    growth = 2 * c * (u + v) if tau > 0 else 0.0
    series = terms.sum(axis=0) / (c**2 * u * v) * np.exp(growth - u - v)
    return np.asarray(np.where(interior, series, elliptic_response(t, g, tau) * elliptic_response(s, g, tau)))


def normal_partner_correlation(times: ArrayLike, g: float) -> Float[np.ndarray, "times"]:
    """Return C(t,t) for a normal matrix with the spectrum of Ginibre's: e^-2t I_1(2gt)/(gt) (spec equation (8)).

    It lies below the tau = 0 correlation e^-2t I_0(2gt) at every t > 0; the gap is non-normality alone.

    Raises:
        ValueError: an argument out of range.

    Cost: O(times).

    """
    t = _checked_times("times", times)
    return np.asarray(np.exp(-t) * elliptic_response(t, g, 1.0))


def spectral_ellipse(angles: ArrayLike, g: float, tau: float) -> Complex[np.ndarray, "angles"]:
    """Return the boundary of the spectrum of J - 1, z = -1 + g (e^{i angle} + tau e^{-i angle}) (spec section 3).

    Raises:
        ValueError: g or tau out of range.

    Cost: O(angles).

    """
    g, tau = _checked(g, tau)
    phase = np.exp(1j * np.asarray(angles, dtype=float))
    return np.asarray(-1 + g * (phase + tau * phase.conj()))


def power_spectrum(frequencies: ArrayLike, g: float, tau: float) -> Float[np.ndarray, "frequencies"]:
    """Return the stationary S(w) = |R(iw)|^2 / (1 - g^2 |R(iw)|^2) under unit white noise (spec equation (7)).

    Raises:
        ValueError: an argument out of range, or g (1 + tau) >= 1, where no stationary state exists.

    Cost: O(frequencies).

    """
    g, tau = _checked(g, tau)
    if g * (1 + tau) >= 1:
        raise ValueError(f"g = {g} is out of range at tau = {tau}; valid: g < 1/(1 + tau) = {1 / (1 + tau):g}")
    gain = np.abs(elliptic_resolvent(1j * np.asarray(frequencies, dtype=float), g, tau)) ** 2
    return np.asarray(gain / (1 - g**2 * gain))


def euler_two_time(g: float, tau: float, time_step: float, steps: int) -> TwoTime:
    """Return R and C on the grid 0..steps of x(t+1) = (1 - dt) x(t) + dt (J x(t) + j(t)) (spec equation (9)).

    Exact for that map at N -> infinity; R/dt and C are within O(dt) of equations (3) and (5).

    Args:
        g: > 0; at g (1 + tau) >= 1 a warning says that the system is unstable.
        tau: -1..1.
        time_step: dt in (0, 1].
        steps: >= 1.

    Raises:
        ValueError: an argument out of range.

    Cost: O(steps^3 log steps); 150 steps: 10 ms.

    """
    g, tau = _checked(g, tau)
    time_step = require_real("time_step", time_step, above=0, most=1)
    times = np.arange(require_integer("steps", steps, least=1) + 1)
    _warn_if_unstable(g, tau)
    lag = times[:, None] - times
    decay = 1 - time_step
    unit_response = np.where(lag > 0, time_step * decay ** np.maximum(lag - 1, 0), 0.0)
    return coupled_two_time(unit_response, decay ** (times[:, None] + times), g, tau)


def _checked(g: float, tau: float) -> tuple[float, float]:
    return require_real("g", g, above=0), require_real("tau", tau, least=-1, most=1)


def _checked_times(name: str, times: ArrayLike) -> Float[np.ndarray, "times"]:
    grid = np.asarray(times, dtype=float)
    if not np.all(np.isfinite(grid) & (grid >= 0)):
        raise ValueError(f"{name} = {times!r} is out of range; valid: finite numbers >= 0")
    return grid


def _warn_if_unstable(g: float, tau: float) -> None:
    if g * (1 + tau) >= 1:
        warnings.warn(
            f"g (1 + tau) = {g * (1 + tau):g} >= 1: the system is not stationary and grows without bound", stacklevel=3
        )
