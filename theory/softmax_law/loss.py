"""How fast does softmax with cross-entropy learn a peaked distribution? Loss of an aligned student and its flow.

Liu, Liu, Pehlevan, Gore, arXiv:2602.03685; equation numbers are those of the softmax-law spec, section 2.

| symbol | name | range |
|---|---|---|
| z = U x | centred logits of the teacher's direction of unit norm, x ~ N(0, I_d) | (points, V) |
| weight | probability of each sampled z | sums to 1 |
| a = norm of W | scale of the student's logits, W = a U | >= 0 |
| a* = beta times the norm of W* | scale of the target's logits | > 0, inf: one-hot target |
| Delta, rho0 | gap between the two largest entries of z, and its density at 0 | > 0 |
| C = (pi^2 / 12) rho0 | boundary-layer constant: L ~ C / a at large a | > 0 |
| s | gradient-flow time, learning rate times steps | >= 0 |
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline, make_interp_spline

from solv.theory.validation import require_integer, require_real

LARGEST_DISTANCE = 16.0  # the flow to a finite a* is followed until a* - a = e^-16 a*
GRID = 200
REACH = 6  # the table of the one-hot loss ends at a multiple of it in log(1 + a)
NODES = 40  # of the table, per unit of log(1 + a): quintic splines are then exact to 1e-10
TIES = 4_000_000  # samples times pairs of classes from which the density of ties is estimated
PAIRS = 8192  # most pairs looked at


@dataclass(frozen=True, eq=False)
class LogitSample:
    """Quadrature over the teacher's direction.

    logits: centred logits z, shape (points, V).
    weight: their probabilities, shape (points,).
    peak: C of equation (1), which needs the density of the gap at 0 and not just points.
    """

    logits: Float[np.ndarray, "points classes"]
    weight: Float[np.ndarray, "points"]
    peak: float


@dataclass(frozen=True)
class Flow:
    """The student along gradient flow.

    scale: a(s); loss: L(s); gradient: |dL/da|(s); each of the shape of the times asked for.
    """

    scale: Float[np.ndarray, "times"]
    loss: Float[np.ndarray, "times"]
    gradient: Float[np.ndarray, "times"]


def two_classes(nodes: int = 5000) -> LogitSample:
    """Return the exact quadrature for V = 2: z = (g, -g) / 2 with g ~ N(0, 2), rho0 = 2 / sqrt(4 pi).

    The gap |g| is sampled at logarithmically spaced points, since the boundary layer has width 1 / a.

    Args:
        nodes: number of points, >= 100; 5000 gives L(a) to a relative 1e-8 for a <= 1e4.

    Raises:
        ValueError: nodes out of range.
    """
    nodes = require_integer("nodes", nodes, least=100)
    position, step = np.linspace(math.log(1e-13), math.log(14.0), nodes, retstep=True)
    gap = np.exp(position)
    weight = np.exp(-(gap**2) / 4) / math.sqrt(math.pi) * gap * step  # 2 exp(-g^2 / 4) / sqrt(4 pi) dg, dg = gap dlog
    return LogitSample(np.stack([gap, -gap], axis=1) / 2, weight / weight.sum(), peak_constant(1 / math.sqrt(math.pi)))


def sample_logits(direction: ArrayLike, points: int, seed: int = 0) -> LogitSample:
    """Return a Monte-Carlo sample of z = U x, x ~ N(0, I), for any direction U, with the boundary layer's own C.

    Args:
        direction: weights (V, d), V >= 2; only the centred and normalised part counts.
        points: number of samples, >= 1000; the relative error of L(a) is about 0.7 sqrt(a / points).
        seed: of the sample.

    Raises:
        ValueError: a direction that is no (V >= 2, d) matrix or has no centred part, or points out of range.

    Cost: O(points V d), and O(10^6 V) for C, whose relative error is 0.3 % at V = 8 and 2 % at V = 32.
    """
    points = require_integer("points", points, least=1000)
    unit = centre(direction)
    norm = np.linalg.norm(unit)
    if norm == 0:
        raise ValueError("direction has no centred part: its logits are all equal")
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((points, unit.shape[1])) @ (unit / norm).T
    count = max(200, min(60_000, TIES // len(unit) ** 2))
    ties = rng.standard_normal((count, unit.shape[1])) @ (unit / norm).T
    return LogitSample(logits, np.full(points, 1 / points), peak_constant(gap_density(unit / norm, ties, seed)))


def gap_density(
    direction: Float[np.ndarray, "classes d"], logits: Float[np.ndarray, "points classes"], seed: int = 0
) -> float:
    """Return rho0, the density at 0 of the gap between the two largest logits of z = U x.

    Sum over pairs of the density of z_i - z_j at 0 times the probability that the two are then the largest: z given
    z_i = z_j is the Gaussian z less its regression on z_i - z_j, so that every sampled z serves every pair. Of more
    than 8192 pairs (V > 128) that many are drawn.

    Args:
        direction: U, shape (V, d).
        logits: samples of U x, shape (points, V).
        seed: of the draw of pairs.
    """
    covariance = direction @ direction.T
    first, second = np.triu_indices(len(covariance), 1)
    every = len(first)
    if every > PAIRS:
        drawn = np.random.default_rng(seed).choice(every, PAIRS, replace=False)
        first, second = first[drawn], second[drawn]
    density = 0.0
    for i, j in zip(first, second, strict=True):
        variance = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
        if variance <= 0:
            continue
        slope = (covariance[:, i] - covariance[:, j]) / variance
        given = logits - (logits[:, i] - logits[:, j])[:, None] * slope
        tied = given[:, i].copy()
        given[:, [i, j]] = -np.inf
        density += np.mean(given.max(axis=1) < tied) / math.sqrt(2 * math.pi * variance)
    return float(2 * density * every / len(first))


def peak_constant(density: float) -> float:
    """Return C = (pi^2 / 12) rho0 of equation (1).

    Raises:
        ValueError: density not > 0.
    """
    return math.pi**2 / 12 * require_real("density", density, above=0)


def centre(weights: ArrayLike) -> Float[np.ndarray, "classes d"]:
    """Return weights (V, d) less their mean over classes, which softmax does not see.

    Raises:
        ValueError: not a finite (V >= 2, d) matrix.
    """
    matrix = np.asarray(weights, dtype=float)
    if matrix.ndim != 2 or len(matrix) < 2 or not np.all(np.isfinite(matrix)):
        raise ValueError(f"weights of shape {matrix.shape}; valid: a finite matrix (V >= 2, d)")
    return np.asarray(matrix - matrix.mean(axis=0))


def aligned_loss(
    scale: ArrayLike, target_scale: float, sample: LogitSample
) -> tuple[Float[np.ndarray, "scales"], Float[np.ndarray, "scales"]]:
    """Return L(a) = E KL(softmax(a* z) || softmax(a z)) and dL/da = E (softmax(a z) - softmax(a* z)) . z.

    Args:
        scale: a, shape (scales,), >= 0.
        target_scale: a*, > 0; inf is the one-hot target at the largest logit.
        sample: quadrature over z.

    Returns:
        L and dL/da, each of shape (scales,), to a relative 1e-8 or an absolute 1e-16, whichever is larger.

    Raises:
        ValueError: an argument out of range.

    Cost: O(scales points V).
    """
    target_scale = require_real("target_scale", target_scale, above=0, infinite=True)
    scales = np.atleast_1d(np.asarray(scale, dtype=float))
    if np.any(scales < 0) or not np.all(np.isfinite(scales)):
        raise ValueError(f"scale = {scales.min()} is out of range; valid: >= 0, finite")
    weight = sample.weight
    behind = np.ascontiguousarray(sample.logits.T)  # classes first: sums over a few of them are then vectorised
    behind -= behind.max(axis=0)  # softmax does not see the shift, and the small loss of a large a stays exact
    negative_entropy = mean = np.zeros(len(weight))  # sum_v q log q and sum_v q behind of the target q
    if math.isfinite(target_scale):
        log_target = target_scale * behind
        log_target -= np.log(np.exp(log_target).sum(axis=0))
        target = np.exp(log_target)
        negative_entropy, mean = (np.einsum("vp,vp->p", target, each) for each in (log_target, behind))
    loss, slope, odds = np.empty_like(scales), np.empty_like(scales), np.empty_like(behind)
    for index, a in enumerate(scales):
        np.exp(np.multiply(a, behind, out=odds), out=odds)
        total = odds.sum(axis=0)
        loss[index] = max(weight @ (negative_entropy - a * mean + np.log(total)), 0.0)  # rounding beside the target
        slope[index] = weight @ (np.einsum("vp,vp->p", odds, behind) / total - mean)
    return loss, slope


def aligned_flow(times: ArrayLike, target_scale: float, sample: LogitSample) -> Flow:
    """Return the student along gradient flow da/ds = -dL/da from a(0) = 0.

    The flow is one-dimensional, so that s(a) = int_0^a da' / -L'(a') is an integral: no step size, no stiffness.

    Args:
        times: s, shape (times,), >= 0 and finite.
        target_scale: a*, > 0 or inf.
        sample: quadrature over z.

    Raises:
        ValueError: an argument out of range.

    Cost: 240 evaluations of `aligned_loss`, which all flows of one sample share as long as their scales are below 400.
    """
    target_scale = require_real("target_scale", target_scale, above=0, infinite=True)
    asked = np.asarray(times, dtype=float)
    if asked.ndim != 1 or np.any(asked < 0) or not np.all(np.isfinite(asked)):
        raise ValueError("times hold values out of range; valid: a list of finite numbers >= 0")
    if math.isinf(target_scale):
        last = 2 * float(power_law_scale(max(float(asked.max(initial=1.0)), 1.0), sample.peak)) + 10
        position, loss, slope = _one_hot(sample, REACH * math.ceil(math.log1p(last) / REACH))
        jacobian = np.exp(position)
    else:
        position = LARGEST_DISTANCE * np.linspace(0.0, 1.0, GRID) ** 2  # the end is an exponential, the start is not
        jacobian = target_scale * np.exp(-position)
        loss, slope = _finite_target(jacobian, target_scale, sample)
    elapsed = CubicSpline(position, jacobian / -slope).antiderivative()(position)
    where = CubicSpline(elapsed, position)(np.minimum(asked, elapsed[-1]))
    if not math.isinf(target_scale):  # the last stretch is exponential
        rate = float(-slope[-1] / jacobian[-1])
        where = where + rate * np.maximum(asked - elapsed[-1], 0.0)
    reached = np.expm1(where) if math.isinf(target_scale) else target_scale * -np.expm1(-where)
    beyond = np.maximum(where - position[-1], 0.0)
    shrunk = np.minimum(where, position[-1])
    log_loss = CubicSpline(position, np.log(loss))(shrunk) - 2 * beyond
    log_slope = CubicSpline(position, np.log(-slope))(shrunk) - beyond
    return Flow(np.asarray(reached), np.exp(log_loss), np.exp(log_slope))


def _finite_target(
    distance: Float[np.ndarray, "scales"], target_scale: float, sample: LogitSample
) -> tuple[Float[np.ndarray, "scales"], Float[np.ndarray, "scales"]]:
    """Return L and dL/da at a = a* - distance, for any finite a* from one table.

    With G the one-hot loss, dL/da = G'(a) - G'(a*) and L = G(a) - G(a*) - (a - a*) G'(a*). Near the target, where L is
    lost in the rounding of G, it is the integral of its derivative.
    """
    end = math.log1p(target_scale)
    log_scale, _, derivative = _one_hot(sample, REACH * math.ceil(end / REACH))
    by_log = make_interp_spline(log_scale, derivative * np.exp(log_scale), k=5)  # dG/dlog(1 + a)
    final = float(by_log(end)) / (1 + target_scale)

    def slope(scale: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        return np.asarray(by_log(np.log1p(scale)) / (1 + scale) - final)

    scales, total = target_scale - distance, by_log.antiderivative()
    nodes, weights = np.polynomial.legendre.leggauss(8)  # exact to rounding over a tenth of 1 + a
    near = -distance / 2 * (slope(target_scale - np.multiply.outer(distance, (1 + nodes) / 2)) @ weights)
    far = total(np.log1p(scales)) - total(end) + distance * final
    return np.where(distance < 0.1 * (1 + scales), near, far), slope(scales)


@lru_cache(maxsize=64)
def _one_hot(
    sample: LogitSample, reach: int
) -> tuple[Float[np.ndarray, "scales"], Float[np.ndarray, "scales"], Float[np.ndarray, "scales"]]:
    """Return log(1 + a) from 0 to `reach`, with the one-hot loss G and dG/da there."""
    log_scale = np.linspace(0.0, reach, NODES * reach + 1)
    return log_scale, *aligned_loss(np.expm1(log_scale), math.inf, sample)


def power_law_scale(times: ArrayLike, peak: float) -> Float[np.ndarray, "times"]:
    """Return a(s) = (3 C s)^{1/3}, equation (3)."""
    return np.asarray((3 * peak * np.asarray(times, dtype=float)) ** (1 / 3))


def power_law_loss(times: ArrayLike, peak: float) -> Float[np.ndarray, "times"]:
    """Return L(s) = C^{2/3} (3 s)^{-1/3}, equation (3)."""
    return np.asarray(peak ** (2 / 3) * (3 * np.asarray(times, dtype=float)) ** (-1 / 3))


def power_law_gradient(times: ArrayLike, peak: float) -> Float[np.ndarray, "times"]:
    """Return |grad L|(s) = C^{1/3} (3 s)^{-2/3}, equation (3)."""
    return np.asarray(peak ** (1 / 3) * (3 * np.asarray(times, dtype=float)) ** (-2 / 3))


def crossover_time(target_scale: float, peak: float) -> float:
    """Return s* = a*^3 / (3 C), when the intermediate power law reaches a finite target; inf for a one-hot one.

    Raises:
        ValueError: target_scale or peak not > 0.
    """
    scale = require_real("target_scale", target_scale, above=0, infinite=True)
    return scale**3 / (3 * require_real("peak", peak, above=0))


def adam_flow(steps: int, rate: float, memory: tuple[float, float], reach: float, sample: LogitSample) -> Flow:
    """Return the aligned student after each step of Adam, for a one-hot target.

    Every weight has the gradient L'(a) U_ij, and Adam divides out |U_ij|: with m and v the bias-corrected averages of
    L' and of its square, da = -rate |U|_1 m / sqrt(v). While steps are fewer than the memory 1 / (1 - beta2), v is the
    early gradients' average, ~ 1/t, and L ~ t^(-1/2); well beyond it, steps keep their size and L ~ 1/t. The student
    is taken to stay aligned although steps of one size leave its direction: times are therefore approximate.

    Args:
        steps: number of steps, >= 1.
        rate: learning rate, > 0.
        memory: beta1 and beta2, each in [0, 1).
        reach: |U|_1, the sum of the moduli of the direction's entries, > 0.
        sample: quadrature over z.

    Returns:
        Scale, loss and gradient after steps 1 ... steps.

    Raises:
        ValueError: an argument out of range.

    Cost: 200 evaluations of `aligned_loss`.
    """
    steps = require_integer("steps", steps, least=1)
    stride = require_real("rate", rate, above=0) * require_real("reach", reach, above=0)
    beta1, beta2 = (require_real(f"memory[{i}]", beta, least=0, below=1) for i, beta in enumerate(memory))
    position = np.linspace(0.0, math.log1p(4 * stride * steps), GRID)  # a step is at most a few strides
    loss, slope = aligned_loss(np.expm1(position), math.inf, sample)
    slopes, losses = CubicSpline(position, slope), CubicSpline(position, loss)
    scale, first, second = 0.0, 0.0, 0.0
    scales = np.empty(steps)
    for step in range(1, steps + 1):
        gradient = float(slopes(math.log1p(scale)))
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        scale -= stride * first / (1 - beta1**step) / math.sqrt(second / (1 - beta2**step))
        scales[step - 1] = scale
    reached = np.log1p(scales)
    return Flow(scales, np.asarray(losses(reached)), np.asarray(-slopes(reached)))


def loss_exponent(growth: float = 0.0, *, normalised: bool = False, layers: int = 1) -> float:
    """Return the exponent of the loss in the number of steps t for a learning rate that grows as t^growth.

    Logits that are a product of H layers of equal norm r have a ~ r^H, so that da/ds ~ a^(2 - 2/H) C / a^2: with
    L ~ C / a this is L ~ s^(-H / (H + 2)), the law -1/3 for one layer. s ~ t^(1 + growth). With a normalised gradient
    (and for Adam, beyond its memory) r grows by the learning rate itself, and the exponent is -H (1 + growth). For one
    layer this ends where steps are too long for the curvature, ~ 1/a: they go back and forth, the norm of the
    oscillating gradient leaves an effective rate ~ a, so that da/dt ~ 1/a, and the exponent is -1/2.

    Args:
        growth: > -1.
        normalised: whether the step is the gradient over its norm.
        layers: H, >= 1: layers of weights whose product the logits are.

    Raises:
        ValueError: an argument out of range.
    """
    growth = require_real("growth", growth, above=-1)
    layers = require_integer("layers", layers, least=1)
    return -(1 + growth) * layers if normalised else -(1 + growth) * layers / (layers + 2)
