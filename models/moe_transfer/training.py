"""How is a mixture-of-experts transformer trained at many learning rates at once, and do its coordinates stay put?

All copies see the same batches; each has its own initialisation, learning rate and learning-rate factors. The axis of
learning rates is thereby one batched training (arXiv:2601.20205; the moe-transfer spec, sections 2.3 and 4).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from solv.models.ensemble import Ensemble, Optimizer, Parameters, Schedule, train
from solv.models.moe_transfer.layer import balanced
from solv.models.moe_transfer.transformer import (
    MoeShape,
    by_parameter,
    draw_moe,
    group_of,
    next_token_loss,
    predict_tokens,
)

Batches = Callable[[int], tuple[Int[Tensor, "batch time"], Int[Tensor, "batch time"]]]
BETAS = (0.9, 0.95)
EPSILON = 1e-12  # so small that no group feels it: Adam's steps then do not depend on the scale of gradients


@dataclass(frozen=True)
class Recipe:
    """How copies are drawn and trained.

    Attributes:
        stds: standard deviation of each group.
        factors: learning-rate factor of each group; one number, or one a copy.
        balance: rate eta_b of the balance bias, >= 0; one number, or one a copy.
        weight_decay: decoupled, >= 0.
        schedule: factor of the learning rate as a function of the step.
    """

    stds: Mapping[str, float]
    factors: Mapping[str, float | Float[Tensor, "copies"]]
    balance: float | Float[Tensor, "copies"] = 0.05
    weight_decay: float = 0.0
    schedule: Schedule = lambda step: 1.0


@dataclass(frozen=True)
class Training:
    """What a training leaves.

    losses: loss of every step and copy in nats, before the step, shape (copies, steps); inf from a divergence on.
    loads: fraction of the last batches' tokens that each expert got, shape (copies, layers, experts).
    """

    losses: Float[Tensor, "copies steps"]
    loads: Float[Tensor, "copies layers experts"]


LOADS_OVER = 10  # last steps over which loads are averaged


class MoeEnsemble:
    """Copies in training: parameters, optimiser and the balance bias, which no gradient moves."""

    def __init__(
        self, shape: MoeShape, recipe: Recipe, rates: Float[Tensor, "copies"], streams: Sequence[torch.Generator]
    ) -> None:
        """Draw the copies, each from its own stream, with a learning rate of its own.

        Raises:
            ValueError: a rate that is not finite and > 0, another number of streams than of rates, a group missing.
        """
        if len(rates) != len(streams) or not bool((torch.isfinite(rates) & (rates > 0)).all()):
            raise ValueError(f"rates = {rates.tolist()} with {len(streams)} streams; valid: finite, > 0, one a stream")
        self.shape, self._recipe = shape, recipe
        drawn = draw_moe(shape, recipe.stds, streams)
        rule = Optimizer(
            learning_rate=rates,
            betas=BETAS,
            epsilon=EPSILON,
            weight_decay=recipe.weight_decay,
            schedule=recipe.schedule,
            factors=by_parameter(shape, recipe.factors),
        )
        self.ensemble = Ensemble(drawn, rule)
        self.bias = torch.zeros(len(rates), shape.layers, shape.experts, device=rates.device)
        self.loads = torch.zeros_like(self.bias)

    def scale(self, groups: Sequence[str], by: Float[Tensor, "copies"]) -> None:
        """Multiply the parameters of some groups by one number a copy, before training."""
        with torch.no_grad():
            for name, value in self.ensemble.parameters.items():
                if group_of(name) in groups:
                    value.mul_(by.view(-1, *[1] * (value.dim() - 1)))

    def train(self, batches: Batches, steps: int, told: Callable[[int], None] = lambda step: None) -> Training:
        """Train to `steps` steps; a copy whose loss is no longer finite is left with an infinite one."""
        history, loads = [], []

        def after_step(step: int, losses: Tensor) -> None:
            rate = torch.as_tensor(self._recipe.balance, device=self.bias.device).view(-1, 1, 1)
            flat = balanced(self.bias.flatten(0, 1), self.loads.flatten(0, 1), 1.0).view(self.bias.shape)
            self.bias = self.bias + rate * (flat - self.bias)
            history.append(losses)
            if step > steps - LOADS_OVER:
                loads.append(self.loads)
            told(step)

        train(self.ensemble, self._loss, batches, steps, after_step=after_step)
        losses = torch.stack(history, 1)
        diverged = (~torch.isfinite(losses)).cummax(1).values
        return Training(losses.masked_fill(diverged, math.inf), torch.stack(loads).mean(0))

    def _loss(self, parameters: Parameters, batch: tuple[Tensor, Tensor]) -> Float[Tensor, "copies"]:
        tokens, targets = batch
        logits, self.loads = predict_tokens(parameters, self.shape, self.bias, tokens)
        return next_token_loss(logits, targets)


def check_coordinates(
    ensemble: MoeEnsemble, batches: Batches, steps: int
) -> dict[str, dict[str, Float[Tensor, "copies"]]]:
    """Train for some steps and return how large the activations' parts became, root mean square over everything.

    Args:
        ensemble: fresh copies.
        batches: the batches; the last one is that on which the parts are measured.
        steps: training steps, >= 1.

    Returns:
        "learned": of each linear map, input times (W - W(0)); of the experts' preactivation too ("up").
        "change": of each coordinate, its value minus that at initialisation, on the same tokens.
        Names are those of the parameters with their layer, and "moe output", "residual stream", "logits".
    """
    start = {name: value.detach().clone() for name, value in ensemble.ensemble.parameters.items()}
    no_bias = torch.zeros_like(ensemble.bias)
    ensemble.train(batches, steps)
    tokens, _ = batches(steps)
    before: dict[str, Tensor] = {}
    found: dict[str, dict[str, Tensor]] = {"learned": {}, "change": {}}

    def remember(name: str, inputs: Tensor, parameter: str, output: Tensor) -> None:
        before[name] = output

    def compare(name: str, inputs: Tensor, parameter: str, output: Tensor) -> None:
        found["change"][name] = _size(output - before[name])
        if parameter:
            moved = ensemble.ensemble.parameters[parameter] - start[parameter]
            if parameter == "token":  # the head of a model whose embedding is tied to it
                moved = moved.mT
            found["learned"][name] = _size(inputs.flatten(1, -2) @ moved)
        if name.startswith("moe output"):
            up = "up" + name.rpartition(" ")[2]
            moved = ensemble.ensemble.parameters[up] - start[up]
            found["learned"][up] = _size(torch.einsum("ctn,cenh->cteh", inputs, moved))

    with torch.no_grad():
        predict_tokens(start, ensemble.shape, no_bias, tokens, remember)
        predict_tokens(ensemble.ensemble.parameters, ensemble.shape, ensemble.bias, tokens, compare)
    return found


def _size(values: Tensor) -> Float[Tensor, "copies"]:
    return values.flatten(1).square().mean(1).sqrt()
