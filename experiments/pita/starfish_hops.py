"""Part `starfish-hops`: how does accuracy fall as questions span more hops than those of the training? (E4)"""

from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.pita.answers import ANSWERS
from solv.experiments.pita.settings import PitaConfig
from solv.experiments.pita.starfish import Cell, plane_cells, tested_hops
from solv.harness.contract import Context, Part
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "starfish-hops")


class Panels(StrEnum):
    """The panel of this part."""

    HOPS = "hops"


def panels(config: PitaConfig) -> list[Panel]:
    """Return the accuracy at every number of hops, unless every task has too many nodes."""
    hops = Panel(
        Panels.HOPS,
        "E4 D = {depth}, trained on s ≤ {hops}",
        "hops s",
        "accuracy",
        y_limits=(0.2, 1.05),
        facets=("depth", "hops"),
        series="{answer}, A={arms}",
        figure="accuracy against hops",
    )
    return [hops] if plane_cells(config, ANSWERS[0]) else []


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield nothing: what errors of single tokens predict is in part `starfish-errors`."""
    yield from ()


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield the accuracy of models with a trace and of direct ones on every task."""
    from solv.experiments.pita.starfish_training import learn_plane

    for cell, results in learn_plane(config, context, *ANSWERS).items():
        y, y_err, n = standard_error(results["accuracy"][0])
        yield RECORD.trained(
            Panels.HOPS, _at(config, cell), x=("hops", tested_hops(cell.depth)), y=("accuracy", y), y_err=y_err, n=n
        )


def _at(config: PitaConfig, cell: Cell) -> dict[str, object]:
    return {
        "answer": cell.answer,
        "arms": cell.arms,
        "depth": cell.depth,
        "hops": cell.hops,
        "width": config.generalisation.width,
        "attention": config.training.attention,
    }


STARFISH_HOPS = Part(
    name="starfish-hops",
    question="Which models are still right where questions span more hops than those of the training?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    figure="accuracy against hops",
)
