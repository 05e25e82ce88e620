"""What do finite deep linear networks do when all their weights are trained on random data?

f(x) = (1/(g0 N)) a^T (W_{H-1}/sqrt N) ... (W_1/sqrt N) W_0 x, with every weight N(0,1) at the start and gradient
descent at learning rate eta g0^2 N on (1/2P) sum (f - y)^2, y = beta*.x/sqrt D + noise (arXiv:2601.01010; dmft spec
section 5.1, model M5). The gradients are written out: they are what autograd gives, batched over seeds.

Notation

| symbol | name | shape / range |
|---|---|---|
| D, N, P, H | input dimension, width, samples, hidden layers | integers >= 1 |
| g0, eta, sigma2 | richness, learning rate, label noise | > 0, > 0, >= 0 |
| beta | predictor, f = beta.x / sqrt D | (seeds, D) |
| g, h_l, b_l | gradient direction, its forward signals, backward signals of the readout | (seeds, D) or (seeds, N) |
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.dmft.simulation import SimulatedLosses, Streams, normal


@dataclass(frozen=True)
class DeepLinearRun:
    """Training of a batch of networks.

    Attributes:
        losses: test and training loss, (seeds, steps).
        alignment: cosine between beta and beta*, (seeds, steps).
        weights: for each recorded step, the matrices W_0, ..., W_{H-1}, each (seeds, rows, columns).

    """

    losses: SimulatedLosses
    alignment: Float[Tensor, "seeds steps"]
    weights: dict[int, list[Tensor]]


@dataclass
class DeepLinearNetworks:
    """A batch of networks with their tasks, at some step of training.

    Attributes:
        hidden: W_0 (seeds, N, D), W_1, ..., W_{H-1} (seeds, N, N).
        readout: a, (seeds, N).
        richness: g0.
        teacher: beta*, (seeds, D).
        inputs: X, (seeds, P, D).
        noise: sigma eps, (seeds, P).

    """

    hidden: list[Float[Tensor, "seeds N columns"]]
    readout: Float[Tensor, "seeds N"]
    richness: float
    teacher: Float[Tensor, "seeds D"]
    inputs: Float[Tensor, "seeds P D"]
    noise: Float[Tensor, "seeds P"]

    def backward_signals(self) -> list[Float[Tensor, "seeds N"]]:
        """Return b_1, ..., b_H: the readout carried down through the hidden matrices."""
        signals = [self.readout]
        for weight in reversed(self.hidden[1:]):
            signals.insert(0, _apply(weight.mT, signals[0]) / math.sqrt(weight.shape[1]))
        return signals

    def predictor(self) -> Float[Tensor, "seeds D"]:
        """Return beta of every network."""
        width, dimension = self.hidden[0].shape[1:]
        lowest = self.backward_signals()[0]
        return _apply(self.hidden[0].mT, lowest) * math.sqrt(dimension) / (self.richness * width)

    def residual(self, error: Float[Tensor, "seeds D"]) -> Float[Tensor, "seeds P"]:
        """Return y - f on the training set, given the error beta* - beta."""
        return _apply(self.inputs, error) / math.sqrt(self.inputs.shape[2]) + self.noise

    def update(self, residual: Float[Tensor, "seeds P"], eta: float) -> None:
        """Make one step of gradient descent at learning rate eta g0^2 N, in place."""
        samples, dimension = self.inputs.shape[1:]
        rate = eta * self.richness
        backward = self.backward_signals()
        forward = _apply(self.inputs.mT, residual) * math.sqrt(dimension) / samples
        for weight, upper in zip(self.hidden, backward, strict=True):
            scale = math.sqrt(weight.shape[2])
            lower, forward = forward, _apply(weight, forward) / scale
            weight.baddbmm_(upper.unsqueeze(2), lower.unsqueeze(1), alpha=rate / scale)
        self.readout = self.readout + rate * forward


def draw_networks(
    *,
    dimension: int,
    width: int,
    samples: int,
    hidden_layers: int,
    richness: float,
    label_noise: float,
    seeds: int,
    generator: Streams,
) -> DeepLinearNetworks:
    """Draw untrained networks, each with its own teacher, training set and noise, on the generator's device.

    `generator` is one source for all, or one per seed.

    Raises:
        ValueError: fewer than one hidden layer.

    Cost: seeds x (N D + (H - 1) N^2 + P D) normal numbers.

    """
    if hidden_layers < 1:
        raise ValueError(f"hidden_layers = {hidden_layers} is out of range; valid: >= 1")
    columns = [dimension] + [width] * (hidden_layers - 1)
    return DeepLinearNetworks(
        hidden=[normal(generator, seeds, width, c) for c in columns],
        readout=normal(generator, seeds, width),
        richness=richness,
        teacher=normal(generator, seeds, dimension),
        inputs=normal(generator, seeds, samples, dimension),
        noise=math.sqrt(label_noise) * normal(generator, seeds, samples),
    )


def train_networks(
    networks: DeepLinearNetworks, *, eta: float, steps: int, record_weights: tuple[int, ...] = ()
) -> DeepLinearRun:
    """Train the networks in place by gradient descent and return their losses at t = 0..steps-1.

    Args:
        networks: untrained networks; their weights are changed.
        eta: learning rate in units of g0^2 N.
        steps: T; T - 1 updates are made.
        record_weights: steps at which to keep copies of the hidden matrices.

    Cost: about 6 seeds x T x (N D + (H - 1) N^2 + P D) operations, bound by memory.

    """
    test, train, alignment = [], [], []
    kept: dict[int, list[Tensor]] = {}
    for step in range(steps):
        predictor = networks.predictor()
        error = networks.teacher - predictor
        residual = networks.residual(error)
        test.append(error.square().mean(1))
        train.append(residual.square().mean(1))
        alignment.append(torch.cosine_similarity(predictor, networks.teacher, dim=1))
        if step in record_weights:
            kept[step] = [weight.clone() for weight in networks.hidden]
        if step + 1 < steps:
            networks.update(residual, eta)
    losses = SimulatedLosses(torch.stack(test, 1), torch.stack(train, 1))
    return DeepLinearRun(losses, torch.stack(alignment, 1), kept)


def scaled_singular_values(weight: Float[Tensor, "seeds rows columns"]) -> Float[Tensor, "seeds values"]:
    """Return the singular values of W / sqrt(columns), largest first. Cost: one decomposition per seed."""
    values: Tensor = torch.linalg.svdvals(weight / math.sqrt(weight.shape[2]))
    return values


def _apply(matrix: Float[Tensor, "seeds rows columns"], vector: Float[Tensor, "seeds columns"]) -> Tensor:
    return (matrix @ vector.unsqueeze(2)).squeeze(2)
