"""How does the error of in-context weight prediction depend on chain-of-thought depth?

Takanami and Pehlevan, "An Asymptotic Theory of Chain-of-Thought in In-Context Learning", arXiv:2606.03217.
Equation numbers are those of the cot-depth spec, whose normalisation this module keeps.

Notation

| symbol | name | shape / range |
|---|---|---|
| d | input dimension; every formula is its limit d -> infinity | - |
| alpha = l / d | context length per dimension | > 0 |
| tau = n / d | pretraining contexts per dimension | > 1, inf allowed |
| rho | label-noise variance in pretraining relative to the signal | >= 0 |
| rho_test | label-noise variance in test contexts, 0 in the paper | >= 0 |
| T | reasoning depth, the number of refinement steps | 0, 1, 2, ... |
| S, x | covariance of a context and its eigenvalue, Marchenko-Pastur law of ratio alpha | (d, d), >= 0 |
| Gamma = c I + E | pretrained step: c = alpha / (1 + alpha + rho), E the noise of finitely many contexts | (d, d) |
| b = 1 - c x | what one noiseless step leaves of the error in mode x | [-1, 1] |
| K = c (1 - c) / (tau - 1) | variance that E injects per unit of squared residual | >= 0 |
| Q_{t,s} | (1/d) E r_t . r_s, two-time covariance of the residual r_t = S delta_t + v | (T, T) |
| e_T | (1/d) E abs(w - w_T)^2, with e_0 = 1 | >= 0, inf |

The recursions (6)-(9) are linear, so that the modes can be integrated out first. With u_k the kick of E at step k,
r_t = b^t (x w + v) - x sum_{k<t} b^{t-1-k} u_k, and (9) closes on moments of the eigenvalue law alone,
mu_n = int (x^2 + rho_test x / alpha) b^n and m_n = int x^2 b^n:

    Q_{t,s} = mu_{t+s} + K sum_{k<t, j<s} m_{t+s-2-k-j} Q_{k,j}.                                            (6'-9')
"""

import math
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import toeplitz
from scipy.optimize import brentq

from solv.theory.random_matrix import marchenko_pastur
from solv.theory.validation import require_integer, require_real

Regime = Literal["exponential", "polynomial", "saturation", "overthinking"]

OVERFLOW = 1e290
BOUNDARY_TOLERANCE = 1e-9
PLATEAU_TOLERANCE = 1e-12


def error_after_one_step(alpha: float, tau: float, rho: float, rho_test: float = 0.0) -> float:
    """Return e_1, the T = 1 case of equation (10), arXiv:2606.03217.

    It is e_1 = int b^2 + c^2 rho_test / alpha + K mu_0 with int x = 1 and int x^2 = 1 + 1/alpha; where rho_test = rho,
    e_1 = (1 - c) tau / (tau - 1).

    Args:
        alpha, tau, rho, rho_test: as in the notation, > 0; > 1 or inf; >= 0; >= 0.

    Raises:
        ValueError: an argument out of range.

    """
    alpha, tau, rho = _checked(alpha, tau, rho)
    rho_test = require_real("rho_test", rho_test, least=0)
    c, square = _step(alpha, rho), 1 + 1 / alpha
    noise = rho_test / alpha
    return 1 - 2 * c + c**2 * (square + noise) + c * (1 - c) / (tau - 1) * (square + noise)


def error_vs_depth(
    alpha: float, tau: float, rho: float, max_depth: int, rho_test: float = 0.0
) -> Float[np.ndarray, "depths"]:
    """Return e_0, ..., e_T, the test error against depth: equations (6)-(10), arXiv:2606.03217.

    Exact to rounding at every alpha, alpha = 1 included: only polynomials of the eigenvalue law are integrated.

    Args:
        alpha: context length per dimension, > 0.
        tau: pretraining contexts per dimension, > 1 or inf.
        rho: label-noise variance in pretraining, >= 0.
        max_depth: T, integer >= 0.
        rho_test: label-noise variance in test contexts, >= 0; the paper's are clean.

    Returns:
        Shape (max_depth + 1,), error at depth 0, 1, ..., T in units of the signal. Beyond about 1e290: inf.

    Raises:
        ValueError: an argument out of range.

    Cost: O(T^3) multiplications in T vectorised steps and O(T^2) memory; about 10 ms at T = 200. tau = inf: O(T^2).

    """
    alpha, tau, rho = _checked(alpha, tau, rho)
    max_depth = require_integer("max_depth", max_depth, least=0)
    rho_test = require_real("rho_test", rho_test, least=0)
    (errors,) = _errors(alpha, np.array([tau]), rho, rho_test, max_depth)
    return np.asarray(errors)


def error_map(
    alphas: Float[np.ndarray, "alphas"],
    taus: Float[np.ndarray, "taus"],
    rho: float,
    max_depth: int,
    rho_test: float = 0.0,
) -> Float[np.ndarray, "alphas taus depths"]:
    """Return `error_vs_depth` on the grid alphas x taus, all taus of one alpha at once.

    Args:
        alphas: context lengths per dimension, shape (A,), each > 0.
        taus: pretraining contexts per dimension, shape (N,), each > 1 or inf.
        rho: label-noise variance in pretraining, >= 0.
        max_depth: T, integer >= 0.
        rho_test: label-noise variance in test contexts, >= 0.

    Returns:
        Shape (A, N, max_depth + 1); overflow is inf.

    Raises:
        ValueError: an argument out of range, or alphas or taus not one-dimensional.

    Cost: O(A N T^3) multiplications and O(N T^2) memory; a 40 x 40 map takes about 0.2 s at T = 60 and 5 s
    at T = 200.

    """
    if np.ndim(alphas) != 1 or np.ndim(taus) != 1:
        raise ValueError(
            f"alphas and taus have {np.ndim(alphas)} and {np.ndim(taus)} dimensions; valid: one-dimensional arrays"
        )
    rho = require_real("rho", rho, least=0)
    rho_test = require_real("rho_test", rho_test, least=0)
    max_depth = require_integer("max_depth", max_depth, least=0)
    valid_alphas = [require_real("alpha", alpha, above=0) for alpha in alphas]
    valid_taus = np.array([require_real("tau", tau, above=1, infinite=True) for tau in taus])
    errors = np.empty((len(valid_alphas), len(valid_taus), max_depth + 1))
    for row, alpha in zip(errors, valid_alphas, strict=True):
        row[:] = _errors(alpha, valid_taus, rho, rho_test, max_depth)
    return errors


def optimal_depth(alpha: float, tau: float, rho: float, max_depth: int, rho_test: float = 0.0) -> int:
    """Return T*, the depth of least error among 0..max_depth, arXiv:2606.03217.

    Where the error has settled on a plateau, T* is the first depth within a relative 1e-12 of the least error.
    A value of max_depth therefore says that depth still helped where the search ended.

    Args:
        alpha, tau, rho: as in the notation, > 0; > 1 or inf; >= 0.
        max_depth: largest depth considered, integer >= 0.
        rho_test: label-noise variance in test contexts, >= 0.

    Raises:
        ValueError: an argument out of range.

    Cost: that of `error_vs_depth`.

    """
    return int(best_depths(error_vs_depth(alpha, tau, rho, max_depth, rho_test)))


def best_depths(errors: Float[np.ndarray, "*cells depths"]) -> Int[np.ndarray, "*cells"]:
    """Return T* along the last axis of errors at depths 0, 1, ...: the first within a relative 1e-12 of the least."""
    return np.asarray(np.argmax(errors <= errors.min(axis=-1, keepdims=True) * (1 + PLATEAU_TOLERANCE), axis=-1))


def log_growth(errors: Float[np.ndarray, "*cells depths"], window: tuple[int, int]) -> Float[np.ndarray, "*cells"]:
    """Return the growth of the error per step, log(e_b / e_a) / (b - a), between two depths a < b of the last axis."""
    first, last = window
    return np.asarray((np.log(errors[..., last]) - np.log(errors[..., first])) / (last - first))


def gain_of_one_more_step(
    alpha: float, tau: float, rho: float, max_depth: int, rho_test: float = 0.0
) -> Float[np.ndarray, "steps"]:
    """Return 1 - e_{T+1} / e_T for T = 0..max_depth - 1: the share of the error that the next step removes.

    Negative where the next step hurts, and -inf once the error overflows.

    Args:
        alpha, tau, rho: as in the notation, > 0; > 1 or inf; >= 0.
        max_depth: integer >= 1.
        rho_test: label-noise variance in test contexts, >= 0.

    Raises:
        ValueError: an argument out of range.

    Cost: that of `error_vs_depth`.

    """
    errors = error_vs_depth(alpha, tau, rho, require_integer("max_depth", max_depth, least=1), rho_test)
    gain = np.full(len(errors) - 1, -math.inf)
    finite = np.isfinite(errors[1:])
    gain[finite] = 1 - errors[1:][finite] / errors[:-1][finite]
    return gain


def spectral_edges(alpha: float, tau: float, rho: float) -> tuple[float, float]:
    """Return (z_plus, z_minus), the ends on the real axis of the spectrum of A = I - Gamma S: equation (11).

    With w = (1 - z) / c and p = m / (1 + m / alpha), m the Stieltjes transform of the Marchenko-Pastur law at w,

        w = (p - 1)(1 - p / alpha) / p,     int x^2 / (x - w)^2 = p^2 (1 + 1/alpha - 2 p / alpha) / (1 - p^2 / alpha),

    so that (11) is a cubic in p with one root on each side of the bulk. For alpha < 1 the null space of the context
    keeps the eigenvalue 1, below which z_plus never falls; at tau = inf both ends are those of the bulk 1 - c x.

    Args:
        alpha, tau, rho: as in the notation, > 0; > 1 or inf; >= 0.

    Returns:
        (z_plus, z_minus), z_minus < z_plus; relative accuracy about 1e-14 away from alpha = 1 and tau = 1.

    Raises:
        ValueError: an argument out of range.

    Cost: two bracketed one-dimensional root searches, some 30 microseconds.

    """
    alpha, tau, rho = _checked(alpha, tau, rho)
    return _edge(alpha, rho, _upper_root(alpha, tau, rho)), _edge(alpha, rho, _lower_root(alpha, tau, rho))


def spectral_radius(alpha: float, tau: float, rho: float) -> float:
    """Return r = max(abs(z_plus), abs(z_minus)); the error grows as r^{2T} where r > 1: section 3, arXiv:2606.03217.

    The left side of (11) is convex in the cosine of the angle on every circle about 0, so that the outermost point
    of the spectrum lies on the real axis.

    Args:
        alpha, tau, rho: as in the notation, > 0; > 1 or inf; >= 0.

    Raises:
        ValueError: an argument out of range.

    """
    z_plus, z_minus = spectral_edges(alpha, tau, rho)
    return max(abs(z_plus), abs(z_minus))


def critical_tau(alpha: float, rho: float) -> tuple[float, float]:
    """Return (tau_plus, tau_minus), the pretraining at which z_plus = 1 and z_minus = -1: equations (12), (13).

    In closed form. At rho = 0, with gamma = 1/alpha: tau_minus = 1 + gamma (1 + 3 gamma) / (1 - gamma) for alpha > 1,
    inf at alpha = 1, 1 + (1 + 3 alpha) / (1 - alpha) for alpha < 1.

    Args:
        alpha: context length per dimension, > 0.
        rho: label-noise variance, >= 0.

    Returns:
        (tau_plus, tau_minus), both > 1; their maximum is tau_c. tau_minus is inf at alpha = 1, rho = 0.

    Raises:
        ValueError: an argument out of range.

    """
    alpha = require_real("alpha", alpha, above=0)
    rho = require_real("rho", rho, least=0)
    tau_plus = 1 + (1 + rho) / alpha if alpha >= 1 else 2 + rho
    gamma = 1 / alpha
    offset = 1 + gamma + 2 * gamma * rho  # w - 1 - gamma at w = 2/c
    discriminant = (1 - gamma) ** 2 + 4 * gamma * rho * (1 + gamma) + (2 * gamma * rho) ** 2
    p = -2 / (offset + math.sqrt(discriminant))
    stable = 1 - gamma * p**2
    if stable <= 0:
        return tau_plus, math.inf
    return tau_plus, 1 + (1 + rho) * gamma * p**2 * (1 + gamma - 2 * gamma * p) / stable


def long_time_error(alpha: float, tau: float, rho: float, rho_test: float = 0.0) -> float:
    """Return the limit of e_T as T -> infinity.

    For alpha > 1 the chain ends at the least-squares estimate of the test context, rho_test / (alpha - 1), whatever the
    pretraining: at 0 on the paper's clean contexts. For alpha < 1 it ends at an interpolator whose part outside the
    context's span is polluted by E,

        1 - alpha + (1 - alpha + rho_test)(1 + rho) / (tau - 2 - rho) + rho_test alpha / (1 - alpha),

    on clean contexts the paper's (1 - alpha)(tau - 1) / (tau - 2 - rho), which is above 1 where alpha (tau - 1) <
    1 + rho. All follow from the residue of the generating function of (6'-9') at z = 1. Where it overthinks: inf.

    Args:
        alpha, tau, rho, rho_test: as in the notation, > 0; > 1 or inf; >= 0; >= 0.

    Raises:
        ValueError: an argument out of range; alpha = 1 at tau = tau_c = tau_plus, a floor without a closed form here.

    """
    alpha, tau, rho = _checked(alpha, tau, rho)
    kind = regime(alpha, tau, rho, rho_test)
    if kind == "overthinking":
        return math.inf
    if kind != "saturation":
        return 0.0
    if alpha == 1:
        raise ValueError(f"alpha = 1 at its critical tau = {tau:g}: the floor has no closed form; valid: another tau")
    if alpha > 1:
        return rho_test / (alpha - 1)
    polluted = (1 - alpha + rho_test) * (1 + rho) / (tau - 2 - rho)
    return 1 - alpha + polluted + rho_test * alpha / (1 - alpha)


def regime(alpha: float, tau: float, rho: float, rho_test: float = 0.0) -> Regime:
    """Return which law e_T follows at large depth: section 3, arXiv:2606.03217.

    - "exponential": e_T ~ T^{-1/2} r^{2T} -> 0 (alpha > 1, tau > tau_c, rho_test = 0). At tau = inf the edge of the
      bulk makes the power T^{-3/2}.
    - "polynomial": e_T ~ T^{-1/2} -> 0 (rho_test = 0 and tau = tau_c at alpha > 1, or tau >= tau_c at alpha = 1, where
      the bulk ends at z = 1; at rho = 0 tau_c is inf there).
    - "saturation": e_T -> a positive floor (tau > tau_c and alpha < 1, or tau > tau_c and rho_test > 0). At tau = tau_c
      the floor is still reached, with a transient T^{-1/2}, when the oscillating edge z = -1 is the critical one.
    - "overthinking": e_T -> inf (tau < tau_c; alpha = 1 with noise in the test context, whose least-squares estimate
      diverges; tau = tau_c at the edge z = +1 when there is noise or a null space to accumulate).

    tau within a relative 1e-9 of tau_c counts as tau_c.

    Args:
        alpha, tau, rho, rho_test: as in the notation, > 0; > 1 or inf; >= 0; >= 0.

    Raises:
        ValueError: an argument out of range.

    """
    alpha, tau, rho = _checked(alpha, tau, rho)
    rho_test = require_real("rho_test", rho_test, least=0)
    tau_plus, tau_minus = critical_tau(alpha, rho)
    tau_c = max(tau_plus, tau_minus)
    critical = math.isclose(tau, tau_c, rel_tol=BOUNDARY_TOLERANCE)
    settles_when_critical = tau_minus > tau_plus * (1 + BOUNDARY_TOLERANCE)
    if alpha == 1 and rho_test > 0:
        return "overthinking"
    if not critical and tau < tau_c:
        return "overthinking"
    if alpha == 1 and critical and not settles_when_critical:
        return "saturation"  # the edge z = 1 is that of the bulk and of E at once
    if alpha >= 1 and rho_test == 0:
        return "polynomial" if critical or alpha == 1 else "exponential"
    return "saturation" if settles_when_critical or not critical else "overthinking"


def _checked(alpha: float, tau: float, rho: float) -> tuple[float, float, float]:
    return (
        require_real("alpha", alpha, above=0),
        require_real("tau", tau, above=1, infinite=True),
        require_real("rho", rho, least=0),
    )


def _step(alpha: float, rho: float) -> float:
    """Return c of equation (3)."""
    return alpha / (1 + alpha + rho)


def _errors(
    alpha: float, taus: Float[np.ndarray, "taus"], rho: float, rho_test: float, max_depth: int
) -> Float[np.ndarray, "taus depths"]:
    """Solve (6'-9') forwards in t for all taus and read off (10).

    Write P_{t,s} for the double sum of (6'-9'). Its kernel depends on t + s alone, so that along an antidiagonal only
    the ends of the sums change:

        P_{t,s} = P_{t-1,s+1} + sum_{j<s} m_{s-1-j} Q_{t-1,j} - sum_{k<t-1} m_{t-2-k} Q_{k,s},

    one product of a row with a triangular Toeplitz matrix and one with the rows before. The start of each
    antidiagonal, P_{t,t-1} or P_{t,t}, and the error need Q only through its sums along antidiagonals.
    """
    c = _step(alpha, rho)
    x, weight = marchenko_pastur(alpha, max_depth + 2)
    powers = (1 - c * x) ** np.arange(2 * max_depth + 1)[:, None]
    trace = powers @ weight
    kernel = powers @ (weight * x**2)
    source = powers @ (weight * (x**2 + rho_test * x / alpha))
    label_noise = np.zeros(max_depth + 1)
    label_noise[1:] = (np.cumsum(powers[:max_depth], axis=0) ** 2) @ (weight * c**2 * rho_test * x / alpha)
    errors = np.tile(trace[::2] + label_noise, (len(taus), 1))
    kick = c * (1 - c) / (taus - 1)
    if not kick.any() or max_depth == 0:
        return errors

    row_ends = np.triu(toeplitz(kernel[:max_depth]))
    covariance = np.zeros((len(taus), max_depth, max_depth))
    covariance[:, 0, 0] = source[0]
    sums = np.zeros((len(taus), 2 * max_depth - 1))
    double_sum = np.zeros((len(taus), 1))
    lost = np.zeros(len(taus), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, max_depth + 1):
            last = covariance[:, t - 1, :t]
            before, double_sum = double_sum, np.zeros((len(taus), t + 1))
            sums[:, t - 1 : 2 * t - 2] += last[:, :-1]
            if t > 1:
                double_sum[:, t - 1] = sums[:, : 2 * t - 2] @ kernel[2 * t - 3 :: -1]
            sums[:, t - 1 : 2 * t - 1] += last
            double_sum[:, t] = sums[:, : 2 * t - 1] @ kernel[2 * t - 2 :: -1]
            errors[:, t] += kick * (sums[:, : 2 * t - 1] @ trace[2 * t - 2 :: -1])
            errors[lost, t:] = math.inf
            if t == max_depth:
                break
            if t > 2:
                row_end = last[:, : t - 2] @ row_ends[: t - 2, : t - 2]
                column_end = kernel[t - 2 :: -1] @ covariance[:, : t - 1, 1 : t - 1]
                double_sum[:, 1 : t - 1] = before[:, 2:t] + row_end - column_end
            row = source[t : 2 * t + 1] + kick[:, None] * double_sum
            lost |= ~(np.abs(row) < OVERFLOW).all(axis=1)
            row[lost] = 0
            covariance[:, t, : t + 1] = row
            covariance[:, :t, t] = row[:, :t]
    return errors


def _edge(alpha: float, rho: float, p: float) -> float:
    """Return z = 1 - c w(p)."""
    return 1 - _step(alpha, rho) * (p - 1) * (1 - p / alpha) / p


def _cubic(p: float, gamma: float, kappa: float) -> float:
    """Equation (11) times 1 - gamma p^2: negative towards the far end p = 0, positive towards the bulk."""
    return kappa * p**2 * (1 + gamma - 2 * gamma * p) - (1 - gamma * p**2)


def _noise_ratio(alpha: float, tau: float, rho: float) -> float:
    """Return kappa = K / c^2."""
    return (1 + rho) / alpha / (tau - 1)


def _lower_root(alpha: float, tau: float, rho: float) -> float:
    """Root on the side of z_minus: p in [-sqrt(alpha), 0)."""
    return _root(0.0, -math.sqrt(alpha), 1 / alpha, _noise_ratio(alpha, tau, rho))


def _upper_root(alpha: float, tau: float, rho: float) -> float:
    """Root on the side of z_plus: p in (0, sqrt(alpha)], cut at z = 1 (p = alpha) by the null space when alpha < 1."""
    gamma, kappa = 1 / alpha, _noise_ratio(alpha, tau, rho)
    at_one = min(alpha, 1.0)
    if alpha == 1:  # the cubic has the factor 1 - p, the hard edge
        return 1.0 if kappa <= 1 else (1 + math.sqrt(1 + 8 * kappa)) / (4 * kappa)
    if kappa * at_one > 1:
        return _root(0.0, at_one, gamma, kappa)
    return at_one if alpha < 1 else _root(at_one, math.sqrt(alpha), gamma, kappa)


def _root(far: float, bulk: float, gamma: float, kappa: float) -> float:
    if _cubic(bulk, gamma, kappa) <= 0:  # the spectrum ends with the bulk (tau = inf), up to rounding
        return bulk
    if _cubic(far, gamma, kappa) >= 0:
        return far
    return float(brentq(_cubic, far, bulk, args=(gamma, kappa), xtol=1e-300, rtol=1e-15, maxiter=500))
