"""What does a small language model compute? Sums modulo a prime, as text: "3+10+7=" is followed by "9" (modulo 11).

Numbers, "+" and "=" are one token each: number i is token i, then come "+" and "=".
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Int


@dataclass(frozen=True)
class ModularArithmetic:
    """Sums of `terms` numbers 0..modulus - 1, modulo `modulus`.

    Attributes:
        modulus: >= 2.
        terms: numbers added up, >= 2; there are modulus^terms questions, at most a million.
    """

    modulus: int
    terms: int

    def __post_init__(self) -> None:
        if self.modulus < 2 or self.terms < 2 or self.modulus**self.terms > 1_000_000:
            raise ValueError(
                f"modulus = {self.modulus}, terms = {self.terms}; valid: at least 2 of each, modulus^terms <= 1000000"
            )

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.modulus + 2

    @property
    def prompt_length(self) -> int:
        """Tokens of a question."""
        return 2 * self.terms

    def split(self, test_fraction: float, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return all sums in random order, parted into training and test, shapes (questions, terms).

        Raises:
            ValueError: a part would be empty.
        """
        sums = generator.permutation(np.array(list(product(range(self.modulus), repeat=self.terms))))
        held_out = round(test_fraction * len(sums))
        if not 0 < held_out < len(sums):
            raise ValueError(f"test_fraction = {test_fraction} of {len(sums)} sums; valid: neither part empty")
        return sums[held_out:], sums[:held_out]

    def tokens(self, sums: Int[np.ndarray, "questions terms"]) -> Int[np.ndarray, "questions length"]:
        """Return the tokens of the questions."""
        prompts = np.full((len(sums), self.prompt_length), self.modulus, dtype=np.int64)
        prompts[:, ::2] = sums
        prompts[:, -1] = self.modulus + 1
        return prompts

    def results(self, sums: Int[np.ndarray, "questions terms"]) -> Int[np.ndarray, "questions"]:
        """Return the true answers."""
        result: np.ndarray = sums.sum(axis=1) % self.modulus
        return result

    def question(self, sum_: Int[np.ndarray, "terms"]) -> str:
        """Return a question as text."""
        return self.decode(self.tokens(np.asarray(sum_)[None])[0].tolist())

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text.

        Raises:
            ValueError: something else than numbers below the modulus, "+" and "=".
        """
        signs = {"+": self.modulus, "=": self.modulus + 1}
        tokens = []
        for piece in text.replace("+", " + ").replace("=", " = ").split():
            if piece not in signs and not (piece.isascii() and piece.isdigit() and int(piece) < self.modulus):
                raise ValueError(f"{text!r} holds {piece!r}; valid: numbers below {self.modulus}, + and =")
            tokens.append(signs[piece] if piece in signs else int(piece))
        return tokens

    def decode(self, tokens: list[int]) -> str:
        """Return the text of tokens."""
        return "".join({self.modulus: "+", self.modulus + 1: "="}.get(token, str(token)) for token in tokens)
