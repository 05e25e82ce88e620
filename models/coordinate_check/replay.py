"""What does the same call give with other parameters, on the same operands and with the same random numbers?"""

import copy
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map

AS_THEY_ARE = (type, nn.Module, FunctionType, BuiltinFunctionType, MethodType, ModuleType)
HALVES = (torch.float16, torch.bfloat16)
RandomState = tuple[Tensor, list[Tensor]]


def tensors_in(tree: Any) -> list[Tensor]:
    """Return the tensors in nested tuples, lists and dictionaries."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def floats_in(tree: Any) -> list[Tensor]:
    """Return what an output holds that can be subtracted: its floating tensors, the complex ones as pairs of real."""
    found = [tensor.detach() for tensor in tensors_in(tree)]
    real = [torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor for tensor in found]
    return [tensor for tensor in real if tensor.is_floating_point()]


def copied(leaf: Any) -> Any:
    """Return a tensor's values in a tensor of its own, an object of a class with what it holds copied alike.

    Numbers, functions, modules and what cannot be copied are returned as they are.
    """
    return _copied(leaf, {})


def _copied(leaf: Any, known: dict[int, Any]) -> Any:
    if isinstance(leaf, Tensor):
        return leaf.detach().clone()
    if id(leaf) in known or isinstance(leaf, AS_THEY_ARE) or not hasattr(leaf, "__dict__"):
        return known.get(id(leaf), leaf)
    try:
        twin = known[id(leaf)] = copy.copy(leaf)
        for name, value in vars(leaf).items():
            twin.__dict__[name] = tree_map(lambda inner: _copied(inner, known), value)
    except (AttributeError, TypeError, RuntimeError):
        return leaf
    return twin


def can_be_read(tensors: Iterable[Tensor]) -> bool:
    """Return whether tensors hold numbers now: inside `vmap` and other transforms they do not."""
    return not any(torch._C._functorch.is_functorch_wrapped_tensor(each) for each in tensors)


def random_state() -> RandomState:
    """Return the states of torch's generators."""
    return torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []


def set_random_state(state: RandomState) -> None:
    """Set the states of torch's generators."""
    torch.set_rng_state(state[0])
    if state[1]:
        torch.cuda.set_rng_state_all(state[1])


def both(call: Callable[[Any], Any], now: Any, initial: Any, out: Any, random: RandomState) -> tuple[Any, Any]:
    """Return what a call gives with the parameters of now, and with the initial ones, in at least single precision.

    In half precision a learned part of a few steps would drown in the rounding of the two outputs. Both draw the
    same random numbers, and what is drawn after them does not depend on it.

    Args:
        call: takes a tree of operands.
        now, initial: operands with the parameters of now, and with the initial ones.
        out: what the call gave in the model itself, which is enough where nothing is in half precision.
        random: state of torch's generators before that call.
    """
    after = random_state()
    try:
        with torch.no_grad():
            if any(each.dtype in HALVES for each in (*tensors_in((now, initial)), *tensors_in(out))):
                try:
                    return _in_single_precision(call, now, random), _in_single_precision(call, initial, random)
                except (RuntimeError, ValueError, TypeError):
                    pass  # it can be computed in half precision alone
            set_random_state(random)
            return out, call(initial)
    finally:
        set_random_state(after)


def _in_single_precision(call: Callable[[Any], Any], operands: Any, random: RandomState) -> Any:
    set_random_state(random)
    with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
        return call(tree_map(_wide, operands))


def _wide(leaf: Any) -> Any:
    return leaf.float() if isinstance(leaf, Tensor) and leaf.dtype in HALVES else leaf
