"""What are the spectral laws of the random matrices that the theories average over?

Notation

| symbol | name | shape / range |
|---|---|---|
| d, l | columns and rows of the Gaussian data matrix X | integers, large |
| alpha = l / d | aspect ratio | > 0 |
| S = X^T X / l | sample covariance of l standard normal rows | (d, d) |
| x_-+ = (1 -+ alpha^{-1/2})^2 | edges of the bulk of S | >= 0 |
| max(0, 1 - alpha) | atom of the law at x = 0: S is singular when l < d | [0, 1) |
"""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from theory.validation import require_integer, require_real

NEGLIGIBLE_WEIGHT = 1e-16


def marchenko_pastur(alpha: float, nodes: int) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
    """Return a quadrature rule for the limiting eigenvalue law of S = X^T X / l, l = alpha d (Marchenko-Pastur).

    The bulk is integrated at the Chebyshev angles theta_k = pi k / (nodes + 1), k = 1..nodes (cot-depth spec, below
    equation (10)). The density contains 1/x, which the angles alone resolve only to alpha^-nodes, and not at all at
    the hard edge alpha = 1. That defect is a multiple of the integrand's value at x = 0 and is known in closed form
    (aliasing of a geometric Fourier series), so one more node at x = 0 carries it, together with the atom.

    Accuracy: exact to rounding for every polynomial of degree <= 2 nodes at every alpha > 0, alpha = 1 included.
    Functions analytic around [x_-, x_+] (and around 0 where the zero node is present) converge geometrically.
    An integrand singular at x = 0 needs alpha > 1 and nodes > 37 / log(alpha), where the zero node is left out.

    Args:
        alpha: aspect ratio l / d, > 0.
        nodes: number of bulk nodes, integer >= 1.

    Returns:
        (x, weight), each of shape (points,): eigenvalues in increasing order and their positive weights, of sum 1.
        points is nodes + 1 with the zero node first, or nodes where its weight would be below 1e-16.

    Raises:
        ValueError: alpha or nodes out of range.

    Cost: O(nodes).

    """
    alpha = require_real("alpha", alpha, above=0)
    nodes = require_integer("nodes", nodes, least=1)
    theta = math.pi * np.arange(nodes, 0, -1) / (nodes + 1)
    root = alpha**-0.5
    x = (1 - root) ** 2 + 4 * root * np.cos(theta / 2) ** 2
    weight = 2 * np.sin(theta) ** 2 / ((nodes + 1) * x)
    zero_weight = max(0.0, 1 - alpha) + _aliasing_defect(alpha, nodes)
    if zero_weight < NEGLIGIBLE_WEIGHT:
        return x, weight
    return np.concatenate([[0.0], x]), np.concatenate([[zero_weight], weight])


def _aliasing_defect(alpha: float, nodes: int) -> float:
    """Mass of the bulk minus the sum of its `nodes` weights: s^q (1 - s) / (1 - s^(q+1)), s = min(alpha, 1/alpha)."""
    log_ratio = -abs(math.log(alpha))
    geometric = 1 / (nodes + 1) if log_ratio == 0 else math.expm1(log_ratio) / math.expm1((nodes + 1) * log_ratio)
    return min(alpha, 1.0) * math.exp(nodes * log_ratio) * geometric


def marchenko_pastur_density(alpha: float, x: ArrayLike) -> Float[np.ndarray, "points"]:
    """Return the density of the bulk of the law of S at x; its mass is min(1, alpha), the rest is the atom at 0.

    rho(x) = alpha sqrt((x_+ - x)(x - x_-)) / (2 pi x) inside the edges, 0 outside (dmft spec, equation (15)).

    Args:
        alpha: aspect ratio l / d, > 0.
        x: any real points, (points,).

    Raises:
        ValueError: alpha out of range.

    Cost: O(points).

    """
    alpha = require_real("alpha", alpha, above=0)
    points = np.asarray(x, dtype=float)
    low, high = (1 - alpha**-0.5) ** 2, (1 + alpha**-0.5) ** 2
    inside = (points > max(low, 0.0)) & (points < high)
    safe = np.where(inside, points, 1.0)
    root = np.sqrt(np.where(inside, (high - points) * (points - low), 0.0))
    return np.asarray(alpha * root / (2 * math.pi * safe))


def singular_value_density(aspect: float, values: ArrayLike) -> Float[np.ndarray, "points"]:
    """Return the density of the non-zero singular values of a Gaussian (l, d) matrix divided by sqrt(d), mass 1.

    These are sqrt(alpha x) with x of the law of S; they fill |1 - sqrt(alpha)| .. 1 + sqrt(alpha).

    Args:
        aspect: alpha = l / d, > 0.
        values: any real points, (points,).

    Raises:
        ValueError: aspect out of range.

    Cost: O(points).

    """
    aspect = require_real("aspect", aspect, above=0)
    points = np.maximum(np.asarray(values, dtype=float), 0.0)
    law = marchenko_pastur_density(aspect, points**2 / aspect)
    return np.asarray(law * 2 * points / (aspect * min(1.0, aspect)))
