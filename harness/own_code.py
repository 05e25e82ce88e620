"""Which code decides the numbers of an experiment, also of one that stands in no file but in a cell of a notebook?"""

import hashlib
import inspect
import sys
from collections.abc import Iterator
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from solv.harness.contract import Experiment
from solv.tracking.provenance import code_fingerprint


def code_of(experiment: Experiment[Any]) -> str:
    """Return a hash of the source that decides a run's numbers: only under the same one is a run gone on with.

    Of an experiment that its entry leads to, that is the source of the shared rooms and of its own package. Of another
    one it is the shared rooms, and the compiled code of the experiment's functions and of what these call that was
    defined beside them.
    """
    module, _, attribute = experiment.entry.experiment.partition(":")
    of_files = code_fingerprint(module)
    if module != "__main__" and getattr(sys.modules.get(module), attribute, None) is experiment:
        return of_files
    digest = hashlib.sha256(of_files.encode())
    for text in _spelled(experiment, {}):
        digest.update(text.encode())
    return digest.hexdigest()[:12]


def _spelled(value: object, seen: dict[int, object]) -> Iterator[str]:
    """Yield what an object is made of, as texts that are the same in every process."""
    if isinstance(value, str | bytes | int | float | complex | bool | type(None)):
        yield repr(value)
        return
    if isinstance(value, ModuleType):
        yield value.__name__
        return
    if id(value) in seen:
        return
    seen[id(value)] = value  # kept, so that no other object gets its id
    if isinstance(value, MethodType):
        yield from _spelled(value.__func__, seen)
    elif isinstance(value, partial):
        yield from _each((value.func, value.args, value.keywords), seen)
    elif isinstance(value, FunctionType):
        yield value.__qualname__
        if not _in_the_house(value.__module__):
            yield from _function(value, seen)
    elif isinstance(value, type):
        yield value.__qualname__
        if not _in_the_house(value.__module__):
            yield from _each([item for name, item in sorted(vars(value).items()) if not name.startswith("__")], seen)
    elif isinstance(value, dict):
        yield from _each([item for pair in value.items() for item in pair], seen)
    elif isinstance(value, list | tuple):
        yield from _each(value, seen)
    elif isinstance(value, set | frozenset):
        yield from sorted("".join(_spelled(item, seen)) for item in value)
    elif hasattr(value, "tobytes"):  # an array
        yield hashlib.sha256(value.tobytes()).hexdigest()
    else:
        kind = type(value)
        yield kind.__qualname__
        if hasattr(value, "__dict__") and (kind.__module__.startswith("solv.") or not _in_the_house(kind.__module__)):
            yield from _each(vars(value), seen)


def _each(values: Any, seen: dict[int, object]) -> Iterator[str]:
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    for name, value in pairs:
        yield f"{name}:"
        yield from _spelled(value, seen)


def _function(function: FunctionType, seen: dict[int, object]) -> Iterator[str]:
    """Yield the code of a function, its defaults and what it closes over, and what it names of its module."""
    yield from _code(function.__code__)
    closed_over = inspect.getclosurevars(function).nonlocals
    yield from _each([function.__defaults__, function.__kwdefaults__, closed_over], seen)
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield name
            yield from _spelled(function.__globals__[name], seen)


def _code(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames, code.co_freevars))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant)
        else:
            yield from _spelled(constant, {})


def _names(code: CodeType) -> list[str]:
    inner = [name for constant in code.co_consts if isinstance(constant, CodeType) for name in _names(constant)]
    return sorted({*code.co_names, *inner})


def _in_the_house(module: str | None) -> bool:
    """Return whether a module's source is not the experiment's own: solv's, or that of an installed library."""
    if module is None or module == "__main__":
        return False
    if module.partition(".")[0] == "solv":
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is None or "site-packages" in file or file.startswith(sys.base_prefix)
