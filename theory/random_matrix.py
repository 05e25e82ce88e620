"""What are the spectral laws and deterministic equivalents of the random matrices that the theories average over?

Notation

| symbol | name | shape / range |
|---|---|---|
| d, l | columns and rows of the Gaussian data matrix X | integers, large |
| alpha = l / d (n / d for n samples) | aspect ratio | > 0 |
| S = X^T X / l | sample covariance of l standard normal rows | (d, d) |
| x_-+ = (1 -+ alpha^{-1/2})^2 | edges of the bulk of S | >= 0 |
| max(0, 1 - alpha) | atom of the law at x = 0: S is singular when l < d | [0, 1) |
| lam, weight | eigenvalues of the feature covariance and the mass of each | (..., modes), >= 0 |
| <f> = sum_i weight_i f(lam_i) | average over the spectrum; the plain mean unless weights are given | - |
| alpha = n / d | samples per dimension | > 0 |
| lambda_ | ridge added to Phi^T Phi, features phi = x / sqrt(d) | >= 0, or inf |
| kappa | renormalised ridge: (Phi^T Phi + lambda)^{-1} ~ (kappa / lambda) (Sigma + kappa)^{-1} | >= 0, or inf |
| df_m = <(lam / (lam + kappa))^m> | degrees of freedom of order m | [0, sum of the masses] |
"""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.validation import require_integer, require_real

NEGLIGIBLE_WEIGHT = 1e-16
MOST_ITERATIONS = 200
LOGARITHMIC_TOLERANCE = 4e-15
ROUNDING = 1e-14  # the masses sum to the rank up to this factor


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


def ridge_fixed_point(
    lambda_: ArrayLike, alpha: ArrayLike, eigenvalues: ArrayLike, weights: ArrayLike | None = None
) -> Float[np.ndarray, "*batch"]:
    """Return the root kappa >= 0 of kappa = lambda / alpha + (kappa / alpha) <lam / (lam + kappa)>.

    Best-of-k spec equation (1); the self-consistent ridge of kernel and random-feature regression. Solved as
    lambda / kappa + df_1(kappa) = alpha, decreasing in kappa, by Newton steps in log kappa kept inside the bracket
    [max(lambda, lam_min (rank - alpha)) / alpha, (lambda + <lam>) / alpha], rank = mass of the positive eigenvalues.
    At lambda = 0 the root is 0 when alpha >= rank; at lambda = inf it is inf.

    Accuracy: the relative error of kappa is rounding, a few 1e-15 times the condition number of the root.

    Args:
        lambda_: ridge, >= 0 or inf; any shape that broadcasts with alpha and with eigenvalues[..., 0].
        alpha: samples per dimension, > 0.
        eigenvalues: (..., modes), >= 0.
        weights: (..., modes) masses, >= 0; None gives each mode 1 / modes. They need not sum to 1: where the spectrum
            covers a part of the dimensions only, the rest has eigenvalue 0.

    Returns:
        kappa of the broadcast shape.

    Raises:
        ValueError: an argument out of range or shapes that do not broadcast.
        ArithmeticError: no convergence in 200 steps.

    Cost: about 8 passes over the broadcast (..., modes) array.
    """
    lam, mass = _spectrum(eigenvalues, weights)
    ridge = _require_array("lambda_", lambda_, infinite=True)
    ratio = _require_array("alpha", alpha, positive=True)
    try:
        ridge, ratio = (x.copy() for x in np.broadcast_arrays(ridge, ratio, lam[..., 0])[:2])
    except ValueError:
        raise ValueError(
            f"lambda_, alpha and eigenvalues of shapes {ridge.shape}, {ratio.shape}, {lam.shape} do not broadcast; "
            "valid: (...), (...), (..., modes)"
        ) from None
    positive = lam > 0
    rank = np.sum(mass * positive, axis=-1)
    smallest = np.min(lam, axis=-1, initial=np.inf, where=positive & (mass > 0))
    excess = np.where(rank - ratio > ROUNDING * rank, rank - ratio, 0.0)
    lower = np.maximum(ridge, np.where(rank > 0, smallest, 0.0) * excess) / ratio
    upper = (ridge + np.sum(mass * lam, axis=-1)) / ratio
    solvable = (lower > 0) & np.isfinite(upper)
    kappa = np.where(np.isinf(ridge), np.inf, 0.0)
    if np.any(solvable):
        shape = (*ridge.shape, lam.shape[-1])
        kappa[solvable] = _bracketed_newton(
            ridge[solvable],
            ratio[solvable],
            np.broadcast_to(lam, shape)[solvable],
            np.broadcast_to(mass, shape)[solvable],
            np.log(lower[solvable]),
            np.log(upper[solvable]),
        )
    return kappa


def degrees_of_freedom(
    kappa: ArrayLike, eigenvalues: ArrayLike, weights: ArrayLike | None = None, order: int = 1
) -> Float[np.ndarray, "*batch"]:
    """Return df_m = <(lam / (lam + kappa))^m>, the part of the spectrum above the resolution kappa.

    Args:
        kappa: >= 0 or inf; any shape that broadcasts with eigenvalues[..., 0].
        eigenvalues, weights: as in `ridge_fixed_point`. Zero eigenvalues count nothing, at kappa = 0 too.
        order: m, integer >= 1. The variance of ridge regression needs m = 2: g = df_2 / alpha.

    Returns:
        df_m of the broadcast shape.

    Raises:
        ValueError: an argument out of range.
    """
    lam, mass = _spectrum(eigenvalues, weights)
    resolution = _require_array("kappa", kappa, infinite=True)
    order = require_integer("order", order, least=1)
    return np.asarray(np.sum(mass * resolved_fraction(resolution[..., None], lam) ** order, axis=-1))


def resolved_fraction(
    kappa: Float[np.ndarray, "*batch"], eigenvalues: Float[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch"]:
    """Return lam / (lam + kappa) elementwise: how much of a mode ridge regression learns (0 where lam = 0)."""
    total = np.where(eigenvalues > 0, eigenvalues + kappa, 1.0)
    return np.asarray(eigenvalues / total)


def _bracketed_newton(
    ridge: Float[np.ndarray, "points"],
    ratio: Float[np.ndarray, "points"],
    lam: Float[np.ndarray, "points modes"],
    mass: Float[np.ndarray, "points modes"],
    lower: Float[np.ndarray, "points"],
    upper: Float[np.ndarray, "points"],
) -> Float[np.ndarray, "points"]:
    """Solve ridge / kappa + df_1(kappa) = ratio for log kappa in [lower, upper]; bisect where Newton does not halve."""
    position = upper.copy()
    previous = np.maximum(upper - lower, LOGARITHMIC_TOLERANCE)
    for _ in range(MOST_ITERATIONS):
        kappa = np.exp(position)
        learned = resolved_fraction(kappa[:, None], lam)
        bare = ridge / kappa
        residual = bare + np.sum(mass * learned, axis=-1) - ratio
        slope = bare + np.sum(mass * learned * (1 - learned), axis=-1)
        lower = np.where(residual > 0, position, lower)
        upper = np.where(residual > 0, upper, position)
        step = residual / np.where(slope > 0, slope, 1.0)
        proposal = position + step
        useful = (slope > 0) & (proposal >= lower) & (proposal <= upper) & (2 * np.abs(step) <= previous)
        settled = np.abs(step) <= LOGARITHMIC_TOLERANCE * np.maximum(1.0, np.abs(position))
        proposal = np.where(useful | settled, np.clip(proposal, lower, upper), (lower + upper) / 2)
        previous = np.abs(proposal - position)
        position = proposal
        if np.all(settled | (upper - lower <= LOGARITHMIC_TOLERANCE * np.maximum(1.0, np.abs(position)))):
            return np.asarray(np.exp(position))
    raise ArithmeticError(f"ridge fixed point: no convergence in {MOST_ITERATIONS} steps")


def _spectrum(
    eigenvalues: ArrayLike, weights: ArrayLike | None
) -> tuple[Float[np.ndarray, "*batch modes"], Float[np.ndarray, "*batch modes"]]:
    lam = _require_array("eigenvalues", eigenvalues)
    if lam.ndim == 0 or lam.shape[-1] == 0:
        raise ValueError(f"eigenvalues of shape {lam.shape} hold no mode; valid: (..., modes) with modes >= 1")
    if weights is None:
        return lam, np.full(lam.shape[-1], 1 / lam.shape[-1])
    mass = _require_array("weights", weights)
    if mass.ndim == 0 or mass.shape[-1] != lam.shape[-1]:
        raise ValueError(f"weights of shape {mass.shape} do not match; valid: (..., {lam.shape[-1]}), one per mode")
    return lam, mass


def _require_array(
    name: str, value: ArrayLike, *, positive: bool = False, infinite: bool = False
) -> Float[np.ndarray, "*shape"]:
    array = np.asarray(value, dtype=np.float64)
    inside = (array > 0 if positive else array >= 0) & (infinite | np.isfinite(array))
    if not np.all(inside):
        raise ValueError(
            f"{name} = {array[~inside].flat[0]} is out of range; valid: {'> 0' if positive else '>= 0'}"
            f"{', or inf' if infinite else ''}"
        )
    return array
