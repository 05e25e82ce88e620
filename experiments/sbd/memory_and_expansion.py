"""Part `memory-and-expansion`: how much do memory, start and expansion of the correlation matter to SBD?"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from solv.experiments.sbd.network_work import ladder_work
from solv.experiments.sbd.settings import SBD, SBD_RANDOM, SbdConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.experiments.sbd.ladders import Ladder
    from solv.experiments.sbd.rules import Plan

RECORD = Recorder("sbd", "memory-and-expansion")
DEPTH, WIDTH = 3, 128  # of the network


class Panels(StrEnum):
    """The panels of this part."""

    MEMORY = "memory"
    START = "start"
    FEATURES = "features"


def panels(config: SbdConfig) -> list[Panel]:
    """Return the accuracy against what the correlation forgets, where it starts, and how far the score is expanded."""
    accuracy = partial(Panel, y_label="test accuracy", x_scale="log", series="{rule}")
    return [
        Panel(
            Panels.MEMORY,
            "Memory λ (digits, SBD)",
            "(1 - λ) steps",
            "test accuracy",
            x_scale="log",
            series="{steps} steps",
            ordered=True,
            note="left: R stays as drawn (DFA); right: collapse",
        ),
        accuracy(Panels.START, "Start of the correlation (digits, SBD)", x_label="deviation of R before training"),
        accuracy(Panels.FEATURES, "Random features of the expansion (digits, SBD)", x_label="features"),
    ]


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Predict nothing: no theory says how accurate a rule becomes."""
    yield from ()


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield the accuracy on the digits, all values of one setting trained as one batch; memories at several lengths."""
    from solv.experiments.sbd.ladders import Ladder
    from solv.experiments.sbd.rules import Plan

    ladder, setting = Ladder(config, context), config.ladders
    with context.progress.task("train other memories, starts and expansions", len(setting.memory_epochs) + 2) as step:
        for epochs in setting.memory_epochs:
            plan, steps = Plan([SBD] * len(setting.memory), memory=setting.memory), ladder.steps(epochs)
            y, y_err, n = _accuracies(ladder, context, f"memory {epochs}", plan, epochs)
            step.advance(note=f"memory, {epochs} epochs")
            forgotten = ("forgotten", [(1 - memory) * steps for memory in setting.memory])
            at = {"rule": SBD, "depth": DEPTH, "width": WIDTH, "steps": steps}
            yield RECORD.trained(Panels.MEMORY, at, x=forgotten, y=("accuracy", y), y_err=y_err, n=n)
        starts, features = setting.start, setting.features
        for panel, values, plan in (
            (Panels.START, starts, Plan([SBD] * len(starts), start=starts)),
            (Panels.FEATURES, features, Plan([SBD_RANDOM] * len(features), features=features)),
        ):
            y, y_err, n = _accuracies(ladder, context, panel.value, plan, None)
            step.advance(note=panel.value)
            at = {"rule": plan.rules[0], "depth": DEPTH, "width": WIDTH}
            yield RECORD.trained(panel, at, x=(panel.value, values), y=("accuracy", y), y_err=y_err, n=n)


def _accuracies(
    ladder: "Ladder", context: Context, name: str, plan: "Plan", epochs: int | None
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return mean, error and number of the accuracies of every block of a plan."""

    def train() -> dict[str, np.ndarray]:
        stream = name.split()[0]  # trainings of different lengths start alike
        return {"accuracy": ladder.train(name, DEPTH, WIDTH, plan, epochs=epochs, stream=stream)}

    return standard_error(context.unit(name, train)["accuracy"].T)


def work(config: SbdConfig) -> Work:
    """Return the work of training all memories, for each number of epochs, all starts and all numbers of features."""
    setting, size = config.ladders, (DEPTH, WIDTH)
    memories = [ladder_work(config, *size, [SBD] * len(setting.memory), epochs) for epochs in setting.memory_epochs]
    starts = ladder_work(config, *size, [SBD] * len(setting.start))
    most = max(setting.features)  # drawn for all
    return sum(memories, starts) + ladder_work(config, *size, [SBD_RANDOM] * len(setting.features), features=most)


MEMORY_AND_EXPANSION = Part(
    name="memory-and-expansion",
    question="How much do the memory and the start of the correlation, and the expansion of the score, matter to SBD?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
