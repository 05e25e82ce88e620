"""Part `starfish-lengths`: how many ancestors does a trace of the starfish task write? (E4)"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.pita.settings import PitaConfig
from solv.experiments.pita.starfish import span
from solv.harness.contract import Context, Part
from solv.theory.pita.chain_lengths import trace_lengths
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "starfish-lengths")
SAMPLED = 20_000  # traces whose lengths are counted


class Panels(StrEnum):
    """The panel of this part."""

    TRACE_LENGTHS = "trace-lengths"


def panels(config: PitaConfig) -> list[Panel]:
    """Return the distribution of lengths."""
    return [
        Panel(
            Panels.TRACE_LENGTHS,
            "E4 Ancestors in a training trace",
            "ancestors n",
            "probability",
            series="D={depth}",
            ordered=True,
            main=True,
        )
    ]


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield the exact distribution at every depth."""
    for depth in sorted(set(config.generalisation.depth)):
        hops = span(config.generalisation.hops, depth)
        probabilities = trace_lengths(depth, 1, hops)[1:]
        at = {"depth": depth, "hops": hops}
        yield RECORD.theory(
            Panels.TRACE_LENGTHS, at, x=("ancestors", np.arange(1, depth)), y=("probability", probabilities)
        )


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield the lengths of the traces of random questions."""
    from solv.data.pita.starfish import Starfish

    general = config.generalisation
    for depth in sorted(set(general.depth)):
        task, hops = Starfish(general.arms[0], depth), span(general.hops, depth)
        questions, _ = task.questions(SAMPLED, 1, hops, context.seeds.numpy("trace lengths", depth))
        part = np.bincount(questions[:, 1] // task.arms, minlength=depth)[1:] / SAMPLED
        yield RECORD.simulation(
            Panels.TRACE_LENGTHS,
            {"depth": depth, "hops": hops},
            x=("ancestors", np.arange(1, depth)),
            y=("probability", part),
            y_err=np.sqrt(part * (1 - part) / SAMPLED),
            n=SAMPLED,
        )


STARFISH_LENGTHS = Part(
    name="starfish-lengths",
    question="How many ancestors does the trace of a training question write?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
)
