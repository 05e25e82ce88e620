"""What does a person's factory make, and whose fault is it if that does not work?

A factory is any callable that takes a size. What it returns is a `Subject`, or says the same in other words: a tuple
of model, optimizer and loss, a dictionary with these keys, or any object with these attributes. The loss may take the
step or nothing, and return one number, a model's output with a `loss`, or a tuple that starts with the loss.

What goes wrong inside the factory, the model or the loss is a `FactoryError` that says so, with the size and the last
line of the person's own code.
"""

import inspect
import site
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

LONGEST = 300  # characters of an error of theirs that are shown
PARTS = ("model", "optimizer", "loss")
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Subject:
    """What is checked: a fresh model, its optimizer, and the loss of the batch of a step (counted from 0).

    The loss runs the model; the batch must depend on the step alone and be the same at every size.

    Attributes:
        model: any module; every parameter of it is looked at.
        optimizer: of its parameters, or several, each of some.
        loss: of a step; what else it may return: the module's docstring.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer]
    loss: Callable[[int], Any]


class FactoryError(ValueError):
    """The factory, its model or its loss does not work; the message says at which size, and where in its code."""


@dataclass(frozen=True)
class Trained:
    """A subject in one shape: several optimizers, and a loss that is one number.

    Attributes:
        model: of the subject.
        optimizers: one or more.
        loss: of a step, a tensor of no dimension.
        where: what it was made for, such as "width 64".
    """

    model: nn.Module
    optimizers: tuple[torch.optim.Optimizer, ...]
    loss: Callable[[int], Tensor]
    where: str

    def step(self, step: int) -> float:
        """Train on the batch of a step and return its loss."""
        seen: list[float] = []

        def closure() -> Tensor:
            for each in self.optimizers:
                each.zero_grad()
            loss = self.loss(step)
            if not loss.requires_grad:
                raise FactoryError(
                    "the loss does not depend on any trainable parameter: everything is frozen, or it was detached, or "
                    "computed under torch.no_grad()"
                )
            torch.autograd.backward(loss)
            seen.append(float(loss.detach()))
            return loss

        with torch.enable_grad(), _theirs(self.where):
            if any(_wants_closure(each) for each in self.optimizers):
                if len(self.optimizers) > 1:
                    raise FactoryError("an optimizer whose step wants a closure cannot stand beside another one")
                self.optimizers[0].step(closure)  # type: ignore[arg-type]
            else:
                closure()
                for each in self.optimizers:
                    each.step()
        return seen[0]


def make(factory: Callable[..., Any], size: int, name: str = "size") -> Trained:
    """Call a factory with a size, and return what it made.

    Args:
        factory: takes the size as its parameter `name`, else as its first.
        size: >= 1.
        name: what the size is called.

    Raises:
        TypeError: the factory returned something else than a subject.
        FactoryError: it raised an error, or cannot be called with one size.
    """
    positional, named = _how_to_call(factory, size, name)
    with _theirs(f"{name} {size}"):
        made = factory(*positional, **named)
    return _trained(made, f"{name} {size}")


def _trained(made: object, where: str) -> Trained:
    model, optimizer, loss = _parts(made)
    if not isinstance(model, nn.Module):
        raise TypeError(f"the model that the factory returned is a {type(model).__name__}; valid: a torch.nn.Module")
    optimizers = tuple(optimizer) if isinstance(optimizer, Sequence) else (optimizer,)
    if not optimizers or not all(isinstance(each, torch.optim.Optimizer) for each in optimizers):
        kinds = ", ".join(type(each).__name__ for each in optimizers) or "nothing"
        raise TypeError(f"the optimizer that the factory returned is {kinds}; valid: a torch.optim.Optimizer")
    if not callable(loss):
        raise TypeError(
            f"the loss that the factory returned is a {type(loss).__name__}; valid: a function of the step, such as "
            "lambda step: loss_of(model, batch(step))"
        )
    takes_step = _takes_an_argument(loss)

    def one_number(step: int) -> Tensor:
        with _theirs(where):
            found = loss(step) if takes_step else loss()
        return _scalar(found)

    return Trained(model, optimizers, one_number, where)


def _parts(made: object) -> tuple[Any, Any, Any]:
    """Return model, optimizer and loss of whatever holds the three."""
    if isinstance(made, Mapping) and all(part in made for part in PARTS):
        return made["model"], made["optimizer"], made["loss"]
    if not isinstance(made, nn.Module) and all(hasattr(made, part) for part in PARTS):
        return made.model, made.optimizer, made.loss  # type: ignore[attr-defined]
    if isinstance(made, tuple | list) and len(made) == len(PARTS):
        return made[0], made[1], made[2]
    kind = f"a {type(made).__name__} of {len(made)}" if isinstance(made, tuple | list) else type(made).__name__
    raise TypeError(
        f"the factory returned {kind}; valid: Subject(model, optimizer, loss) of solv.models.coordinate_check, or a "
        "tuple of these three"
    )


def _scalar(found: Any) -> Tensor:
    if isinstance(found, Mapping) and "loss" in found:
        found = found["loss"]
    elif not isinstance(found, Tensor) and hasattr(found, "loss"):
        found = found.loss
    elif isinstance(found, tuple | list) and found:
        found = found[0]
    if found is None:
        raise FactoryError(
            "the loss is None: a model of transformers computes it where it is given labels, and a function has to "
            "return it"
        )
    if not isinstance(found, Tensor):
        raise FactoryError(f"the loss is a {type(found).__name__}; valid: a tensor of one number, not its .item()")
    if found.numel() != 1:
        raise FactoryError(
            f"the loss has shape {tuple(found.shape)}, not one number: take its mean (reduction='mean', or .mean())"
        )
    return found.reshape(())


def _wants_closure(optimizer: torch.optim.Optimizer) -> bool:
    parameter = inspect.signature(optimizer.step).parameters.get("closure")
    return parameter is not None and parameter.default is inspect.Parameter.empty


def _how_to_call(factory: Callable[..., Any], size: int, name: str) -> tuple[tuple[int, ...], dict[str, int]]:
    """Return the arguments, positional and named, with which a factory is given its size."""
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # built in: it says nothing about itself
        return (size,), {}
    required = [
        each.name
        for each in parameters.values()
        if each.default is inspect.Parameter.empty
        and each.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    ]
    positional = [each.name for each in parameters.values() if each.kind in _POSITIONAL]
    kinds = {each.kind for each in parameters.values()}
    given = parameters.get(name)
    arguments: tuple[tuple[int, ...], dict[str, int]]
    if given is not None and given.kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        chosen, arguments = name, ((), {name: size})
    elif positional:
        chosen, arguments = positional[0], ((size,), {})
    elif inspect.Parameter.VAR_POSITIONAL in kinds:
        chosen, arguments = "", ((size,), {})
    elif required:
        chosen, arguments = required[0], ((), {required[0]: size})
    elif inspect.Parameter.VAR_KEYWORD in kinds:
        chosen, arguments = "", ((), {name: size})
    else:
        raise FactoryError(f"the factory takes no argument; valid: a function of the {name}")
    others = [each for each in required if each != chosen]
    if others:
        needed = ", ".join(others)
        raise FactoryError(
            f"the factory needs {needed} beside the {name}: give defaults, or wrap it: "
            f"functools.partial(build, {others[0]}=...)"
        )
    return arguments


def _takes_an_argument(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(each.kind in (*_POSITIONAL, inspect.Parameter.VAR_POSITIONAL) for each in parameters)


@contextmanager
def _theirs(where: str) -> Iterator[None]:
    """Turn whatever the person's code raises into a `FactoryError` that says where."""
    try:
        yield
    except (FactoryError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        raise FactoryError(f"at {where}: it ended the program, {fault_of_theirs(error)}") from error
    except Exception as error:
        raise FactoryError(f"at {where}: {fault_of_theirs(error)}") from error


def fault_of_theirs(error: BaseException) -> str:
    """Return kind and message of an error, on one line, and where in the person's own code it was raised."""
    text = " ".join(str(error).split())
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}..."
    return (f"{type(error).__name__}: {text}" if text else type(error).__name__) + _last_frame(error)


def _last_frame(error: BaseException) -> str:
    """Return the last line of the person's own code on the way to an error, in brackets, or nothing."""
    own = [each for each in traceback.extract_tb(error.__traceback__) if not _is_installed(each.filename)]
    if not own:
        return ""
    return f" ({Path(own[-1].filename).name}:{own[-1].lineno}, in {own[-1].name})"


def _is_installed(filename: str) -> bool:
    """Return whether a file is of Python, of an installed library or of this package, or none at all."""
    if filename.startswith("<"):
        return True
    kinds = ("stdlib", "purelib", "platlib")
    folders: list[str | Path] = [*site.getsitepackages(), *(sysconfig.get_paths()[kind] for kind in kinds)]
    folders += [Path(__file__).resolve().parents[2] / room for room in ("cli", "harness", "models")]
    return any(Path(filename).resolve().is_relative_to(Path(folder).resolve()) for folder in folders)
