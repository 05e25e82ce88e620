"""Which text is endless, hard enough to learn, and of known entropy? A generated second-order character language.

    p(c | c2, c1) = mix p1(c | c1) + (1 - mix) p2(c | c2, c1)

where c2, c1 are the last two symbols (c1 the later one) and every row of p1 and p2 is the Zipf law k^-exponent,
k = 1 .. symbols, in a random order of its own. A first-order model reaches only part of the way; the second-order part
is what a network learns late. The entropy rate is exact: no model predicts the next symbol better.
"""

from bisect import bisect
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, UInt8

_MOST_SWEEPS = 10_000


@dataclass(frozen=True)
class CharacterLanguage:
    """A language, drawn from its seed; texts have generators of their own.

    Attributes:
        symbols: size of the alphabet, 2 to 256.
        exponent: of the Zipf law, >= 0 (0: every symbol alike).
        mix: weight of the first-order part, in [0, 1].
        seed: selects the language, >= 0.
    """

    symbols: int = 27
    exponent: float = 1.8
    mix: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.symbols <= 256:
            raise ValueError(f"symbols = {self.symbols} is out of range; valid: 2 to 256")
        if not 0 <= self.exponent < np.inf:
            raise ValueError(f"exponent = {self.exponent} is out of range; valid: >= 0")
        if not 0 <= self.mix <= 1:
            raise ValueError(f"mix = {self.mix} is out of range; valid: 0 to 1")
        if self.seed < 0:
            raise ValueError(f"seed = {self.seed} is out of range; valid: >= 0")

    @cached_property
    def transition(self) -> Float[np.ndarray, "symbols symbols symbols"]:
        """p(c | c2, c1), axes (c2, c1, c)."""
        generator = np.random.default_rng([self.seed, self.symbols])
        zipf = np.arange(1, self.symbols + 1) ** -float(self.exponent)
        rows = np.tile(zipf / zipf.sum(), (self.symbols + 1, self.symbols, 1))
        shuffled = generator.permuted(rows, axis=-1)
        mixed: np.ndarray = self.mix * shuffled[0] + (1 - self.mix) * shuffled[1:]
        return mixed

    @cached_property
    def stationary(self) -> Float[np.ndarray, "symbols symbols"]:
        """The chance of each pair (c2, c1) in a long text, to 1e-14, by iteration from the uniform one."""
        pairs = np.full((self.symbols, self.symbols), self.symbols**-2.0)
        for _ in range(_MOST_SWEEPS):
            following = np.einsum("ab,abc->bc", pairs, self.transition)
            if np.abs(following - pairs).max() < 1e-17:
                break
            pairs = following
        result: np.ndarray = pairs / pairs.sum()
        return result

    @property
    def entropy_rate(self) -> float:
        """Nats per symbol that remain when the two last symbols are known: the least loss of any model."""
        return float(np.einsum("ab,abc->", self.stationary, -self.transition * np.log(self.transition)))

    @property
    def first_order_entropy(self) -> float:
        """Nats per symbol when the last symbol alone is known."""
        triples = self.stationary[:, :, None] * self.transition
        pairs = triples.sum(0)
        return float(-np.sum(pairs * np.log(pairs / pairs.sum(1, keepdims=True))))

    def sample(self, length: int, generator: np.random.Generator) -> UInt8[np.ndarray, "length"]:
        """Return a text that starts in the stationary state; about 0.3 microseconds a symbol.

        Raises:
            ValueError: length < 2.
        """
        if length < 2:
            raise ValueError(f"length = {length} is out of range; valid: >= 2")
        symbols = self.symbols
        cumulative = np.cumsum(self.transition.reshape(-1, symbols), axis=1)
        cumulative[:, -1] = 1.0  # a sum that rounding leaves below 1 would let a draw fall off its end
        table = cumulative.tolist()
        pair = int(generator.choice(symbols**2, p=self.stationary.ravel()))
        text = [pair // symbols, pair % symbols]
        append, last = text.append, text[1]
        for draw in generator.random(length - 2).tolist():
            symbol = bisect(table[pair], draw)
            append(symbol)
            pair = last * symbols + symbol
            last = symbol
        return np.array(text, dtype=np.uint8)
