"""How much has a part to do under its settings? Operations, calls and memory, counted without computing anything."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """Work of a part or of a piece of it.

    Attributes:
        flops: floating-point operations of products of matrices, a multiplication and an addition being two, as is
            usual; what waits for memory or random numbers counts as the operations that take as long.
        calls: kernels of torch or calls of NumPy one after another, each of which takes its time however small its
            arrays are; of work that is no arithmetic (a search of proofs), its elementary steps.
        memory: bytes of the arrays that are held at once.
    """

    flops: float = 0.0
    calls: float = 0.0
    memory: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        """Return the work of one after the other."""
        return Work(self.flops + other.flops, self.calls + other.calls, max(self.memory, other.memory))

    def __mul__(self, times: float) -> "Work":
        """Return the work of so many one after another."""
        return Work(self.flops * times, self.calls * times, self.memory)

    __rmul__ = __mul__


def training(parameters: float, examples: float, steps: float, *, calls: float, copies: float = 1) -> Work:
    """Return the work of gradient descent: six operations for every weight and example of a step.

    Args:
        parameters: weights of one copy that are multiplied with every example.
        examples: examples, tokens of sequences, in a step of one copy.
        steps: steps.
        calls: kernels in a step, forwards, backwards and of the optimiser.
        copies: copies that train as one batch.

    Returns:
        The work; memory: weights, gradients, two moments, and the gradients' contributions in float32.
    """
    return Work(6 * parameters * examples * steps * copies, calls * steps, 16 * parameters * copies)
