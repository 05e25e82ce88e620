"""What attack success rate do n judged answers per prompt show, at every k up to n, and how well is it known?

Notation (jailbreak spec, section 4)

| symbol | name | shape / range |
|---|---|---|
| n, u | answers per prompt; unsafe ones among them | (prompts,), n >= 1, 0 <= u <= n |
| k | answers that an attacker draws | (ks,), 1 <= k <= least n |
| gap | 1 - Pi_k, chance that k answers are all safe, averaged over prompts | [0, 1] |
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import gammaln

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
    return np.where(possible, np.exp(log_chance), 0.0)


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
