"""What is a bigram language with peaked conditionals? Zipf's law for tokens, a random softmax for what follows each."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import log_softmax, xlogy


@dataclass(frozen=True)
class BigramLanguage:
    """The exact distribution of pairs of tokens.

    unigram: probability of the first token, shape (tokens,).
    log_conditional: log-probability of the second (column) given the first (row), -inf for 0, shape (tokens, tokens).
    """

    unigram: Float[np.ndarray, "tokens"]
    log_conditional: Float[np.ndarray, "tokens tokens"]

    @property
    def entropy(self) -> float:
        """Entropy of the second token given the first, in nats: the least loss of any model."""
        conditional = np.exp(self.log_conditional)
        return float(-self.unigram @ xlogy(conditional, conditional).sum(axis=1))


def draw_bigram_language(
    tokens: int, beta: float, generator: np.random.Generator, *, zipf: float = 1.0
) -> BigramLanguage:
    """Draw a language: p_i ~ i^-zipf, and after token i the tokens softmax(beta g_i) with g_i ~ N(0, 1)^tokens.

    Args:
        tokens: size of the vocabulary, >= 2.
        beta: peakedness, > 0: the gap of the two likeliest tokens' log-odds is beta times that of their g. inf: only
            the likeliest follows, and the entropy is 0.
        generator: of the conditionals.
        zipf: exponent of the unigrams, >= 0.

    Raises:
        ValueError: an argument out of range.
    """
    if tokens < 2 or not beta > 0 or not (math.isfinite(zipf) and zipf >= 0):
        raise ValueError(f"tokens = {tokens}, beta = {beta}, zipf = {zipf}; valid: tokens >= 2, beta > 0, zipf >= 0")
    unigram = np.arange(1.0, tokens + 1) ** -zipf
    logits = generator.standard_normal((tokens, tokens))
    if math.isinf(beta):
        largest = logits == logits.max(axis=1, keepdims=True)
        return BigramLanguage(unigram / unigram.sum(), np.where(largest, 0.0, -np.inf))
    return BigramLanguage(unigram / unigram.sum(), log_softmax(beta * logits, axis=1))
