"""What have parameters learned that no called module covers: bare ones, and those that another module uses by itself?

A parameter's learned part is measured at the operation where it meets the activations: its result minus what it would
be with the initial parameter on the same operands. `F.linear(x, self.weight)` is such an operation, and so is
`x + self.positions[:length]`. What is made of parameters alone on the way (a slice, a transpose, a stack, a mask on
it) is followed, with the same made of the initial ones beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from solv.models.coordinate_check.replay import (
    RandomState,
    both,
    can_be_read,
    copied,
    floats_in,
    random_state,
    tensors_in,
)

LOOKUPS = (functional.embedding, functional.embedding_bag)
MASKING = (
    "mul",
    "__mul__",
    "__rmul__",
    "multiply",
    "div",
    "__truediv__",
    "where",
    "masked_fill",
    "mul_",
    "masked_fill_",
)
INDEXING = ("__getitem__", "index_select", "gather", "take")
ASSIGNMENT = "__setitem__"


@dataclass(frozen=True)
class _Held:
    """A tensor made of parameters alone: itself (kept, so that its id stays its own), its initial twin, its makers."""

    tensor: Tensor
    initial: Tensor
    parameters: tuple[Tensor, ...]


class Operations(TorchFunctionMode):
    """Report each operation where a parameter meets activations.

    Args:
        start: the initial value of each parameter, by its id.
        parameters: all of them.
        constants: ids of the buffers, which do not depend on the batch.
        watching: whether operations are of interest now; a called module's are not: it is measured as a whole.
        found: told the parameters of an operation, its outputs, and the same with the initial parameters.
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        start: Mapping[int, Tensor],
        constants: set[int],
        watching: Callable[[], bool],
        found: Callable[[tuple[Tensor, ...], list[Tensor], list[Tensor]], None],
    ) -> None:
        super().__init__()
        self._held = {id(each): _Held(each, start[id(each)], (each,)) for each in parameters}
        self._constants, self._watching, self._found = constants, watching, found

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation; report it if it holds parameters and activations."""
        kwargs = kwargs or {}
        if not self._watching():
            return func(*args, **kwargs)
        operands = tensors_in((args, kwargs))
        held = [self._held[id(each)] for each in operands if id(each) in self._held]
        if not held:
            return func(*args, **kwargs)
        if func is functional.multi_head_attention_forward:
            with self:
                return _open_attention(*args, **kwargs)
        return self._met(func, args, kwargs, held, [each for each in operands if id(each) not in self._held])

    def _met(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        held: Sequence[_Held],
        others: Sequence[Tensor],
    ) -> Any:
        given = tree_map(copied, (args, kwargs))  # before: it may overwrite its operands
        initial = tree_map(self._initial, (args, kwargs))
        random = random_state()
        out = func(*args, **kwargs)
        makers = tuple({id(each): each for one in held for each in one.parameters}.values())
        name = getattr(func, "__name__", "")
        if name == ASSIGNMENT:
            self._found(makers, floats_in(args[2:]), floats_in(initial[0][2:]))
            return out
        if not floats_in(out) or not can_be_read(tensors_in((out, args, kwargs))):
            return out
        with suppress(RuntimeError, TypeError, ValueError):  # not to be repeated: said to be not measured
            self._compare(func, given, initial, out, random, held, others)
        return out

    def _compare(
        self,
        func: Callable[..., Any],
        given: Any,
        initial: Any,
        out: Any,
        random: RandomState,
        held: Sequence[_Held],
        others: Sequence[Tensor],
    ) -> None:
        makers = tuple({id(each): each for one in held for each in one.parameters}.values())
        name = getattr(func, "__name__", "")
        now, twin = both(lambda tree: func(*tree[0], **tree[1]), given, initial, out, random)
        if self._is_of_parameters_alone(func, name, out, held, others):
            self._follow(out, twin, held, makers)
        else:
            self._found(makers, floats_in(now), floats_in(twin))

    def _initial(self, leaf: Any) -> Any:
        held = self._held.get(id(leaf))
        return held.initial.clone() if held else copied(leaf)

    def _is_of_parameters_alone(
        self, func: Callable[..., Any], name: str, out: Any, held: Sequence[_Held], others: Sequence[Tensor]
    ) -> bool:
        """Return whether what comes out is still a parameter in another form, and not yet part of the activations."""
        if func in LOOKUPS:
            return False
        most = max(each.tensor.dim() for each in held)
        active = [each for each in others if each.is_floating_point() and id(each) not in self._constants]
        if not active:
            looked_up = name in INDEXING and most <= 2 and any(not each.is_floating_point() for each in others)
            return not looked_up  # a row of a matrix by number is an embedding; a matrix of a stack is a matrix
        masked = name in MASKING and most >= 2 and isinstance(out, Tensor)
        return masked and any(each.tensor.shape == out.shape for each in held)

    def _follow(self, out: Any, twin: Any, held: Sequence[_Held], makers: tuple[Tensor, ...]) -> None:
        scalars = all(each.tensor.dim() == 0 for each in held)
        for one, other in zip(tensors_in(out), tensors_in(twin), strict=True):
            penalty = one.dim() == 0 and not scalars  # a norm of the weights in the loss
            if one.is_floating_point() and not penalty and one.shape == other.shape:
                self._held[id(one)] = _Held(one, other.detach(), makers)


def _opened(function: Any) -> FunctionType:
    """Return a Python function of torch without its question whether a mode takes it over as a whole.

    So the operations inside it reach the mode one by one.
    """
    scope = {**function.__globals__, "has_torch_function": lambda _: False}
    name, defaults, closure = function.__name__, function.__defaults__, function.__closure__
    opened = FunctionType(function.__code__, scope, name, defaults, closure)
    opened.__kwdefaults__ = function.__kwdefaults__
    return opened


_open_attention = _opened(functional.multi_head_attention_forward)
