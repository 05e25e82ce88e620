"""Part `direction`: is the teacher the best judge, or one that exaggerates it?"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.best_of_k.counted_work import drawn_samples, exact_error
from solv.experiments.best_of_k.regression import equivalents, noise
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.selection import selection_error
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Recorder, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("best-of-k", "direction")
GRID = 27  # judges of the exact curve, beside the simulated ones


class Panels(StrEnum):
    """The panels of this part."""

    DIRECTION = "direction"
    GAIN = "direction-gain"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the error against the scale of the judge, and its ratio to that of the teacher as judge."""
    panel = partial(Panel, x_label="scale c of the judge (1 + c) w_T", verticals={0.0: "teacher"}, series="k={k}")
    return [
        panel(
            Panels.DIRECTION,
            "The best judge is not the teacher: α = {alpha}, T = {temperature}",
            y_label="error ε",
            facets=("alpha", "temperature"),
        ),
        panel(
            Panels.GAIN,
            "Gain over the teacher as judge: k = {k}",
            y_label="ε(c) / ε(0)",
            facets=("k",),
            note="paired over training sets",
        ),
    ]


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the error of the judges (1 + c) w_T, and its ratio to that at c = 0."""
    line = config.direction
    grid = np.unique([*np.linspace(-0.15, 0.5, GRID).round(6), *line.c, 0.0])
    judges = [equivalents(config, line.alpha, scale=c) for c in grid]
    errors = np.array([selection_error(judge, line.k, line.temperature)[0] for judge in judges])
    ratio = errors / errors[np.argmin(np.abs(grid))]
    yield RECORD.theory(Panels.DIRECTION, _at(config), x=("c", grid), y=("error", errors))
    yield RECORD.theory(Panels.GAIN, _at(config), x=("c", grid), y=("ratio", ratio))


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated errors; all judges score the same samples, and so the ratio is paired."""
    from solv.experiments.best_of_k.drawn_samples import simulate

    line = config.direction
    scales = sorted({*line.c, 0.0})
    judges = [(0.0, c) for c in scales]
    with context.progress.task("simulate judges along the teacher", 1) as step:
        drawn = simulate(config, context, "direction", line.alpha, judges, [line.k], [line.temperature], paired=True)
        step.advance(note=f"alpha={line.alpha:g}")
    errors = drawn[:, :, 0, 0]
    for panel, name, values in (
        (Panels.DIRECTION, "error", errors),
        (Panels.GAIN, "ratio", errors / errors[:, [scales.index(0.0)]]),
    ):
        y, y_err, n = standard_error(values)
        yield RECORD.simulation(panel, _at(config), x=("c", scales), y=(name, y), y_err=y_err, n=n)


def _at(config: BestOfKConfig) -> dict[str, object]:
    line = config.direction
    return {"alpha": line.alpha, "temperature": line.temperature, "k": line.k, **noise(config)}


def _judge(curves: Curves) -> Judgement:
    theory, simulated = (select(curves, source=source).sort_values("x") for source in ("theory", "simulation"))
    exaggerating = simulated[simulated["x"] > 0]
    if theory.empty or exaggerating.empty:
        return missing("direction.c includes values > 0")
    best, least = (rows.iloc[int(rows["y"].argmin())] for rows in (theory, simulated))
    nearest = exaggerating.iloc[int((exaggerating["x"] - best["x"]).abs().argmin())]
    error = known(nearest["y_err"], nearest["n"])
    return Judgement(
        all_of([exceeds(best["x"], 0), exceeds(1 - nearest["y"], 0, error)]),
        predicted=f"c = {best['x']:.3g}: {best['y']:.4f} of the teacher's error",
        measured=f"c = {nearest['x']:.3g}: {nearest['y']:.4f} ± {nearest['y_err']:.4f}; least at c = {least['x']:.3g}",
        tolerance="2 s.e., paired",
    )


def work(config: BestOfKConfig) -> Work:
    """Return the work of all judges, which score the same samples, and of the exact curve."""
    line = config.direction
    judges = len({*line.c, 0.0})
    drawn = drawn_samples(config, line.alpha, judges, 1, [line.k], paired=True)
    return drawn + (GRID + judges) * exact_error(1, line.temperature)


DIRECTION = Part(
    name="direction",
    question="Is the teacher the best judge, or does a judge that exaggerates it select better?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "best-judge-is-not-teacher",
            "The best judge is not the teacher but one that exaggerates it: the least error is at c > 0.",
            reads=(Panels.GAIN,),
            judge=_judge,
            needs={"simulation.repeats": 40},
        ),
    ),
)
