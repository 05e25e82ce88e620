"""Part `rise-map`: for how much data and how many features does the noise-free loss rise again? E6, equation (11)."""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import pandas as pd

from solv.experiments.dmft.counting import COMPLEX, exact_flow
from solv.experiments.dmft.regression_problems import RegressionCell, count
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.flow_map import isotropic_flow_losses
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, parameter, select
from solv.tracking.panels import Map, Panel

RECORD = Recorder("dmft", "rise-map")
MAP_VALUES = (0.1, 0.3, 0.5, 0.8, 1.2, 3.0)  # P/D and N/D of the claim, always columns of the map
MAP_POINTS = ((0.3, 0.3), (0.3, 0.5), (0.5, 0.5), (0.5, 1.2), (0.8, 0.8), (1.2, 0.3), (1.2, 1.2), (3.0, 1.2))
MAP_SPAN = (0.1, 300.0)  # times between which a curve of the map is followed
TALBOT_ORDER = 24  # nodes of the inversion, as theory takes them by default
CELL_CALLS = 35  # of NumPy on pairs of nodes, for a cell of the map at a time
RISE_THRESHOLD = 1e-4  # relative rise after the minimum below which a curve counts as monotone
RESOLVED_LOSS = 1e-6  # a flow's loss is known to about 1e-8: below this no rise is read off
JUDGED_RISE = 0.01  # finite systems scatter around weaker rises
BELOW, ABOVE = 0.8, 1.2  # the loss rises up to the one value of min(P, N) / D, and not from the other on
DIAGONAL = "P = N"


class Panels(StrEnum):
    """The panels of this part."""

    RISE = "rise"
    LATE = "late"
    RISE_CURVES = "rise-curves"
    RISE_REGRESSION = "rise-regression"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the maps of the rise and of the late loss, curves behind them, and those of infinitely many features."""
    ratios = "samples P/D", "features N/D"
    limits = (0.92 * MAP_VALUES[0], 1.09 * MAP_VALUES[-1])
    until = f"{MAP_SPAN[1]:g}"
    return [
        Panel(
            Panels.RISE, "Where the noise-free loss rises again", *ratios, x_scale="log", y_scale="log",
            heat=Map("features", "rise", f"rise after the minimum, t ≤ {until}", "log", floor=1e-3),
            x_limits=limits, y_limits=limits, series=_label, note=f"grey: monotone (rise < {RISE_THRESHOLD:g})",
        ),
        Panel(
            Panels.LATE, f"Loss at t = {until}: the peak on P = N", *ratios, x_scale="log", y_scale="log",
            heat=Map("features", "late loss", f"test loss at t = {until}", "log", floor=0.1),
            x_limits=limits, y_limits=limits, series=_label,
        ),
        Panel(
            Panels.RISE_CURVES, "Curves behind the map", "time t", "test loss", x_scale="log", y_scale="log",
            series="P/D={samples}, N/D={features}",
        ),
        Panel(
            Panels.RISE_REGRESSION, "N = ∞: monotone for every P", "time t", "test loss", x_scale="log",
            series="P/D={samples}", ordered=True,
        ),
    ]  # fmt: skip


def _label(params: Params) -> str:
    return str(params.get("line", "")) or f"N/D={params['features']:.3g}"


# -- theory --------------------------------------------------------------------------------------------------------


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield where the noise-free flow rises again, and how high it ends; both are symmetric under P <-> N."""
    values, times = map_values(config), map_times(config)
    rows, columns = np.tril_indices(len(values))
    losses = np.empty((len(values), len(values), len(times)))
    losses[rows, columns] = losses[columns, rows] = isotropic_flow_losses(values[columns], values[rows], times)
    rises, ends = rise_after_minimum(losses), np.maximum(losses[..., -1], RESOLVED_LOSS)
    for row, n in enumerate(values):
        yield RECORD.theory(Panels.RISE, _row(n), x=("P/D", values), y=("rise", rises[row]))
        yield RECORD.theory(Panels.LATE, _row(n), x=("P/D", values), y=("late loss", ends[row]))
    for panel in (Panels.RISE, Panels.LATE):
        yield RECORD.theory(panel, {"line": DIAGONAL}, x=("P/D", values), y=("N/D", values))
    points = list(dict.fromkeys(tuple(sorted(point)) for point in MAP_POINTS))
    for panel, cells in (
        (Panels.RISE_CURVES, points),
        (Panels.RISE_REGRESSION, [(p, np.inf) for p in MAP_VALUES]),
    ):
        samples, features = np.array(cells).T
        for (p, n), y in zip(cells, isotropic_flow_losses(samples, features, times), strict=True):
            yield RECORD.theory(panel, RegressionCell(p, n).params, x=("time", times), y=("test loss", y))


def map_values(config: DmftConfig) -> np.ndarray:
    """Return the values of P/D and N/D of the map: log-spaced, with those of the claim in place of their neighbours."""
    values = np.geomspace(MAP_VALUES[0], MAP_VALUES[-1], config.flow.columns)
    spacing = math.log(MAP_VALUES[-1] / MAP_VALUES[0]) / (config.flow.columns - 1)
    apart = [value for value in values if min(abs(math.log(value / known)) for known in MAP_VALUES) > 0.55 * spacing]
    return np.unique(np.concatenate([apart, MAP_VALUES]))


def map_times(config: DmftConfig) -> np.ndarray:
    """Return the times at which a curve of the map is followed."""
    return np.geomspace(*MAP_SPAN, config.flow.times)


def rise_after_minimum(losses: np.ndarray) -> np.ndarray:
    """Return how far the loss rises after its minimum, relative to it, along the last axis; 0 below the threshold."""
    resolved = np.maximum(losses, RESOLVED_LOSS)
    rise = np.max(resolved / np.minimum.accumulate(resolved, axis=-1), axis=-1) - 1
    return np.where(rise > RISE_THRESHOLD, rise, 0.0)


def _row(features: float) -> dict[str, object]:
    return {"features": features, "until": MAP_SPAN[1]}


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield rise and late loss at some points of the map, and the curves of those with P <= N."""
    from solv.experiments.dmft.flow_simulation import flow_losses
    from solv.experiments.dmft.repeats import averaged

    times, read, size = map_times(config), np.arange(0, config.flow.times, 4), config.flow
    with context.progress.task("simulate points of the map", len(MAP_POINTS)) as step:
        for p, n in MAP_POINTS:
            cell = RegressionCell(p, n)
            losses = flow_losses(context, step, "map", cell, size.map_dimension, size.map_repeats, times)[
                "non-Hermitian"
            ]
            rise = averaged("rise", rise_after_minimum(losses)[:, None])
            yield RECORD.simulation(Panels.RISE, _row(n), x=("P/D", p), **rise)
            late = averaged("late loss", np.maximum(losses[:, -1:], RESOLVED_LOSS))
            yield RECORD.simulation(Panels.LATE, _row(n), x=("P/D", p), **late)
            if p <= n:
                followed = averaged("test loss", losses[:, read])
                yield RECORD.simulation(Panels.RISE_CURVES, cell.params, x=("time", times[read]), **followed)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_map(curves: Curves) -> Judgement:
    """Judge theory in every cell, and a simulated rise where theory's is above 1 % or the curve is monotone.

    A rise below the threshold is 0 and none is negative, so that a simulated mean of exactly 0 is a count: not one of
    the draws rises.
    """
    rises, late = (
        _table(select(curves, panel=panel, source="theory", y_name=name))
        for panel, name in ((Panels.RISE, "rise"), (Panels.LATE, "late loss"))
    )
    cells = list(MAP_VALUES)
    expected = np.minimum.outer(MAP_VALUES, MAP_VALUES) <= BELOW
    wrong = int(((rises.loc[cells, cells].to_numpy() > 0) != expected).sum())
    ends = late.loc[cells, cells].to_numpy()
    off_peak = sum(int(np.argmax(ends[row]) != row) for row, value in enumerate(MAP_VALUES) if value <= BELOW)
    limit = select(curves, panel=Panels.RISE_REGRESSION, source="theory")
    rising = sum(int(rise_after_minimum(line["y"].to_numpy()) > 0) for _, line in each_curve(limit))
    verdicts = [within(exceptions, 0, 0) for exceptions in (wrong, off_peak, rising)]
    simulated = select(curves, panel=Panels.RISE, source="simulation")
    points: list[Verdict] = []
    up = flat = 0
    for row, n in zip(simulated.to_dict("records"), parameter(simulated, "features"), strict=True):
        if min(row["x"], n) >= ABOVE:
            flat += 1
            points.append(within(row["y"], 0, 0, row["y_err"]))
        elif rises.loc[n, row["x"]] > JUDGED_RISE:
            up += 1
            points.append(exceeds(row["y"], RISE_THRESHOLD, row["y_err"]))
    return Judgement(
        all_of([*verdicts, all_of(points)]),
        predicted="no exception among 36 cells",
        measured=(
            f"theory: {wrong} cells on the wrong side, {off_peak} rows with the peak off P = N, {rising} rising curves "
            f"at N = ∞; simulation: {up} cells expected to rise and {flat} to fall, {points.count(Verdict.HOLDS)} do"
        ),
        tolerance=f"theory exact (a rise counts above {RISE_THRESHOLD:g}); simulated rises 2 s.e. above it",
    )


def _table(rows: Curves) -> pd.DataFrame:
    return rows.assign(row=parameter(rows, "features")).pivot(index="row", columns="x", values="y")


def work(config: DmftConfig) -> Work:
    """Return the work of the simulated points of the map, and of theory, each cell and time by itself."""
    d, times, columns = config.flow.map_dimension, config.flow.times, len(map_values(config))
    flows = [exact_flow(d, count(p, d), count(n, d), times) for p, n in MAP_POINTS]
    cells = columns * (columns + 1) // 2 + len(MAP_POINTS) + len(MAP_VALUES)
    nodes = TALBOT_ORDER * (2 * TALBOT_ORDER - 1)
    theory = Work(CELL_CALLS * COMPLEX * nodes, CELL_CALLS) * (cells * times)
    return config.flow.map_repeats * sum(flows, Work()) + theory


RISE_MAP = Part(
    name="rise-map",
    question="For how much data and how many features does the noise-free loss rise again?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "map",
            "The noise-free loss is monotone when P, N >= 1.2 D, non-monotone when min(P, N) <= 0.8 D, largest in the "
            "end on P = N, and monotone for every P at N = infinity.",
            reads=(Panels.RISE, Panels.LATE, Panels.RISE_REGRESSION),
            judge=_judge_map,
            needs={"flow.map_repeats": 12},
        ),
    ),
)
