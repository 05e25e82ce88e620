"""Part `chain-lengths`: how many nodes does a trace of the chain task write? (E4)"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.pita.chain import span
from solv.experiments.pita.settings import PitaConfig
from solv.harness.contract import Context, Part
from solv.theory.pita.chain_lengths import trace_lengths
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "chain-lengths")
SAMPLED = 20_000  # traces whose lengths are counted


class Panels(StrEnum):
    """The panel of this part."""

    TRACE_LENGTHS = "trace-lengths"


def panels(config: PitaConfig) -> list[Panel]:
    """Return the distribution of lengths."""
    return [
        Panel(
            Panels.TRACE_LENGTHS,
            "Nodes in a training trace",
            "nodes n",
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
        probabilities = trace_lengths(depth, 1, hops, trace=config.training.trace)[1:]
        at = {"depth": depth, "hops": hops, "trace": config.training.trace}
        yield RECORD.theory(
            Panels.TRACE_LENGTHS, at, x=("nodes", np.arange(1, depth + 1)), y=("probability", probabilities)
        )


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield the lengths of the traces of random questions."""
    from solv.data.pita.chain import ChainTask

    general = config.generalisation
    for depth in sorted(set(general.depth)):
        task, hops = ChainTask(general.arms[0], depth, config.training.trace), span(general.hops, depth)
        questions, _ = task.questions(SAMPLED, 1, hops, context.seeds.numpy("trace lengths", depth))
        part = np.bincount(task.steps(questions), minlength=depth + 1)[1:] / SAMPLED
        yield RECORD.simulation(
            Panels.TRACE_LENGTHS,
            {"depth": depth, "hops": hops, "trace": config.training.trace},
            x=("nodes", np.arange(1, depth + 1)),
            y=("probability", part),
            y_err=np.sqrt(part * (1 - part) / SAMPLED),
            n=SAMPLED,
        )


CHAIN_LENGTHS = Part(
    name="chain-lengths",
    question="How many nodes does the trace of a training question write?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
)
