"""Part `time-grid`: do the two-time equations hold step by step on a grid of times? E1, equation (9)."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.elliptic_systems import EllipticCell, elliptic_cells, euler_times
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.theory.dmft.elliptic import euler_two_time
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "time-grid")


class Panels(StrEnum):
    """The panels of this part."""

    EULER = "euler"
    EULER_RESPONSE = "euler-response"


def panels(config: DmftConfig) -> list[Panel]:
    """Return correlation and response on the grid."""
    latest, cell = config.elliptic.until, "τ={tau}, g={g}"
    return [
        Panel(
            Panels.EULER, "Two-time grid and Euler map, step {time_step}", "time t", "correlation C(t, t)",
            y_scale="log", x_limits=(0, latest), y_limits=(1e-4, None), facets=("time_step",), series=cell, main=True,
        ),
        Panel(
            Panels.EULER_RESPONSE, "Response on the grid, step {time_step}", "time t", "response R(t)",
            x_limits=(0, latest), facets=("time_step",), series=cell, main=True,
        ),
    ]  # fmt: skip


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield correlation and response of the two-time equations."""
    times = euler_times(config)
    for cell in elliptic_cells(config):
        grid = euler_two_time(cell.g, cell.tau, config.time_step, len(times) - 1)
        at = _at(config, cell)
        yield RECORD.theory(Panels.EULER, at, x=("time", times), y=("C(t,t)", np.diagonal(grid.correlation)))
        response = grid.response[:, 0] / config.time_step
        yield RECORD.theory(Panels.EULER_RESPONSE, at, x=("time", times[1:]), y=("R(t)", response[1:]))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the correlation of Euler's map for finite matrices."""
    from solv.experiments.dmft.linear_simulation import small_systems
    from solv.experiments.dmft.repeats import averaged

    cells = elliptic_cells(config)
    with context.progress.task("simulate Euler's map", len(cells)) as step:
        for cell in cells:
            correlation = averaged("C(t,t)", small_systems(config, context, step, cell)["euler"])
            yield RECORD.simulation(Panels.EULER, _at(config, cell), x=("time", euler_times(config)), **correlation)


def _at(config: DmftConfig, cell: EllipticCell) -> dict[str, object]:
    return {**cell.params, "time_step": config.time_step}


TIME_GRID = Part(
    name="time-grid",
    question="Do the two-time equations hold step by step on a grid of times?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
)
