"""Part `one-third-law`: do loss, norm and gradient of a linear student follow the powers of time of its closed form?"""

import math
from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law import toy
from solv.experiments.softmax_law.counting import FLOW_CALLS, descent_work, loss_work, tables_work
from solv.experiments.softmax_law.exponents import EXPONENT, LEAST, ROUNDING, fit_curves, fitted, near
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.students import (
    QUANTITIES,
    TIME,
    aligned_students,
    shown,
    target_label,
    times,
)
from solv.experiments.softmax_law.teachers import teacher_peaks
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.fits.power_law import LEAST_POINTS
from solv.theory.softmax_law.loss import power_law_loss, power_law_scale
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, each_curve, geometric_mean, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "one-third-law")
CLOSED_FORM = 0.03
LATE = 1e3  # time s from which the closed form is checked
NOT_PEAKED = 2.0  # largest beta whose loss falls exponentially throughout
STEEPENING = 2.0  # a power law does not steepen; an exponential does so fourfold within a factor 4 in time


class Panels(StrEnum):
    """The panels of this part; `exponent-intervals` and `steepening` are numbers that claims read."""

    LOSS = "loss"
    NORM = "norm"
    GRADIENT = "gradient"
    CLOSED_FORM = "closed-form"
    EXPONENT = "exponent"
    INTERVALS = "exponent-intervals"
    STEEPENING = "steepening"


AGAINST_TIME = {"loss": Panels.LOSS, "norm": Panels.NORM, "gradient": Panels.GRADIENT}


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return each quantity against time, its ratio to the closed form, and the exponents that are fitted to it."""
    against_time = partial(
        Panel,
        x_label=TIME,
        x_scale="log",
        y_scale="log",
        facets=("classes", "dimension"),
        series=target_label,
        ordered=True,
        main=True,
    )

    def law(exponent: float, amplitude: float, label: str) -> tuple[Slope]:
        return (Slope(exponent, amplitude, 100, config.horizon, f"slope {label}"),)

    students = "V = {classes}, d = {dimension}"
    drawn = [
        against_time(
            Panels.LOSS,
            f"Loss against time: {students}",
            y_label="loss: divergence from the target",
            y_limits=(ROUNDING, 10),
            slopes=law(-1 / 3, 3.0, "-1/3"),
        ),
        against_time(
            Panels.NORM, f"Norm of W against time: {students}", y_label="norm of W", slopes=law(1 / 3, 6.0, "1/3")
        ),
        against_time(
            Panels.GRADIENT,
            f"Norm of the gradient against time: {students}",
            y_label="norm of the gradient",
            y_limits=(ROUNDING, None),
            slopes=law(-2 / 3, 3.0, "-2/3"),
            note="late: the noise of fresh batches is a floor",
        ),
        Panel(
            Panels.CLOSED_FORM,
            f"One-hot target over the closed form (3): {students}",
            TIME,
            "measured / C^{2/3} (3s)^{-1/3}, (3Cs)^{1/3}",
            x_scale="log",
            y_limits=(0.8, 1.4),
            facets=("classes", "dimension"),
            series="{quantity}",
        ),
    ]
    steepening = Panel(
        Panels.STEEPENING, "Steepening of the loss within a factor 4 in time", "1/β", "ratio of slopes", drawn=False
    )
    if not _has_exponents(config):
        return [*drawn, steepening]
    exponents = Panel(
        Panels.EXPONENT,
        f"Fitted exponents: {students}",
        "1/β",
        "exponent",
        y_limits=(-3, 0.7),
        facets=("classes", "dimension"),
        series="{quantity}",
        note="bars: standard errors",
    )
    intervals = Panel(Panels.INTERVALS, "95 % intervals of the exponents", "1/β", "exponent", drawn=False)
    return [*drawn, exponents, intervals, steepening]


def _has_exponents(config: SoftmaxLawConfig) -> bool:
    """Return whether any target has enough times in the window; its norm is never too small to be fitted."""
    return any(np.sum(times(beta, config) >= config.window) >= LEAST_POINTS for beta in config.beta)


def _at(config: SoftmaxLawConfig, classes: int | None = None) -> dict[str, object]:
    """Return the params of the students of one V, by default the first."""
    return {"classes": classes or config.classes[0], "dimension": config.dimension[0]}


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield what the aligned students of every V and target do, and the same fits as are made to measurements."""
    first: dict[float, dict[str, np.ndarray]] = {}
    for classes in config.classes:
        flows = dict(aligned_students(config, classes))
        first = first or flows
        for beta, flow in flows.items():
            s, at = times(beta, config, classes), {**_at(config, classes), "beta": beta}
            for quantity, values in flow.items():
                typical = geometric_mean(values)[0]
                yield RECORD.theory(AGAINST_TIME[quantity], at, x=("s", s), y=(quantity, typical))
        yield from _steepening("theory", {beta: flow["loss"] for beta, flow in flows.items()}, classes, config)
    for quantity in QUANTITIES:
        fits = {beta: fitted(times(beta, config), flow[quantity], config.window) for beta, flow in first.items()}
        exponents = {1 / beta: fit.exponent for beta, fit in fits.items() if fit is not None}
        if exponents:
            x, y = ("1/beta", list(exponents)), ("exponent", list(exponents.values()))
            yield RECORD.theory(Panels.EXPONENT, {**_at(config), "quantity": quantity}, x=x, y=y)
    s = times(math.inf, config)
    for quantity in ("loss", "norm"):
        at = {**_at(config), "quantity": quantity}
        yield RECORD.theory(Panels.CLOSED_FORM, at, x=("s", s), y=("ratio", np.ones(len(s))))


def closed_form_ratio(
    loss: Float[np.ndarray, "repeats times"],
    norm: Float[np.ndarray, "repeats times"],
    peaks: Float[np.ndarray, "repeats"],
    s: Float[np.ndarray, "times"],
) -> dict[str, Float[np.ndarray, "repeats times"]]:
    """Return loss and norm over equation (3), each repeat with its own C."""
    return {
        "loss": loss / np.stack([power_law_loss(s, peak) for peak in peaks]),
        "norm": norm / np.stack([power_law_scale(s, peak) for peak in peaks]),
    }


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield what trained students do."""
    from solv.experiments.softmax_law.descent import shown_students

    trained = shown_students(config, context)
    for classes in config.classes:
        students = {beta: trained[shown(config, classes, beta), beta] for beta in config.beta}
        for beta, student in students.items():
            s, at = times(beta, config, classes), {**_at(config, classes), "beta": beta}
            for quantity in QUANTITIES:
                y, y_err, n = geometric_mean(np.maximum(student[quantity], LEAST))
                kept = y > ROUNDING
                yield RECORD.trained(
                    AGAINST_TIME[quantity], at, x=("s", s[kept]), y=(quantity, y[kept]), y_err=y_err[kept], n=n
                )
        yield from _steepening("trained", {beta: each["loss"] for beta, each in students.items()}, classes, config)
    first = {beta: trained[shown(config, config.classes[0], beta), beta] for beta in config.beta}
    for quantity in QUANTITIES:
        fits = {beta: fitted(times(beta, config), each[quantity], config.window) for beta, each in first.items()}
        done = {1 / beta: fit for beta, fit in fits.items() if fit is not None}
        if done:
            at, x = {**_at(config), "quantity": quantity}, ("1/beta", list(done))
            yield from fit_curves(RECORD, Panels.EXPONENT, Panels.INTERVALS, at, x, list(done.values()))
    if math.inf in first:
        s, peaks, one_hot = times(math.inf, config), teacher_peaks(config, config.classes[0]), first[math.inf]
        for quantity, ratio in closed_form_ratio(one_hot["loss"], one_hot["norm"], peaks, s).items():
            y, y_err, n = geometric_mean(ratio)
            at = {**_at(config), "quantity": quantity}
            yield RECORD.trained(Panels.CLOSED_FORM, at, x=("s", s), y=("ratio", y), y_err=y_err, n=n)


def _steepening(
    source: str, losses: dict[float, Float[np.ndarray, "repeats times"]], classes: int, config: SoftmaxLawConfig
) -> Iterator[Curves]:
    """Yield by how much each target's loss steepens at the end; of trained ones, in how many points it is seen."""
    seen, steepened = {}, {}
    for beta, loss in losses.items():
        values = np.maximum(loss, LEAST)
        kept = geometric_mean(values)[0] > ROUNDING
        seen[1 / beta] = int(kept.sum())
        factors = steepening(times(beta, config, classes)[kept], values[:, kept])
        if factors is not None:
            steepened[1 / beta] = standard_error(factors)
    at, exact = _at(config, classes), source == "theory"
    if not exact:
        x, y = ("1/beta", list(seen)), ("points", list(seen.values()))
        yield RECORD.trained(Panels.STEEPENING, at, x=x, y=y, y_err=math.nan, n=1)
    if steepened:
        mean, error, n = zip(*steepened.values(), strict=True)
        x, y = ("1/beta", list(steepened)), ("steepening", mean)
        yield RECORD.curve(source, Panels.STEEPENING, at, x=x, y=y, y_err=0 if exact else error, n=1 if exact else n)


def steepening(
    s: Float[np.ndarray, "times"], loss: Float[np.ndarray, "repeats times"]
) -> Float[np.ndarray, "repeats"] | None:
    """Return each repeat's slope in log-log at the end over that at a quarter of the time; None if too little is seen.

    The end is at two thirds of the last time, since the last differences are one-sided. A power law has 1, an
    exponential 4.
    """
    x = np.log(s)
    if len(x) < 8 or x[-1] - x[0] < math.log(16):
        return None
    end = x[-1] - math.log(1.5)
    slopes = np.gradient(np.log(loss), x, axis=1)
    return np.array([np.interp(end, x, each) / np.interp(end - math.log(4), x, each) for each in slopes])


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the students that are shown, which `crossover` and `universality` read, and of the flows."""
    d, classes = config.dimension[0], config.classes[0]
    tables = sum((tables_work(config, each) for each in config.classes), Work())
    flows = Work(calls=FLOW_CALLS) * (len(config.classes) * len(config.beta) * config.repeats)
    many = config.repeats * loss_work(toy.READINGS, config.population_points, classes)
    return tables + flows + many + descent_work(config, [(d, config.batch), (d, 0)])


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_exponent(curves: Curves, *, quantity: str) -> Judgement:
    rows = select(curves, source="trained", quantity=quantity)
    rows = rows[rows["x"] == 0]
    measured = select(rows, panel=Panels.EXPONENT)
    if measured.empty:
        return missing("beta includes inf, and 5 points later than window")
    row = measured.iloc[0]
    low, high = (select(rows, panel=Panels.INTERVALS, y_name=side)["y"].iloc[0] for side in ("low", "high"))
    return Judgement(
        near(row, QUANTITIES[quantity], EXPONENT),
        predicted=QUANTITIES[quantity],
        measured=float(row["y"]),
        error=float(row["y_err"]),
        tolerance=f"{EXPONENT:g}: the slope approaches the law from below; 95 % of the fit: {low:.4f} to {high:.4f}",
    )


def _judge_closed_form(curves: Curves) -> Judgement:
    rows = select(curves, source="trained")
    rows = rows[rows["x"] > LATE]
    if rows.empty:
        return missing("beta includes inf, horizon > 1000")
    worst = {params["quantity"]: line.iloc[int((line["y"] - 1).abs().argmax())] for params, line in each_curve(rows)}
    return Judgement(
        all_of(within(row["y"], 1, CLOSED_FORM, known(row["y_err"], row["n"])) for row in worst.values()),
        predicted="ratios of 1",
        measured=", ".join(f"{name} {row['y']:.4f} ± {row['y_err']:.4f}" for name, row in worst.items()) + " (worst)",
        tolerance="3 % + 2 s.e. across",
    )


def _judge_steepening(curves: Curves) -> Judgement:
    rows = select(curves, source="trained", y_name="steepening")
    rows = rows[rows["x"] >= 1 / NOT_PEAKED]
    if rows.empty:
        return missing("beta includes 1 or 2, short_horizon >= 600")
    factors = {
        f"V={params['classes']} β={1 / row['x']:g}": row
        for params, line in each_curve(rows)
        for _, row in line.sort_values("x", ascending=False).iterrows()
    }
    return Judgement(
        all_of(exceeds(row["y"], STEEPENING, known(row["y_err"], row["n"])) for row in factors.values()),
        predicted="slope 4 times steeper after a factor 4 in time (a power law: 1)",
        measured=", ".join(f"{name}: {row['y']:.2f} ± {row['y_err']:.2f}" for name, row in factors.items()),
        tolerance=f"steeper by more than {STEEPENING:g}; many rates make the early slope steeper than one would",
    )


ONE_THIRD_LAW = Part(
    name="one-third-law",
    question="Does the loss of a peaked target fall as s^(-1/3), and that of another one exponentially?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "one-third-loss",
            "The loss falls as s^(-1/3) for a one-hot target.",
            reads=(Panels.EXPONENT, Panels.INTERVALS),
            judge=partial(_judge_exponent, quantity="loss"),
            needs={"horizon": 1e4, "repeats": 4},
        ),
        Claim(
            "one-third-weight-growth",
            "The norm of W grows as s^(1/3).",
            reads=(Panels.EXPONENT, Panels.INTERVALS),
            judge=partial(_judge_exponent, quantity="norm"),
            needs={"horizon": 1e4, "repeats": 4},
        ),
        Claim(
            "two-thirds-gradient",
            "The gradient falls as s^(-2/3).",
            reads=(Panels.EXPONENT, Panels.INTERVALS),
            judge=partial(_judge_exponent, quantity="gradient"),
            needs={"horizon": 1e4, "repeats": 4},
        ),
        Claim(
            "closed-form",
            "Loss and norm follow the closed form (3) at s > 1000, one-hot target.",
            reads=(Panels.CLOSED_FORM,),
            judge=_judge_closed_form,
            needs={"repeats": 4, "samples": 16384},
        ),
        Claim(
            "exponential-when-not-peaked",
            "For beta <= 2 the loss falls exponentially, faster than any power.",
            reads=(Panels.STEEPENING,),
            judge=_judge_steepening,
            needs={"short_horizon": 600, "repeats": 4},
        ),
    ),
)
