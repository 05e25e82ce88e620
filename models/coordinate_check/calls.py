"""What has each part of a model learned, measured while the model runs once on a batch?

A part is a module that holds parameters and whose children hold none, measured at each of its calls as a whole; or a
parameter that such calls do not cover, measured at the operations that use it (`operations.py`). A module of one's own
that holds several matrices is measured both ways: matrix by matrix says more, where all of them can be followed.

What a call is given is copied before it, since models overwrite their inputs; it is repeated at once, with the values
that the parameters had before training, buffers and random numbers as they were.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.utils._pytree import tree_map

from solv.models.coordinate_check.operations import Operations
from solv.models.coordinate_check.replay import (
    RandomState,
    both,
    can_be_read,
    copied,
    floats_in,
    random_state,
    tensors_in,
)

WRAPPER = "_orig_mod."  # what torch.compile puts before the names of what it wraps


@dataclass
class Seen:
    """What one part did while the model ran once.

    Attributes:
        squares, values: of its learned part: sum of squares, and how many numbers.
        outputs: of each call.
    """

    squares: float = 0.0
    values: int = 0
    outputs: list[Tensor] = field(default_factory=list)

    def add(self, now: list[Tensor], initial: list[Tensor]) -> None:
        """Add the difference of the outputs of one call."""
        for one, other in zip(now, initial, strict=True):
            self.squares += float((one.double() - other.double()).square().sum())
            self.values += one.numel()


@dataclass(frozen=True)
class Parts:
    """The parts of a model.

    Attributes:
        modules: by name, those that are measured at their calls.
        split: names of those among them, not of torch, whose parameters are also followed one by one.
        parameters: all, by name; a shared one has the first of its names.
        owners: of each parameter the name of the module of `modules` that it is of, or "".
        order: names of all modules and parameters in the model's order.
    """

    modules: Mapping[str, nn.Module]
    split: frozenset[str]
    parameters: Mapping[str, nn.Parameter]
    owners: Mapping[str, str]
    order: tuple[str, ...]

    def names_of(self, module: str) -> set[str]:
        """Return the names of a module's parameters, also of those that it shares with others."""
        held = {id(each) for each in self.modules[module].parameters()}
        return {name for name, each in self.parameters.items() if id(each) in held}


@dataclass(frozen=True)
class Pass:
    """What all parts did while the model ran once.

    Attributes:
        modules, parameters: by name.
        covered: of each parameter's name in `parameters`, the names of the parameters that were measured with it.
        refused: modules that could not be measured at a call, with why.
    """

    modules: Mapping[str, Seen]
    parameters: Mapping[str, Seen]
    covered: Mapping[str, set[str]]
    refused: Mapping[str, str]


def parts_of(model: nn.Module) -> Parts:
    """Return the parts of a model."""
    parameters = {_plain(name): each for name, each in model.named_parameters()}
    modules = {_plain(name): module for name, module in model.named_modules() if _is_part(name, module)}
    owners = dict.fromkeys(parameters, "")
    names = {id(each): name for name, each in parameters.items()}
    for name, module in reversed(modules.items()):
        owners.update({names[id(each)]: name for each in module.parameters()})
    order: list[str] = []
    for name, module in model.named_modules():
        order += [_plain(name), *(_plain(f"{name}.{own}") for own, _ in module.named_parameters(recurse=False))]
    order = [name.removeprefix(".") for name in order]
    split = frozenset(name for name, module in modules.items() if _is_split(module))
    return Parts(modules, split, parameters, owners, tuple(order))


def _plain(name: str) -> str:
    return f"{name}.".replace(WRAPPER, "").removesuffix(".")


def _is_part(name: str, module: nn.Module) -> bool:
    if isinstance(module, torch.jit.ScriptModule):  # takes no hooks
        return False
    if "parametrizations" in name.split(".") or isinstance(module, nn.ParameterList | nn.ParameterDict):
        return False
    below = [child for own, child in module.named_children() if own != "parametrizations"]
    own = next(module.parameters(recurse=False), None) is not None or parametrize.is_parametrized(module)
    return own and not any(next(child.parameters(), None) is not None for child in below)


def _is_split(module: nn.Module) -> bool:
    return not type(module).__module__.startswith("torch.nn.")


def observe(
    model: nn.Module, parts: Parts, run: Callable[[], object], start: Mapping[int, Tensor] | None = None
) -> Pass:
    """Run a model and return what its parts did.

    Args:
        model: whose parts they are.
        parts: of it.
        run: calls it.
        start: the initial value of each parameter by its id; without it outputs are recorded, and nothing learned.
    """
    watch = _Watch(parts, start)
    names = {id(each): name for name, each in parts.parameters.items()}

    def found(makers: tuple[Tensor, ...], now: list[Tensor], initial: list[Tensor]) -> None:
        ordered = sorted(makers, key=lambda each: -each.dim())
        watch.used(names[id(ordered[0])], {names[id(each)] for each in ordered}, now, initial)

    everything = list(parts.parameters.values())
    values = start or {id(each): each.detach() for each in everything}
    constants = {id(each) for each in model.buffers()}
    with ExitStack() as stack:
        stack.enter_context(_as_written())
        for name, module in parts.modules.items():
            for handle in watch.hooks(name, module):
                stack.callback(handle.remove)
        stack.enter_context(Operations(everything, values, constants, watch.is_watching, found))
        run()
    return Pass(watch.modules, watch.parameters, watch.covered, watch.refused)


@dataclass(frozen=True)
class _Given:
    """What a call is given: copies of its inputs, buffers and random state before it."""

    module: str
    inputs: Any
    buffers: Mapping[str, Tensor]
    random: RandomState


class _Watch:
    """The calls of one pass."""

    def __init__(self, parts: Parts, start: Mapping[int, Tensor] | None) -> None:
        self._parts, self._start = parts, start
        self._open: list[_Given] = []
        self._repeating = False
        self.modules: dict[str, Seen] = defaultdict(Seen)
        self.parameters: dict[str, Seen] = defaultdict(Seen)
        self.covered: dict[str, set[str]] = defaultdict(set)
        self.refused: dict[str, str] = {}

    def is_watching(self) -> bool:
        """Return whether operations are of interest: not inside a call that is measured as a whole."""
        return not self._repeating and all(each.module in self._parts.split for each in self._open)

    def used(self, name: str, together: set[str], now: list[Tensor], initial: list[Tensor]) -> None:
        """Note an operation of a parameter."""
        seen = self.parameters[name]
        seen.outputs += [each.clone() for each in now]
        self.covered[name] |= together
        if self._start is not None and all(a.shape == b.shape for a, b in zip(now, initial, strict=True)):
            seen.add(now, initial)

    def hooks(self, name: str, module: nn.Module) -> Iterator[Any]:
        """Yield the handles of what is called before and after each call of a module."""

        def before(_: nn.Module, args: Any, kwargs: Any) -> None:
            if not self._repeating:
                buffers = {key: copied(each) for key, each in module.named_buffers()}
                self._open.append(_Given(name, tree_map(copied, (args, kwargs)), buffers, random_state()))

        def after(_: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
            if self._repeating:
                return
            given = self._open.pop()
            seen = self.modules[name]
            if not can_be_read(tensors_in((out, args, kwargs))):
                self.refused[name] = "it is called inside a transform such as vmap"
                return
            seen.outputs += [each.clone() for each in floats_in(out)]
            if self._start is not None and seen.outputs:
                self._repeat(module, given, out, seen)

        yield module.register_forward_pre_hook(before, prepend=True, with_kwargs=True)
        yield module.register_forward_hook(after, with_kwargs=True)

    def _repeat(self, module: nn.Module, given: _Given, out: Any, seen: Seen) -> None:
        assert self._start is not None
        parameters = list(module.parameters())
        start = self._start
        now = ([copied(each) for each in parameters], given.buffers, given.inputs)
        initial = ([start[id(each)] for each in parameters], given.buffers, given.inputs)

        def call(operands: Any) -> Any:
            values, buffers, (args, kwargs) = tree_map(copied, operands)
            held = dict(module.named_buffers())
            with _holding([*zip(parameters, values, strict=True), *((held[key], buffers[key]) for key in buffers)]):
                return module(*args, **kwargs)

        self._repeating = True
        try:
            new, old = (floats_in(each) for each in both(call, now, initial, tree_map(copied, out), given.random))
        except (RuntimeError, TypeError, ValueError, AttributeError, LookupError) as error:
            self.refused[given.module] = f"its call cannot be repeated ({type(error).__name__})"
            return
        finally:
            self._repeating = False
        if [each.shape for each in new] == [each.shape for each in old]:
            seen.add(new, old)
        else:
            self.refused[given.module] = "the shape of the output depends on the weights"


@contextmanager
def _holding(values: list[tuple[Tensor, Tensor]]) -> Iterator[None]:
    """Let tensors hold other values for a while; by `.data`, which autograd does not notice."""
    kept = [(tensor, tensor.data) for tensor, _ in values]
    try:
        for tensor, value in values:
            tensor.data = value
        yield
    finally:
        for tensor, value in kept:
            tensor.data = value


@contextmanager
def _as_written() -> Iterator[None]:
    """Let modules run as their Python code says: neither compiled, nor by torch's fused path for transformers."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.compiler.set_stance("force_eager"):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
