"""How are the rules of sbd trained side by side? All rules and seeds of a plan as one batch of copies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from solv.experiments.sbd.arenas import Problem
from solv.experiments.sbd.rules import Plan, broadcast_rule
from solv.experiments.sbd.settings import BP_SQUARED, FROZEN, Training
from solv.harness.contract import Context
from solv.models.ensemble import Ensemble, Optimizer, Parameters, cosine_decay, train
from solv.models.sbd.score_broadcast import (
    BroadcastRule,
    BroadcastState,
    Network,
    accuracy,
    backpropagated_gradients,
    broadcast_gradients,
    start_state,
)

SAVE_EVERY = 500
Look = Callable[[int, Parameters, BroadcastState | None], None]


@dataclass(frozen=True)
class Course:
    """How long, in which batches and how fast a batch of copies trains.

    Attributes:
        epochs: passes over the examples.
        batch: examples a step.
        rate: of Adam, falling to 0 along half a cosine.
    """

    epochs: int
    batch: int
    rate: float

    def steps(self, examples: int) -> int:
        """Return the number of steps over so many examples."""
        return self.epochs * max(examples // self.batch, 1)


def train_rules(
    name: str,
    problem: Problem,
    plan: Plan,
    course: Course,
    training: Training,
    context: Context,
    look: Look | None = None,
) -> Float[np.ndarray, "rules seeds"]:
    """Train every copy and return its test accuracy.

    Copies of one seed start from the same weights and see the same batches.

    Args:
        name: of the training: of its random streams, and of its checkpoint.
        problem: what is learned, by which network.
        plan: the rules, each of them by `training.seeds` copies.
        course: steps, batches and rate.
        training: what all rules have in common.
        context: the run.
        look: `look(step, parameters, state)` is called before the first step and after every one. A training that is
            looked at keeps no checkpoint: what was seen before it would be lost.
    """
    data, blocks, seeds = problem.data, len(plan.rules), training.seeds
    steps = course.steps(len(data.x))
    copies = _start(name, problem, plan, training, context)
    optimizer = Optimizer(
        learning_rate=course.rate,
        weight_decay=training.weight_decay,
        schedule=cosine_decay(steps),
        factors=_frozen_layers(problem.network, plan, seeds, context),
    )
    ensemble = Ensemble(copies.start, optimizer)
    checkpoint = context.checkpoint(name)
    if (saved := checkpoint.load()) is not None:
        ensemble.load_state_dict(saved["ensemble"])
        copies.load_state_dict(saved)
    if look is not None:
        look(0, ensemble.parameters, copies.state)

    def batches(step: int) -> tuple[Tensor, Tensor]:
        drawn = context.seeds.numpy(name, "batch", step).integers(len(data.x), size=(seeds, course.batch))
        places = torch.from_numpy(drawn).to(context.device).repeat(blocks, 1)
        return data.x[places], data.labels[places]

    def after_step(step: int, losses: Tensor) -> None:
        if look is not None:
            look(step, ensemble.parameters, copies.state)

    def save(state: Mapping[str, Any]) -> None:
        checkpoint.save({"ensemble": state, **copies.state_dict()})

    train(
        ensemble,
        copies.descended,
        batches,
        steps,
        after_step=after_step,
        save=save if look is None else None,
        save_every=SAVE_EVERY,
    )
    right = accuracy(problem.network, ensemble.parameters, data.test_x, data.test_labels)
    return right.cpu().numpy().reshape(blocks, seeds)


@dataclass
class _Copies:
    """Where all copies of a plan start, and how they find their gradients.

    Attributes:
        network: of every copy.
        start: stacked parameters before training.
        squared: 1 for the copies that backpropagate a squared error.
        rule: of the broadcast copies.
        state: what these remember; None: the copies backpropagate.
    """

    network: Network
    start: Parameters
    squared: Float[Tensor, "copies"]
    rule: BroadcastRule
    state: BroadcastState | None

    def descended(self, parameters: Parameters, batch: tuple[Tensor, Tensor]) -> Float[Tensor, "copies"]:
        """Return the linear function of the parameters whose gradient is the update, and move the state on."""
        gradients = self._gradients(parameters, *batch)
        products = [(parameters[name] * gradient).flatten(1).sum(1) for name, gradient in gradients.items()]
        return torch.stack(products).sum(0)

    def _gradients(self, parameters: Parameters, x: Tensor, labels: Tensor) -> Parameters:
        if self.state is None:
            return backpropagated_gradients(self.network, parameters, self.squared, x, labels)
        return broadcast_gradients(self.network, parameters, self.state, self.rule, x, labels)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint holds of the copies beside their parameters."""
        return {} if self.state is None else {"state": self.state.state_dict()}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go back to a saved state."""
        if self.state is not None:
            self.state.load_state_dict(saved["state"])


def _start(name: str, problem: Problem, plan: Plan, training: Training, context: Context) -> _Copies:
    """Draw weights, the matrix Q of the random features, and R, in this order, from one stream."""
    network, classes, blocks = problem.network, problem.data.classes, len(plan.rules)
    generator = context.seeds.torch(name, "start", device=context.device)
    weights = network.initial(training.seeds, generator)
    weights[f"weight {len(network.layers) - 1}"] *= training.output_scale
    inputs = int(np.prod(network.input_shape))
    shape = inputs, plan.random_features(training)
    queries = torch.randn(shape, generator=generator, device=context.device) / inputs**0.5
    rule = broadcast_rule(training, plan, classes, queries)
    return _Copies(
        network,
        {key: value.repeat(blocks, *[1] * (value.dim() - 1)) for key, value in weights.items()},
        plan.where(BP_SQUARED, seeds=training.seeds, device=context.device),
        rule,
        None if plan.backward else start_state(network, rule, classes, generator),
    )


def _frozen_layers(
    network: Network, plan: Plan, seeds: int, context: Context
) -> dict[str, float | Float[Tensor, "copies"]]:
    """Return the factors of the learning rate: 0 for the hidden layers of the copies that freeze them."""
    moves = 1 - plan.where(FROZEN, seeds=seeds, device=context.device)
    return {f"{kind} {number}": moves for number in network.hidden for kind in ("weight", "bias")}
