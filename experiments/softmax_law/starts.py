"""Part `starts`: do weights at the start or a schedule of the learning rate change the law, if time is tau?

Students that start at a multiple of a draw like the teacher's, at a constant rate; and students from zero under a
warm-up over a hundredth of the steps and a cosine down to a tenth, whose loss is fitted in tau and in steps.
"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import grid_work
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.toy import (
    TAU,
    Cell,
    few,
    over_repeats,
    reading_steps,
    schedule_factors,
    slopes_over,
    target_scale,
    train_cells,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.fits.log_decay import LEAST_POINTS, fit_log_decay
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, geometric_mean, parameter, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "starts")
CONSTANT, COSINE = "constant", "cosine"
LARGE = 0.5  # least size of a start, in units of the target, that is judged by
LAST = 4.0  # factor of time at the end, over which loss and scale are read
STILL, FALLS = 0.1, 0.1  # exponents below which a scale stands still and above which a loss falls
SETTLED = 10_000  # steps after which the turn that a start asks for is over and a schedule has most of its time late
DROPPED = 8  # first readings, of the warm-up and the onset


class Panels(StrEnum):
    """The panels of this part; `starts-fits` holds the fits in tau and in steps, and late exponents of every start."""

    LOSS = "starts-loss"
    SCALE = "starts-scale"
    SCHEDULE = "schedule-loss"
    FITS = "starts-fits"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return loss and scale from other starts, and the loss under a schedule in both clocks."""
    end = max(config.starts.rate) * config.starts.steps
    log = partial(Panel, x_scale="log", y_scale="log", ordered=True)
    scale = target_scale(config.starts.temperature)
    return [
        log(
            Panels.LOSS,
            f"Weights at the start, T = {config.starts.temperature:g}: loss",
            TAU,
            "loss",
            series="W(0) = {start} W*-like, rate {rate}",
            slopes=(Slope(-1 / 3, 1.5, 1, end, "slope -1/3"),),
            figure="Fig. 5a",
        ),
        log(
            Panels.SCALE,
            "Scale of the logits",
            TAU,
            "standard deviation of the logits",
            series="W(0) = {start} W*-like, rate {rate}",
            slopes=(Slope(0.0, scale, 0.1, end, "the target's"),),
            figure="Fig. 5b",
        ),
        log(
            Panels.SCHEDULE,
            "Warm-up and cosine: loss in {clock}",
            "τ, or steps",
            "loss",
            facets=("clock",),
            series="peak rate {rate}",
            figure="App. D.4",
        ),
        Panel(Panels.FITS, "Fits in τ and in steps, and late exponents of every start", "rate", "", drawn=False),
    ]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield nothing: tau of Adam is not the time of gradient flow."""
    yield from ()


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield what students from other starts and under a schedule do."""
    yield from _starts(config, context)
    yield from _scheduled(config, context)


def _read(
    name: str, planned: list[Cell], config: SoftmaxLawConfig, context: Context, steps: int, **options: Any
) -> Mapping[str, Float[np.ndarray, "cells repeats times"]]:
    read_at = reading_steps(steps)
    return over_repeats(
        [
            train_cells(name, planned, read_at, config, context, r, batch=config.toy.batch, **options)
            for r in range(config.toy.repeats)
        ]
    )


def _starts(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    sizes = config.starts
    planned = [Cell(sizes.temperature, rate, start) for rate in sizes.rate for start in sizes.ratio]
    read = _read("toy starts", planned, config, context, sizes.steps)
    steps = np.array(reading_steps(sizes.steps), dtype=float)
    for index, cell in enumerate(planned):
        at = {"temperature": cell.temperature, "rate": cell.rate, "start": cell.start}
        for panel, name in ((Panels.LOSS, "loss"), (Panels.SCALE, "scale")):
            y, y_err, n = geometric_mean(np.maximum(read[name][index], 1e-9))
            yield RECORD.trained(panel, at, x=("tau", cell.rate * steps), y=(name, y), y_err=y_err, n=n)
        for name in ("loss", "scale"):
            slopes = slopes_over(steps, np.maximum(read[name][index], 1e-9), LAST)[1][:, -1]
            y, y_err, n = standard_error(slopes)
            of = {"of": "starts", "start": cell.start, "steps": sizes.steps}
            yield RECORD.trained(Panels.FITS, of, x=("rate", cell.rate), y=(name, y), y_err=y_err, n=n)


def _scheduled(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    sizes = config.scheduled
    planned = [Cell(sizes.temperature, rate) for rate in sizes.rate]
    factor, read_at = schedule_factors(sizes.steps), reading_steps(sizes.steps)
    read = _read("toy schedule", planned, config, context, sizes.steps, factors=factor)
    elapsed = np.cumsum(factor)[np.array(read_at) - 1]
    for index, cell in enumerate(planned):
        loss = np.maximum(read["loss"][index], 1e-9)
        y, y_err, n = geometric_mean(loss)
        explained = {}
        for clock, x in (("tau", cell.rate * elapsed), ("steps", np.array(read_at, dtype=float))):
            at = {"temperature": cell.temperature, "rate": cell.rate, "clock": clock}
            yield RECORD.trained(Panels.SCHEDULE, at, x=("time", x), y=("loss", y), y_err=y_err, n=n)
            if len(x) - DROPPED >= LEAST_POINTS:
                fits = [fit_log_decay(x, row, drop_first=DROPPED) for row in loss]
                explained[clock] = np.array([1 - fit.r_squared for fit in fits])
                mean, error, n = standard_error([-fit.exponent for fit in fits])
                place = ("rate", cell.rate)
                of = {"of": "schedule", "clock": clock}
                yield RECORD.trained(Panels.FITS, of, x=place, y=("exponent", mean), y_err=error, n=n)
        if len(explained) == 2:
            mean, error, n = standard_error(np.log(explained["steps"] / np.maximum(explained["tau"], 1e-12)))
            both, place = {"of": "schedule", "steps": sizes.steps}, ("rate", cell.rate)
            yield RECORD.trained(Panels.FITS, both, x=place, y=("log_ratio", mean), y_err=error, n=n)


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the students from every start, and of those under a schedule."""
    starts, scheduled, batch = config.starts, config.scheduled, config.toy.batch
    constant = [Cell(starts.temperature, rate, start) for rate in starts.rate for start in starts.ratio]
    cosine = [Cell(scheduled.temperature, rate) for rate in scheduled.rate]
    return grid_work(config, constant, starts.steps, batch=batch) + grid_work(
        config, cosine, scheduled.steps, batch=batch
    )


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_clock(curves: Curves) -> Judgement:
    """Judge at the smallest rate: the law is that of a flow, and at large rates a schedule also takes off noise."""
    rows = select(curves, panel=Panels.FITS, y_name="log_ratio")
    rows = rows[parameter(rows, "steps").astype(float) >= SETTLED].sort_values("x")
    if rows.empty:
        return missing(f"scheduled.steps >= {SETTLED}")
    row = rows.iloc[0]
    exponents = select(curves, panel=Panels.FITS, y_name="exponent", x=row["x"])
    said = [f"{clock}: {float(select(exponents, clock=clock)['y'].iloc[0]):.3f}" for clock in ("tau", "steps")]
    ratios = [f"{math.exp(each['y']):.2f} at {each['x']:g}" for _, each in rows.iterrows()]
    return Judgement(
        exceeds(row["y"], 0, known(row["y_err"], row["n"]), sigmas=few(row["n"])),
        predicted="the fit in τ leaves less of the variance of log L than that in steps",
        measured=f"steps over τ, by rate: {', '.join(ratios)}; exponents {', '.join(said)}",
        error=float(row["y_err"]),
        tolerance=f"log ratio {row['y']:.2f} above 0 by {few(row['n']):.1f} s.e., the smallest rate, {row['x']:g}",
    )


def _judge_starts(curves: Curves) -> Judgement:
    """Judge at the smallest rate: at large ones the noise of the steps moves the weights in the end."""
    rows = select(curves, panel=Panels.FITS, of="starts")
    large = (parameter(rows, "start").astype(float) >= LARGE) & (parameter(rows, "steps").astype(float) >= SETTLED)
    rows = rows[large]
    if rows.empty:
        return missing(f"starts.steps >= {SETTLED}, starts.ratio includes one from {LARGE:g}")
    rows = rows[parameter(rows, "start") == parameter(rows, "start").max()]
    said = [
        f"scale {scale['y']:.3f} ± {scale['y_err']:.3f}, loss {loss['y']:.3f} ± {loss['y_err']:.3f} at {rate:g}"
        for rate, each in rows.groupby("x")
        for scale, loss in [(each[each["y_name"] == name].iloc[0] for name in ("scale", "loss"))]
    ]
    rows = rows[rows["x"] == rows["x"].min()].set_index("y_name")
    scale, loss = (rows[rows.index == name].iloc[0] for name in ("scale", "loss"))
    return Judgement(
        all_of(
            [
                within(scale["y"], 0, STILL, known(scale["y_err"], scale["n"]), sigmas=few(scale["n"])),
                exceeds(-loss["y"], FALLS, known(loss["y_err"], loss["n"]), sigmas=few(loss["n"])),
            ]
        ),
        predicted="scale ~ τ^0 while the loss falls",
        measured="exponents by rate: " + "; ".join(said),
        tolerance=(
            f"scale within {STILL:g}, loss beyond {-FALLS:g}, over the last factor {LAST:g} in time, the smallest rate"
        ),
    )


STARTS = Part(
    name="starts",
    question="Do weights at the start or a schedule of the learning rate change the law, if time is τ?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 5a, b; App. D.4",
    claims=(
        Claim(
            "large-start-rotates",
            "A student that starts with random logits of the target's scale keeps the scale and learns by turning.",
            reads=(Panels.FITS,),
            judge=_judge_starts,
            figure="Fig. 5a, b",
            needs={"starts.steps": SETTLED, "toy.repeats": 4},
        ),
        Claim(
            "tau-is-the-clock",
            "Under a schedule of the learning rate τ explains the loss better than the number of steps.",
            reads=(Panels.FITS,),
            judge=_judge_clock,
            figure="App. D.4",
            needs={"scheduled.steps": SETTLED, "toy.repeats": 4},
        ),
    ),
)
