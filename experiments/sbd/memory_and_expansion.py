"""Part `memory-and-expansion`: how much do memory, start and expansion of the correlation matter to SBD?"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.sbd.settings import SBD, SBD_RANDOM, SbdConfig
from solv.harness.contract import Context, Part
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

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
        accuracy(Panels.MEMORY, "Memory λ (digits, SBD)", x_label="1 - λ"),
        accuracy(Panels.START, "Start of the correlation (digits, SBD)", x_label="deviation of R before training"),
        accuracy(Panels.FEATURES, "Random features of the expansion (digits, SBD)", x_label="features"),
    ]


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Predict nothing: no theory says how accurate a rule becomes."""
    yield from ()


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield the accuracy on the digits, all values of one setting trained as one batch."""
    from solv.experiments.sbd.ladders import Ladder
    from solv.experiments.sbd.rules import Plan

    ladder = Ladder(config, context)
    memories, starts, features = config.ladders.memory, config.ladders.start, config.ladders.features
    rungs = (
        (Panels.MEMORY, "1 - lambda", [1 - each for each in memories], Plan([SBD] * len(memories), memory=memories)),
        (Panels.START, "start", starts, Plan([SBD] * len(starts), start=starts)),
        (Panels.FEATURES, "features", features, Plan([SBD_RANDOM] * len(features), features=features)),
    )
    with context.progress.task("train other memories, starts and expansions", len(rungs)) as step:
        for panel, x_name, values, plan in rungs:

            def train(name: str = panel.value, plan: Plan = plan) -> dict[str, np.ndarray]:
                return {"accuracy": ladder.train(name, DEPTH, WIDTH, plan)}

            y, y_err, n = standard_error(context.unit(panel.value, train)["accuracy"].T)
            step.advance(note=panel.value)
            at = {"rule": plan.rules[0], "depth": DEPTH, "width": WIDTH}
            yield RECORD.trained(panel, at, x=(x_name, values), y=("accuracy", y), y_err=y_err, n=n)


MEMORY_AND_EXPANSION = Part(
    name="memory-and-expansion",
    question="How much do the memory and the start of the correlation, and the expansion of the score, matter to SBD?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
)
