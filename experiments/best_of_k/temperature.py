"""Part `temperature`: how sharply should the judge select, at a fixed number of samples?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.best_of_k.counted_work import drawn_samples, exact_error
from solv.experiments.best_of_k.regression import equivalents, judge_label, noise
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.selection import selection_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("best-of-k", "temperature")
LINE = 9  # temperatures > 0 of a judge's curve, beside the simulated ones
SURFACE = (6, 10)  # judges and temperatures among which the best temperature is looked for


class Panels(StrEnum):
    """The panels of this part."""

    TEMPERATURE = "temperature"
    OPTIMAL_TEMPERATURE = "optimal-temperature"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the error against the temperature, and the temperature at which it is least."""
    return [
        Panel(
            Panels.TEMPERATURE,
            "Error against temperature: α = {alpha}, k = {k}",
            "selection temperature T",
            "error ε",
            x_scale="log",
            y_scale="log",
            facets=("alpha", "k"),
            series=judge_label,
            ordered=True,
            note="T = 0 is drawn at the left end",
        ),
        Panel(
            Panels.OPTIMAL_TEMPERATURE,
            "Optimal temperature: α = {alpha}",
            "misspecification of the judge",
            "optimal T",
            y_scale="log",
            facets=("alpha",),
            series="k={k}",
            ordered=True,
            note="where no curve is, T = 0 is best",
        ),
    ]


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the error against T of every judge, and the best T against misspecification at each fixed k."""
    heat, alpha = config.against_temperature, config.alpha[0]
    grid = np.unique([0.0, *np.geomspace(2 * _zero(config), 30, LINE), *heat.simulated])
    for mis in config.mis:
        errors = [selection_error(equivalents(config, alpha, mis), heat.k, each)[0] for each in grid]
        places = _places(grid, config)
        yield RECORD.theory(Panels.TEMPERATURE, _at(config, mis), x=("temperature", places), y=("error", errors))
    misses, temperatures = np.linspace(0.5, 1.5, SURFACE[0]), np.geomspace(0.03, 20, SURFACE[1])
    judges = [equivalents(config, alpha, mis) for mis in misses]
    surface = np.array([[selection_error(judge, heat.best_at, each) for each in temperatures] for judge in judges])
    for column, k in enumerate(heat.best_at):
        best = np.array([_minimum(temperatures, line) for line in surface[:, :, column]])
        shown = best > temperatures[0]
        if shown.any():
            at = {"alpha": alpha, "k": k, **noise(config)}
            yield RECORD.theory(Panels.OPTIMAL_TEMPERATURE, at, x=("mis", misses[shown]), y=("optimal_T", best[shown]))


def _at(config: BestOfKConfig, mis: float) -> dict[str, object]:
    """Return the params of one judge's curve; the place of T = 0 is among them, for it depends on the settings."""
    k = config.against_temperature.k
    return {"alpha": config.alpha[0], "k": k, "mis": mis, "zero_at": _zero(config), **noise(config)}


def _zero(config: BestOfKConfig) -> float:
    """Return where T = 0 stands on the logarithmic axis: at its left end."""
    positive = [each for each in config.against_temperature.simulated if each > 0]
    return min([0.02, *positive]) / 2


def _places(temperatures: np.ndarray, config: BestOfKConfig) -> np.ndarray:
    """Return where temperatures stand on the logarithmic axis."""
    return np.where(temperatures > 0, temperatures, _zero(config))


def _minimum(temperatures: np.ndarray, errors: np.ndarray) -> float:
    """Return where the error is least: the vertex of the parabola in log T through the least point of the grid."""
    least = int(np.argmin(errors))
    if least in (0, len(errors) - 1):
        return float(temperatures[least])
    left, middle, right = errors[least - 1 : least + 2]
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    return float(temperatures[least] * (temperatures[least + 1] / temperatures[least]) ** shift)


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated error of every judge at the simulated temperatures."""
    from solv.experiments.best_of_k.drawn_samples import simulate

    heat, alpha = config.against_temperature, config.alpha[0]
    judges = [(mis, 0.0) for mis in config.mis]
    with context.progress.task("simulate temperatures", 1) as step:
        errors = simulate(config, context, "temperature", alpha, judges, [heat.k], heat.simulated)
        step.advance(note=f"alpha={alpha:g}")
    places = _places(np.array(heat.simulated), config)
    for row, mis in enumerate(config.mis):
        y, y_err, n = standard_error(errors[:, row, :, 0])
        at = _at(config, mis)
        yield RECORD.simulation(Panels.TEMPERATURE, at, x=("temperature", places), y=("error", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    """T = 0 stands at the left end of the axis; the least of theory's curve says which temperature is meant."""
    (teacher, cold), (theory, simulated) = (_judged(curves, mis) for mis in (0, 1))
    if teacher.empty or theory.empty or len(cold) < 3 or len(simulated) < 3:
        return missing("mis includes 0 and 1, against_temperature.simulated")
    inner = 1 + int(simulated["y"].iloc[1:-1].argmin())
    gaps = [_gap(simulated, end, inner) for end in (0, -1)]
    least = float(theory["x"].iloc[int(theory["y"].argmin())])
    warmer = [_gap(cold, other, 0) for other in range(1, len(cold))]
    return Judgement(
        all_of(
            [
                within(int(np.argmin(teacher["y"])), 0, 0),
                Verdict.FAILS if any(gap < -2 * error for gap, error in warmer) else Verdict.HOLDS,
                exceeds(warmer[-1][0], 0, warmer[-1][1]),
                Verdict.HOLDS if theory["x"].min() < least < theory["x"].max() else Verdict.FAILS,
                *(exceeds(gap, 0, error) for gap, error in gaps),
            ]
        ),
        predicted=f"T = 0; T near {least:.3g}",
        measured=(
            f"mis = 1: T = {simulated['x'].iloc[inner]:.3g} is {gaps[0][0]:.3f} ± {gaps[0][1]:.3f} below T = 0 and "
            f"{gaps[1][0]:.3f} ± {gaps[1][1]:.3f} below T = {simulated['x'].iloc[-1]:g}"
        ),
        tolerance="theory exact; simulation 2 s.e.",
    )


def _judged(curves: Curves, mis: float) -> tuple[Curves, Curves]:
    """Return theory and simulation of one judge, from T = 0 upwards."""
    line = select(curves, panel=Panels.TEMPERATURE, mis=mis)
    theory, simulated = (select(line, source=source).sort_values("x") for source in ("theory", "simulation"))
    return theory, simulated


def _gap(line: Curves, high: int, low: int) -> tuple[float, float]:
    """Return by how much the error of one point is above that of another, and the standard error of that."""
    top, bottom = line.iloc[high], line.iloc[low]
    return top["y"] - bottom["y"], math.hypot(known(top["y_err"], top["n"]), known(bottom["y_err"], bottom["n"]))


def work(config: BestOfKConfig) -> Work:
    """Return the work of every judge at every temperature, and of the best temperatures."""
    heat, judges = config.against_temperature, len(config.mis)
    drawn = drawn_samples(config, config.alpha[0], judges, len(heat.simulated), [heat.k])
    looked_at = judges * (LINE + len(heat.simulated)) * exact_error(1, temperature=1.0)
    return drawn + looked_at + SURFACE[0] * SURFACE[1] * exact_error(len(heat.best_at), temperature=1.0)


TEMPERATURE = Part(
    name="temperature",
    question="At which temperature should the judge select among a fixed number of samples?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "optimal-temperature",
            "At fixed k the teacher as judge is best at T = 0, a misspecified judge (mis = 1) at a T in between.",
            reads=(Panels.TEMPERATURE,),
            judge=_judge,
            needs={"simulation.repeats": 40},
        ),
    ),
)
