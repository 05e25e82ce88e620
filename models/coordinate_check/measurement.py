"""What have the parts of one model learned, after a few steps from one initialisation?"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from solv.models.coordinate_check.calls import Parts, Pass, Seen, observe, parts_of
from solv.models.coordinate_check.replay import HALVES, random_state, set_random_state
from solv.models.coordinate_check.subject import FactoryError, Trained, make

FROZEN = "frozen: requires_grad is False"
NOT_OPTIMIZED = "its parameters are not in the optimizer"
RATE_ZERO = "its learning rate is 0"
MATRICES = 2  # from which on a module of one's own is looked at matrix by matrix
RECORDING_SEED = 20  # of both passes that are compared, so that dropout and a batch drawn at random are the same

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Sums:
    """Of one part: the sum of squares of its learned part, of how many numbers, and that of its change (or NaN)."""

    learned: float
    values: int
    change: float

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.learned + other.learned, self.values + other.values, self.change + other.change)


@dataclass(frozen=True)
class Measured:
    """One size and seed.

    Attributes:
        parts: what each part did that was used, by name.
        covered: names of the parameters that each part covers.
        followed: of each module whose matrices were looked for one by one, whether all of them were found.
        owners: of each parameter the module that it is of, or "".
        refused: modules that could not be measured at a call, with why.
        tensors: how many numbers each parameter holds.
        shapes: of the parameters of each part there is, used or not, in the model's order.
        idle: why a parameter cannot learn, where that is known.
    """

    parts: Mapping[str, Sums]
    covered: Mapping[str, set[str]]
    followed: Mapping[str, bool]
    owners: Mapping[str, str]
    refused: Mapping[str, str]
    tensors: Mapping[str, int]
    shapes: Mapping[str, Shapes]
    idle: Mapping[str, str]


def measure(
    factory: Callable[..., Any], size: int, steps: int, seed: int, name: str, earlier: list[nn.Module]
) -> Measured:
    """Make a model, train it for a few steps, and return what its parts have learned.

    Args:
        factory, size, name: as in `make`.
        steps: training steps; the batch of the step that would be next is the one that is measured on.
        seed: of torch's generator, before the factory is called.
        earlier: models that were made before; this one is added.

    Raises:
        TypeError, FactoryError: as `make`; the factory returned a model again; a model without parameters.
    """
    torch.manual_seed(seed)
    subject = make(factory, size, name)
    model = subject.model
    if any(model is each for each in earlier):
        raise FactoryError("the factory returns the same model again: it has to make a fresh one at each call")
    earlier.append(model)
    if any(is_lazy(each) for each in model.parameters()):
        with _leaving_no_trace(model, seed):
            subject.loss(steps)
    parts = parts_of(model)
    if not parts.parameters:
        raise FactoryError(f"at {name} {size}: the model has no parameters")
    start = {id(each): each.detach().clone() for each in parts.parameters.values()}
    with _leaving_no_trace(model, seed):
        before = observe(model, parts, lambda: subject.loss(steps))
    for step in range(steps):
        subject.step(step)
    with _leaving_no_trace(model, seed):
        after = observe(model, parts, lambda: subject.loss(steps), start)
    sums, covered = _sums(parts, before, after)
    return Measured(
        sums,
        covered,
        {
            name: _matrices(parts, name) <= _followed(parts, after, name)
            for name in parts.split & set(sums)
            if len(_matrices(parts, name)) >= MATRICES
        },
        parts.owners,
        _scripted(model) | dict(after.refused),
        {name: each.numel() for name, each in parts.parameters.items()},
        _shapes(parts),
        _idle(subject, parts),
    )


@contextmanager
def _leaving_no_trace(model: nn.Module, seed: int) -> Iterator[None]:
    """Let the model run with random numbers that are the same each time, and keep its buffers and torch's generator."""
    random = random_state()
    buffers = [(each, each.detach().clone()) for each in model.buffers() if not is_lazy(each)]
    torch.manual_seed(RECORDING_SEED + seed)
    try:
        yield
    finally:
        set_random_state(random)
        for buffer, value in buffers:
            buffer.data = value


def _sums(parts: Parts, before: Pass, after: Pass) -> tuple[dict[str, Sums], dict[str, set[str]]]:
    """Return what each part did, and which parameters that covers."""
    found: dict[str, Sums] = {}
    covered: dict[str, set[str]] = defaultdict(set)
    for name, seen in after.modules.items():
        if seen.values:
            found[name] = _difference(before.modules.get(name, Seen()), seen)
            covered[name] = parts.names_of(name)
    for name, seen in after.parameters.items():
        owner = parts.owners[name]
        label = owner if owner and owner not in after.modules else name  # a module whose parameters others use
        whole = owner in parts.split and owner in found and len(_matrices(parts, owner)) < MATRICES
        if seen.values and not whole:
            sums = _difference(before.parameters.get(name, Seen()), seen)
            found[label] = found[label] + sums if label in found else sums
            covered[label] |= after.covered[name]
    return found, covered


def _difference(before: Seen, after: Seen) -> Sums:
    if [each.shape for each in before.outputs] != [each.shape for each in after.outputs]:
        return Sums(after.squares, after.values, float("nan"))
    pairs = zip(after.outputs, before.outputs, strict=True)
    squares = sum(float((new.double() - old.double()).square().sum()) for new, old in pairs)
    return Sums(after.squares, after.values, squares)


def _scripted(model: nn.Module) -> dict[str, str]:
    why = "TorchScript: check the module before torch.jit.script"
    return {name: why for name, module in model.named_modules() if isinstance(module, torch.jit.ScriptModule)}


def _matrices(parts: Parts, module: str) -> set[str]:
    return {name for name in parts.names_of(module) if parts.parameters[name].dim() >= 2}


def _followed(parts: Parts, after: Pass, module: str) -> set[str]:
    return set().union(*(after.covered[name] for name in parts.names_of(module) if name in after.parameters))


def _shapes(parts: Parts) -> dict[str, Shapes]:
    shapes = {name: tuple(tuple(each.shape) for each in module.parameters()) for name, module in parts.modules.items()}
    shapes |= {name: (tuple(each.shape),) for name, each in parts.parameters.items()}
    return {name: shapes[name] for name in parts.order if name in shapes}


def _idle(subject: Trained, parts: Parts) -> dict[str, str]:
    groups = [group for optimizer in subject.optimizers for group in optimizer.param_groups]
    rates = {id(each): group.get("lr") for group in groups for each in group["params"]}
    idle = {}
    for name, each in parts.parameters.items():
        if not each.requires_grad:
            idle[name] = FROZEN
        elif id(each) not in rates:
            idle[name] = NOT_OPTIMIZED
        elif rates[id(each)] == 0:
            idle[name] = RATE_ZERO
        elif each.dtype in HALVES:
            idle[name] = f"its gradient was 0, or its updates are lost in the rounding of {str(each.dtype)[6:]}"
    return idle
