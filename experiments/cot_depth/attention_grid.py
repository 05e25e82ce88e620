"""Part `attention-grid`: at which context and how much pretraining does a long chain of linear attention end well?

The paper trains one step from a random estimate, at every point of a grid, and reads the error of a long chain.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.cot_depth.settings import AttentionGrid, CotDepthConfig
from solv.experiments.cot_depth.work import grid
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.tracking.curves import Curves, Params, Recorder, geometric_mean
from solv.tracking.panels import Map, Panel

RECORD = Recorder("cot-depth", "attention-grid")


class Panels(StrEnum):
    """The panels of this part."""

    GRID = "attention-grid"
    CHAINS = "attention-grid-chains"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the map of the error at the end of the chain, and the chains of its diagonal."""
    grid = config.attention_grid
    return [
        Panel(
            Panels.GRID,
            f"Linear attention trained on one step: error at t = {grid.depth} (D = {grid.dimension})",
            "context length L",
            "pretraining contexts M",
            heat=Map("pretraining", "error", "test error", "log", floor=1e-2, ceiling=1e2),
            note="small squares: the authors; grey: beyond all numbers",
            figure="CoT dynamics, B",
        ),
        Panel(
            Panels.CHAINS,
            f"Chains of the map's diagonal, L = M (D = {grid.dimension})",
            "reasoning depth t",
            "test error",
            y_scale="log",
            y_limits=(1e-2, 1e3),
            series="L=M={pretraining}",
            ordered=True,
            note="crosses: the authors",
        ),
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Predict nothing: the step that is learned from random estimates is not that of the theory."""
    return iter(())


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of the trained blocks, and the authors' where their sizes are these."""
    from solv.experiments.cot_depth.one_step_training import train_grid

    grid = config.attention_grid
    errors = train_grid("linear", grid, context)
    for row, pretraining in enumerate(grid.pretraining):
        y, y_err, n = geometric_mean(errors[:, row, :, -1])
        at = {"dimension": grid.dimension, "pretraining": pretraining, "depth": grid.depth}
        yield RECORD.trained(Panels.GRID, at, x=("context", grid.context), y=("error", y), y_err=y_err, n=n)
        if pretraining in grid.context:
            y, y_err, n = geometric_mean(errors[:, row, grid.context.index(pretraining)])
            at = {"dimension": grid.dimension, "pretraining": pretraining, "context": pretraining}
            depths = np.arange(grid.depth + 1)
            yield RECORD.trained(Panels.CHAINS, at, x=("depth", depths), y=("error", y), y_err=y_err, n=n)
    for panel, x in ((Panels.GRID, "context"), (Panels.CHAINS, "depth")):
        yield from published_curves(RECORD, panel, package=__package__, x=x, y="error", keep=partial(_ours, grid))


def _ours(grid: AttentionGrid, params: Params) -> bool:
    """Return whether a curve of the authors has a row of this grid, at their dimension and depth."""
    sizes = (params["dimension"], params.get("depth", grid.depth), params["pretraining"] in grid.pretraining)
    return sizes == (grid.dimension, grid.depth, True) and params.get("context", grid.context[0]) in grid.context


def work(config: CotDepthConfig) -> Work:
    """Return the work of the trainings of every cell."""
    return grid("linear", config.attention_grid)


ATTENTION_GRID = Part(
    name="attention-grid",
    question="At which context and how much pretraining does a long chain of trained linear attention end well?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="CoT dynamics, B",
)
