"""Part `uniform-averages`: how does a uniform average fall at a constant rate, and at 1/sqrt(t)? (Figure 3)"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.anytime.regression import UNIFORM, case, problem
from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.harness.contract import Part
from solv.theory.anytime.horizon_free import PowerSchedule, least_mean_risk
from solv.theory.anytime.weight_averaging import uniform
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "uniform-averages")
READINGS = (0.02, 0.04, 0.06, 0.1, 0.16, 0.2, 0.4, 1.0)  # 1000 to 50000 steps, as parts of the horizon
TOLERANCE = 0.03  # of the slope, at a finite horizon
LEAST_HORIZON = 20_000  # steps at which the slope has come that close to the law


class Panels(StrEnum):
    """The panels of this part."""

    UNIFORM = "uniform-averages"
    PEAKS = "uniform-averages-peaks"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the risk of the averages, and the peaks at which it is drawn."""
    return [
        Panel(
            Panels.UNIFORM,
            "Uniform averages, the paper's rule: a = {a}, b = {b}",
            "steps t",
            "excess risk",
            x_scale="log",
            y_scale="log",
            facets=("a", "b"),
            series=_name,
            note="at the peak of least mean risk",
            figure="Fig. 3",
        ),
        Panel(
            Panels.PEAKS,
            "Peaks of least mean risk: a = {a}, b = {b}",
            "steps t",
            "peak, times 1/tr H",
            facets=("a", "b"),
            series=_name,
            drawn=False,
        ),
    ]


def _name(params: Params) -> str:
    return PowerSchedule(float(str(params["gamma"]))).name


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the risk of both schedules at every (a, b), and their peaks."""
    read_at = [round(part * config.horizon) for part in READINGS]
    for a, b in cases(config):
        regression = problem(config, a, b)
        for gamma in (0.0, 0.5):
            multiplier, risks = least_mean_risk(
                regression, PowerSchedule(gamma), uniform(), read_at, sorted(config.figure3.multipliers)
            )
            at = {**case(config, a, b), "horizon": config.horizon, "gamma": gamma, "average": UNIFORM}
            yield RECORD.theory(Panels.UNIFORM, at, x=("steps", read_at), y=("risk", risks))
            yield RECORD.theory(Panels.PEAKS, at, x=("steps", read_at[-1]), y=("multiplier", multiplier))


def _judge_square_root(curves: Curves) -> Judgement:
    """From the paper's own curve, a uniform average at its multiplier of least mean risk, over a factor 5 in time."""
    verdicts, slopes, last = [], [], 0.0
    for params, line in each_curve(select(curves, gamma=0.5)):
        a, b, end = float(params["a"]), float(params["b"]), float(line["x"].max())
        if not np.isclose(b, 2 * a):
            continue
        late = line[line["x"].isin([end, round(end / 5)])].sort_values("x")
        slope = float(np.diff(np.log(late["y"]))[0] / np.diff(np.log(late["x"]))[0])
        predicted = -(1 - 1 / (2 * a))
        verdicts.append(within(slope, predicted, TOLERANCE))
        slopes.append(f"{slope:.3f} for {predicted:.3f} (a = {a:g}, b = {b:g})")
        last = max(last, end)
    if not verdicts:
        return missing("b includes 2 a")
    return Judgement(
        all_of(verdicts) if last >= LEAST_HORIZON else Verdict.UNDECIDED,
        predicted="-(1 - 1/(2a))",
        measured=", ".join(slopes),
        tolerance=f"{TOLERANCE}: a finite horizon",
    )


UNIFORM_AVERAGES = Part(
    name="uniform-averages",
    question="How does the risk of a uniform average fall at a constant rate, and at 1/sqrt(t)?",
    names=Panels,
    panels=panels,
    predict=predict,
    figure="Fig. 3",
    claims=(
        Claim(
            "square-root-is-minimax",
            "At b = 2a the averaged 1/sqrt(t) schedule reaches the minimax rate -(1 - 1/(2a)).",
            reads=(Panels.UNIFORM,),
            judge=_judge_square_root,
            needs={"horizon": LEAST_HORIZON},
        ),
    ),
)
