"""From where does broadcast learning start? Weights, correlations, and which weights stay at zero.

arXiv:2504.11558, appendices I.3.2, I.4.2 and I.5.2: perceptrons have uniform weights of deviation gain / sqrt(fan in)
and a correlation R uniform after Glorot, networks of maps normal weights and a normal R; of a perceptron's weights some
are fixed at zero.
"""

import math
from typing import Literal, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.ensemble import Parameters

Distribution: TypeAlias = Literal["normal", "uniform"]


def weights(
    size: tuple[int, ...], fan_in: int, generator: torch.Generator, *, gain: float, shape: Distribution = "normal"
) -> Float[Tensor, "copies ..."]:
    """Return weights of mean 0 and deviation gain / sqrt(fan in), on the generator's device.

    Args:
        size: of the stacked weights, copies first.
        fan_in: inputs of a unit.
        generator: source of the weights.
        gain: sqrt(2) is He's for rectifiers.
        shape: of the distribution.
    """
    return _drawn(size, generator, shape) * (gain / math.sqrt(fan_in))


def correlations(
    seeds: int,
    units: int,
    classes: int,
    features: int,
    generator: torch.Generator,
    *,
    glorot: bool = False,
) -> Float[Tensor, "seeds units broadcast"]:
    """Return R of deviation 1, or of Glorot's sqrt(2 / (units + classes)), for a score that may be expanded.

    The columns of the score itself are drawn first, so that they are the same whatever the expansion.

    Args:
        seeds: how many.
        units: that are correlated.
        classes: outputs of the network.
        features: numbers phi of the expansion.
        generator: source of R.
        glorot: draw uniform numbers of Glorot's deviation instead of normal ones.
    """
    shape: Distribution = "uniform" if glorot else "normal"
    own = _drawn((seeds, units, classes), generator, shape)
    expanded = _drawn((seeds, units, classes * features), generator, shape)
    found = torch.cat([own, expanded], dim=2)
    return found * (2 / (units + classes)) ** 0.5 if glorot else found


def fixed_zeros(parameters: Parameters, fraction: float, generator: torch.Generator) -> Parameters:
    """Return a mask for every weight, 0 where it is to stay at zero and 1 elsewhere; biases have none.

    Args:
        parameters: stacked weights and biases.
        fraction: of the weights that are fixed at zero, in [0, 1).
        generator: source of the masks.
    """
    return {
        name: (torch.rand(value.shape, generator=generator, device=value.device) >= fraction).to(value.dtype)
        for name, value in parameters.items()
        if name.startswith("weight")
    }


def _drawn(size: tuple[int, ...], generator: torch.Generator, shape: Distribution) -> Tensor:
    """Return numbers of mean 0 and deviation 1."""
    if shape == "normal":
        return torch.randn(size, generator=generator, device=generator.device)
    return (2 * torch.rand(size, generator=generator, device=generator.device) - 1) * 3**0.5
