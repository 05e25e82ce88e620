"""How is a function of one or two times recovered from its Laplace or z transform?

Notation (dmft spec, section 4.4)

| symbol | name | shape / range |
|---|---|---|
| t | time | > 0 |
| s_k, w_k | Talbot node and weight: f(t) = sum_k w_k F(s_k) | (2 order - 1,), closed under conjugation |
| T | number of time steps 0..T-1 | integer >= 1 |
| z_j = rho e^{2 pi i j / 2T} | circle of the discrete inversion, rho = (1e7)^{1/2T} | (2T,) |

A correlation of two times is a double transform F(s, s'), and its value at equal times sums over *all* pairs of nodes:
the one-variable shortcut (twice the real part over half the nodes) drops the pairs (s, conj s') and is wrong there.
"""

import math

import numpy as np
from jaxtyping import Complex, Float

from solv.theory.validation import require_integer, require_real

CIRCLE_GAIN = 1e7


def talbot_rule(
    time: float, order: int = 24
) -> tuple[Complex[np.ndarray, "2*order-1"], Complex[np.ndarray, "2*order-1"]]:
    """Return nodes and weights of the fixed Talbot rule, f(time) = sum_k weight_k F(node_k) (dmft spec 4.4).

    Use the outer product of the weights for a double transform. Valid when every singularity of F lies on the real
    half-line s <= 0. Accuracy about 1e-8 (relative to the largest value of f) at order 24; rounding takes over above
    32.

    Args:
        time: t > 0, in the unit of 1/s.
        order: number of nodes in the upper half plane, the real one included, 4..40.

    Returns:
        (nodes, weights), each (2 order - 1,): the real node, the order - 1 upper ones, their conjugates. In a double
        transform one of the two variables may run over the first `order` nodes alone, if the terms of the upper ones
        count as twice their real part.

    Raises:
        ValueError: time or order out of range.

    Cost: O(order).

    """
    time = require_real("time", time, above=0)
    order = require_integer("order", order, least=4, most=40)
    radius = 2 * order / (5 * time)
    theta = math.pi * np.arange(1, order) / order
    cotangent = 1 / np.tan(theta)
    upper = radius * theta * (cotangent + 1j)
    slope = 1 + 1j * (theta + (theta * cotangent - 1) * cotangent)
    upper_weight = radius / (2 * order) * np.exp(time * upper) * slope
    real_weight = radius / (2 * order) * math.exp(radius * time)
    nodes = np.concatenate([[radius + 0j], upper, upper.conj()])
    weights = np.concatenate([[real_weight + 0j], upper_weight, upper_weight.conj()])
    return nodes, weights


def z_circle(steps: int) -> Complex[np.ndarray, "2*steps"]:
    """Return the 2 steps points z_j on the circle from which all times 0..steps-1 are recovered at once (spec 4.4).

    Points j and 2 steps - j are conjugate, so a transform of a real sequence is needed for j = 0..steps only.

    Raises:
        ValueError: steps < 1.

    Cost: O(steps).

    """
    steps = require_integer("steps", steps, least=1)
    points = 2 * steps
    return np.asarray(CIRCLE_GAIN ** (1 / points) * np.exp(2j * math.pi * np.arange(points) / points))


def invert_z(half_transform: Complex[np.ndarray, "steps+1"]) -> Float[np.ndarray, "steps"]:
    """Return f(0..steps-1) of a real sequence from F(z) = sum_t f(t) z^-t on the upper half of `z_circle(steps)`.

    Args:
        half_transform: F at z_j, j = 0..steps.

    Aliasing is 1e-7 of f(2 steps + t), rounding 1e-9 of the largest value. Cost: O(steps log steps).

    """
    steps = half_transform.shape[0] - 1
    return np.asarray(np.fft.irfft(half_transform, 2 * steps)[:steps] * _growth(steps))


def invert_z_equal_times(
    half_transform: Complex[np.ndarray, "steps+1 2*steps"],
) -> Float[np.ndarray, "steps"]:
    """Return C(t, t), t = 0..steps-1, of a real two-time function from its double z transform.

    Args:
        half_transform: sum_{t,t'} C(t,t') z^-t z'^-t' with z on the upper half of `z_circle(steps)` (rows j = 0..steps)
            and z' on all of it (columns).

    Accuracy as `invert_z`. Cost: O(steps^2 log steps).

    """
    steps = half_transform.shape[0] - 1
    over_second = np.fft.ifft(half_transform, axis=1)[:, :steps]
    both = np.fft.irfft(over_second, 2 * steps, axis=0)[:steps]
    return np.asarray(np.diagonal(both) * _growth(steps) ** 2)


def _growth(steps: int) -> Float[np.ndarray, "steps"]:
    return np.asarray(CIRCLE_GAIN ** (np.arange(steps) / (2 * steps)))
