"""Part `temperatures`: has the paper's toy model the exponent 1/3 in tau, at which temperature and which rate?

Adam, the paper's default, and SGD, on fresh batches, at every temperature and learning rate. The authors read one
exponent for each temperature off the curves of all rates in tau. Here each curve is read by itself, too: its slope over
a factor 4 in time against the loss that is left, where gradient flow of a constant rate is one line for each
temperature, whatever the unit of time.
"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import grid_work, toy_tables_work
from solv.experiments.softmax_law.exponents import LONG, ROUNDING, fitted
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.toy import (
    TAU,
    Cell,
    all_near,
    few,
    over_repeats,
    peakedness,
    reading_steps,
    slopes_over,
    target_scale,
    toy_flow,
    train_cells,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import (
    Curves,
    Recorder,
    geometric_mean,
    parameter,
    select,
    standard_error,
)
from solv.tracking.panels import Map, Panel, Slope

RECORD = Recorder("softmax-law", "temperatures")
FACTOR = 4.0  # in time, over which a local slope is read
DECADE = 10.0  # of time at the end, in which an exponent is fitted
PEAKED = 2.0  # least b* / c0 of a target whose power law is asked for: the law needs c0 << b << b*
STABLE = 0.1  # largest rate of Adam whose noise is not most of the loss
ADAM, SGD = "adam", "sgd"
ALIGNED = 0.08  # a quarter of the law's exponent: the student is not aligned on the way
POOLED = 0.1  # how far the exponent of all rates together may lie from 1/3: their readings are not of one curve
SHIFT = math.log(10) / 9  # a third of what a factor 10 in time makes at an exponent of 1/3
LINE = 24  # temperatures of the line of theory
SHIFTED = 0.05  # beyond 1/3 on either side, between the lowest and the highest rate
LONG_ENOUGH = 100.0  # least b* of a target whose power law has room
MANY = 64  # least classes of the toy model that laws are judged by
NOISY = 0.03  # least rate of Adam whose second moment is the noise of batches
GROWTH = 0.04  # how far the exponent of the scale may lie from 2/5: 1/3 is further
SETTLED = 1500  # steps from which the last decade is later than the onset


class Panels(StrEnum):
    """The panels of this part; `toy-collapse` holds how far the rates are apart, `toy-pooled` fits to all of them."""

    LOSS = "toy-loss"
    SLOPE = "toy-slope"
    MAP = "toy-map"
    EXPONENT = "toy-exponent"
    GROWTH = "toy-growth"
    POOLED = "toy-pooled"
    COLLAPSE = "toy-collapse"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return losses in tau, local slopes against the loss, the map of late slopes, and exponents."""
    sizes = config.rates
    top = sizes.steps * max(*sizes.adam, *sizes.sgd)
    return [
        Panel(
            Panels.LOSS,
            "Toy model, {rule}, T = {temperature}",
            TAU,
            "loss: divergence from the target",
            x_scale="log",
            y_scale="log",
            y_limits=(1e-4, 10),
            facets=("rule", "temperature"),
            series=_name,
            ordered=True,
            slopes=(Slope(-1 / 3, 1.5, 10, top, "slope -1/3"),),
            note="line: aligned gradient flow, for SGD",
            figure="Fig. 1, 4; App. D.2",
        ),
        Panel(
            Panels.SLOPE,
            "Local slope against the loss, {rule}, T = {temperature}",
            "loss",
            f"log-log slope over a factor {FACTOR:g} in τ",
            x_scale="log",
            x_limits=(1e-3, 6),
            y_limits=(-1.5, 0.1),
            facets=("rule", "temperature"),
            series=_name,
            ordered=True,
            slopes=(Slope(0.0, -1 / 3, 1e-3, 6, "-1/3"),),
            note="line: gradient flow at this b*, in any unit of time",
        ),
        Panel(
            Panels.MAP,
            f"Slope over the last factor {FACTOR:g} in time, {{rule}}",
            "learning rate",
            "b* / c0",
            x_scale="log",
            y_scale="log",
            facets=("rule",),
            heat=Map("peakedness", "slope", "log-log slope", center=-1 / 3, floor=-1.0),
        ),
        Panel(
            Panels.EXPONENT,
            "Exponent over the last decade of τ, {rule}",
            "b* / c0",
            "exponent of the loss",
            x_scale="log",
            y_limits=(-1.5, 0.1),
            facets=("rule",),
            series=_name,
            ordered=True,
            slopes=(Slope(0.0, -1 / 3, 0.2, 200, "-1/3"),),
            verticals={1.0: "peaked from here on"},
            note="bars: standard errors over teachers",
        ),
        Panel(
            Panels.GROWTH,
            "Growth of the logits over the last decade of τ, {rule}",
            "learning rate",
            "exponent of the logits' standard deviation",
            x_scale="log",
            y_limits=(0, 0.8),
            facets=("rule",),
            series="T = {temperature}",
            ordered=True,
            slopes=(
                Slope(0.0, 1 / 3, 1e-3, 20, "1/3: gradient flow"),
                Slope(0.0, 2 / 5, 1e-3, 20, "2/5: Adam among noise"),
            ),
            joined=False,
        ),
        Panel(Panels.POOLED, "Exponent of all stable rates together, as the authors read it", "T", "", drawn=False),
        Panel(Panels.COLLAPSE, "Mean distance of neighbouring rates' log loss at equal time", "T", "", drawn=False),
    ]


def _name(params: Mapping[str, Any]) -> str:
    return f"rate {params['rate']:g}" if "rate" in params else "aligned flow"


def cells(config: SoftmaxLawConfig, rule: str) -> list[Cell]:
    """Return the students of one rule, temperature by temperature."""
    rates = config.rates.adam if rule == ADAM else config.rates.sgd
    return [Cell(temperature, rate) for temperature in config.rates.temperature for rate in rates]


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield the aligned flow: its loss in tau for SGD, its local slope against its loss for both."""
    sizes = config.rates
    steps = np.array(reading_steps(sizes.steps), dtype=float)
    fine = np.geomspace(1e-2, 1e9, 240)
    for temperature in sizes.temperature:
        flow = toy_flow(config, temperature, fine).loss
        _, slopes = slopes_over(fine, flow, FACTOR)
        typical, slope = geometric_mean(flow)[0][: slopes.shape[1]], slopes.mean(axis=0)
        seen = (typical > ROUNDING) & (typical < 0.98 * typical[0])
        for rule in (ADAM, SGD):
            at = {"rule": rule, "temperature": temperature}
            yield RECORD.theory(Panels.SLOPE, at, x=("loss", typical[seen]), y=("slope", slope[seen]))
        line = fine[(fine >= 2 * min(sizes.sgd)) & (fine <= sizes.steps * max(sizes.sgd))]
        shown = np.interp(np.log(line), np.log(fine), np.log(geometric_mean(flow)[0]))
        at = {"rule": SGD, "temperature": temperature}
        yield RECORD.theory(Panels.LOSS, at, x=("tau", line), y=("loss", np.exp(shown)))
    fine_temperatures = np.geomspace(min(sizes.temperature), max(sizes.temperature), LINE)
    for rate in sizes.sgd:
        tau, found = rate * steps, {}
        for temperature in sorted({*sizes.temperature, *fine_temperatures.tolist()}):
            fit = fitted(tau, toy_flow(config, temperature, tau).loss, tau[-1] / DECADE)
            if fit is not None:
                found[peakedness(config, temperature)] = fit.exponent
        if found:
            x, y = ("peakedness", list(found)), ("exponent", list(found.values()))
            yield RECORD.theory(Panels.EXPONENT, {"rule": SGD, "rate": rate}, x=x, y=y)


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield the losses of every student, their slopes, exponents, and how well they collapse."""
    for rule in (ADAM, SGD):
        planned, read_at = cells(config, rule), reading_steps(config.rates.steps)
        found = [
            train_cells(f"toy {rule}", planned, read_at, config, context, r, batch=config.toy.batch, rule=rule)
            for r in range(config.toy.repeats)
        ]
        read = over_repeats(found)
        losses, steps = np.maximum(read["loss"], ROUNDING / 10), np.array(read_at, dtype=float)
        for cell, loss, scale in zip(planned, losses, read["scale"], strict=True):
            yield from _curves(config, rule, cell, steps, loss)
            at = {"rule": rule, "temperature": cell.temperature}
            growth = fitted(steps, scale, steps[-1] / DECADE)
            if growth is not None:
                y = ("exponent", growth.exponent)
                yield RECORD.trained(
                    Panels.GROWTH, at, x=("rate", cell.rate), y=y, y_err=growth.error, n=growth.repeats
                )
        yield from _together(rule, planned, steps, losses)
        at = {"rule": rule, "classes": config.toy.classes}
        yield RECORD.trained(Panels.POOLED, at, x=("temperature", 0), y=("steps", steps[-1]), y_err=math.nan, n=1)


def _curves(
    config: SoftmaxLawConfig,
    rule: str,
    cell: Cell,
    steps: Float[np.ndarray, "times"],
    loss: Float[np.ndarray, "repeats times"],
) -> Iterator[Curves]:
    """Yield what is read of one student's loss."""
    at, tau = {"rule": rule, "temperature": cell.temperature, "rate": cell.rate}, cell.rate * steps
    peaked = peakedness(config, cell.temperature)
    y, y_err, n = geometric_mean(loss)
    yield RECORD.trained(Panels.LOSS, at, x=("tau", tau), y=("loss", y), y_err=y_err, n=n)
    seen = y > ROUNDING
    if seen.sum() > 1 and tau[seen][-1] >= FACTOR * tau[seen][0]:
        starts, slopes = slopes_over(tau[seen], loss[:, seen], FACTOR)
        place = y[: len(starts)]
        falling = np.concatenate([[True], np.diff(np.minimum.accumulate(place)) < 0])
        slope, error, n = standard_error(slopes)
        x = ("loss", place[falling])
        yield RECORD.trained(Panels.SLOPE, at, x=x, y=("slope", slope[falling]), y_err=error[falling], n=n)
        row = {"rule": rule, "peakedness": peaked}
        yield RECORD.trained(Panels.MAP, row, x=("rate", cell.rate), y=("slope", slope[-1]), y_err=error[-1], n=n)
    fit = fitted(tau, loss, tau[-1] / DECADE)
    if fit is not None:
        x, series = ("peakedness", peaked), {"rule": rule, "rate": cell.rate}
        exponent = ("exponent", fit.exponent)
        yield RECORD.trained(Panels.EXPONENT, series, x=x, y=exponent, y_err=fit.error, n=fit.repeats)


def _together(
    rule: str, planned: list[Cell], steps: Float[np.ndarray, "times"], losses: Float[np.ndarray, "cells repeats times"]
) -> Iterator[Curves]:
    """Yield what is read of all stable rates of a temperature: one exponent, and how far they lie apart in tau."""
    stable = [i for i, cell in enumerate(planned) if rule == SGD or cell.rate <= STABLE]
    for temperature in dict.fromkeys(cell.temperature for cell in planned):
        members = [i for i in stable if planned[i].temperature == temperature]
        pooled = pooled_exponents([planned[i].rate * steps for i in members], losses[members])
        x = ("temperature", temperature)
        if pooled is not None:
            y, y_err, n = standard_error(pooled)
            yield RECORD.trained(Panels.POOLED, {"rule": rule}, x=x, y=("exponent", y), y_err=y_err, n=n)
        apart = distances([planned[i].rate for i in members], steps, losses[members])
        if apart is not None:
            for clock, values in zip(("tau", "steps"), apart, strict=True):
                y, y_err, n = standard_error(values)
                at = {"rule": rule, "clock": clock}
                yield RECORD.trained(Panels.COLLAPSE, at, x=x, y=("distance", y), y_err=y_err, n=n)


def pooled_exponents(
    taus: list[Float[np.ndarray, "times"]], losses: Float[np.ndarray, "cells repeats times"]
) -> Float[np.ndarray, "repeats"] | None:
    """Return the log-log slope of all cells' readings together over the last two decades of tau, for each repeat.

    None where fewer than five readings are left, or a loss is rounding.
    """
    if not taus:
        return None
    tau = np.concatenate(taus)
    late = tau >= tau.max() / DECADE**2
    rows = np.concatenate(list(losses), axis=1)[:, late]
    if late.sum() < 5 or rows.min() <= ROUNDING:
        return None
    slopes: Float[np.ndarray, "repeats"] = np.polyfit(np.log(tau[late]), np.log(rows).T, 1)[0]
    return slopes


def distances(
    rates: list[float], steps: Float[np.ndarray, "times"], losses: Float[np.ndarray, "cells repeats times"]
) -> tuple[Float[np.ndarray, "repeats"], Float[np.ndarray, "repeats"]] | None:
    """Return the mean |log ratio| of the losses of the extreme rates at equal tau, and at equal numbers of steps.

    Only where both have taken ten steps, and both losses are above rounding. None where they share no time.
    """
    if len(rates) < 2:
        return None
    low, high = int(np.argmin(rates)), int(np.argmax(rates))
    log_steps = np.log(steps)
    grid = np.linspace(math.log(10 * rates[high]), math.log(rates[low]) + log_steps[-1], 12)
    if grid[-1] <= grid[0] or min(losses[low].min(), losses[high].min()) <= ROUNDING:
        return None

    def at(cell: int, log_tau: Float[np.ndarray, "places"], rate: float) -> Float[np.ndarray, "repeats places"]:
        return np.stack([np.interp(log_tau - math.log(rate), log_steps, row) for row in np.log(losses[cell])])

    same = np.abs(at(low, grid, rates[low]) - at(high, grid, rates[high])).mean(axis=1)
    late = steps >= 10
    stepped = np.abs(np.log(losses[low] / losses[high])[:, late]).mean(axis=1)
    return same, stepped


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of every student under both rules, and of the aligned flows, also between the temperatures."""
    sizes = config.rates
    flows = len(sizes.temperature) + len(sizes.sgd) * (len(sizes.temperature) + LINE)
    grids = (grid_work(config, cells(config, rule), sizes.steps, batch=config.toy.batch) for rule in (ADAM, SGD))
    return toy_tables_work(config, flows) + sum(grids, Work())


# -- claims --------------------------------------------------------------------------------------------------------


def late(rows: Curves, curves: Curves, least: float = LONG) -> Curves:
    """Return the rows of a run that took enough steps of enough classes for a law of late times; else none."""
    steps = select(curves, panel=Panels.POOLED, y_name="steps")
    enough = (steps["y"] >= least) & (parameter(steps, "classes") >= MANY)
    return rows if enough.any() else rows.iloc[:0]


def _judge_collapse(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.COLLAPSE, source="trained", rule=ADAM, clock="tau")
    steps = select(curves, panel=Panels.COLLAPSE, source="trained", rule=ADAM, clock="steps")
    rows = late(rows[target_scale(1.0) / rows["x"] >= LONG_ENOUGH], curves)
    steps = steps[target_scale(1.0) / steps["x"] >= LONG_ENOUGH]
    if rows.empty:
        return missing(f"rates.adam includes two rates <= {STABLE:g}, with rates.steps for a common τ")
    worst = rows.iloc[int(rows["y"].argmax())]
    return Judgement(
        within(worst["y"], 0, SHIFT, known(worst["y_err"], worst["n"]), sigmas=few(worst["n"])),
        predicted="0 at equal τ",
        measured=f"{worst['y']:.3f} ± {worst['y_err']:.3f} at equal τ, {steps['y'].max():.2f} at equal steps (worst T)",
        error=float(worst["y_err"]),
        tolerance=f"{SHIFT:.2f}: a third of what a factor 10 in time makes at an exponent of 1/3",
    )


def _judge_pooled(curves: Curves) -> Judgement:
    rows = late(select(curves, panel=Panels.POOLED, source="trained", rule=ADAM, y_name="exponent"), curves)
    rows = rows[target_scale(1.0) / rows["x"] >= LONG_ENOUGH]
    if rows.empty:
        return missing("rates.temperature includes 0.001, with five readings in two decades of τ")
    row = rows.iloc[int(rows["x"].argmin())]
    return Judgement(
        within(row["y"], -1 / 3, POOLED, known(row["y_err"], row["n"]), sigmas=few(row["n"])),
        predicted=-1 / 3,
        measured=float(row["y"]),
        error=float(row["y_err"]),
        tolerance=f"{POOLED:g}: the readings are of curves that do not quite coincide",
    )


def _judge_each_rate(curves: Curves) -> Judgement:
    """The authors' sentence, asked of every rate by itself."""
    rows = late(select(curves, panel=Panels.EXPONENT, source="trained", rule=ADAM), curves)
    rows = rows[rows["x"] == rows["x"].max()].assign(rate=lambda each: parameter(each, "rate")).sort_values("rate")
    if len(rows) < 2 or rows["x"].max() < PEAKED:
        return missing("rates.adam includes two rates, rates.temperature a peaked target")
    low, high = rows.iloc[0], rows.iloc[-1]
    error = math.hypot(low["y_err"], high["y_err"])
    listed = ", ".join(f"{row['rate']:g}: {row['y']:.3f} ± {row['y_err']:.3f}" for _, row in rows.iterrows())
    return Judgement(
        all_of(
            [
                exceeds(-low["y"], 1 / 3 + SHIFTED, known(low["y_err"], low["n"]), sigmas=few(low["n"])),
                exceeds(high["y"], -1 / 3 + SHIFTED, known(high["y_err"], high["n"]), sigmas=few(high["n"])),
            ]
        ),
        predicted="no plateau: steeper than -0.38 at the lowest rate, flatter than -0.28 at the highest",
        measured=listed,
        error=error,
        tolerance=f"{SHIFTED:g} beyond 1/3 on either side",
    )


def _judge_growth(curves: Curves) -> Judgement:
    rows = late(select(curves, panel=Panels.GROWTH, source="trained", rule=ADAM), curves, SETTLED)
    rows = rows[target_scale(1.0) / parameter(rows, "temperature").astype(float) >= LONG_ENOUGH]
    rows = rows[(rows["x"] >= NOISY) & (rows["x"] <= STABLE)]
    if rows.empty:
        return missing(
            f"rates.steps >= {SETTLED}, rates.adam includes a rate of {NOISY:g} to {STABLE:g}, rates.temperature 0.001"
        )
    worst = rows.iloc[int((rows["y"] - 2 / 5).abs().argmax())]
    return Judgement(
        all_of(all_near(rows, [2 / 5] * len(rows), GROWTH)),
        predicted=2 / 5,
        measured=float(worst["y"]),
        error=float(worst["y_err"]),
        tolerance=f"{GROWTH:g} at every rate of {NOISY:g} to {STABLE:g}, worst of {len(rows)}",
    )


def _judge_sgd(curves: Curves) -> Judgement:
    rows = late(select(curves, panel=Panels.EXPONENT, source="trained", rule=SGD), curves)
    rows = rows[rows["x"] >= PEAKED]
    theory = select(curves, panel=Panels.EXPONENT, source="theory").set_index(["params", "x"])["y"]
    rows = rows[[key in theory.index for key in zip(rows["params"], rows["x"], strict=True)]]
    if rows.empty:
        return missing("rates.sgd with five readings in the last decade of a peaked target")
    laws = [float(theory[params, x]) for params, x in zip(rows["params"], rows["x"], strict=True)]
    off = (rows["y"] - laws).abs()
    worst = rows.iloc[int(off.argmax())]
    best = rows[rows["x"] == rows["x"].max()]
    last = best.iloc[int(parameter(best, "rate").argmax())]
    return Judgement(
        all_of(all_near(rows, laws, ALIGNED)),
        predicted="the aligned flow's exponent in the same window",
        measured=(
            f"off by {off.max():.3f} ± {worst['y_err']:.3f} at worst; {last['y']:.3f} ± {last['y_err']:.3f} at the "
            "largest b* and rate"
        ),
        error=float(worst["y_err"]),
        tolerance=f"{ALIGNED:g} at every temperature with b* >= 2 c0, every rate",
    )


TEMPERATURES = Part(
    name="temperatures",
    question="At which temperature and rate does the paper's toy model fall as τ^(-1/3), by Adam and by SGD?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 1, 4; App. D.2",
    claims=(
        Claim(
            "adam-collapses-on-tau",
            "Adam's losses at stable learning rates, a factor 10 apart, agree at equal τ.",
            reads=(Panels.COLLAPSE, Panels.POOLED),
            judge=_judge_collapse,
            figure="Fig. 1",
            needs={"rates.steps": 2000, "toy.repeats": 4},
        ),
        Claim(
            "adam-one-third",
            "For a peaked target the losses of all stable rates together fall as τ^(-1/3) under Adam.",
            reads=(Panels.POOLED,),
            judge=_judge_pooled,
            figure="Fig. 4",
            needs={"rates.steps": 2000, "toy.repeats": 4},
        ),
        Claim(
            "adam-slope-moves-with-the-rate",
            "At one rate there is no plateau at 1/3: the slope passes through it as the rate grows (found here).",
            reads=(Panels.EXPONENT, Panels.POOLED),
            judge=_judge_each_rate,
            needs={"rates.steps": 2000, "toy.repeats": 4},
        ),
        Claim(
            "adam-scale-grows-as-two-fifths",
            "Where the noise of batches fills Adam's second moment the logits grow as τ^(2/5) (found here).",
            reads=(Panels.GROWTH, Panels.POOLED),
            judge=_judge_growth,
            needs={"rates.steps": 2000, "toy.repeats": 4},
        ),
        Claim(
            "sgd-follows-the-flow",
            "SGD on fresh batches has the exponent of the aligned flow, which tends to 1/3 for peaked targets.",
            reads=(Panels.EXPONENT, Panels.POOLED),
            judge=_judge_sgd,
            figure="App. D.2",
            needs={"rates.steps": 2000, "toy.repeats": 4},
        ),
    ),
)
