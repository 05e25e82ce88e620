"""Part `difficulty`: how much slower does the error fall with k where the task is hard?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.best_of_k.regression import equivalents, noise
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.experiments.best_of_k.teacher_as_judge import (
    EXPONENT_WINDOW,
    difficulty,
    simulate_teacher,
    simulated_counts,
)
from solv.harness.contract import Context, Part
from solv.theory.best_of_k.selection import decay_exponent, selection_error
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, select
from solv.tracking.panels import Panel

RECORD = Recorder("best-of-k", "difficulty")
SLOPE, LIMIT = "slope", "limit"  # the exponent between two numbers of samples, and that of infinitely many


class Panels(StrEnum):
    """The panel of this part."""

    DIFFICULTY = "difficulty"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the exponent of the decay against the difficulty."""
    return [
        Panel(
            Panels.DIFFICULTY,
            "Difficulty slows the decay (T = 0)",
            "difficulty D₂/s₂",
            "exponent -d log ε / d log k",
            series=_label,
            verticals={0.5: "2 D₂ = s₂"},
        )
    ]


def _label(params: Params) -> str:
    if params["exponent"] == LIMIT:
        return "k → ∞ (up to logarithms)"
    return f"k = {params['from']} to {params['to']}"


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the exponent between the ends of the window, and its limit."""
    alphas = np.unique([*np.geomspace(0.3, 16, 24), *config.best_of.alpha])[::-1]
    judged = [equivalents(config, alpha) for alpha in alphas]
    hardness = np.array([difficulty(each) for each in judged])
    window = np.stack([selection_error(each, np.array(EXPONENT_WINDOW), 0.0) for each in judged])
    limits = [decay_exponent(each) for each in judged]
    yield RECORD.theory(
        Panels.DIFFICULTY, _slope(config), x=("difficulty", hardness), y=("exponent", _exponent(window))
    )
    at = {"exponent": LIMIT, **noise(config)}
    yield RECORD.theory(Panels.DIFFICULTY, at, x=("difficulty", hardness), y=("exponent", limits))


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the exponent of the simulated error between the ends of the window."""
    counts = simulated_counts(config)
    ends = [counts.index(count) for count in EXPONENT_WINDOW]
    hardness, slopes, errors, repeats = [], [], [], 1
    for alpha, drawn in simulate_teacher(config, context):
        slope, error = _mean_slope(drawn[:, ends])
        hardness.append(difficulty(equivalents(config, alpha)))
        slopes.append(slope)
        errors.append(error)
        repeats = len(drawn)
    yield RECORD.simulation(
        Panels.DIFFICULTY,
        _slope(config),
        x=("difficulty", hardness),
        y=("exponent", slopes),
        y_err=errors,
        n=repeats,
    )


def _slope(config: BestOfKConfig) -> dict[str, object]:
    low, high = EXPONENT_WINDOW
    return {"exponent": SLOPE, "from": low, "to": high, **noise(config)}


def _exponent(errors: np.ndarray) -> np.ndarray:
    """Return -d log eps / d log k from the errors at the two ends of the window, along the last axis."""
    low, high = EXPONENT_WINDOW
    slope: np.ndarray = -(np.log(errors[..., -1]) - np.log(errors[..., 0])) / math.log(high / low)
    return slope


def _mean_slope(errors: np.ndarray) -> tuple[float, float]:
    """Return the exponent of the mean errors (repeats, 2), and its jackknife error over repeats."""
    count = len(errors)
    whole = float(_exponent(errors.mean(axis=0)))
    left_out = _exponent((errors.sum(axis=0) - errors) / (count - 1))
    return whole, float(np.sqrt((count - 1) / count * np.sum((left_out - left_out.mean()) ** 2)))


def _judge(curves: Curves) -> Judgement:
    """Judged on the slope between fixed k, which the simulation can follow; the limit has its own logarithms."""
    rows = select(curves, exponent=SLOPE).sort_values("x")
    theory, simulated = (select(rows, source=source) for source in ("theory", "simulation"))
    if theory.empty or len(simulated) < 2:
        return missing("two values of best_of.alpha")
    easy, hard = simulated.iloc[0], simulated.iloc[-1]
    error = math.hypot(known(easy["y_err"], easy["n"]), known(hard["y_err"], hard["n"]))
    rises = int(np.sum(np.diff(theory["y"]) > 0))
    return Judgement(
        all_of([within(rises, 0, 0), exceeds(easy["y"] - hard["y"], 0, error)]),
        predicted=f"exponent {theory['y'].iloc[0]:.2f} falls to {theory['y'].iloc[-1]:.2f}",
        measured=(
            f"simulation {easy['y']:.2f} ± {easy['y_err']:.2f} at D2/s2 = {easy['x']:.2f}, {hard['y']:.2f} ± "
            f"{hard['y_err']:.2f} at {hard['x']:.2f}"
        ),
        tolerance="theory monotone; simulation 2 s.e.",
    )


DIFFICULTY = Part(
    name="difficulty",
    question="How much slower does the error fall with k where the task is harder?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "difficulty-degrades",
            "The harder the task (D2/s2), the slower the error falls with k.",
            reads=(Panels.DIFFICULTY,),
            judge=_judge,
            needs={"best_of.repeats": 40},
        ),
    ),
)
