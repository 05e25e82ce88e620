"""How are the rules of sbd trained side by side? All rules and seeds of a plan as one batch of copies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from solv.experiments.sbd.arenas import Problem
from solv.experiments.sbd.ebd_tables import Recipe
from solv.experiments.sbd.rules import Plan, broadcast_rule
from solv.experiments.sbd.settings import BP_SQUARED, FROZEN, Training
from solv.harness.contract import Context
from solv.models.ensemble import Ensemble, Optimizer, Parameters, Schedule, cosine_decay, train
from solv.models.sbd.augmentation import augmented
from solv.models.sbd.score_broadcast import (
    BroadcastRule,
    BroadcastState,
    Network,
    accuracy,
    backpropagated_gradients,
    broadcast_gradients,
    start_state,
)
from solv.models.sbd.starts import fixed_zeros

SAVE_EVERY = 500
Look = Callable[[int, Parameters, BroadcastState | None], None]
Batch = tuple[Tensor, Tensor, int]  # images, labels, step


@dataclass(frozen=True)
class Course:
    """How long, in which batches and how fast a batch of copies trains.

    Attributes:
        epochs: passes over the examples.
        batch: examples a step.
        rate: of Adam, falling to 0 along half a cosine; unused where there is a recipe.
        recipe: of EBD's authors, in the place of ours.
    """

    epochs: float
    batch: int
    rate: float
    recipe: Recipe | None = None

    def epoch_steps(self, examples: int) -> int:
        """Return the number of steps of a pass over so many examples."""
        return max(examples // self.batch, 1)

    def steps(self, examples: int) -> int:
        """Return the number of steps over so many examples."""
        return max(round(self.epochs * self.epoch_steps(examples)), 1)


def train_rules(
    name: str,
    problem: Problem,
    plan: Plan,
    course: Course,
    training: Training,
    context: Context,
    look: Look | None = None,
    *,
    stream: str | None = None,
) -> Float[np.ndarray, "rules seeds"]:
    """Train every copy and return its test accuracy; `train_copies` says what the arguments are."""
    trained = train_copies(name, problem, plan, course, training, context, look, stream=stream)
    data, six_views = problem.data, course.recipe is not None and course.recipe.augmented
    right = accuracy(problem.network, trained, data.test_x, data.test_labels, augmented=six_views)
    return right.double().cpu().numpy().reshape(len(plan.rules), training.seeds)


def train_copies(
    name: str,
    problem: Problem,
    plan: Plan,
    course: Course,
    training: Training,
    context: Context,
    look: Look | None = None,
    *,
    stream: str | None = None,
) -> Parameters:
    """Train every copy and return what it has learned.

    Copies of one seed start from the same weights and the same R, and see the same batches.

    Args:
        name: of the training, and of its checkpoint.
        problem: what is learned, by which network.
        plan: the rules, each of them by `training.seeds` copies.
        course: steps, batches and rate.
        training: what all rules have in common.
        context: the run.
        look: `look(step, parameters, state)` is called before the first step and after every one. A training that is
            looked at keeps no checkpoint: what was seen before it would be lost.
        stream: name of the random streams; trainings that share it are paired seed by seed. None: the name.
    """
    data, seeds, stream = problem.data, training.seeds, stream or name
    per_epoch, steps = course.epoch_steps(len(data.x)), course.steps(len(data.x))
    copies = _start(stream, problem, plan, course, training, context)
    ensemble = Ensemble(copies.start, _optimizer(problem, plan, course, training, context))
    checkpoint = context.checkpoint(name)
    if (saved := checkpoint.load()) is not None:
        ensemble.load_state_dict(saved["ensemble"])
        copies.load_state_dict(saved)
    if look is not None:
        look(0, ensemble.parameters, copies.state)

    def batches(step: int) -> Batch:
        drawn = context.seeds.numpy(stream, "batch", step).integers(len(data.x), size=(seeds, course.batch))
        places = torch.from_numpy(drawn).to(context.device)
        x = data.x[places]
        if course.recipe is not None and course.recipe.augmented:
            shifts = context.seeds.torch(stream, "translations", step, device=context.device)
            x = augmented(x, places, step // per_epoch, shifts, translation=course.recipe.translation)
        blocks = len(plan.rules)
        return x.repeat(blocks, *[1] * (x.dim() - 1)), data.labels[places].repeat(blocks, 1), step

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
    return ensemble.parameters


@dataclass
class _Copies:
    """Where all copies of a plan start, and how they find their gradients.

    Attributes:
        network: of every copy.
        start: stacked parameters before training.
        squared: 1 for the copies that backpropagate a squared error.
        rule: of the broadcast copies.
        state: what these remember; None: the copies backpropagate.
        recipe, per_epoch: of EBD's authors, if it is theirs, and the steps of an epoch.
        masks: 0 for the weights that stay at zero.
        dropping: the source of dropout at a step.
    """

    network: Network
    start: Parameters
    squared: Float[Tensor, "copies"]
    rule: BroadcastRule
    state: BroadcastState | None
    recipe: Recipe | None
    per_epoch: int
    dropping: Callable[[int], torch.Generator]
    masks: Parameters = field(default_factory=dict)

    def descended(self, parameters: Parameters, batch: Batch) -> Float[Tensor, "copies"]:
        """Return the linear function of the parameters whose gradient is the update, and move the state on."""
        gradients = self._gradients(parameters, *batch)
        products = [(parameters[name] * gradient).flatten(1).sum(1) for name, gradient in gradients.items()]
        return torch.stack(products).sum(0)

    def _gradients(self, parameters: Parameters, x: Tensor, labels: Tensor, step: int) -> Parameters:
        dropping = None if self.recipe is None or not self.recipe.dropout else self.dropping(step)
        if self.state is None:
            found = backpropagated_gradients(self.network, parameters, self.squared, x, labels, dropping)
        else:
            rule, boost = self.rule, 1.0
            if self.recipe is not None:
                boost = self.recipe.boost(step)
                rule = replace(rule, memory=self.recipe.converged(rule.memory, step // self.per_epoch))
            found = broadcast_gradients(self.network, parameters, self.state, rule, x, labels, dropping, boost)
        if self.recipe is None:
            return found
        decayed = {name: gradient + self.recipe.l2 * parameters[name].detach() for name, gradient in found.items()}
        return {name: gradient * self.masks.get(name, 1.0) for name, gradient in decayed.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint holds of the copies beside their parameters."""
        return {} if self.state is None else {"state": self.state.state_dict()}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go back to a saved state."""
        if self.state is not None:
            self.state.load_state_dict(saved["state"])


def _start(stream: str, problem: Problem, plan: Plan, course: Course, training: Training, context: Context) -> _Copies:
    """Draw weights, R and the matrix Q of the random features, each from a stream of its own."""
    network, classes, blocks = problem.network, problem.data.classes, len(plan.rules)
    recipe, device = course.recipe, context.device

    def source(what: str) -> torch.Generator:
        return context.seeds.torch(stream, what, device=device)

    if recipe is None:
        weights = network.initial(training.seeds, source("weights"))
        weights[f"weight {len(network.layers) - 1}"] *= training.output_scale
    else:
        weights = network.initial(training.seeds, source("weights"), gain=recipe.gain, uniform=recipe.uniform)
    start = {key: value.repeat(blocks, *[1] * (value.dim() - 1)) for key, value in weights.items()}
    masks: Parameters = {}
    if recipe is not None and recipe.fixed_zeros and not plan.backward:
        masks = fixed_zeros(start, recipe.fixed_zeros, source("zeros"))
        start = {key: value * masks.get(key, 1.0) for key, value in start.items()}
    inputs = int(np.prod(network.input_shape))
    shape = inputs, plan.random_features(training)
    queries = torch.randn(shape, generator=source("queries"), device=device) / inputs**0.5
    rule = broadcast_rule(training, plan, classes, queries)
    if recipe is not None:
        rule = recipe.applied(rule, [layer.fan_in(shape) for layer, shape in network.layers])
    return _Copies(
        network,
        start,
        plan.where(BP_SQUARED, seeds=training.seeds, device=device),
        rule,
        None if plan.backward else start_state(network, rule, classes, source("feedback"), blocks=blocks),
        recipe,
        course.epoch_steps(len(problem.data.x)),
        lambda step: context.seeds.torch(stream, "dropout", step, device=device),
        masks,
    )


def _optimizer(problem: Problem, plan: Plan, course: Course, training: Training, context: Context) -> Optimizer:
    """Return Adam with our settings, or what the recipe says; hidden layers that are frozen have the rate 0."""
    seeds, examples, names = training.seeds, len(problem.data.x), range(len(problem.network.layers))
    moves = 1 - plan.where(FROZEN, seeds=seeds, device=context.device)
    hidden = {f"{kind} {number}": moves for number in problem.network.hidden for kind in ("weight", "bias")}
    if course.recipe is None:
        return Optimizer(
            learning_rate=plan.each(plan.rate, course.rate, seeds=seeds, device=context.device),
            weight_decay=training.weight_decay,
            schedule=cosine_decay(course.steps(examples)),
            factors=hidden,
        )
    recipe = course.recipe
    rates = recipe.adam_rates(len(names))
    schedule: Schedule = recipe.schedule(course.epoch_steps(examples))
    return Optimizer(
        rule="sgd" if recipe.momentum else "adam",
        learning_rate=1.0,
        schedule=schedule,
        factors={
            f"{kind} {number}": rates[number] * hidden.get(f"{kind} {number}", torch.ones_like(moves))
            for number in names
            for kind in ("weight", "bias")
        },
    )
