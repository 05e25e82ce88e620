"""How many parameters has a transformer with experts, and how many of them act on a token?

A decoder of L blocks: attention, and a mixture of E experts of which K act on a token. What differs between families is
a field: two matrices an expert (up, down) or three (a gate beside them), tied or own unembedding, learned positions or
none, biases, and what norms learn. The paper's base (arXiv:2601.20205) has 51 504 672 parameters, 38 897 184 of them
active, which counts the balance bias of each expert.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from solv.theory.validation import require_integer

Norm: TypeAlias = Literal["layer", "rms", "plain"]
NORM_SIZES = {"layer": 2, "rms": 1, "plain": 0}  # numbers per coordinate that a norm learns


@dataclass(frozen=True)
class Architecture:
    """The sizes of a transformer with experts, and what its parameters are.

    Attributes:
        width: N, a multiple of `head_width`. layers: L. hidden: H, of an expert. experts, active: E and K <= E.
        vocabulary: tokens. context: learned positions, 0 for none. head_width: coordinates of an attention head.
        key_value_heads: heads of keys and values; None: as many as there are of queries.
        matrices: of an expert: 2 (up, down) or 3 (gate, up, down).
        shared_hidden: hidden units of experts that act on every token, beside the E; 0 for none.
        tied: whether the unembedding is the embedding. biases: of all linear maps but router and unembedding.
        norm: what each of the 2 L + 1 norms learns: "layer" gain and shift, "rms" a gain, "plain" nothing.
        balance: whether each expert has a bias for the selection that no gradient moves.
    """

    width: int
    layers: int
    hidden: int
    experts: int
    active: int
    vocabulary: int = 50257
    context: int = 1024
    head_width: int = 64
    key_value_heads: int | None = None
    matrices: int = 2
    shared_hidden: int = 0
    tied: bool = True
    biases: bool = True
    norm: Norm = "layer"
    balance: bool = True

    def __post_init__(self) -> None:
        for name in ("width", "layers", "hidden", "experts", "active", "vocabulary", "head_width"):
            require_integer(name, getattr(self, name), least=1)
        for name in ("context", "shared_hidden"):
            require_integer(name, getattr(self, name), least=0)
        if self.active > self.experts:
            raise ValueError(f"active = {self.active} is more than experts = {self.experts}")
        if self.width % self.head_width:
            raise ValueError(f"width = {self.width} is not a multiple of head_width = {self.head_width}")
        if self.key_value_heads is not None:
            require_integer("key_value_heads", self.key_value_heads, least=1)
        if self.matrices not in (2, 3):
            raise ValueError(f"matrices = {self.matrices}; valid: 2 (up, down) or 3 (gate, up, down)")
        if self.norm not in NORM_SIZES:
            raise ValueError(f"norm = {self.norm!r}; valid: {', '.join(NORM_SIZES)}")

    def by_group(self) -> dict[str, int]:
        """Return the number of parameters of each group that has any, in the groups of `parameter_tables.GROUPS`.

        Balance biases, which the optimiser does not have, are those of "balance".
        """
        n, h = self.width, self.hidden
        keys = n if self.key_value_heads is None else self.key_value_heads * self.head_width
        ups = self.matrices - 1
        hidden = self.experts * h + self.shared_hidden
        units = self.experts + (1 if self.shared_hidden else 0)
        linear_biases = 2 * n + 2 * keys + ups * hidden + units * n
        found = {
            "embedding": (self.vocabulary + self.context) * n,
            "query_key": self.layers * (n * n + n * keys),
            "value": self.layers * n * keys,
            "output": self.layers * n * n,
            "router": self.layers * n * self.experts,
            "up": self.layers * ups * n * hidden,
            "down": self.layers * n * hidden,
            "norm": NORM_SIZES[self.norm] * (2 * self.layers + 1) * n,
            "bias": self.layers * linear_biases if self.biases else 0,
            "unembedding": 0 if self.tied else self.vocabulary * n,
            "balance": self.layers * self.experts if self.balance else 0,
        }
        return {name: count for name, count in found.items() if count}

    @property
    def total(self) -> int:
        """The number of all parameters."""
        return sum(self.by_group().values())

    @property
    def acting(self) -> int:
        """How many act on a token: all but those of the experts that it does not go to."""
        n, h, ups = self.width, self.hidden, self.matrices - 1
        expert = self.matrices * n * h + (ups * h + n if self.biases else 0)
        return self.total - self.layers * (self.experts - self.active) * expert
