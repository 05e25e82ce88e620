"""Part `inverse-square-law`: how fast does the error fall where the teacher picks the best of k, and how far below?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.best_of_k.counted_work import drawn_samples, exact_error
from solv.experiments.best_of_k.regression import equivalents, noise
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.experiments.best_of_k.teacher_as_judge import (
    EXPONENT_WINDOW,
    difficulty,
    simulate_teacher,
    simulated_counts,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.selection import inverse_square_coefficient, selection_error
from solv.tracking.claims import Claim, Judgement, all_of, known, missing, within
from solv.tracking.curves import Curves, Recorder, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("best-of-k", "inverse-square-law")
ASYMPTOTIC = 64  # samples from which the law is read
EASY = 0.5  # difficulty D2/s2 below which it is the law


class Panels(StrEnum):
    """The panels of this part."""

    BEST_OF = "best-of"
    COEFFICIENT = "coefficient"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the error against k, and its ratio to the law where that holds."""
    drawn = [
        Panel(
            Panels.BEST_OF,
            "Best of k by the teacher, T = 0",
            "samples k",
            "error ε",
            x_scale="log",
            y_scale="log",
            series="α={alpha}",
            ordered=True,
            slopes=(Slope(-2, 3.0, 30, config.best_of.most, "slope -2"),),
        )
    ]
    if any(difficulty(equivalents(config, alpha)) < EASY for alpha in config.best_of.alpha):
        drawn.append(
            Panel(
                Panels.COEFFICIENT,
                "Approach to the inverse-square law (7)",
                "samples k",
                "k² ε / coefficient",
                x_scale="log",
                y_limits=(0.0, 1.3),
                series="α={alpha}",
                ordered=True,
            )
        )
    return drawn


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the error at every alpha, and its ratio to the law."""
    counts = np.unique([*np.geomspace(1, config.best_of.most, 40).round().astype(int), *config.k, *EXPONENT_WINDOW])
    for alpha in config.best_of.alpha:
        judged = equivalents(config, alpha)
        errors, at = selection_error(judged, counts, 0.0), _at(config, alpha)
        yield RECORD.theory(Panels.BEST_OF, at, x=("k", counts), y=("error", errors))
        if difficulty(judged) < EASY:
            ratio = counts**2.0 * errors / inverse_square_coefficient(judged)
            yield RECORD.theory(Panels.COEFFICIENT, at, x=("k", counts), y=("ratio", ratio))


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated error at every alpha, and its ratio to the law."""
    counts = simulated_counts(config)
    for alpha, errors in simulate_teacher(config, context):
        judged, at = equivalents(config, alpha), _at(config, alpha)
        y, y_err, n = standard_error(errors)
        yield RECORD.simulation(Panels.BEST_OF, at, x=("k", counts), y=("error", y), y_err=y_err, n=n)
        if difficulty(judged) < EASY:
            scale = np.array(counts) ** 2.0 / inverse_square_coefficient(judged)
            yield RECORD.simulation(
                Panels.COEFFICIENT, at, x=("k", counts), y=("ratio", scale * y), y_err=scale * y_err, n=n
            )


def _at(config: BestOfKConfig, alpha: float) -> dict[str, object]:
    return {"alpha": alpha, "temperature": 0.0, **noise(config)}


def _judge(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.COEFFICIENT, alpha=8)
    rows = rows[rows["x"] >= ASYMPTOTIC].sort_values("x")
    theory, simulated = (select(rows, source=source) for source in ("theory", "simulation"))
    if len(theory) < 2 or len(simulated) < 2:
        return missing("best_of.alpha includes 8, k up to 256")
    exponent = float(np.polyfit(np.log(theory["x"]), np.log(theory["y"]), 1)[0]) - 2
    end = float(theory["y"].iloc[-1])
    first, last = simulated.iloc[0], simulated.iloc[-1]
    first_error, last_error = (known(row["y_err"], row["n"]) for row in (first, last))
    span = math.log(last["x"] / first["x"])
    measured = math.log(last["y"] / first["y"]) / span - 2
    error = math.hypot(last_error / last["y"], first_error / first["y"]) / span
    return Judgement(
        all_of(
            [
                within(exponent, -2, 0.05),
                within(end, 1, 0.03),
                within(measured, -2, 0.05, error),
                within(last["y"], 1, 0.03, last_error),
            ]
        ),
        predicted="exponent -2, ratio to the coefficient 1",
        measured=(
            f"theory, k >= {ASYMPTOTIC}: {exponent:.4f}, ratio {end:.4f} at k = {theory['x'].iloc[-1]:g}; simulation: "
            f"{measured:.3f} ± {error:.3f}, ratio {last['y']:.3f} ± {last['y_err']:.3f} at k = {last['x']:g}"
        ),
        tolerance="exponent 0.05; coefficient 3 %",
    )


def work(config: BestOfKConfig) -> Work:
    """Return the work of every alpha; its samples are those that the part `difficulty` reads, too."""
    best, counts = config.best_of, simulated_counts(config)
    drawn = (
        drawn_samples(config, alpha, 1, 1, counts, repeats=best.repeats, points=best.points) for alpha in best.alpha
    )
    return sum(drawn, len(best.alpha) * exact_error(40, temperature=0.0))


INVERSE_SQUARE_LAW = Part(
    name="inverse-square-law",
    question="How fast does the error fall with k where the teacher picks the best, and with which coefficient?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "inverse-square-law",
            "With the teacher as judge and T = 0 the error falls as k^-2 with the coefficient (7) (alpha = 8).",
            reads=(Panels.COEFFICIENT,),
            judge=_judge,
            needs={"best_of.points": 25_000, "best_of.repeats": 40},
        ),
    ),
)
