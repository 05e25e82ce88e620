"""Part `best-judge`: which judge is best at the paper's temperature, and how do three families of judges compare?

At t the selected sample comes only 1/(1+t) of the way to the judge's answer: the best of infinitely many is picked by
the judge that extrapolates by c = t. The expansion says t/(1 - 2/k) - 2.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.best_of_k.counted_work import exact_error, paper_samples
from solv.experiments.best_of_k.paper_regression import (
    EXTRAPOLATE,
    MIS,
    SCALE,
    Judge,
    judged,
    own_t,
    params,
    regression,
    simulate_paper,
    temperature,
)
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.high_temperature import expanded_best_extrapolation
from solv.theory.best_of_k.selection import Equivalents, selection_error
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("best-of-k", "best-judge")
LINE = 19  # distances of the exact curves, beside the simulated ones
COUNTS = (3, 4, 6, 8, 12, 16, 32, 64, 128, 512, 4096)
STEPS = 13  # extrapolations at which the error is looked at for the best one
EXACT, EXPANSION, ENDLESS = "exact", "t/(1 - 2/k) - 2", "exact, k → ∞: c = t"
NAMES = {EXTRAPOLATE: "y_T + c (y_T - m)", SCALE: "(1 + c') w_T", MIS: "w_T + mis R"}


class Panels(StrEnum):
    """The panels of this part."""

    FAMILIES = "judge-families"
    BEST = "best-extrapolation"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the error of three families against the distance of judge and teacher, and the best c against k."""
    return [
        Panel(
            Panels.FAMILIES,
            "Three families of judges: t = {t}, k = {k}",
            "distance of judge and teacher / that of mean and teacher",
            "error δ/σ²",
            facets=("t", "k"),
            series=lambda curve: NAMES[str(curve["family"])],
            verticals={config.paper.t: "t"},
            note="the first two coincide as d/n → 0",
        ),
        Panel(
            Panels.BEST,
            "The best judge extrapolates: t = {t}",
            "samples k",
            "best c",
            x_scale="log",
            facets=("t",),
            series="{law}",
        ),
    ]


def _judge_at(config: BestOfKConfig, family: str, strength: float) -> Judge:
    """Return the judge of a family whose answer is `strength` times as far from the teacher's as m is (r.m.s.)."""
    unit = {
        EXTRAPOLATE: 1.0,
        SCALE: (regression(config).equivalents().bias_variance / max(config.paper.signal, 1e-300)) ** 0.5,
        MIS: regression(config).equivalents().bias_variance ** 0.5,
    }
    return Judge(family, strength * unit[family])


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the error of each family against its strength, and the best extrapolation against k."""
    sizes, t, sigma2 = config.best_judge, config.paper.t, config.paper.sigma**2
    grid = np.unique([*np.linspace(0, max(*sizes.strength, 1.0), LINE), *sizes.strength])
    for family in NAMES:
        judges = [judged(config, _judge_at(config, family, each)) for each in grid]
        errors = [selection_error(each, sizes.k, temperature(config))[0] / sigma2 for each in judges]
        yield RECORD.theory(Panels.FAMILIES, _at(config, family), x=("strength", grid), y=("delta", errors))
    teacher = regression(config).equivalents()
    own = own_t(config, teacher)

    for law, values in (
        (EXACT, _best_extrapolations(config, teacher, own)),
        (EXPANSION, [expanded_best_extrapolation(k, own) for k in COUNTS]),
        (ENDLESS, [own] * len(COUNTS)),
    ):
        at = params(config, t=t, law=law, training=config.paper.training)
        yield RECORD.theory(Panels.BEST, at, x=("k", COUNTS), y=("best_c", values))


def _best_extrapolations(config: BestOfKConfig, teacher: Equivalents, t: float) -> np.ndarray:
    """Return the c at which the error of each of `COUNTS` is least: the vertex of a parabola at the least of a grid.

    Accuracy: a few hundredths. The grid reaches beyond both the expansion's best c and t.
    """
    grid = np.linspace(-1, 2 * t + 4, STEPS)
    errors = np.array([selection_error(teacher.extrapolating(c), COUNTS, temperature(config)) for c in grid])
    least = errors.argmin(axis=0).clip(1, STEPS - 2)
    left, middle, right = (np.take_along_axis(errors, (least + shift)[None], axis=0)[0] for shift in (-1, 0, 1))
    best: np.ndarray = grid[least] + (grid[1] - grid[0]) * 0.5 * (left - right) / (left - 2 * middle + right)
    return best


def _at(config: BestOfKConfig, family: str) -> dict[str, object]:
    return params(config, family=family, k=config.best_judge.k, t=config.paper.t, training=config.paper.training)


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of samples of the real posterior for each family; all judges score the same samples."""
    strengths = sorted({*config.best_judge.strength, 0.0})
    judges = [_judge_at(config, family, each) for family in NAMES for each in strengths]
    with context.progress.task("simulate three families of judges", 1) as step:
        errors = simulate_paper(config, context, "best judge", judges, [config.best_judge.k], [temperature(config)])
        step.advance()
    lines = errors[:, :, 0, 0].reshape(len(errors), len(NAMES), len(strengths))
    for row, family in enumerate(NAMES):
        shown = np.isin(strengths, config.best_judge.strength)
        y, y_err, n = standard_error(lines[:, row, shown])
        yield RECORD.simulation(
            Panels.FAMILIES,
            _at(config, family),
            x=("strength", np.array(strengths)[shown]),
            y=("delta", y),
            y_err=y_err,
            n=n,
        )


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_best(curves: Curves) -> Judgement:
    """The limit k -> inf is read at the largest k; the simulation says which side of the teacher the best is on."""
    exact, expansion, endless = (
        select(curves, law=law).sort_values("x")["y"].to_numpy() for law in (EXACT, EXPANSION, ENDLESS)
    )
    line = select(curves, panel=Panels.FAMILIES, family=EXTRAPOLATE, source="simulation").sort_values("x")
    if len(line) < 2 or line["x"].iloc[0] != 0:
        return missing("best_judge.strength includes 0 and another")
    teacher, least = line.iloc[0], line.iloc[int(line["y"].argmin())]
    gap = float(teacher["y"] - least["y"])
    error = math.hypot(known(teacher["y_err"], teacher["n"]), known(least["y_err"], least["n"]))
    return Judgement(
        all_of([within(exact[-1] / endless[-1], 1, 0.02), exceeds(least["x"], 0), exceeds(gap, 0, error)]),
        predicted=f"c = t = {endless[-1]:.4g} as k → ∞",
        measured=(
            f"theory: {exact[-1]:.4g} at k = {COUNTS[-1]} (the expansion: {expansion[-1]:.3g}); simulation: c = "
            f"{least['x']:g} is {gap:.4f} ± {error:.4f} below the teacher"
        ),
        tolerance="2 % at the largest k; simulation 2 s.e.",
    )


def _judge_families(curves: Curves) -> Judgement:
    """At every common strength: `scale` helps as `extrapolate` does, and a judge that is off at random harms."""
    random, along = (
        select(curves, panel=Panels.FAMILIES, family=family, source="simulation").sort_values("x")
        for family in (MIS, SCALE)
    )
    if len(random) < 2 or random["x"].iloc[0] != 0:
        return missing("best_judge.strength includes 0 and another")
    place = 1 + (len(random) - 1) // 2
    x = float(random["x"].iloc[place])
    (harm, harm_error), (help_, help_error) = (_change(random, place), _change(along, place))
    help_ = -help_
    return Judgement(
        all_of([exceeds(harm, 0, harm_error), exceeds(help_, 0, help_error)]),
        predicted="along the teacher: better; at random: worse",
        measured=(
            f"distance {x:g}: at random {harm:+.4f} ± {harm_error:.4f}, along the teacher {-help_:+.4f} ± "
            f"{help_error:.4f}"
        ),
        tolerance="2 s.e.",
    )


def _change(line: Curves, place: int) -> tuple[float, float]:
    """Return by how much the error at one place is above that of the teacher, and its standard error."""
    teacher, other = line.iloc[0], line.iloc[place]
    errors = (known(row["y_err"], row["n"]) for row in (teacher, other))
    return float(other["y"] - teacher["y"]), math.hypot(*errors)


def work(config: BestOfKConfig) -> Work:
    """Return the work of three families of judges, which score the same samples, and of the best extrapolations."""
    sizes, t = config.best_judge, config.paper.t
    strengths = len({*sizes.strength, 0.0})
    curves = len(NAMES) * (LINE + strengths) * exact_error(1, t) + STEPS * exact_error(len(COUNTS), t)
    return paper_samples(config, len(NAMES) * strengths, 1, [sizes.k]) + curves


BEST_JUDGE = Part(
    name="best-judge",
    question="Which judge is best at the paper's temperature, and how do three families of judges compare?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "best-extrapolation-tends-to-t",
            "The best judge is not the teacher but one that extrapolates, by c -> t as k -> infinity.",
            reads=(Panels.BEST, Panels.FAMILIES),
            judge=_judge_best,
            needs={"paper.points": 8000},
        ),
        Claim(
            "direction-of-misspecification-decides",
            "At equal distance from the teacher a judge along it selects better than the teacher, one at random worse.",
            reads=(Panels.FAMILIES,),
            judge=_judge_families,
            needs={"paper.points": 8000},
        ),
    ),
)
