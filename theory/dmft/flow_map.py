"""How does the noise-free loss of isotropic random features fall under gradient flow, for many P/D and N/D at once?

The isotropic case of `random_feature_dynamics` (arXiv:2601.01010; dmft spec equations (10), (11)), in which (10) is a
cubic for mu = m/D, and everything is one array over the cells of a map.

Notation

| symbol | name | shape / range |
|---|---|---|
| P/D, N/D | samples and features per input dimension | > 0, inf allowed; (cells,) |
| s = S/t | nodes of Talbot's rule, on one ray for every S | complex, (order,) per time |
| mu(s) | resolved fraction of the directions: mu (s + q) = q | complex, (cells, order) |
| q = (1 - mu D/P)(1 - mu D/N), H = 1/(s + q) | response of a direction | complex |
| L(t) | test loss, L(0) = 1 | >= 0, (cells, times) |
"""

import math

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike

from solv.theory.laplace_inversion import talbot_rule

STAGE_RATIO = 1.25
STAGE_START = 50.0
STAGE_NEWTON_STEPS = 3
POLISHING_STEPS = 6
SETTLED = 1e-9


def isotropic_flow_losses(
    samples: ArrayLike, features: ArrayLike, times: ArrayLike, order: int = 24
) -> Float[np.ndarray, "cells times"]:
    """Return L(t) of gradient flow without label noise from L(0) = 1, one row per pair of P/D and N/D.

    Args:
        samples: P/D > 0, inf allowed, (cells,).
        features: N/D > 0, inf allowed, (cells,).
        times: t >= 0, (times,).
        order: nodes of Talbot's rule; error about 1e-8 at 24.

    Raises:
        ValueError: an argument out of range, or shapes that differ.
        RuntimeError: Newton's method did not settle on the root that continues 1/s.

    Cost: some 100 steps of Newton's method on cells x order numbers, and a dozen operations on order x (2 order - 1)
    numbers per cell and time: 0.3 s for 150 cells at 40 times.

    """
    p, n = np.asarray(samples, dtype=float), np.asarray(features, dtype=float)
    if p.ndim != 1 or p.shape != n.shape or not (np.all(p > 0) and np.all(n > 0)):
        raise ValueError(f"samples, features = {samples!r}, {features!r} are out of range; valid: equal lists of > 0")
    grid = np.asarray(times, dtype=float)
    if grid.ndim != 1 or not np.all(np.isfinite(grid) & (grid >= 0)):
        raise ValueError(f"times = {times!r} is out of range; valid: a list of finite numbers >= 0")
    losses = np.ones((len(p), len(grid)))
    later = np.flatnonzero(grid)
    if not len(later):
        return losses
    ordered = later[np.argsort(grid[later], kind="stable")]
    nodes, weights = talbot_rule(1.0, order)
    inverse_p, inverse_n = 1 / p[:, None], 1 / n[:, None]
    outermost = max(1 / grid[ordered[0]], STAGE_START * float(np.max((1 + inverse_p) * (1 + inverse_n))))
    at, mu = outermost, np.broadcast_to(1 / (outermost * nodes[:order]), (len(p), order))
    half = weights[:order] * np.where(np.arange(order) == 0, 1, 2)
    for index in ordered:
        radius = 1 / grid[index]
        stages = max(1, math.ceil(math.log(at / radius) / math.log(STAGE_RATIO)))
        for stage in range(1, stages + 1):
            s = nodes[:order] * at * (radius / at) ** (stage / stages)
            mu = _newton(mu, s, inverse_p, inverse_n, STAGE_NEWTON_STEPS)
        at, s = radius, nodes * radius
        mu = _newton(mu, s[:order], inverse_p, inverse_n, POLISHING_STEPS)
        if not np.all(np.abs(_newton(mu, s[:order], inverse_p, inverse_n, 1) - mu) <= SETTLED * np.abs(mu)):
            raise RuntimeError(f"equation (10) did not converge at t = {grid[index]:g}")
        both = np.concatenate([mu, mu[:, 1:].conj()], axis=1)
        losses[:, index] = (
            np.real(
                [
                    half @ _correlation(one, s, x, y, order) @ weights
                    for one, x, y in zip(both, inverse_p[:, 0], inverse_n[:, 0], strict=True)
                ]
            )
            * radius**2
        )
    return losses


def _newton(
    mu: Complex[np.ndarray, "cells order"],
    s: Complex[np.ndarray, "order"],
    inverse_p: Float[np.ndarray, "cells 1"],
    inverse_n: Float[np.ndarray, "cells 1"],
    steps: int,
) -> Complex[np.ndarray, "cells order"]:
    """Improve mu on mu (s + q) = q by so many steps."""
    for _ in range(steps):
        r1, r3 = 1 - mu * inverse_p, 1 - mu * inverse_n
        q = r1 * r3
        slope = s + q - (mu - 1) * (inverse_p * r3 + inverse_n * r1)
        mu = mu - (mu * (s + q) - q) / slope
    return mu


def _correlation(
    mu: Complex[np.ndarray, "nodes"], s: Complex[np.ndarray, "nodes"], inverse_p: float, inverse_n: float, rows: int
) -> Complex[np.ndarray, "rows nodes"]:
    """Return C0 of equation (11) for lam = 1, w*^2 = 1/D, no noise, the first `rows` nodes against all."""
    r1, r3 = 1 - mu * inverse_p, 1 - mu * inverse_n
    h = 1 / (s + r1 * r3)
    hh, r1r1, r3r3 = np.multiply.outer(h[:rows], h), np.multiply.outer(r1[:rows], r1), np.multiply.outer(r3[:rows], r3)
    ss = np.multiply.outer(s[:rows], s)
    loop = inverse_n * hh * r3r3 / (1 - inverse_n * hh * r3r3 * r1r1)
    slope = inverse_p * hh * (loop * ss + r3r3)
    return np.asarray(hh * (1 + loop * r1r1) / (1 - slope * r1r1))
