"""What does statistical mechanics say of the loss? The partition function of a student's logits, sampled or exact.

Liu, Liu, Pehlevan, Gore, arXiv:2602.03685, section 4: the logits of n classes are minus energies, the scale of the
logits is an inverse temperature, and loss and gradient of an aligned student follow from free and internal energy.

| symbol | name | meaning |
|---|---|---|
| n | classes | number of classes |
| b, b* | scale, target_scale | standard deviation of the student's and the target's logits, > 0 |
| <ln Z> | log_partition | mean over inputs of log sum_i e^(b z_i), = -b F |
| U | energy | internal energy d(b F)/db = -<sum_i p_i z_i> |
| c0, c2 | | F = -c0 - c2 / b^2 at low temperature |

Independent normal energies z_i ~ N(0, 1) are the random energy model, for which all of it is a double integral.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize, special

from solv.theory.softmax_law.loss import LogitSample, peak_constant
from solv.theory.validation import require_integer, require_real

STEP = 0.4  # of log t, in units of the width of what is integrated: the trapezoidal rule is exact to rounding
TAIL = 9.5  # standard deviations beyond which a normal energy does not occur
LOST = 40.0  # e^-40 is lost beside 1
LARGEST = 100.0  # scale of the double integral, whose cost grows as its square


@dataclass(frozen=True)
class Partition:
    """<ln Z> and the internal energy U at some scales, each of their shape."""

    scale: Float[np.ndarray, "scales"]
    log_partition: Float[np.ndarray, "scales"]
    energy: Float[np.ndarray, "scales"]

    @property
    def entropy(self) -> Float[np.ndarray, "scales"]:
        """Mean entropy of softmax(b z), <ln Z> + b U, in nats."""
        return np.asarray(self.log_partition + self.scale * self.energy)

    @property
    def free_energy(self) -> Float[np.ndarray, "scales"]:
        """F = -<ln Z> / b, -inf at b = 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(-self.log_partition / self.scale)


def critical_scale(classes: int) -> float:
    """Return c0 = sqrt(2 ln n): a target is peaked where b* is larger (the transition of the random energy model).

    Raises:
        ValueError: classes < 2.
    """
    return math.sqrt(2 * math.log(require_integer("classes", classes, least=2)))


def sampled_partition(scale: ArrayLike, sample: LogitSample) -> Partition:
    """Return <ln Z> and U of sampled logits, of any distribution.

    Args:
        scale: b, shape (scales,), >= 0; it multiplies the sample's logits.
        sample: quadrature over the logits.

    Raises:
        ValueError: a scale out of range.

    Cost: O(scales points n).
    """
    scales = _scales(scale)
    logits, weight = sample.logits, sample.weight
    top = logits.max(axis=1, keepdims=True)
    log_partition, energy = np.empty_like(scales), np.empty_like(scales)
    for place, b in enumerate(scales):
        odds = np.exp(b * (logits - top))
        total = odds.sum(axis=1)
        log_partition[place] = weight @ (np.log(total) + b * top[:, 0])
        energy[place] = -(weight @ (np.einsum("pv,pv->p", odds, logits) / total))
    return Partition(scales, log_partition, energy)


def random_partition(scale: ArrayLike, classes: int) -> Partition:
    """Return <ln Z> and U of independent normal energies, exactly.

    <ln Z> = int dy (e^(-e^y) - g(y)^n), g(y) = E e^(-e^(y + b z)), the integral of Frullani in y = ln t; U is minus its
    derivative in b.

    Args:
        scale: b, shape (scales,), 0 to 100: beyond, `low_temperature` says all.
        classes: n, >= 2.

    Returns:
        Both to a relative 1e-9 or so.

    Raises:
        ValueError: an argument out of range.

    Cost: about 1 ms at b = 1 and 100 ms at b = 50.
    """
    classes = require_integer("classes", classes, least=2)
    scales = _scales(scale)
    if scales.max() > LARGEST:
        raise ValueError(f"scale = {scales.max()} is out of range; valid: 0 to {LARGEST:g}")
    log_partition, energy = np.empty_like(scales), np.empty_like(scales)
    for place, b in enumerate(scales):
        log_partition[place], energy[place] = _random_energies(float(b), classes)
    return Partition(scales, log_partition, energy)


def partition_loss(
    scale: ArrayLike, target_scale: float, partition: Callable[[ArrayLike], Partition]
) -> tuple[Float[np.ndarray, "scales"], Float[np.ndarray, "scales"]]:
    """Return L = U(b*) (b - b*) + b* F(b*) - b F(b) and dL/db = U(b*) - U(b) of an aligned student.

    Args:
        scale: b, shape (scales,), >= 0.
        target_scale: b*, > 0 and finite.
        partition: `random_partition` or `sampled_partition`, of everything but the scale.

    Raises:
        ValueError: an argument out of range.
    """
    target_scale = require_real("target_scale", target_scale, above=0)
    own, target = partition(scale), partition([target_scale])
    slope = target.energy - own.energy
    loss = target.energy * (own.scale - target_scale) - target.log_partition + own.log_partition
    return np.asarray(loss), np.asarray(slope)


def low_temperature(classes: int) -> tuple[float, float]:
    """Return c0 and c2 of F = -c0 - c2 / b^2, for independent normal energies of n classes.

    c0 is the mean of the largest of n, sqrt(2 ln n) for large n; c2 = (pi^2 / 12) times the density at 0 of the gap
    between the two largest, n (n - 1) int phi^2 Phi^(n - 2): the C of L ~ C / b.

    Raises:
        ValueError: classes < 2.
    """
    classes = require_integer("classes", classes, least=2)
    z = np.linspace(-TAIL, TAIL, 20001)
    density, below = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi), special.ndtr(z)
    width = z[1] - z[0]
    largest = width * float(np.sum(z * classes * density * below ** (classes - 1)))
    gap = classes * (classes - 1) * width * float(np.sum(density**2 * below ** (classes - 2)))
    return largest, peak_constant(gap)


def scale_of_entropy(entropy: float, classes: int) -> float:
    """Return b at which softmax of independent normal logits of that scale has the mean entropy asked for.

    Args:
        entropy: in nats, between 0.05 ln n and 0.999 ln n.
        classes: n, >= 2.

    Raises:
        ValueError: an argument out of range.
    """
    classes = require_integer("classes", classes, least=2)
    most = math.log(classes)
    entropy = require_real("entropy", entropy, least=0.05 * most, most=0.999 * most)

    def excess(log_scale: float) -> float:
        return float(random_partition([math.exp(log_scale)], classes).entropy[0]) - entropy

    low, high = math.log(1e-3), math.log(critical_scale(classes))
    while excess(high) > 0:  # entropies fall with the scale
        low, high = high, high + math.log(2)
    return math.exp(optimize.brentq(excess, low, high, xtol=1e-8))


def _scales(scale: ArrayLike) -> Float[np.ndarray, "scales"]:
    scales = np.atleast_1d(np.asarray(scale, dtype=float))
    if np.any(scales < 0) or not np.all(np.isfinite(scales)):
        raise ValueError(f"scale = {scales.min()} is out of range; valid: >= 0, finite")
    return scales


def _random_energies(b: float, classes: int) -> tuple[float, float]:
    """Return <ln Z> and U at one scale."""
    if b == 0:
        return math.log(classes), 0.0
    reach = math.log(classes) + min(b**2 / 2, TAIL * b) + LOST
    least = float(special.ndtri(math.exp(-LOST / classes)))  # the largest energy of all is hardly ever below
    y = np.arange(-reach, 5.0 + max(0.0, -b * least), STEP)
    z = np.arange(-TAIL, TAIL, min(0.4 / b, 0.1))
    density = np.exp(-(z**2) / 2)
    density /= density.sum()
    inner = np.exp(np.minimum(y[:, None] + b * z, LOST))  # t e^(b z); what is cut off is e^(-e^40)
    gone = np.exp(-inner)
    missing = -np.expm1(-inner) @ density
    with np.errstate(divide="ignore"):
        log_left = np.log1p(-np.minimum(missing, 1.0))
    slope = (inner * gone) @ (density * z)
    log_partition = STEP * np.sum(np.exp(-np.exp(y)) - np.exp(classes * log_left))
    energy = -STEP * np.sum(classes * np.exp((classes - 1) * log_left) * slope)
    return float(log_partition), float(energy)
