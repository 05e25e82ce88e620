"""Part `depth-and-width`: how does the accuracy of each rule depend on the depth and the width of the network?"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.sbd.network_work import ladder_work
from solv.experiments.sbd.settings import BP, DFA, EBD, SBD, SbdConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("sbd", "depth-and-width")
COMPARED = (DFA, EBD, SBD)
WIDTH, DEPTH = 64, 3  # units where the depth varies, layers where the width does


class Panels(StrEnum):
    """The panels of this part."""

    DEPTH = "depth"
    WIDTH = "width"


def panels(config: SbdConfig) -> list[Panel]:
    """Return the accuracy against depth, and against width."""
    return [
        Panel(Panels.DEPTH, "Depth (digits)", "layers", "test accuracy", series="{rule}"),
        Panel(Panels.WIDTH, "Width (digits)", "hidden units", "test accuracy", x_scale="log", series="{rule}"),
    ]


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Predict nothing: no theory says how accurate a rule becomes."""
    yield from ()


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield the accuracy of broadcast rules and of BP on the digits."""
    from solv.experiments.sbd.ladders import Ladder
    from solv.experiments.sbd.rules import Plan

    ladder = Ladder(config, context)
    depths, widths = (sorted(set(values)) for values in (config.ladders.depth, config.ladders.width))

    def accuracies(name: str, depth: int, width: int) -> np.ndarray:
        def train() -> dict[str, np.ndarray]:
            broadcast = ladder.train(f"{name} broadcast", depth, width, Plan(COMPARED))
            return {"accuracy": np.concatenate([broadcast, ladder.train(f"{name} BP", depth, width, Plan((BP,)))])}

        return context.unit(name, train)["accuracy"]

    with context.progress.task("train other depths and widths", len(depths) + len(widths)) as step:
        for panel, x_name, values in ((Panels.DEPTH, "layers", depths), (Panels.WIDTH, "units", widths)):
            by_value = []
            for value in values:
                name, size = f"{panel} {value}", (value, WIDTH) if panel is Panels.DEPTH else (DEPTH, value)
                by_value.append(accuracies(name, *size))
                step.advance(note=name)
            fixed = {"width": WIDTH} if panel is Panels.DEPTH else {"depth": DEPTH}
            for place, rule in enumerate((*COMPARED, BP)):
                y, y_err, n = standard_error(np.stack([found[place] for found in by_value], axis=1))
                at = {"rule": rule, **fixed}
                yield RECORD.trained(panel, at, x=(x_name, values), y=("accuracy", y), y_err=y_err, n=n)


def work(config: SbdConfig) -> Work:
    """Return the work of training every depth and every width by all rules."""
    depths, widths = set(config.ladders.depth), set(config.ladders.width)
    sizes = [*((depth, WIDTH) for depth in depths), *((DEPTH, width) for width in widths)]
    return sum((ladder_work(config, *size, rules) for size in sizes for rules in (COMPARED, (BP,))), Work())


DEPTH_AND_WIDTH = Part(
    name="depth-and-width",
    question="How does the accuracy of each rule depend on the depth and the width of the network?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
