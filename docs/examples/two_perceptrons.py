"""A small model in two parameterizations, for `solv coordinate-check`: run it from this folder."""

import torch
from torch import nn

from solv.models.coordinate_check import Subject

INPUTS = 16


def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the same batch of a step at every width."""
    x = torch.randn(64, INPUTS, generator=torch.Generator().manual_seed(step))
    return x, x[:, :1].sin()


def perceptron(width: int) -> nn.Sequential:
    """Return a network with two hidden layers of this width."""
    layers = [nn.Linear(INPUTS, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)]
    return nn.Sequential(*layers)


def subject(model: nn.Module, optimizer: torch.optim.Optimizer) -> Subject:
    """Return what is checked: model, optimizer, and loss of a step's batch."""

    def loss(step: int) -> torch.Tensor:
        x, y = batch(step)
        return nn.functional.mse_loss(model(x), y)

    return Subject(model, optimizer, loss)


def standard(width: int) -> Subject:
    """One learning rate for every layer: hidden and output layers learn faster the wider they are."""
    model = perceptron(width)
    return subject(model, torch.optim.Adam(model.parameters(), lr=1e-4))


def transferring(width: int) -> Subject:
    """Learning rate over the fan-in in hidden and output layer, smaller initial output: the mu parameterization."""
    model = perceptron(width)
    first, hidden, output = (layer for layer in model if isinstance(layer, nn.Linear))
    with torch.no_grad():
        output.weight.mul_((64 / width) ** 0.5)
    vectors = [*first.parameters(), hidden.bias, output.bias]
    matrices = [hidden.weight, output.weight]
    groups = [{"params": vectors, "lr": 1e-4}, {"params": matrices, "lr": 1e-4 * 64 / width}]
    return subject(model, torch.optim.Adam(groups, lr=1e-4))
