"""How does the error of a long chain fall or grow, with which amplitude, and how does the best depth diverge at tau_c?

Takanami and Pehlevan, arXiv:2606.03217, on clean test contexts (rho_test = 0). The generating function of the errors is
E(x, y) = sum_{t,s} C_{t,s} x^t y^s with e_t = C_{t,t}, and

    E = alpha p(x) p(y) / D(x, y),     p = (1 + r) / (1 - x),
    D = alpha - (1 + beta (alpha + 1)) r_x r_y - beta r_x r_y (r_x + r_y),     beta = (1 + rho) / (alpha (tau - 1)),
    x = -(1 + alpha + rho) r / (r^2 - rho r + alpha)     (the branch r = 0 at x = 0).

Its diagonal coefficients at large t come from the zero of D at x = y = x_0, where x_0 = 1 / z is the inverse of an edge
of the spectrum (`error.spectral_edges`), by the saddle point of a smooth zero set:

    e_t ~ K t^{-1/2} Lambda^t,     Lambda = 1 / x_0^2 = (spectral radius)^2,                                     (L1)
    K = alpha p(x_0)^2 / (-g_u) / sqrt(2 pi |2 (g_uu - g_uv) / g_u|),     g(u, v) = D(x_0 e^u, x_0 e^v).         (L2)

The minimum of t^{-1/2} Lambda^t is at 1 / (2 ln Lambda), and Lambda - 1 vanishes linearly in tau_c - tau: the optimal
depth diverges as C / (tau_c - tau). The derivation of C at rho = 0 is ours.

| symbol | name | shape / range |
|---|---|---|
| alpha, tau, rho | context, pretraining, its label noise | > 0, not 1; > 1, finite; >= 0 |
| r | value of h - 1 on the real axis of x | real |
"""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.cot_depth.error import critical_tau, spectral_edges
from solv.theory.validation import require_real


def late_amplitude(alpha: float, tau: float, rho: float) -> float:
    """Return K of equation (L2): e_t ~ K t^{-1/2} Lambda^t at large t.

    Args:
        alpha: context length per dimension, > 0 and not 1. For alpha < 1 tau is below tau_c: above it the error ends at
            a floor (`error.long_time_error`) and has no such law.
        tau: pretraining contexts per dimension, > 1 and finite.
        rho: label-noise variance in pretraining, >= 0.

    Returns:
        K > 0; relative accuracy about 1e-8.

    Raises:
        ValueError: an argument out of range, alpha = 1, or alpha < 1 at or above tau_c.
    """
    alpha, tau, rho = _checked(alpha, tau, rho)
    if alpha == 1:
        raise ValueError("alpha = 1 has a bulk that ends at z = 1 and another law; valid: alpha > 0, not 1")
    if alpha < 1 and tau >= max(critical_tau(alpha, rho)):
        raise ValueError(f"alpha = {alpha:g}, tau = {tau:g} ends at a floor; valid at alpha < 1: tau < tau_c")
    beta = (1 + rho) / (alpha * (tau - 1))
    slope = 1 + beta * (alpha + 1)
    edge = max(spectral_edges(alpha, tau, rho), key=abs)
    r = _at_edge(edge, alpha, beta, slope, rho)
    x = 1 / edge
    quadratic = r**2 - rho * r + alpha
    phi = 1 / r - (2 * r - rho) / quadratic  # dx / x = phi dr
    phi_slope = -1 / r**2 - 2 / quadratic + ((2 * r - rho) / quadratic) ** 2
    first, second = 1 / phi, -phi_slope / phi**3  # derivatives of r along u, where x = x_0 e^u
    d_one = -(slope * r + 3 * beta * r**2)
    g_u = d_one * first
    g_uu = -2 * beta * r * first**2 + d_one * second
    g_uv = -(slope + 4 * beta * r) * first**2
    at_zero = alpha * ((1 + r) / (1 - x)) ** 2
    return float(at_zero / -g_u / math.sqrt(2 * math.pi * abs(2 * (g_uu - g_uv) / g_u)))


def late_error(alpha: float, tau: float, rho: float, depths: ArrayLike) -> Float[np.ndarray, "depths"]:
    """Return K t^{-1/2} Lambda^t of (L1) at depths t > 0; `late_amplitude` says which arguments are valid."""
    t = np.asarray(depths, dtype=np.float64)
    edge = max(spectral_edges(alpha, tau, rho), key=abs)
    return np.asarray(late_amplitude(alpha, tau, rho) * np.exp(2 * t * math.log(abs(edge)) - np.log(t) / 2))


def divergence_of_optimal_depth(alpha: float) -> float:
    """Return C of T* ~ C / (tau_c - tau) as tau rises to tau_c, at rho = 0.

    C = (alpha + 1)(alpha^2 + 4 alpha - 1) / (2 alpha (alpha - 1)^3): the derivative of 1 / (2 ln Lambda) at tau_c.

    Args:
        alpha: context length per dimension, > 1; below, the error saturates above tau_c and overthinks by another law.

    Raises:
        ValueError: alpha <= 1 or not finite.
    """
    alpha = require_real("alpha", alpha, above=1)
    return (alpha + 1) * (alpha**2 + 4 * alpha - 1) / (2 * alpha * (alpha - 1) ** 3)


def _checked(alpha: float, tau: float, rho: float) -> tuple[float, float, float]:
    return (
        require_real("alpha", alpha, above=0),
        require_real("tau", tau, above=1),
        require_real("rho", rho, least=0),
    )


def _at_edge(edge: float, alpha: float, beta: float, slope: float, rho: float) -> float:
    """Return r at an edge: the root of 2 beta r^3 + slope r^2 - alpha = 0, i.e. D(r, r) = 0, whose z is the edge."""
    roots = np.roots([2 * beta, slope, 0, -alpha])
    real = roots[np.abs(roots.imag) < 1e-6 * np.abs(roots)].real
    z = -(real**2 - rho * real + alpha) / ((1 + alpha + rho) * real)
    return float(real[np.argmin(np.abs(z - edge))])
