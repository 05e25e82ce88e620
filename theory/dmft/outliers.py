"""Which singular values leave the bulk of a hidden weight matrix as a deep linear network learns?

W_l(t) = W_l(0) + e sum_{s<t} b(s) h(s)^T / sqrt(fan-in) is a spiked random matrix whose spikes are correlated with the
matrix they are added to (arXiv:2601.01010; dmft spec section 5.3, equation (20)).

Notation

| symbol | name | shape / range |
|---|---|---|
| n | rows / columns of W_l: nu for l = 0, 1 above | > 0 |
| e = eta g0 | step of the rank-one updates | > 0 |
| Cg, Rg | correlation and response of the forward signal h_l | (t, t) |
| Ca, Ra | correlation and response of the backward signal b_{l+1} | (t, t) |
| z | squared singular value of W_l / sqrt(fan-in) | > (1 + sqrt n)^2 outside the bulk |
| A(z) | resolvent factor of the bulk, z A^2 - (z - n + 1) A + 1 = 0 | (0, 1/(1 + sqrt n)) |
| mu | effective spike strength | > 1/sqrt n for an outlier |

Both 2t x 2t halves of the 4t x 4t determinant in (20) carry z only as a factor, so it is
det(1 - c(z) X Y) with c = n A/(1 - A): the outliers are the real eigenvalues mu of X Y, at c(z) = 1/mu. Solving the
quadratic for z gives the spiked-matrix formula z = (1 + mu)(n mu + 1)/mu, beyond the edge if mu > 1/sqrt n.
"""

import numpy as np
from jaxtyping import Complex, Float

from solv.theory.dmft.deep_linear import DeepLinearDynamics
from solv.theory.validation import require_integer

IMAGINARY_TOLERANCE = 1e-7
DETACHED = 1e-5
SUBSPACE, SUBSPACE_ITERATIONS, RESIDUAL = 8, 12, 1e-9


def bulk_edge(dynamics: DeepLinearDynamics, layer: int) -> float:
    """Return 1 + sqrt n, the largest singular value of the untrained W_layer / sqrt(fan-in) (spec 5.3).

    Raises:
        ValueError: layer outside 0..H-1.

    """
    return 1 + float(np.sqrt(_aspect(dynamics, layer)))


def outlier_singular_values(
    dynamics: DeepLinearDynamics, layer: int, step: int, *, independent_spikes: bool = False
) -> Float[np.ndarray, "outliers"]:
    """Return the singular values of W_layer(step) / sqrt(fan-in) beyond the bulk, largest first (spec equation (20)).

    Args:
        dynamics: solution of the theory, finite width.
        layer: l = 0..H-1.
        step: number of updates made, 1..T-1.
        independent_spikes: drop Rg and Ra, as if the updates were independent of W_l(0): the textbook formula, wrong
            here.

    Returns:
        An empty array when nothing has detached (z within 1e-5 relative of the edge counts as bulk).

    Raises:
        ValueError: layer or step out of range, or a network of infinite width.

    Cost: a few products of a 2 step x 2 step matrix with 8 vectors; where more than a few of its eigenvalues may count,
    all of them, 0.2 s at step = 300.

    """
    n = _aspect(dynamics, layer)
    steps = len(dynamics.error)
    t = require_integer("step", step, least=1, most=steps - 1)
    rate = dynamics.network.eta * dynamics.network.richness
    forward, backward = (
        _half(rate, correlation[:t, :t], response[:t, :t] * (not independent_spikes))
        for correlation, response in (
            (dynamics.forward[layer], dynamics.forward_response[layer]),
            (dynamics.backward[layer], dynamics.backward_response[layer]),
        )
    )
    eigenvalues = _large_eigenvalues(forward @ backward, float(1 / np.sqrt(n)))
    real = np.abs(eigenvalues.imag) <= IMAGINARY_TOLERANCE * np.abs(eigenvalues)
    mu = np.sort(eigenvalues.real[real & (eigenvalues.real > 1 / np.sqrt(n))])[::-1]
    z = (1 + mu) * (n * mu + 1) / mu
    return np.asarray(np.sqrt(z[z > (1 + DETACHED) * (1 + np.sqrt(n)) ** 2]))


def _large_eigenvalues(matrix: Float[np.ndarray, "m m"], least: float) -> Complex[np.ndarray, "eigenvalues"]:
    """Return eigenvalues, among them all of modulus >= `least`: those of the dominant subspace, where it holds them.

    Subspace iteration with a few vectors finds the largest eigenvalues; that nothing large is left out is seen by the
    smallest of them, that they have converged by their residuals. Else all eigenvalues are computed.
    """
    if len(matrix) > 4 * SUBSPACE:
        basis = np.random.default_rng(0).standard_normal((len(matrix), SUBSPACE))
        for _ in range(SUBSPACE_ITERATIONS):
            basis, _ = np.linalg.qr(matrix @ basis)
        image = matrix @ basis
        values, vectors = np.linalg.eig(basis.T @ image)
        residual = np.linalg.norm(image @ vectors - (basis @ vectors) * values, axis=0)
        counted = np.abs(values) >= least / 2
        if not counted.all() and np.all(residual[counted] <= RESIDUAL * np.abs(values[counted])):
            return np.asarray(values[counted])
    return np.asarray(np.linalg.eigvals(matrix))


def _half(
    rate: float, correlation: Float[np.ndarray, "t t"], response: Float[np.ndarray, "t t"]
) -> Float[np.ndarray, "2*t 2*t"]:
    """Return the z-independent part of one pair of block rows of (20)."""
    return np.block([[rate * correlation + response, correlation], [rate * response.T, response.T]])


def _aspect(dynamics: DeepLinearDynamics, layer: int) -> float:
    layer = require_integer("layer", layer, least=0, most=dynamics.network.hidden_layers - 1)
    width = dynamics.network.width
    if not np.isfinite(width):
        raise ValueError(f"width = {width} is out of range for outliers; valid: finite numbers > 0")
    return width if layer == 0 else 1.0
