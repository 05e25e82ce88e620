"""How does a loss fall with two sizes at once, and how should a budget be shared between them?

    L = E + A N^-a + B D^-b        N: parameters, D: tokens (or any two sizes > 0)

Fitted as in Hoffmann et al. (arXiv:2203.15556, section 3.3): log L is compared with the logarithm of the law by a Huber
loss, so that runs that went wrong count little, from several starts. With e = log E, alpha = log A, beta = log B it is
a log-sum-exp, and every parameter is positive by itself. Intervals are from a bootstrap over runs.

With N D proportional to the budget C, the best sizes are N ~ C^(b / (a + b)), D ~ C^(a / (a + b)).
"""

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import logsumexp, ndtri, stdtrit

from solv.theory.validation import require_integer, require_real

LEAST_RUNS = 8
HUBER = 1e-3  # of log L: beyond it a deviation counts by its size and not by its square
STARTS = tuple(product((0.2, 0.5, 0.8), (0.2, 0.5, 0.8)))  # of a and b
NAMES = ("E", "A", "B", "a", "b")
ITERATIONS, ACCURACY = 300, 1e-7  # of the minimisation; of logarithms of the parameters
LOW = np.array([-30.0, -30.0, -30.0, np.log(1e-3), np.log(1e-3)])  # of the logarithms of E, A', B', a, b
HIGH = np.array([30.0, 30.0, 30.0, np.log(10.0), np.log(10.0)])


@dataclass(frozen=True)
class JointLawFit:
    """L = E + A N^-a + B D^-b, a function of N and D.

    Attributes:
        E, A, B, a, b: the law, all > 0.
        intervals: of each of them and of `share`, by name, from the bootstrap.
        confidence: coverage of the intervals.
        runs: how many points it was fitted to.
        deviation: median absolute deviation of log L from the law.
        draws: parameters of the bootstrap, shape (resamples, 5), in the order E, A, B, a, b.
    """

    E: float
    A: float
    B: float
    a: float
    b: float
    intervals: dict[str, tuple[float, float]]
    confidence: float
    runs: int
    deviation: float
    draws: Float[np.ndarray, "resamples 5"] = field(repr=False, compare=False)

    @property
    def share(self) -> float:
        """Exponent of the best N in the budget C ~ N D: b / (a + b)."""
        return self.b / (self.a + self.b)

    def __call__(self, n: ArrayLike, d: ArrayLike) -> Float[np.ndarray, "runs"]:
        """Return the law at N and D."""
        return _law(np.array([self.E, self.A, self.B, self.a, self.b]), n, d)

    def interval(self, n: float, d: float) -> tuple[float, float]:
        """Return the interval of the law at N and D."""
        drawn = np.array([float(_law(each, n, d)) for each in self.draws])
        return _percentiles(drawn, float(self(n, d)), self.confidence, self.runs)

    def best_sizes(self, budget: float, cost: float = 6.0) -> tuple[float, float]:
        """Return N and D with the least loss at cost * N * D = budget.

        Raises:
            ValueError: budget or cost is not > 0.
        """
        budget, cost = require_real("budget", budget, above=0), require_real("cost", cost, above=0)
        product_of_sizes = budget / cost
        ratio = (self.a * self.A / (self.b * self.B)) ** (1 / (self.a + self.b))
        n = ratio * product_of_sizes**self.share
        return float(n), float(product_of_sizes / n)


def fit_joint_law(
    n: ArrayLike,
    d: ArrayLike,
    loss: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 200,
    huber: float = HUBER,
    seed: int = 0,
) -> JointLawFit:
    """Fit L = E + A N^-a + B D^-b.

    Args:
        n, d: sizes, > 0, shape (runs,).
        loss: > 0.
        confidence: coverage of the intervals, in (0, 1).
        resamples: of the bootstrap over runs, >= 20.
        huber: where the Huber loss of log L turns from squares to absolute values, > 0.
        seed: of the bootstrap.

    Raises:
        ValueError: shapes that differ, a value out of range, fewer than 8 runs, or a size that takes fewer than 3
            values, or both sizes going together.
    """
    confidence = require_real("confidence", confidence, above=0, below=1)
    resamples = require_integer("resamples", resamples, least=20)
    huber = require_real("huber", huber, above=0)
    sizes = _checked(n, d, loss)
    log_n, log_d, log_loss = np.log(sizes)
    middle = log_n.mean(), log_d.mean()
    centred = np.stack([log_n - middle[0], log_d - middle[1]])
    level = float(log_loss.mean())
    starts = np.array([[level - 0.5, level - 1.5, level - 1.5, *np.log(each)] for each in STARTS])
    found, costs = _minimise(starts, np.ones((len(starts), len(log_loss))), centred, log_loss, huber)
    best = found[np.argmin(costs)]
    times = np.random.default_rng(seed).multinomial(len(log_loss), np.full(len(log_loss), 1 / len(log_loss)), resamples)
    enough = [min(len(np.unique(values[each > 0])) for values in centred) >= 3 for each in times]
    draws, _ = _minimise(np.tile(best, (sum(enough), 1)), times[enough].astype(float), centred, log_loss, huber)
    natural, drawn = _natural(best, middle), np.array([_natural(each, middle) for each in draws])
    runs = len(log_loss)
    intervals = {name: _percentiles(drawn[:, i], float(natural[i]), confidence, runs) for i, name in enumerate(NAMES)}
    shares = drawn[:, 4] / (drawn[:, 3] + drawn[:, 4])
    intervals["share"] = _percentiles(shares, float(natural[4] / (natural[3] + natural[4])), confidence, runs)
    left = log_loss - np.log(_law(natural, sizes[0], sizes[1]))
    limit, first, second, a, b = (float(each) for each in natural)
    deviation = float(np.median(np.abs(left)))
    return JointLawFit(limit, first, second, a, b, intervals, confidence, runs, deviation, drawn)


def _checked(n: ArrayLike, d: ArrayLike, loss: ArrayLike) -> Float[np.ndarray, "3 runs"]:
    arrays = [np.asarray(each, dtype=float) for each in (n, d, loss)]
    if arrays[0].ndim != 1 or len({each.shape for each in arrays}) != 1:
        raise ValueError(f"n, d and loss have shapes {[each.shape for each in arrays]}; valid: (runs,) all")
    for name, values in zip(("n", "d", "loss"), arrays, strict=True):
        bad = ~(np.isfinite(values) & (values > 0))
        if bad.any():
            raise ValueError(f"{name} = {values[bad][0]:g} of run {np.flatnonzero(bad)[0]} is out of range; valid: > 0")
    if len(arrays[0]) < LEAST_RUNS:
        raise ValueError(f"{len(arrays[0])} runs are too few for a law of two sizes; valid: at least {LEAST_RUNS}")
    for name, values in zip(("n", "d"), arrays[:2], strict=True):
        if (count := len(np.unique(values))) < 3:
            raise ValueError(f"{name} takes {count} values; valid: at least 3, or a fit of the other size alone")
    if np.linalg.matrix_rank(np.corrcoef(np.log(arrays[:2])), tol=1e-6) < 2:
        raise ValueError("n and d go together in all runs: their terms cannot be told apart; vary one alone")
    return np.stack(arrays)


def _law(natural: Float[np.ndarray, "5"], n: ArrayLike, d: ArrayLike) -> Float[np.ndarray, "*runs"]:
    limit, first, second, a, b = natural
    return np.asarray(limit + first * np.asarray(n, float) ** -a + second * np.asarray(d, float) ** -b)


def _natural(parameters: Float[np.ndarray, "5"], middle: tuple[float, float]) -> Float[np.ndarray, "5"]:
    """Return E, A, B, a, b of log E, log A' and log B' at the middle sizes, log a and log b."""
    e, first, second = parameters[:3]
    a, b = np.exp(parameters[3:])
    return np.array([np.exp(e), np.exp(first + a * middle[0]), np.exp(second + b * middle[1]), a, b])


def _minimise(
    starts: Float[np.ndarray, "fits 5"],
    weights: Float[np.ndarray, "fits runs"],
    centred: Float[np.ndarray, "2 runs"],
    log_loss: Float[np.ndarray, "runs"],
    huber: float,
) -> tuple[Float[np.ndarray, "fits 5"], Float[np.ndarray, "fits"]]:
    """Return the parameters with the least weighted Huber loss near each start, and that loss.

    Reweighted least squares with Levenberg's damping, all fits at once.
    """

    def terms(at: np.ndarray) -> np.ndarray:
        powers = np.exp(at[:, 3:])
        sizes = at[:, 1:3, None] - powers[:, :, None] * centred
        return np.concatenate([np.broadcast_to(at[:, :1, None], (len(at), 1, len(log_loss))), sizes], axis=1)

    def cost_of(left: np.ndarray) -> np.ndarray:
        size = np.abs(left)
        each = np.where(size <= huber, left**2 / 2, huber * (size - huber / 2))
        return np.asarray(np.sum(weights * each, axis=1))

    at, damping = starts.copy(), np.full(len(starts), 1e-3)
    left = logsumexp(terms(at), axis=1) - log_loss
    cost = cost_of(left)
    for _ in range(ITERATIONS):
        each = terms(at)
        shares = np.exp(each - logsumexp(each, axis=1, keepdims=True))
        powers = np.exp(at[:, 3:])
        slopes = np.concatenate([shares, -shares[:, 1:] * powers[:, :, None] * centred], axis=1)
        scaled = (
            slopes
            * (weights * np.where(np.abs(left) <= huber, 1.0, huber / np.maximum(np.abs(left), huber)))[:, None, :]
        )
        gradient = np.einsum("fpr,fr->fp", scaled, left)
        curvature = np.einsum("fpr,fqr->fpq", scaled, slopes)
        diagonal = np.einsum("fpp->fp", curvature)
        damped = curvature + (damping[:, None] * np.maximum(diagonal, 1e-12))[:, :, None] * np.eye(5)
        step = np.linalg.solve(damped, gradient[:, :, None])[:, :, 0]
        tried = np.clip(at - step, LOW, HIGH)
        left_tried = logsumexp(terms(tried), axis=1) - log_loss
        cost_tried = cost_of(left_tried)
        better = cost_tried <= cost
        moved = np.abs(tried - at).max(axis=1)
        at[better], left[better], cost[better] = tried[better], left_tried[better], cost_tried[better]
        damping = np.clip(np.where(better, damping / 4, damping * 5), 1e-12, 1e12)
        if np.all(moved < ACCURACY):
            break
    return at, cost


def _percentiles(
    drawn: Float[np.ndarray, "resamples"], centre: float, confidence: float, runs: int
) -> tuple[float, float]:
    """Return the bootstrap interval on a log scale, widened for the five parameters that the runs have paid for."""
    ends = np.quantile(np.log(drawn), [(1 - confidence) / 2, (1 + confidence) / 2]) - np.log(centre)
    freedom = max(runs - len(NAMES), 1)
    wider = stdtrit(freedom, (1 + confidence) / 2) / ndtri((1 + confidence) / 2)
    wider *= np.sqrt(runs / freedom)
    low, high = centre * np.exp(wider * ends)
    return float(low), float(high)
