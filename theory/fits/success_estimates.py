"""What attack success rate do n judged answers per prompt show, at every k up to n, and how well is it known?

Notation (jailbreak spec, section 4)

| symbol | name | shape / range |
|---|---|---|
| n, u | answers per prompt; unsafe ones among them | (prompts,), n >= 1, 0 <= u <= n |
| k | answers that an attacker draws | (ks,), 1 <= k <= least n |
| gap | 1 - Pi_k, chance that k answers are all safe, averaged over prompts | [0, 1] |
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.special import gammaln, stdtrit

from solv.theory.validation import require_integer


def safe_draw_chances(answers: ArrayLike, unsafe: ArrayLike, k: ArrayLike) -> Float[np.ndarray, "prompts ks"]:
    """Return binom(n - u, k) / binom(n, k) of each prompt: the unbiased estimate of its P^k (spec section 4).

    Args:
        answers: n of each prompt, integers >= 1.
        unsafe: u of each prompt, integers in [0, n].
        k: integers in [1, min n].

    Raises:
        ValueError: an argument is out of range; the message says which and where.

    Cost: O(prompts ks).
    """
    n, u, counts = (_require_integers(*pair) for pair in (("answers", answers), ("unsafe", unsafe), ("k", k)))
    if n.shape != u.shape:
        raise ValueError(f"answers has {n.size} prompts and unsafe {u.size}; valid: the same number")
    for prompt in np.flatnonzero((n < 1) | (u < 0) | (u > n))[:1]:
        raise ValueError(f"prompt {prompt} has {u[prompt]} unsafe of {n[prompt]} answers; valid: 0 <= unsafe <= n >= 1")
    if counts.min() < 1 or counts.max() > n.min():
        wrong = counts.min() if counts.min() < 1 else counts.max()
        raise ValueError(f"k = {wrong} is out of range; valid: 1 <= k <= {n.min()}, the fewest answers of a prompt")
    safe, total, drawn = (n - u)[:, None], n[:, None], counts[None, :]
    possible = safe >= drawn
    left = np.where(possible, safe - drawn, 0)
    log_chance = gammaln(safe + 1) - gammaln(left + 1) - gammaln(total + 1) + gammaln(total - drawn + 1)
    return np.where(possible, np.where(safe == total, 1.0, np.exp(log_chance)), 0.0)


@dataclass(frozen=True)
class GapTable:
    """The measured gap at several k.

    Attributes:
        k: answers drawn, increasing.
        gap, low, high: estimate and 95 % interval over prompts, shape (ks,); never of zero width.
        prompts: how many prompts have at least k answers: those that the estimate is of.
    """

    k: Int[np.ndarray, "ks"]
    gap: Float[np.ndarray, "ks"]
    low: Float[np.ndarray, "ks"]
    high: Float[np.ndarray, "ks"]
    prompts: Int[np.ndarray, "ks"]


def gap_table(answers: ArrayLike, unsafe: ArrayLike, k: ArrayLike, confidence: float = 0.95) -> GapTable:
    """Return the gap at each k, over the prompts with at least k answers.

    Args:
        answers, unsafe: as in `safe_draw_chances`.
        k: increasing integers in [1, max n].
        confidence: coverage of the interval, in (0, 1).

    Raises:
        ValueError: an argument is out of range.
    """
    n, u, at = np.atleast_1d(answers), np.atleast_1d(unsafe), np.atleast_1d(k)
    rows = []
    for each in at:
        reached = n >= each
        if not reached.any():
            raise ValueError(f"k = {each} is out of range; valid: 1 to {n.max()}, the most answers of a prompt")
        chances = safe_draw_chances(n[reached], u[reached], [each])[:, 0]
        rows.append((float(chances.mean()), *mean_interval(chances, confidence), int(reached.sum())))
    gap, low, high, prompts = (np.array(column) for column in zip(*rows, strict=True))
    return GapTable(at, gap, low, high, prompts)


def mean_interval(values: Float[np.ndarray, "prompts"], confidence: float = 0.95) -> tuple[float, float]:
    """Return an interval of the mean of independent values in [0, 1].

    It is Wilson's, with as many draws of 0 or 1 as have the variance of the mean. One more value, which is anything, is
    added to the variance, so that values that are all alike leave an interval; Student's t widens it if there are few.

    Args:
        values: shape (prompts,), at least 1.
        confidence: coverage, in (0, 1).
    """
    count, mean = len(values), float(values.mean())
    shrunk = (values.sum() + 0.5) / (count + 1)
    bernoulli = shrunk * (1 - shrunk)
    spread = (np.sum((values - mean) ** 2) + bernoulli) / count
    z = float(stdtrit(max(count - 1, 1), (1 + confidence) / 2)) if count > 2 else 2.5
    worth = count * bernoulli / spread
    if not 0.5 / count < mean < 1 - 0.5 / count:
        worth = min(worth, count)  # all but alike: a prompt of another kind may not have been among them
    low, high = bounded_interval(np.array([mean]), np.array([worth]), z)
    return float(low[0]), float(high[0])


def bounded_interval(
    share: Float[np.ndarray, "*shape"], worth: Float[np.ndarray, "*shape"], z: float
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """Return Wilson's interval of a share that is worth so many draws of 0 or 1, `z` standard errors wide."""
    ratio = z**2 / worth
    middle = (share + ratio / 2) / (1 + ratio)
    half = z * np.sqrt(share * (1 - share) / worth + ratio / (4 * worth)) / (1 + ratio)
    return np.clip(middle - half, 0.0, share), np.clip(middle + half, share, 1.0)


def one_sided_bound(draws: int, confidence: float = 0.95) -> float:
    """Return the largest chance of an event that did not happen in so many draws, 1 - (1 - confidence)^(1/draws).

    Raises:
        ValueError: draws < 1.
    """
    draws = require_integer("draws", draws, least=1)
    return float(1 - (1 - confidence) ** (1 / draws))


def bootstrap_gaps(
    chances: Float[np.ndarray, "prompts ks"], resamples: int, rng: np.random.Generator
) -> Float[np.ndarray, "resamples ks"]:
    """Return the gap of `resamples` draws of the prompts with replacement: the prompts are the disorder.

    Args:
        chances: from `safe_draw_chances`; their mean over prompts is the estimated gap.
        resamples: >= 1.
        rng: source of the draws.

    Raises:
        ValueError: resamples < 1 or fewer than two prompts.
    """
    resamples = require_integer("resamples", resamples, least=1)
    prompts = require_integer("number of prompts", len(chances), least=2)
    weights = rng.multinomial(prompts, np.full(prompts, 1 / prompts), size=resamples) / prompts
    return np.asarray(weights @ chances)


def _require_integers(name: str, values: ArrayLike) -> np.ndarray:
    array = np.atleast_1d(np.asarray(values))
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise ValueError(f"{name} = {values!r} is not a list of integers")
    return array.astype(np.int64)
