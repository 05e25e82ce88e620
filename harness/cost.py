"""What will a run cost on this machine? FLOPs and memory counted from settings, time from a run that was measured.

    k    = measured seconds / (flops / rate + calls * latency)      of `quick`, on the machine that was measured
    time = k * (flops / rate + calls * latency)                     of any settings, on the device at hand

The rate is that of a product of square matrices, the latency that of an addition of a few numbers. k holds what the
count leaves out, such as how far a part's arithmetic lies from a product of large matrices. A part that took no time
at `quick`, such as one whose trainings another part has done, has the k of all parts together; an experiment that was
never measured has k = 1.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solv.harness.contract import Experiment, Part
from solv.harness.settings import RunSettings
from solv.harness.times import cpu_seconds
from solv.harness.work import Work

if TYPE_CHECKING:
    from torch import Tensor

SIDE, ADDITIONS, REPEATS = 1024, 2000, 5
QUICK = "quick"
LEAST = 1.0  # seconds of the quick run below which a part has the factor of all parts together


@dataclass(frozen=True)
class Speed:
    """Of a device: floating-point operations per second, and seconds of a call on small arrays."""

    rate: float
    latency: float

    def seconds(self, work: Work) -> float:
        """Return how long the counted work takes at this speed, by itself."""
        return work.flops / self.rate + work.calls * self.latency


#: One core of the machine that `results/times.json` was measured on.
MEASURED = Speed(rate=7e10, latency=1e-6)


@dataclass(frozen=True)
class Cost:
    """Expected cost of a part.

    Attributes:
        part: its name.
        work: what was counted; None: the part does not say, `seconds` are those of the preset `quick`.
        seconds: on one core, or on the GPU; NaN where the part was never measured and does not count its work.
    """

    part: str
    work: Work | None
    seconds: float


def estimate(experiment: Experiment[Any], settings: RunSettings, speed: Speed = MEASURED) -> list[Cost]:
    """Return the expected cost of the parts that the settings choose.

    Args:
        experiment: one of the catalog, whose preset `quick` was measured.
        settings: its own.
        speed: of the device at hand, as `measure` finds it.
    """
    usual = experiment.Config()
    taken = cpu_seconds(experiment.entry.name, QUICK)
    counted = {part.name: MEASURED.seconds(part.work(usual)) for part in experiment.parts if part.work is not None}
    known = [name for name in counted if name in taken]
    of_all = sum(taken[name] for name in known) / sum(counted[name] for name in known) if known else 1.0

    def cost(part: Part[Any]) -> Cost:
        if part.work is None:
            return Cost(part.name, None, taken.get(part.name, math.nan))
        own = taken.get(part.name, 0.0)
        factor = own / counted[part.name] if own >= LEAST else of_all
        work = part.work(settings)
        return Cost(part.name, work, factor * speed.seconds(work))

    return [cost(part) for part in experiment.chosen(settings.parts)]


def measure(device: str) -> Speed:
    """Return the speed of a device: the best of a few products of matrices and chains of additions.

    Args:
        device: a torch device; of the CPU, one core is measured.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        square, few = torch.randn(SIDE, SIDE, device=device), torch.zeros(8, device=device)

        def product() -> None:
            torch.mm(square, square)

        def additions() -> None:
            total = few
            for _ in range(ADDITIONS):
                total = total + few

        rate, latency = 2 * SIDE**3 / _best(product, few), _best(additions, few) / ADDITIONS
    finally:
        torch.set_num_threads(threads)
    return Speed(rate, latency)


def memory_of(device: str) -> float:
    """Return the bytes that a device has, those in use included; inf where it does not say."""
    import torch

    if torch.device(device).type == "cuda":
        return float(torch.cuda.mem_get_info(device)[1])
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not a Unix
        return math.inf


def _best(action: Callable[[], None], on: "Tensor") -> float:
    """Return the least seconds of a few calls; reading a number waits for what the device has still to do."""
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        action()
        on.sum().item()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
