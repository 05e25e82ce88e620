"""How does the error of the selected answer depend on k and T? All of them from one set of scored answers."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float


def selection_errors(
    rewards: Float[np.ndarray, "questions n"],
    wrong: Bool[np.ndarray, "questions n"],
    k: Sequence[int],
    temperatures: Sequence[float],
    *,
    orders: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, "questions temperatures k"]:
    """Return the probability that the answer which softmax(reward / T) selects among k is wrong, for each question.

    The first k answers of a random order are a uniform subset, so that the mean over orders is unbiased for every
    k <= n; subsets are nested, and one pass over an order serves all k. Selection itself is not sampled.

    Args:
        rewards: finite rewards of n independent answers a question.
        wrong: whether each answer is wrong.
        k: numbers of answers, each in 1..n.
        temperatures: T >= 0; 0 takes the answer of largest reward (the first in order among equals), inf any.
        orders: random orders averaged over, >= 1.
        generator: draws the orders.

    Returns:
        Error probabilities. Cost: orders * questions * n for each temperature.

    Raises:
        ValueError: k or a temperature out of range, or no order.
    """
    n = rewards.shape[1]
    if min(k) < 1 or max(k) > n:
        raise ValueError(f"k = {list(k)}; valid: 1 to {n}, the number of answers")
    if not all(t >= 0 for t in temperatures):
        raise ValueError(f"temperatures = {list(temperatures)}; valid: >= 0")
    if orders < 1:
        raise ValueError(f"orders = {orders}; valid: at least 1")
    at = np.asarray(k) - 1
    total = np.zeros((len(rewards), len(temperatures), len(at)))
    for _ in range(orders):
        order = generator.permuted(np.tile(np.arange(n), (len(rewards), 1)), axis=1)[:, : max(k)]
        reward = np.take_along_axis(rewards, order, axis=1)
        bad = np.take_along_axis(wrong, order, axis=1).astype(np.float64)
        for place, temperature in enumerate(temperatures):
            total[:, place] += _prefix_errors(reward, bad, temperature)[:, at]
    return total / orders


def _prefix_errors(reward: np.ndarray, bad: np.ndarray, temperature: float) -> np.ndarray:
    """Return the error of the selection among the first 1..n answers."""
    if temperature == 0:
        best = np.maximum.accumulate(reward, axis=1)
        record = np.concatenate([np.ones_like(reward[:, :1], dtype=bool), best[:, 1:] > best[:, :-1]], axis=1)
        holder = np.maximum.accumulate(np.where(record, np.arange(reward.shape[1]), 0), axis=1)
        held: np.ndarray = np.take_along_axis(bad, holder, axis=1)
        return held
    with np.errstate(divide="ignore"):
        log_bad = np.log(bad)
    weight = reward / temperature
    error = np.exp(np.logaddexp.accumulate(weight + log_bad, axis=1) - np.logaddexp.accumulate(weight, axis=1))
    clipped: np.ndarray = np.minimum(error, 1.0)
    return clipped
