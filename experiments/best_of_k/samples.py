"""Part `samples`: how does the error fall with the number of samples, and when does it rise again?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import pandas as pd

from solv.experiments.best_of_k.counted_work import drawn_samples, exact_error
from solv.experiments.best_of_k.regression import LARGEST_DRAWN, equivalents, judge_label, noise
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.selection import optimal_samples, selection_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.confidence import STUDENT, sigmas_to_fail
from solv.tracking.curves import Curves, Recorder, each_curve, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("best-of-k", "samples")
BEST_AT = 9  # misspecifications at which the best k is looked for
NEAR_TEACHER = 0.2  # theory's error falls with k up to here at alpha = 2, and rises again at mis = 0.3 and T = 0


class Panels(StrEnum):
    """The panels of this part."""

    SAMPLES = "samples"
    OPTIMAL_SAMPLES = "optimal-samples"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the error against k at each (alpha, T), and the k at which it is least."""
    drawn = [
        Panel(
            Panels.SAMPLES,
            "Error against samples: α = {alpha}, T = {temperature}",
            "samples k",
            "error ε",
            x_scale="log",
            y_scale="log",
            facets=("alpha", "temperature"),
            series=judge_label,
            ordered=True,
            main=True,
        )
    ]
    if _selecting(config):
        drawn.append(
            Panel(
                Panels.OPTIMAL_SAMPLES,
                "Optimal number of samples: α = {alpha}",
                "misspecification of the judge",
                "optimal k",
                y_scale="log",
                facets=("alpha",),
                series="T={temperature}",
                ordered=True,
            )
        )
    return drawn


def _selecting(config: BestOfKConfig) -> list[float]:
    """Return the temperatures at which the judge has a say."""
    return [temperature for temperature in config.temperature if math.isfinite(temperature)]


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the error of every (alpha, T, mis), and the best k against misspecification at the first alpha."""
    for alpha in config.alpha:
        for temperature in config.temperature:
            for mis in config.mis:
                errors = selection_error(equivalents(config, alpha, mis), np.array(config.k), temperature)
                at = _at(config, alpha, temperature, mis)
                yield RECORD.theory(Panels.SAMPLES, at, x=("k", config.k), y=("error", errors))
    alpha, grid = config.alpha[0], np.linspace(0.3, 1.5, BEST_AT)
    for temperature in _selecting(config):
        best = np.array([optimal_samples(equivalents(config, alpha, mis), temperature).argument for mis in grid])
        finite = np.isfinite(best)
        if finite.any():
            at = {"alpha": alpha, "temperature": temperature, **noise(config)}
            yield RECORD.theory(Panels.OPTIMAL_SAMPLES, at, x=("mis", grid[finite]), y=("optimal_k", best[finite]))


def _at(config: BestOfKConfig, alpha: float, temperature: float, mis: float) -> dict[str, object]:
    return {"alpha": alpha, "temperature": temperature, "mis": mis, **noise(config)}


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated error of every (alpha, T, mis) up to the largest k that can be drawn."""
    from solv.experiments.best_of_k.drawn_samples import simulate

    judges = [(mis, 0.0) for mis in config.mis]
    k = [count for count in config.k if count <= LARGEST_DRAWN]
    with context.progress.task("simulate numbers of samples", len(config.alpha)) as step:
        for alpha in config.alpha:
            errors = simulate(config, context, "samples", alpha, judges, k, config.temperature)
            step.advance(note=f"alpha={alpha:g}")
            for column, temperature in enumerate(config.temperature):
                for row, mis in enumerate(config.mis):
                    y, y_err, n = standard_error(errors[:, row, column])
                    at = _at(config, alpha, temperature, mis)
                    yield RECORD.simulation(Panels.SAMPLES, at, x=("k", k), y=("error", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_monotone(curves: Curves) -> Judgement:
    near = curves[parameter(curves, "mis") <= NEAR_TEACHER]
    theory, simulated = (select(near, source=source) for source in ("theory", "simulation"))
    if theory.empty or simulated.empty:
        return missing("mis includes 0")
    rises = sum(int(np.sum(np.diff(line.sort_values("x")["y"]) > 0)) for _, line in each_curve(theory))
    lines = [line.sort_values("x") for _, line in each_curve(simulated)]
    steps = sum(len(line) - 1 for line in lines)
    verdicts = [_falls(line, steps) for line in lines]
    return Judgement(
        all_of([within(rises, 0, 0), *verdicts]),
        predicted="no rise",
        measured=f"theory: {rises} rises; simulation: {verdicts.count(Verdict.FAILS)} of {len(verdicts)} curves rise",
        tolerance=f"theory exact; simulation 2 s.e.; a rise is the worst of {steps} steps, {STUDENT}",
    )


def _falls(line: Curves, steps: int) -> Verdict:
    """Judge whether one curve falls from its first to its last k, and never rises between; of so many steps in all."""
    y, y_err = line["y"].to_numpy(), _errors(line)
    if np.any(np.diff(y) > sigmas_to_fail(line["n"].min(), steps) * np.hypot(y_err[1:], y_err[:-1])):
        return Verdict.FAILS
    return exceeds(y[0] - y[-1], 0, math.hypot(y_err[0], y_err[-1]))


def _judge_finite_optimum(curves: Curves) -> Judgement:
    """The simulated optimum is compared with k = 1 and with the largest k, whose samples it shares."""
    rows = select(curves, panel=Panels.SAMPLES, alpha=2, temperature=0.1, mis=0.6)
    theory, simulated = (select(rows, source=source).sort_values("x") for source in ("theory", "simulation"))
    if theory.empty or simulated.empty or simulated["x"].max() < 64:
        return missing("alpha=2 mis=0.6 temperature=0.1, k up to 64")
    predicted, y, y_err = float(_least(theory)["x"]), simulated["y"].to_numpy(), _errors(simulated)
    least, last = int(y.argmin()), float(simulated["x"].iloc[-1])
    best = float(simulated["x"].iloc[least])
    above = [(y[end] - y[least], math.hypot(y_err[end], y_err[least])) for end in (0, -1)]
    return Judgement(
        all_of(
            [
                within(predicted, 4, 0),
                within(abs(math.log2(best / 4)), 0, 1),
                *(exceeds(gap, 0, error) for gap, error in above),
            ]
        ),
        predicted=4,
        measured=(
            f"theory {predicted:g}; simulation {best:g}, {above[0][0]:.3f} ± {above[0][1]:.3f} below k = 1 and "
            f"{above[1][0]:.3f} ± {above[1][1]:.3f} below k = {last:g}"
        ),
        tolerance="theory exact; simulated k* within a factor 2, both ends above it by 2 s.e.",
    )


def _errors(line: Curves) -> np.ndarray:
    """Return the standard errors of a curve's points, NaN where equal repeats made them vanish."""
    return np.array([known(error, n) for error, n in zip(line["y_err"], line["n"], strict=True)])


def _least(rows: Curves) -> pd.Series:
    """Return the row of the least y."""
    return rows.iloc[int(rows["y"].argmin())]


def work(config: BestOfKConfig) -> Work:
    """Return the work of every (alpha, T, mis), and of the best k, which looks at some 200 of them."""
    k = [count for count in config.k if count <= LARGEST_DRAWN]
    each, judges = len(config.alpha) * len(config.mis), len(config.mis)
    return sum(
        (
            *(drawn_samples(config, alpha, judges, len(config.temperature), k) for alpha in config.alpha),
            *(each * exact_error(len(config.k), temperature) for temperature in config.temperature),
            *(2 * BEST_AT * exact_error(100, temperature) for temperature in _selecting(config)),
        ),
        Work(),
    )


SAMPLES = Part(
    name="samples",
    question="How does the error fall with the number of samples, and at which number is it least?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "monotone-when-judge-near-teacher",
            f"With the teacher or a judge near it (mis <= {NEAR_TEACHER}) the error falls with every increase of k.",
            reads=(Panels.SAMPLES,),
            judge=_judge_monotone,
            needs={"simulation.repeats": 40},
        ),
        Claim(
            "finite-optimal-k-when-misspecified",
            "At misspecification 0.6 and T = 0.1 (alpha = 2) the error is least at k* = 4 among powers of two.",
            reads=(Panels.SAMPLES,),
            judge=_judge_finite_optimum,
            needs={"simulation.repeats": 40},
        ),
    ),
)
