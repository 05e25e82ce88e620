"""What are the two-time correlation and response of any linear unit coupled to N others by a random matrix?

Every unit i obeys x_i = x_i^free + r0 (sum_j J_ij x_j) with a causal response r0 of its own, and J has variance g^2 / N
and Corr(J_ij, J_ji) = tau. For N -> infinity the others act as a Gaussian field of covariance g^2 C and, if tau != 0,
as a memory tau g^2 R of the unit itself (arXiv:2601.01010; dmft spec sections 2 and 3, general form of the grid (9)).

Notation

| symbol | name | shape / range |
|---|---|---|
| T | number of times 0..T-1 | integer >= 2 |
| r0(t,s) | response of the uncoupled unit at t to a force at s | (T, T), strictly lower triangular |
| C0(t,s) | correlation of the uncoupled unit: initial state, noise, drive | (T, T), symmetric |
| g, tau | strength and symmetry of the coupling | > 0, [-1, 1] |
| R, C | response and correlation in the coupled system | (T, T) |
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from solv.theory.validation import require_real


@dataclass(frozen=True)
class TwoTime:
    """Solution of the single-site equations.

    Attributes:
        response: R(t,s) = mean d x(t) / d force(s), strictly lower triangular, (T, T).
        correlation: C(t,s) = mean x(t) x(s), (T, T).

    """

    response: Float[np.ndarray, "T T"]
    correlation: Float[np.ndarray, "T T"]


def coupled_two_time(
    unit_response: Float[np.ndarray, "T T"], unit_correlation: Float[np.ndarray, "T T"], g: float, tau: float
) -> TwoTime:
    """Return R and C of the coupled system from those of one uncoupled unit (spec equation (9), any linear unit).

    R = r0 + tau g^2 r0 R R, solved forward in time; C = M C0 M^T + g^2 R C R^T with M = (I - tau g^2 r0 R)^-1. As R is
    strictly causal, the series of C ends, and doubling sums it exactly in log2 T products.

    Args:
        unit_response: r0, strictly lower triangular, (T, T), T >= 2.
        unit_correlation: C0, symmetric, (T, T).
        g: > 0.
        tau: -1 (antisymmetric) .. 1 (symmetric).

    Raises:
        ValueError: g or tau out of range, wrong shapes, a response that is not strictly causal.

    Cost: O(T^3) for R, O(T^3 log T) for C; T = 150: 10 ms.

    """
    g = require_real("g", g, above=0)
    tau = require_real("tau", tau, least=-1, most=1)
    r0, c0 = np.asarray(unit_response, dtype=float), np.asarray(unit_correlation, dtype=float)
    if r0.ndim != 2 or r0.shape[0] != r0.shape[1] or r0.shape[0] < 2 or c0.shape != r0.shape:
        raise ValueError(
            f"unit_response, unit_correlation have shapes {r0.shape}, {c0.shape}; valid: both (T, T), T >= 2"
        )
    if np.any(np.triu(r0)):
        raise ValueError("unit_response has entries on or above the diagonal; valid: strictly lower triangular")
    memory = tau * g**2
    response = _causal_response(r0, memory)
    propagator = np.linalg.inv(np.eye(r0.shape[0]) - memory * r0 @ response)
    correlation = propagator @ c0 @ propagator.T
    power = g * response
    for _ in range(int(np.ceil(np.log2(r0.shape[0])))):
        correlation = correlation + power @ correlation @ power.T
        power = power @ power
    return TwoTime(response, correlation)


def _causal_response(r0: Float[np.ndarray, "T T"], memory: float) -> Float[np.ndarray, "T T"]:
    """Solve R = r0 + memory r0 R R row by row: row t needs the rows of R R before t only."""
    response = np.zeros_like(r0)
    square = np.zeros_like(r0)
    for t in range(r0.shape[0]):
        response[t, :t] = r0[t, :t] + memory * (r0[t, :t] @ square[:t, :t])
        square[t, :t] = response[t, :t] @ response[:t, :t]
    return response
