"""How many operations, kernels and bytes does a small `Decoder` need? Counted from its sizes, without torch.

In small models what goes through memory number by number (norms, the MLP's activation, attention's softmax) takes as
long as the products: it is counted as the operations of a product that take the same time on one core.
"""

from dataclasses import dataclass

PASS = 30  # operations of a product in the time in which a number of an array is read, changed and written
WORD = 4  # bytes of a float32
WIDE, LONG = (
    40,
    10,
)  # passes over the stream (the MLP's units are four times as many), and over a head's row of attention
LAYER, ENDS = 20, 10  # kernels of a layer forwards, and of embedding, head and loss
OPTIMIZER, WEIGHTS = 10, 8  # kernels of Adam for a matrix or gain, and how many of these a layer has


@dataclass(frozen=True)
class DecoderSize:
    """Sizes of a `Decoder` with a plain MLP of four widths; `length` is the number of tokens of a sequence."""

    width: int
    layers: int
    heads: int
    vocabulary: int
    length: int

    @property
    def parameters(self) -> int:
        """The weights that are multiplied with every token."""
        return 12 * self.layers * self.width**2 + self.vocabulary * self.width

    @property
    def operations(self) -> int:
        """Operations of a token forwards, products and passes over numbers; backwards are twice as many."""
        passes = self.layers * (WIDE * self.width + LONG * self.heads * self.length)
        return 2 * self.parameters + PASS * passes

    @property
    def calls(self) -> int:
        """Kernels of a pass forwards."""
        return LAYER * self.layers + ENDS

    @property
    def step_calls(self) -> int:
        """Kernels of a training step: forwards, twice as many backwards, and Adam's."""
        return 3 * self.calls + OPTIMIZER * (WEIGHTS * self.layers + 3)

    @property
    def trained_bytes(self) -> int:
        """Bytes of the weights, their gradients, and Adam's two moments."""
        return 4 * WORD * (self.parameters + (self.vocabulary + self.length) * self.width)

    @property
    def token_bytes(self) -> int:
        """Bytes of a token that the backward pass needs: 16 widths of a layer, attention's rows, and logits."""
        kept = self.layers * (16 * self.width + 2 * self.heads * self.length) + 2 * self.vocabulary
        return WORD * kept

    @property
    def cached_bytes(self) -> int:
        """Bytes of a sequence's keys and values."""
        return WORD * 2 * self.layers * self.width * self.length
