"""How much of the new iterate goes into the average of the weights at step t? Averages and checkpoint merges.

Anytime spec, sections 2.2 and 2.3: wbar_t = (1 - rho_t) wbar_{t-1} + rho_t w_t. An average is the sequence rho_t; where
rho_t = 1 it begins anew, so that up to there it is the last iterate.

| average | rho_t |
|---|---|
| uniform | 1/t |
| tail from t0 | 1 up to t0 + 1, then 1/(t - t0) |
| EMA label f | 1 at t = 1, then 1 - 2^(-f/t): the old weight halves in t/f steps, a fixed fraction of the age |
| polynomial c | min(c, t)/t; label f of an EMA is about c = f ln 2 |
| merge | c_j / (c_1 + ... + c_j) at the checkpoint t_j, else 0 |

On a quadratic in one dimension an average is a decay of the rate, exactly: `equivalent_decay`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.validation import require_integer, require_real

Steps = Float[np.ndarray, "steps"]


@dataclass(frozen=True)
class Average:
    """An average of the iterates w_1..w_t.

    Attributes:
        name: how it is called.
        rate: steps t = 1, 2, ... -> rho_t in [0, 1], rho_1 = 1.
    """

    name: str
    rate: Callable[[Steps], Steps]

    def rates(self, steps: int) -> Steps:
        """Return rho_1..rho_steps.

        Raises:
            ValueError: the average's own `rate` leaves [0, 1].
        """
        rho = self.rate(np.arange(1.0, steps + 1))
        rho[0] = 1.0
        if not np.all((rho >= 0) & (rho <= 1)):
            raise ValueError(f"rate of {self.name} is out of range; valid: from 0 to 1")
        return rho


def uniform() -> Average:
    """Return the Polyak average of all iterates."""
    return Average("uniform", lambda t: 1 / t)


def tail(start: int) -> Average:
    """Return the uniform average of the iterates after step `start` >= 0; before, it is the last iterate."""
    start = require_integer("start", start, least=0)
    return Average(f"tail from {start}", lambda t: 1 / np.maximum(t - start, 1))


def ema(label: float) -> Average:
    """Return the exponential average whose half-life is 1/label of the age t; label in (0, 500]."""
    label = require_real("label", label, above=0, most=500)
    return Average(f"EMA {label:g}", lambda t: -np.expm1(-np.log(2) * label / t))


def polynomial_average(c: float) -> Average:
    """Return the average with rho_t = min(c, t) / t, c >= 1: iterates weigh about t^(c-1)."""
    c = require_real("c", c, least=1)
    return Average(f"polynomial {c:g}", lambda t: np.minimum(c, t) / t)


def merge(checkpoints: Sequence[int], weights: ArrayLike) -> Average:
    """Return the weighted mean of checkpoints; between them it is that of the checkpoints so far, rescaled.

    Before the first checkpoint it is the last iterate.

    Args:
        checkpoints: steps, increasing, each >= 1.
        weights: their weights, > 0, with sum 1 (to 1e-9).

    Raises:
        ValueError: checkpoints or weights out of range.
    """
    steps, shares = list(checkpoints), np.asarray(weights, dtype=np.float64)
    if not steps or steps != sorted(set(steps)) or steps[0] < 1 or any(step != int(step) for step in steps):
        raise ValueError(f"checkpoints = {steps} is out of range; valid: increasing integers >= 1")
    if shares.shape != (len(steps),) or not np.all(shares > 0):
        raise ValueError(f"weights = {shares.tolist()} is out of range; valid: {len(steps)} numbers > 0")
    if abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"weights sum to {shares.sum():.12g}; valid: 1")
    rho_at = shares / np.cumsum(shares)

    def rate(t: Steps) -> Steps:
        rho = np.where(t <= steps[0], 1.0, 0.0)
        for step, value in zip(steps, rho_at, strict=True):
            rho[t == step] = value
        return rho

    return Average(f"merge of {len(steps)}", rate)


def anneal_weights(factors: ArrayLike) -> Steps:
    """Return the weights of checkpoints 0..n-1 whose merge imitates a decay, c_k = m_k - m_{k+1}.

    The decay multiplies the learning rate by m_k after checkpoint k, m_0 = 1 to m_n = 0. A linear one gives a uniform
    merge. Exact only where updates do not depend on the iterate.

    Args:
        factors: m_0..m_n, shape (n + 1,), from 1 down to 0, never rising.

    Raises:
        ValueError: factors that do not fall from 1 to 0.
    """
    m = np.asarray(factors, dtype=np.float64)
    if m.ndim != 1 or len(m) < 2 or m[0] != 1 or m[-1] != 0 or np.any(np.diff(m) > 0):
        raise ValueError(f"factors = {m.tolist()} is out of range; valid: from 1 down to 0, never rising")
    return -np.diff(m)


def weights_of(average: Average, steps: int) -> Steps:
    """Return the weights of w_1..w_steps in the average after the last step: rho_k times (1 - rho_j) over j > k.

    They sum to 1.
    """
    rho = average.rates(require_integer("steps", steps, least=1))
    kept = np.append(np.cumprod((1 - rho)[:0:-1])[::-1], 1.0)
    return np.asarray(rho * kept)


def sample_weights(average: Average, rate: float, steps: int) -> Steps:
    """Return the weight of each sample in an average of SGD at a constant rate, on a quadratic in one dimension.

    On (w - y_t)^2 / 2 the iterate is w_t = (1 - rate) w_{t-1} + rate y_t, so that an average of the iterates is a
    weighted mean of the samples, and of w_0 with what is missing to 1. For the uniform average sample k has
    (1 - (1 - rate)^(steps - k + 1)) / steps.

    Args:
        average: of w_1..w_steps.
        rate: learning rate times curvature, in (0, 1].
        steps: number of samples, >= 1.

    Returns:
        The weights of y_1..y_steps, shape (steps,).

    Raises:
        ValueError: rate or steps out of range.
    """
    rate = require_real("rate", rate, above=0, most=1)
    weights, still = np.empty(steps), 0.0
    for k, of_iterate in reversed(list(enumerate(weights_of(average, steps)))):
        still = of_iterate + (1 - rate) * still  # sum_{j >= k} omega_j (1 - rate)^(j - k)
        weights[k] = rate * still
    return weights


def equivalent_decay(average: Average, rate: float, steps: int) -> Steps:
    """Return the decaying rates whose last iterate is that average of a constant rate, sample by sample.

    The last iterate of rates eta_t weighs sample k by eta_k prod_{j > k} (1 - eta_j); equal to `sample_weights` a_k for
    eta_k = a_k / (1 - sum_{j > k} a_j). The two estimates are then one number, for any samples and any w_0: on a
    quadratic in one dimension averaging is decay (arXiv:2602.03702, its example of a mean). In more dimensions every
    direction has a decay of its own.

    Arguments and errors as in `sample_weights`.

    Returns:
        eta_1..eta_steps, in [0, 1], shape (steps,).
    """
    weights = sample_weights(average, rate, steps)
    start = _weight_of_start(average, rate, steps)
    until = start + np.cumsum(weights)  # 1 - sum of a_j over j > k, without the difference of two numbers near 1
    return np.asarray(np.divide(weights, until, out=np.zeros(steps), where=until > 0))


def _weight_of_start(average: Average, rate: float, steps: int) -> float:
    """Return the weight of w_0 in the average, sum_j omega_j (1 - rate)^j."""
    return float(weights_of(average, steps) @ (1 - rate) ** np.arange(1, steps + 1))
