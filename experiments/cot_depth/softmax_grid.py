"""Part `softmax-grid`: at which context and how much pretraining does a long chain of softmax attention end well?

The paper's training of part `attention-grid`, with scores that are normalised. A minibatch has to read its contexts
token by token: a step costs about 1 + N / 20 ms on one core, and the grid of 225 cells some four hours.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

from solv.experiments.cot_depth.settings import AttentionGrid, CotDepthConfig
from solv.experiments.cot_depth.work import grid
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.tracking.curves import Curves, Params, Recorder, geometric_mean
from solv.tracking.panels import Map, Panel

RECORD = Recorder("cot-depth", "softmax-grid")


class Panels(StrEnum):
    """The panel of this part."""

    GRID = "softmax-grid"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the map of the error at the end of the chain."""
    grid = config.softmax_grid
    return [
        Panel(
            Panels.GRID,
            f"Softmax attention trained on one step: error at t = {grid.depth} (D = {grid.dimension})",
            "context length L",
            "pretraining contexts M",
            x_scale="log",
            y_scale="log",
            heat=Map("pretraining", "error", "test error", "log", floor=1e-1, ceiling=1e2),
            note="small squares: the authors; grey: beyond all numbers",
            figure="CoT dynamics, C",
        ),
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Predict nothing: the step that is learned from random estimates is not that of the theory."""
    return iter(())


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of the trained blocks, and the authors' where their sizes are these."""
    from solv.experiments.cot_depth.one_step_training import train_grid

    grid = config.softmax_grid
    errors = train_grid("softmax", grid, context)
    for row, pretraining in enumerate(grid.pretraining):
        y, y_err, n = geometric_mean(errors[:, row, :, -1])
        at = {"dimension": grid.dimension, "pretraining": pretraining, "depth": grid.depth}
        yield RECORD.trained(Panels.GRID, at, x=("context", grid.context), y=("error", y), y_err=y_err, n=n)
    yield from published_curves(
        RECORD, Panels.GRID, package=__package__, x="context", y="error", keep=partial(_ours, grid)
    )


def _ours(grid: AttentionGrid, params: Params) -> bool:
    """Return whether a row of the authors is one of this grid, at their dimension and depth."""
    sizes = (params["dimension"], params["depth"], params["pretraining"] in grid.pretraining)
    return sizes == (grid.dimension, grid.depth, True)


def work(config: CotDepthConfig) -> Work:
    """Return the work of the trainings of every cell."""
    return grid("softmax", config.softmax_grid)


SOFTMAX_GRID = Part(
    name="softmax-grid",
    question="At which context and how much pretraining does a long chain of trained softmax attention end well?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="CoT dynamics, C",
)
