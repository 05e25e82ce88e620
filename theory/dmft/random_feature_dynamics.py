"""How do the losses of random-feature (and linear) regression fall under full-batch gradient flow and descent?

Delta <- Delta - eta (1/N) A^T A (1/P) X^T (X Delta + eps), D -> infinity at fixed P/D and N/D (arXiv:2601.01010; dmft
spec section 4, models M2 and M3). The memory of the two random matrices is one scalar function m(s) of the Laplace
variable; losses are double inverse transforms of a closed form.

Notation

| symbol | name | shape / range |
|---|---|---|
| D | input dimension, number of modes | integer >= 1 |
| P, N | training samples, features | >= 1, inf allowed |
| lam_k, w*_k | eigenvalue of the input covariance, target weight | > 0, real; (modes,) after collapsing repeats |
| eta, sigma2 | learning rate, label-noise variance | > 0, >= 0 |
| s | Laplace variable; (z - 1)/eta for discrete time | complex, away from the negative spectrum |
| src | transform of the start: 1 (flow), z/eta (descent) | complex |
| m(s) | resolved degrees of freedom | complex, -> sum lam / s |
| R1, R3 | responses 1 - m/P and 1 - m/N; q = R1 R3 | complex |
| L, Lhat | test loss without noise, training loss | >= 0, (times,) |
| a, x, n | shared features, shared fraction of samples, shared noise of two replicas | {0,1}, [0,1], {0,1} |
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from solv.theory.dmft.random_features import (
    RandomFeatures,
    mode_responses,
    resolved_degrees,
    resolved_on_rays,
    spectral_edge,
)
from solv.theory.laplace_inversion import invert_z, invert_z_equal_times, talbot_rule, z_circle
from solv.theory.validation import require_integer, require_real


@dataclass(frozen=True)
class Sharing:
    """What two replicas have in common (dmft spec 4.2); the default is one model with itself, whose losses are L, Lhat.

    Attributes:
        features: a, 1 if both use the same features A, else 0.
        samples: x, fraction of training samples in both, 0..1.
        label_noise: n, 1 if shared samples carry the same noise, else 0.

    Raises:
        ValueError: a number out of range.

    """

    features: int = 1
    samples: float = 1.0
    label_noise: int = 1

    def __post_init__(self) -> None:
        require_integer("features", self.features, least=0, most=1)
        require_real("samples", self.samples, least=0, most=1)
        require_integer("label_noise", self.label_noise, least=0, most=1)


@dataclass(frozen=True)
class LossCurves:
    """Losses at the times asked for: `test` L (noise-free) and `train` Lhat, both (times,)."""

    test: Float[np.ndarray, "times"]
    train: Float[np.ndarray, "times"]


def gradient_flow_losses(
    model: RandomFeatures, times: ArrayLike, sharing: Sharing | None = None, order: int = 24
) -> LossCurves:
    """Return L(t), Lhat(t) under gradient flow at the times given (spec equations (10), (11), Talbot inversion).

    Args:
        model: the regression problem.
        times: t >= 0 in units of 1/eigenvalue, (times,).
        sharing: for two replicas that share less than everything, the curves are sum_k lam_k E[Delta_k Delta'_k] and
            the cross-correlation of their residuals on shared samples.
        order: nodes of the Talbot rule; error about 1e-8 L(0) at 24.

    Raises:
        ValueError: a time that is negative or not finite, or an invalid order.

    Cost: one solution of (10) at 24 x times points, plus 24 x 47 x modes products per time.

    """
    grid = _checked_times(times)
    sharing = sharing or Sharing()
    test, train = (np.full_like(grid, start) for start in _initial_losses(model, sharing))
    for index, s, weight, m in _on_talbot_nodes(model, grid, 1.0, order):
        half_weight = weight[:order] * np.where(np.arange(order) == 0, 1, 2)
        m = np.concatenate([m, m[1:].conj()])
        correlations = _correlations(model, sharing, s, np.ones_like(s), m, order)
        test[index], train[index] = (np.real(half_weight @ c @ weight) for c in correlations)
    return LossCurves(test, train)


def _on_talbot_nodes(
    model: RandomFeatures, grid: Float[np.ndarray, "times"], factor: float, order: int
) -> Iterator[tuple[int, Complex[np.ndarray, "nodes"], Complex[np.ndarray, "nodes"], Complex[np.ndarray, "order"]]]:
    """Yield for every time t > 0 its index, nodes and weights of Talbot's rule at factor t, and m on the upper half.

    The nodes of all times lie on the same rays, at the radius 1/t: each ray is followed once.
    """
    nodes, weights = talbot_rule(1.0, order)
    later = np.flatnonzero(grid)
    ordered = later[np.argsort(grid[later], kind="stable")]
    radii = 1 / (factor * grid[ordered])
    for index, radius, m in zip(ordered, radii, resolved_on_rays(model, nodes[:order], radii), strict=True):
        yield int(index), nodes * radius, weights * radius, m


def gradient_descent_losses(
    model: RandomFeatures, eta: float, steps: int, sharing: Sharing | None = None
) -> LossCurves:
    """Return L(t), Lhat(t) of gradient descent at t = 0..steps-1, all at once (spec equations (10), (11)).

    Exact for discrete steps as D -> infinity; inversion error 1e-7 relative. Warns when eta reaches 2 /
    `spectral_edge`: the curve then diverges, as the descent itself does.

    Args:
        model: the regression problem.
        eta: learning rate, > 0.
        steps: T >= 2; the first entry is before the first update.
        sharing: as in `gradient_flow_losses`.

    Raises:
        ValueError: eta or steps out of range.

    Cost: O(steps x modes) for (10), O(steps^2 x modes) in matrix products and O(steps^2 log steps) for the inversion:
    0.1 s at 200 steps and 1 mode, about 0.5 s at 400 modes.

    """
    s, source, growth = descent_variables(model, eta, steps)
    m = resolved_degrees(model, s[: steps + 1])
    m = np.concatenate([m, m[1:steps][::-1].conj()])
    test, train = _correlations(model, sharing or Sharing(), s, source, m, steps + 1)
    scale = growth ** (2.0 * np.arange(steps))
    return LossCurves(invert_z_equal_times(test) * scale, invert_z_equal_times(train) * scale)


def hermitian_flow_loss(model: RandomFeatures, times: ArrayLike, order: int = 24) -> Float[np.ndarray, "times"]:
    """Return the loss of the symmetric flow with the same spectrum: the response at doubled time (spec equation (16)).

    It is the loss of gradient flow with A^T A X^T X replaced by a symmetric matrix of equal eigenvalues and free
    eigenvectors (isotropic inputs, no label noise), and falls monotonically for every P and N.

    Args:
        model: the regression problem; its label noise does not enter.
        times: t >= 0, (times,).
        order: nodes of the Talbot rule.

    Raises:
        ValueError: a time that is negative or not finite, or an invalid order.

    Cost: one solution of (10) at 24 x times points.

    """
    grid = _checked_times(times)
    loss = np.full_like(grid, _initial_losses(model, Sharing())[0])
    for index, s, weight, m in _on_talbot_nodes(model, grid, 2.0, order):
        half_weight = weight[:order] * np.where(np.arange(order) == 0, 1, 2)
        loss[index] = np.real(half_weight @ _mean_response(model, s[:order], m))
    return loss


def hermitian_descent_loss(model: RandomFeatures, eta: float, steps: int) -> Float[np.ndarray, "steps"]:
    """Return the loss of the symmetric partner under gradient descent, t = 0..steps-1 (spec equation (16), index 2t).

    Raises:
        ValueError: eta or steps out of range.

    Cost: one solution of (10) at 2 steps + 1 points.

    """
    s, source, growth = descent_variables(model, eta, 2 * require_integer("steps", steps, least=2))
    half = slice(0, 2 * steps + 1)
    response = source[half] * _mean_response(model, s[half], resolved_degrees(model, s[half]))
    return np.asarray(invert_z(response)[::2] * growth ** (2.0 * np.arange(steps)))


def descent_variables(
    model: RandomFeatures, eta: float, steps: int
) -> tuple[Complex[np.ndarray, "2*steps"], Complex[np.ndarray, "2*steps"], float]:
    """Return s = (z - 1)/eta and src = z/eta (spec 4.1) on a circle that encloses every mode of the descent.

    The circle is `z_circle(steps)` times the growth of the fastest mode, which is 1 unless descent at eta diverges;
    then a warning is raised, and what is inverted must be multiplied by growth^t for every time it depends on.

    Returns:
        (s, src, growth).

    Raises:
        ValueError: eta <= 0 or steps < 2.

    """
    eta = require_real("eta", eta, above=0)
    steps = require_integer("steps", steps, least=2)
    edge = spectral_edge(model)
    growth = max(1.0, eta * edge - 1)
    if growth > 1:
        warnings.warn(
            f"eta = {eta:g} is beyond 2 / (largest eigenvalue {edge:.4g}) = {2 / edge:.4g}: descent diverges",
            stacklevel=3,
        )
    z = growth * z_circle(steps)
    return (z - 1) / eta, z / eta, growth


def _correlations(
    model: RandomFeatures,
    sharing: Sharing,
    s: Complex[np.ndarray, "points"],
    source: Complex[np.ndarray, "points"],
    m: Complex[np.ndarray, "points"],
    rows: int,
) -> tuple[Complex[np.ndarray, "rows points"], Complex[np.ndarray, "rows points"]]:
    """Return C0, C1 of equation (11) for the first `rows` points against all points."""
    lam, counts, teacher = model.spectrum.eigenvalues, model.spectrum.counts, model.spectrum.teacher
    a_over_n, x_over_p = sharing.features / model.features, sharing.samples / model.samples
    r1, r3 = 1 - m / model.samples, 1 - m / model.features
    h = mode_responses(model, s, m)

    def pairs(mode_weight: Float[np.ndarray, "modes"]) -> Complex[np.ndarray, "rows points"]:
        return np.asarray((h[:rows] * mode_weight) @ h.T)

    def outer(vector: Complex[np.ndarray, "points"]) -> Complex[np.ndarray, "rows points"]:
        return np.asarray(np.multiply.outer(vector[:rows], vector))

    f1, f2, f3, f4 = (
        pairs(lam * teacher),
        pairs(lam * counts),
        pairs(lam**2 * counts),
        pairs(lam**2 * teacher),
    )
    r1r1, r3r3, start = outer(r1), outer(r3), outer(source)
    noise = sharing.label_noise * model.label_noise * outer(source / s)
    # C3 = from_c1 C1 + from_start and C0 = c0_start + c0_slope C1, with C1 = R1R1' (C0 + noise).
    loop = r3r3 / (1 - a_over_n * r3r3 * r1r1 * f3)
    from_c1, from_start = loop * x_over_p * outer(s) * f2, loop * r1r1 * start * f4
    c0_start = start * f1 + a_over_n * f2 * from_start
    c0_slope = a_over_n * f2 * from_c1 + x_over_p * r3r3 * f3
    c0 = (c0_start + c0_slope * r1r1 * noise) / (1 - c0_slope * r1r1)
    return c0, r1r1 * (c0 + noise)


def _mean_response(
    model: RandomFeatures, s: Complex[np.ndarray, "points"], m: Complex[np.ndarray, "points"]
) -> Complex[np.ndarray, "points"]:
    """Return sum_k lam_k w*_k^2 H_k(s), the transform of the response of Delta (equation (16))."""
    return np.asarray(mode_responses(model, s, m) @ (model.spectrum.eigenvalues * model.spectrum.teacher))


def _initial_losses(model: RandomFeatures, sharing: Sharing) -> tuple[float, float]:
    start = float(np.sum(model.spectrum.eigenvalues * model.spectrum.teacher))
    return start, start + sharing.label_noise * model.label_noise


def _checked_times(times: ArrayLike) -> Float[np.ndarray, "times"]:
    grid = np.asarray(times, dtype=float)
    if grid.ndim != 1 or not np.all(np.isfinite(grid) & (grid >= 0)):
        raise ValueError(f"times = {times!r} is out of range; valid: a list of finite numbers >= 0")
    return grid
