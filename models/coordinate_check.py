"""Does a model of yours learn equally fast at every width? The coordinate check for any `torch.nn.Module`.

A few training steps are taken at several sizes. For every leaf module that has parameters two numbers are measured on
one batch: its *learned part*, the module's output minus what it would be with the initial parameters on the same
input; and its *change*, its output minus that of the untrained model. Under a parameterization whose best learning
rate transfers, learned parts neither grow nor shrink with size (Yang and Hu, arXiv:2011.14522; the moe-transfer spec,
section 2.3). The change mixes in the initial part, and crosses over slowly: it is reported, not judged.

    def build(width: int) -> Subject:
        model = ...
        return Subject(model, torch.optim.Adam(model.parameters(), 1e-3), lambda step: loss_of(model, batch(step)))

    for found in check_coordinates(build, sizes=[64, 128, 256]):
        print(found.module, found.slope, found.error, found.verdict)
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

Verdict = Literal["order one", "grows", "shrinks", "undecided", "does not learn"]
FLAT = 0.15  # slope up to which a learned part counts as of order one: what cross-over leaves at a few hundred units


@dataclass(frozen=True)
class Subject:
    """What is checked: a fresh model, its optimizer, and the loss of the batch of a step (counted from 0).

    The loss runs the model; the batch must depend on the step alone and be the same at every size.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    loss: Callable[[int], Tensor]


@dataclass(frozen=True)
class CoordinateSlope:
    """How one module's coordinates go with size.

    Attributes:
        module: its name in the model.
        learned, change: root mean squares, shape (seeds, sizes).
        slope, error: of log learned against log size, mean over seeds, and its standard error (NaN for one seed).
        change_slope: that of the change, NaN where it is 0.
        verdict: on the learned part: slope +- 2 error inside +-`FLAT`, beyond, or across its edge.
    """

    module: str
    learned: Float[np.ndarray, "seeds sizes"]
    change: Float[np.ndarray, "seeds sizes"]
    slope: float
    error: float
    change_slope: float
    verdict: Verdict


def check_coordinates(
    factory: Callable[[int], Subject], sizes: Sequence[int], steps: int = 6, seeds: int = 3
) -> list[CoordinateSlope]:
    """Train a model of every size for a few steps and return the slopes of its modules, in the model's order.

    Args:
        factory: makes a fresh subject of a size; torch's global seed is set before each call.
        sizes: at least two different ones, > 0.
        steps: training steps, >= 1.
        seeds: initialisations of each size, >= 1; three or more give an error worth having.

    Raises:
        ValueError: sizes, steps or seeds out of range; sizes whose models have no module in common.
        TypeError: the factory returns something else than a `Subject`.
    """
    if len(set(sizes)) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes = {list(sizes)}; valid: at least two different ones, >= 1")
    if steps < 1 or seeds < 1:
        raise ValueError(f"steps = {steps}, seeds = {seeds}; valid: at least 1")
    ordered = sorted(set(sizes))
    found = [[_measure(factory, size, steps, seed) for size in ordered] for seed in range(seeds)]
    shared = [name for name in found[0][0] if all(name in each for row in found for each in row)]
    if not shared:
        raise ValueError("the models have no module with parameters in common")
    return [
        _judge(name, np.array(ordered), np.array([[each[name] for each in row] for row in found])) for name in shared
    ]


def _judge(name: str, sizes: np.ndarray, values: Float[np.ndarray, "seeds sizes 2"]) -> CoordinateSlope:
    learned, change = values[..., 0], values[..., 1]
    slope, error = _slope(sizes, learned)
    if not (learned > 0).all():
        verdict: Verdict = "does not learn"
    elif math.isnan(error):
        verdict = "undecided"
    elif abs(slope) + 2 * error <= FLAT:
        verdict = "order one"
    elif abs(slope) - 2 * error > FLAT:
        verdict = "grows" if slope > 0 else "shrinks"
    else:
        verdict = "undecided"
    return CoordinateSlope(name, learned, change, slope, error, _slope(sizes, change)[0], verdict)


def _slope(sizes: np.ndarray, values: Float[np.ndarray, "seeds sizes"]) -> tuple[float, float]:
    if not (np.isfinite(values) & (values > 0)).all():
        return math.nan, math.nan
    each = np.polyfit(np.log(sizes), np.log(values).T, 1)[0]
    return float(each.mean()), float(each.std(ddof=1) / math.sqrt(len(each))) if len(each) > 1 else math.nan


def _measure(factory: Callable[[int], Subject], size: int, steps: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return (learned, change) of every module."""
    torch.manual_seed(seed)
    subject = factory(size)
    if not isinstance(subject, Subject):
        raise TypeError(f"the factory returned {type(subject).__name__}; valid: models.coordinate_check.Subject")
    modules = {
        name: module
        for name, module in subject.model.named_modules()
        if not list(module.children()) and list(module.parameters())
    }
    start = {
        name: {key: p.detach().clone() for key, p in module.named_parameters()} for name, module in modules.items()
    }
    with _recorded(modules) as before, torch.no_grad():
        subject.loss(steps)
    for step in range(steps):
        subject.optimizer.zero_grad()
        torch.autograd.backward(subject.loss(step))
        subject.optimizer.step()
    with _recorded(modules) as after, torch.no_grad():
        subject.loss(steps)
    found = {}
    for name, module in modules.items():
        if len(before[name]) != len(after[name]) or not after[name]:
            continue
        with torch.no_grad():
            learned = [out - functional_call(module, start[name], given) for given, out in after[name]]
        change = [new - old for (_, new), (_, old) in zip(after[name], before[name], strict=True)]
        found[name] = _size(learned), _size(change)
    return found


def _size(values: Sequence[Tensor]) -> float:
    flat = torch.cat([value.flatten().double() for value in values])
    return float(flat.square().mean().sqrt())


@contextmanager
def _recorded(modules: dict[str, nn.Module]) -> Iterator[dict[str, list[tuple[Any, Tensor]]]]:
    """Record inputs and outputs of every call of the modules."""
    seen: dict[str, list[tuple[Any, Tensor]]] = {name: [] for name in modules}

    def record(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, given: Any, out: Any) -> None:
            if isinstance(out, Tensor):
                seen[name].append((given, out.detach().clone()))

        return hook

    handles = [module.register_forward_hook(record(name)) for name, module in modules.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
