"""Part `long-training`: what do loss, gradient, weights and curvature do in the long run, at the authors' settings?

Adam at a small rate, fresh batches, targets from hardly peaked to peaked.
"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import PASS, grid_work, toy_tables_work
from solv.experiments.softmax_law.exponents import ROUNDING
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.toy import (
    TAU,
    Cell,
    all_near,
    over_repeats,
    reading_steps,
    slopes_over,
    toy_flow,
    train_cells,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Recorder, geometric_mean, parameter, select, standard_error
from solv.tracking.panels import Panel, Slope

if TYPE_CHECKING:
    from torch import Tensor

RECORD = Recorder("softmax-law", "long-training")
FACTOR = 3.0  # in time, over which a local slope is read
EIGENVALUES = 3
SHOWN = 512  # inputs on which the curvature is measured
PRODUCTS = 60  # with the Hessian, until its eigenvalues are known
STEEPENS = 0.1  # least steepening of the loss between the middle and the end of a long training that is no plateau
FLOOR = 1e-3  # loss above which batches and Adam's steps at a rate of 0.003, which leave 3e-5 of it, are not seen
MODES = ("1st", "2nd", "3rd", "trace")


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "long-loss"
    SLOPE = "long-slope"
    GRADIENT = "long-gradient"
    NORM = "long-norm"
    CURVATURE = "long-curvature"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return loss, local slope, gradient, norm and curvature against tau."""
    end = config.long.rate * config.long.steps
    start = end / 100
    against = partial(Panel, x_label=TAU, x_scale="log", series=_name, ordered=True, figure="Fig. 2")
    log = partial(against, y_scale="log")
    return [
        log(
            Panels.LOSS,
            "Long training by Adam: loss",
            y_label="loss",
            y_limits=(1e-6, 10),
            slopes=(Slope(-1 / 3, 1.5, start, end, "slope -1/3"),),
        ),
        against(
            Panels.SLOPE,
            "Long training by Adam: local slope of the loss",
            y_label=f"log-log slope over a factor {FACTOR:g}",
            y_limits=(-3, 0.1),
            slopes=(Slope(0.0, -1 / 3, start, end, "-1/3"),),
            note="line: gradient flow at the same loss",
        ),
        log(
            Panels.GRADIENT,
            "Long training by Adam: gradient",
            y_label="norm of the gradient",
            slopes=(Slope(-2 / 3, 0.5, start, end, "slope -2/3"),),
        ),
        log(
            Panels.NORM,
            "Long training by Adam: weights",
            y_label="norm of W",
            slopes=(Slope(1 / 3, 20.0, start, end, "slope 1/3"),),
        ),
        log(
            Panels.CURVATURE,
            "Long training by Adam: Hessian, T = {temperature}",
            y_label="eigenvalue; trace",
            facets=("temperature",),
            series="{mode}",
            ordered=False,
            slopes=(Slope(-1 / 3, 0.3, start, end, "slope -1/3"),),
        ),
    ]


def _name(params: Mapping[str, Any]) -> str:
    return f"T = {params['temperature']:.3g}"


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield nothing: tau of Adam is not the time of gradient flow, whose slope is shown at the losses measured."""
    yield from ()


def curvature_steps(config: SoftmaxLawConfig) -> list[int]:
    """Return the numbers of steps at which the curvature is measured."""
    read_at = reading_steps(config.long.steps)
    places = np.linspace(0, len(read_at) - 1, min(config.long.curvatures, len(read_at))).round().astype(int)
    return [read_at[place] for place in dict.fromkeys(places.tolist())]


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield what long trainings do, and gradient flow's slope at the losses that they had."""
    sizes, read_at = config.long, reading_steps(config.long.steps)
    planned = [Cell(temperature, sizes.rate) for temperature in sizes.temperature]
    found = [
        train_cells(
            "toy long", planned, read_at, config, context, r, batch=config.toy.batch, also=_curvatures(config, read_at)
        )
        for r in range(config.toy.repeats)
    ]
    read, tau = over_repeats(found), sizes.rate * np.array(read_at, dtype=float)
    measured_at = [read_at.index(step) for step in curvature_steps(config)]
    for index, cell in enumerate(planned):
        at = {"temperature": cell.temperature, "rate": cell.rate}
        loss = np.maximum(read["loss"][index], ROUNDING / 10)
        for panel, name in ((Panels.LOSS, "loss"), (Panels.GRADIENT, "gradient"), (Panels.NORM, "norm")):
            values = loss if name == "loss" else read[name][index]
            y, y_err, n = geometric_mean(values)
            kept = y > ROUNDING
            yield RECORD.trained(panel, at, x=("tau", tau[kept]), y=(name, y[kept]), y_err=y_err[kept], n=n)
        yield from _slopes(config, cell, tau, loss)
        for mode, label in enumerate(MODES):
            values = np.maximum(read["curvature"][index][:, measured_at, mode], 1e-12)
            y, y_err, n = geometric_mean(values)
            x = ("tau", tau[measured_at])
            yield RECORD.trained(Panels.CURVATURE, {**at, "mode": label}, x=x, y=("curvature", y), y_err=y_err, n=n)


def _curvatures(config: SoftmaxLawConfig, read_at: list[int]) -> Any:
    """Return what reads eigenvalues and trace of the Hessian at the times that are due, zeros at the others."""
    due, readings = set(curvature_steps(config)), iter(read_at)

    def read(weights: "Tensor", shown: "Tensor") -> Mapping[str, "Tensor"]:
        import torch

        from solv.models.softmax_law.student_grid import curvature

        if next(readings) not in due:
            return {"curvature": weights.new_zeros(len(weights), EIGENVALUES + 1)}
        rows = []
        for own in weights:
            values, trace = curvature(own, shown[:SHOWN], largest=EIGENVALUES)
            rows.append([*values.tolist(), trace])
        return {"curvature": torch.tensor(rows)}

    return read


def _slopes(
    config: SoftmaxLawConfig, cell: Cell, tau: Float[np.ndarray, "times"], loss: Float[np.ndarray, "repeats times"]
) -> Iterator[Curves]:
    """Yield local slopes, and beside them gradient flow's at the same loss."""
    typical = geometric_mean(loss)[0]
    seen = typical > ROUNDING
    if not seen.any() or tau[seen][-1] < FACTOR * tau[seen][0]:
        return
    starts, slopes = slopes_over(tau[seen], loss[:, seen], FACTOR)
    middle = starts * math.sqrt(FACTOR)
    at = {"temperature": cell.temperature, "rate": cell.rate}
    y, y_err, n = standard_error(slopes)
    yield RECORD.trained(Panels.SLOPE, at, x=("tau", middle), y=("slope", y), y_err=y_err, n=n)
    fine = np.geomspace(1e-2, 1e9, 240)
    flow = toy_flow(config, cell.temperature, fine).loss
    _, known_slopes = slopes_over(fine, flow, FACTOR)
    place, slope = geometric_mean(flow)[0][: known_slopes.shape[1]], known_slopes.mean(axis=0)
    falling = (place > ROUNDING) & np.concatenate([[True], np.diff(place) < 0])
    same = np.interp(-np.log(typical[seen][: len(starts)]), -np.log(place[falling]), slope[falling])
    yield RECORD.anchored(Panels.SLOPE, at, x=("tau", middle), y=("slope", same), y_err=math.nan, n=1)


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the trainings, of products with the Hessian, and of the flows beside them."""
    sizes, toy = config.long, config.toy
    planned = [Cell(temperature, sizes.rate) for temperature in sizes.temperature]
    product = Work((6 * toy.inputs + 6 * PASS) * SHOWN * toy.classes, 25)
    curvatures = toy.repeats * len(planned) * len(curvature_steps(config)) * PRODUCTS * product
    return grid_work(config, planned, sizes.steps, batch=toy.batch) + curvatures + toy_tables_work(config, len(planned))


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_plateau(curves: Curves) -> Judgement:
    """Is there a plateau at 1/3? Asked of the most peaked target, over the last factor ten in tau."""
    rows = select(curves, panel=Panels.SLOPE, source="trained")
    ends = select(curves, panel=Panels.LOSS, source="trained")
    if rows.empty or ends["x"].max() / ends["x"].min() < 1000:
        return missing("long.steps >= 3000")
    rows = rows[parameter(rows, "temperature") == parameter(rows, "temperature").min()].sort_values("x")
    last = rows.iloc[-1]
    best = rows[rows["x"] >= rows["x"].max() / 10]
    return Judgement(
        all_of(all_near(best, [-1 / 3] * len(best), STEEPENS)),
        predicted=-1 / 3,
        measured=f"{best['y'].max():.2f} to {best['y'].min():.2f}, {last['y']:.3f} ± {last['y_err']:.3f} at the end",
        error=float(last["y_err"]),
        tolerance=f"{STEEPENS:g} over the last factor 10 in τ, the smallest T",
    )


def _judge_not_peaked(curves: Curves) -> Judgement:
    """Compare slopes over the last stretch of time in which no loss has come to its floor."""
    rows = select(curves, panel=Panels.SLOPE, source="trained")
    if rows.empty or rows["x"].max() / rows["x"].min() < 100:
        return missing("long.steps >= 3000")
    losses = select(curves, panel=Panels.LOSS, source="trained")
    falling = losses[losses["y"] > FLOOR]
    last = falling.groupby(parameter(falling, "temperature"))["x"].max().min()
    rows = rows[rows["x"] <= last / math.sqrt(FACTOR) * (1 + ROUNDING)]
    temperatures = parameter(rows, "temperature")
    ends = [rows[temperatures == each].sort_values("x").iloc[-1] for each in sorted(set(temperatures))]
    if len(ends) < 2:
        return missing("long.temperature includes two temperatures")
    cold, hot = ends[0], ends[-1]
    difference = cold["y"] - hot["y"]
    error = math.hypot(cold["y_err"], hot["y_err"])
    return Judgement(
        exceeds(difference, 0.5, known(error, cold["n"]), sigmas=4.0),
        predicted="the less peaked, the steeper at the end",
        measured=(
            f"{cold['y']:.2f} ± {cold['y_err']:.2f}, {hot['y']:.2f} ± {hot['y_err']:.2f} (smallest, largest T), "
            f"τ = {hot['x']:.2g}"
        ),
        error=error,
        tolerance=f"0.5 apart, 4 s.e., where every loss is above {FLOOR:g}",
    )


LONG_TRAINING = Part(
    name="long-training",
    question="What do loss, gradient, weights and curvature do in the long run?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 2",
    claims=(
        Claim(
            "long-adam-one-third",
            "At a small rate of Adam the loss of a peaked target settles on τ^(-1/3).",
            reads=(Panels.SLOPE, Panels.LOSS),
            judge=_judge_plateau,
            figure="Fig. 2",
            needs={"long.steps": 3000},
        ),
        Claim(
            "less-peaked-is-faster",
            "The less peaked a target, the steeper its loss falls in the end.",
            reads=(Panels.SLOPE, Panels.LOSS),
            judge=_judge_not_peaked,
            figure="Fig. 2",
            needs={"long.steps": 3000},
        ),
    ),
)
