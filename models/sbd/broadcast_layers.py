"""Of what is a network made that learns by broadcast? Layers that know only their own input, and pools between them.

Everything has a leading axis of copies: independent networks of one shape that run as one. A layer computes its
pre-activation, the gradient of its own weights from what its units are told, and how its activations are correlated
with a broadcast signal: every unit for itself, which in maps is every channel at every position (arXiv:2504.11558,
appendix D); a convolution may pool its positions instead, which is ours. No layer can pass a gradient to the one before
it.
"""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Correlation: TypeAlias = Literal["positions", "pooled"]
Shape: TypeAlias = tuple[int, ...]  # of one example: (features,) or (channels, height, width)


@dataclass(frozen=True)
class Linear:
    """A fully connected layer; an image is flattened.

    Attributes:
        width: output units.
        bias: whether it has one.
    """

    width: int
    bias: bool = True

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what it makes of an example of the given shape."""
        return (self.width,)

    def weight_shape(self, shape: Shape) -> Shape:
        """Return the shape of its weights."""
        return (math.prod(shape), self.width)

    def fan_in(self, shape: Shape) -> int:
        """Return how many inputs a unit has."""
        return math.prod(shape)

    def forward(self, weight: Tensor, bias: Tensor | None, h: Tensor) -> Tensor:
        """Return the pre-activation, shape (copies, batch, width)."""
        u = torch.bmm(h.flatten(2), weight)
        return u if bias is None else u + bias[:, None]

    def gradient(self, h: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums over the batch of presynaptic activity times `theta`, and of `theta`: weight and bias."""
        return torch.bmm(h.flatten(2).transpose(1, 2), theta), theta.sum(1)

    def correlated(self, h: Tensor) -> Tensor:
        """Return what is correlated with the broadcast, shape (copies, batch, units)."""
        return h

    def spread(self, q: Tensor, shape: Shape) -> Tensor:
        """Return to each unit what `correlated` took from it (its transpose): q of shape (copies, batch, units)."""
        return q


@dataclass(frozen=True)
class Convolution:
    """A convolution; copies run as groups of one grouped convolution.

    Attributes:
        channels: output channels.
        kernel, stride, padding: as usual, in both directions.
        bias: whether it has one, by channel.
        correlation: of every channel at every position with the broadcast, as in arXiv:2504.11558, equation (38); or
            "pooled": of every channel, averaged over positions, so that all positions are told the same.
    """

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    bias: bool = False
    correlation: Correlation = "positions"

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what it makes of an example of the given shape."""
        return (self.channels, *(_positions(side, self) for side in shape[1:]))

    def weight_shape(self, shape: Shape) -> Shape:
        """Return the shape of its weights."""
        return (self.channels, shape[0], self.kernel, self.kernel)

    def fan_in(self, shape: Shape) -> int:
        """Return how many inputs a unit has."""
        return shape[0] * self.kernel**2

    def forward(self, weight: Tensor, bias: Tensor | None, h: Tensor) -> Tensor:
        """Return the pre-activation, shape (copies, batch, channels, height, width)."""
        copies = len(h)
        u = functional.conv2d(_joined(h), weight.flatten(0, 1), None, self.stride, self.padding, groups=copies)
        u = _parted(u, copies)
        return u if bias is None else u + bias[:, None, :, None, None]

    def gradient(self, h: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums over batch and positions, as `Linear.gradient`."""
        copies = len(h)
        empty = h.new_empty(copies * self.channels, h.shape[2], self.kernel, self.kernel)
        _, weight, _ = torch.ops.aten.convolution_backward(
            _joined(theta), _joined(h), empty, None, [self.stride] * 2, [self.padding] * 2, [1, 1], False, [0, 0],
            copies, [False, True, False],
        )  # fmt: skip
        return weight.reshape(copies, self.channels, *weight.shape[1:]), theta.sum((1, 3, 4))

    def correlated(self, h: Tensor) -> Tensor:
        """Return every unit for itself, or the channels, averaged over positions."""
        return h.flatten(2) if self.correlation == "positions" else h.mean((3, 4))

    def spread(self, q: Tensor, shape: Shape) -> Tensor:
        """Return to each unit what `correlated` took from it."""
        if self.correlation == "positions":
            return q.reshape(*q.shape[:2], *shape)
        return (q / math.prod(shape[1:]))[..., None, None].expand(*q.shape, *shape[1:])


@dataclass(frozen=True)
class LocallyConnected:
    """A convolution whose weights differ from position to position; fields as `Convolution`, without bias."""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    bias: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what it makes of an example of the given shape."""
        return (self.channels, *(_positions(side, self) for side in shape[1:]))

    def weight_shape(self, shape: Shape) -> Shape:
        """Return the shape of its weights."""
        _, height, width = self.output_shape(shape)
        return (height * width, self.fan_in(shape), self.channels)

    def fan_in(self, shape: Shape) -> int:
        """Return how many inputs a unit has."""
        return shape[0] * self.kernel**2

    def forward(self, weight: Tensor, bias: Tensor | None, h: Tensor) -> Tensor:
        """Return the pre-activation, shape (copies, batch, channels, height, width)."""
        patches = self._patches(h)
        u = torch.bmm(patches.flatten(0, 1), weight.flatten(0, 1)).view(*patches.shape[:3], self.channels)
        u = u.permute(0, 2, 3, 1)
        return u.reshape(*u.shape[:3], *self.output_shape(tuple(h.shape[2:]))[1:])

    def gradient(self, h: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums over the batch, as `Linear.gradient`."""
        patches = self._patches(h)
        told = theta.flatten(3).permute(0, 3, 1, 2)  # copies, positions, batch, channels
        weight = torch.bmm(patches.flatten(0, 1).transpose(1, 2), told.flatten(0, 1))
        return weight.view(*patches.shape[:2], *weight.shape[1:]), theta.sum((1, 3, 4))

    def correlated(self, h: Tensor) -> Tensor:
        """Return every unit for itself."""
        return h.flatten(2)

    def spread(self, q: Tensor, shape: Shape) -> Tensor:
        """Return to each unit what `correlated` took from it."""
        return q.reshape(*q.shape[:2], *shape)

    def _patches(self, h: Tensor) -> Tensor:
        """Return the inputs of each position, shape (copies, positions, batch, fan_in)."""
        copies, batch = h.shape[:2]
        columns = functional.unfold(h.flatten(0, 1), self.kernel, padding=self.padding, stride=self.stride)
        return columns.view(copies, batch, *columns.shape[1:]).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Pool:
    """Average or maximum over squares; rows and columns that are left over are dropped.

    Attributes:
        size: side of a square.
        kind: what is kept of a square.
        stride: from square to square; 1, as in arXiv:2504.11558, tables 4 and 5, leaves maps nearly as large.
    """

    size: int = 2
    kind: Literal["average", "maximum"] = "average"
    stride: int = 1

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what it makes of an example of the given shape."""
        return (shape[0], *((side - self.size) // self.stride + 1 for side in shape[1:]))

    def forward(self, h: Tensor) -> Tensor:
        """Return the pooled maps."""
        pool = functional.avg_pool2d if self.kind == "average" else functional.max_pool2d
        pooled: Tensor = pool(h.flatten(0, 1), self.size, self.stride)
        return pooled.view(*h.shape[:2], *pooled.shape[1:])


@dataclass(frozen=True)
class Dropout:
    """Sets units to zero with a probability while training, and scales the others up; does nothing else.

    Attributes:
        probability: in [0, 1).
    """

    probability: float

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what it makes of an example of the given shape."""
        return shape

    def dropped(self, h: Tensor, generator: torch.Generator) -> Tensor:
        """Return the units with some of them dropped."""
        kept = torch.rand(h.shape, generator=generator, device=h.device) >= self.probability
        return h * kept / (1 - self.probability)


Layer: TypeAlias = Linear | Convolution | LocallyConnected


def _positions(side: int, layer: Convolution | LocallyConnected) -> int:
    return (side + 2 * layer.padding - layer.kernel) // layer.stride + 1


def _joined(h: Float[Tensor, "copies batch channels height width"]) -> Tensor:
    """Return copies beside channels, as grouped convolutions want them."""
    return h.transpose(0, 1).flatten(1, 2) if len(h) > 1 else h[0]


def _parted(u: Tensor, copies: int) -> Tensor:
    return u.reshape(len(u), copies, -1, *u.shape[2:]).transpose(0, 1)
