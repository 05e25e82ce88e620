"""Part `floor`: on which risk does the last iterate of a constant rate stall, and does its average go on falling?"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.anytime.regression import COMMON_LABEL, LAST, UNIFORM, average_name, case, ema_of, problem
from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.experiments.anytime.work import nodes, recursion
from solv.harness.contract import Part
from solv.harness.work import Work
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.stability import stationary_risk
from solv.theory.anytime.weight_averaging import ema, uniform
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, missing, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "floor")
MULTIPLIER = 0.5  # peak times tr H, below the critical one of every spectrum
STATIONARY = "(4)"  # the equation of the floor
LEAST_HORIZON = 20_000  # steps at which the distance to the floor was first computed
LEAST_FALL = 0.1  # exponent with which an average falls that has not stalled


class Panels(StrEnum):
    """The panels of this part."""

    FLOOR = "floor"
    RATE = "floor-rate"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the risks of the last iterate and of its averages, and the learning rate."""
    return [
        Panel(
            Panels.FLOOR,
            "A constant rate stalls, its average does not: a = {a}, b = {b}",
            "steps t",
            "excess risk",
            x_scale="log",
            y_scale="log",
            facets=("a", "b"),
            series=_name,
        ),
        Panel(
            Panels.RATE,
            "Learning rate of the floor: a = {a}, b = {b}",
            "steps t",
            "learning rate",
            facets=("a", "b"),
            drawn=False,
        ),
    ]


def _name(params: Params) -> str:
    return f"floor {params['equation']}" if "equation" in params else average_name(params)


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the last iterate, two averages and equation (4), for the last (a, b)."""
    a, b = cases(config)[-1]
    at = {**case(config, a, b), "multiplier": MULTIPLIER}
    regression = problem(config, a, b)
    eta = MULTIPLIER / regression.spectrum.trace
    read_at = np.unique(np.geomspace(10, config.horizon, 25).round().astype(int))
    averages, rates = [uniform(), ema(COMMON_LABEL)], np.full((config.horizon, 1), eta)
    risks = excess_risk(regression.spectrum, regression.sigma2, rates, read_at.tolist(), averages, regression.batch)
    level = stationary_risk(regression.spectrum, regression.sigma2, eta, regression.batch)
    kinds: list[Params] = [{"average": LAST}, {"average": UNIFORM}, ema_of(COMMON_LABEL), {"equation": STATIONARY}]
    values = (risks.last, *risks.averaged, np.full((len(read_at), 1), level))
    for kind, risk in zip(kinds, values, strict=True):
        yield RECORD.theory(Panels.FLOOR, {**at, **kind}, x=("steps", read_at), y=("risk", risk[:, 0]))
    yield RECORD.theory(Panels.RATE, at, x=("steps", read_at[-1]), y=("rate", eta))


def _judge_floor(curves: Curves) -> Judgement:
    """Directions slower than the time that has passed hold no noise yet: a part (rate t)^-(1 - 1/a) is missing."""
    verdicts, ratios, tolerances = [], [], []
    for at, rate in each_curve(select(curves, panel=Panels.RATE)):
        rows = select(curves, panel=Panels.FLOOR, **at).sort_values("x")
        last, average = select(rows, average=LAST), select(rows, label=COMMON_LABEL)
        level = float(select(rows, equation=STATIONARY)["y"].iloc[-1])
        if level == 0:
            return missing("sigma2 > 0")
        ratio = float(last["y"].iloc[-1]) / level
        early, end = average[average["x"] <= average["x"].max() / 2].iloc[-1], average.iloc[-1]
        slope = float(np.log(end["y"] / early["y"]) / np.log(end["x"] / early["x"]))
        unreached = float((rate["y"].iloc[0] * last["x"].iloc[-1]) ** -(1 - 1 / float(at["a"])))
        long_enough = last["x"].max() >= LEAST_HORIZON
        verdict = all_of([within(ratio, 1, unreached), exceeds(-slope, LEAST_FALL)])
        verdicts.append(verdict if long_enough else Verdict.UNDECIDED)
        ratios.append(f"{ratio:.3f}, {slope:.2f}")
        tolerances.append(f"{100 * unreached:.1f} %")
    return Judgement(
        all_of(verdicts),
        predicted=f"last iterate / (4) = 1, slope of the average < -{LEAST_FALL}",
        measured="; ".join(ratios),
        tolerance=f"{'; '.join(tolerances)}: what the slow directions have not reached yet",
    )


def work(config: AnytimeConfig) -> Work:
    """Return the work of the one run with its two averages."""
    return recursion(nodes(config, config.dimension), config.horizon, 1, 2)


FLOOR = Part(
    name="floor",
    question="On which risk does a constant rate stall, and does its average go on falling?",
    names=Panels,
    panels=panels,
    predict=predict,
    work=work,
    claims=(
        Claim(
            "constant-rate-stalls",
            "At a constant rate the last iterate stalls on (4), and the averaged risk keeps falling.",
            reads=(Panels.FLOOR, Panels.RATE),
            judge=_judge_floor,
            needs={"horizon": LEAST_HORIZON},
        ),
    ),
)
