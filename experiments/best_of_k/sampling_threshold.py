"""Part `sampling-threshold`: from which judge on is a finite number of samples best, and which number?

Remark 3 of the paper says t < 3 C2/C1. The exact condition, derived in `theory/best_of_k/high_temperature.py`, is
t < 3 C2/C1 - 4: what the error does between two large numbers of samples tells the two apart.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.best_of_k.counted_work import exact_error, paper_samples
from solv.experiments.best_of_k.paper_regression import (
    EXTRAPOLATE,
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
from solv.theory.best_of_k.high_temperature import (
    expanded_optimal_samples,
    expanded_threshold,
    samples_of_optimal_temperature,
    sampling_threshold,
)
from solv.theory.best_of_k.selection import selection_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("best-of-k", "sampling-threshold")
GRID = 16  # judges of the exact curves, beside the simulated ones
EXACT, PAPER_THRESHOLD = "exact", "paper: 3 C₂/C₁"
PAPER, READING = "expansion: 4 C₂/(3 C₂ - C₁ t)", "reading: 2 t*/(t* - t)"
MOST = 1000  # samples up to which a best number is looked for
NUMBER = 1.5  # factor within which a number of samples counts as predicted


class Panels(StrEnum):
    """The panels of this part."""

    CHANGE = "threshold-change"
    THRESHOLD = "threshold"
    OPTIMAL = "threshold-optimal-samples"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return what more samples change against c, the threshold in t against c, and the best number against c."""
    edges = {
        f"{name}: c = {_where(config, shift):.1f}": _where(config, shift)
        for name, shift in (("3 C₂/C₁ = t", 0.0), ("3 C₂/C₁ - 4 = t", 4.0))
    }
    return [
        Panel(
            Panels.CHANGE,
            "More samples, from k = {few} to {many}: t = {t}",
            "extrapolation c of the judge",
            "change of δ/σ²",
            facets=("few", "many", "t"),
            series="change",
            verticals={c: text for text, c in edges.items()},
            note="above 0: fewer samples are better (paired)",
            figure="Remark 3",
        ),
        Panel(
            Panels.THRESHOLD,
            "Below which temperature a finite k is best",
            "extrapolation c of the judge",
            "threshold t",
            y_scale="log",
            series="{law}",
            figure="Remark 3",
        ),
        Panel(
            Panels.OPTIMAL,
            "Best number of samples: t = {t}",
            "extrapolation c of the judge",
            "k*",
            y_scale="log",
            facets=("t",),
            series="{law}",
            figure="Remark 3",
        ),
    ]


def _where(config: BestOfKConfig, shift: float) -> float:
    """Return the c at which 3 C2/C1 - shift = t: 3 (1+c)^2 D2 = (t + shift - 3)(s2 + 2 (1+c) D2)."""
    teacher = regression(config).equivalents()
    s2, d2 = teacher.predictive_variance, teacher.bias_variance
    level = own_t(config, teacher) + shift - 3
    return (level * d2 + math.sqrt((level * d2) ** 2 + 3 * d2 * level * s2)) / (3 * d2) - 1


def _compared(config: BestOfKConfig) -> tuple[int, int]:
    few, many = sorted((config.threshold.few, config.threshold.many))
    return few, many


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield what more samples change, both thresholds, and the best number of samples: exact, expanded and as read."""
    threshold, t = config.threshold, config.paper.t
    grid = np.unique([*np.linspace(0, max(threshold.c), GRID).round(6), *threshold.c])
    judges = [judged(config, Judge(EXTRAPOLATE, c)) for c in grid]
    few, many = _compared(config)
    counts = np.unique([*range(1, 61), *np.geomspace(60, MOST, 20).round(), few, many])
    errors = np.array([selection_error(each, counts, temperature(config)) for each in judges])
    change = (errors[:, counts == many] - errors[:, counts == few])[:, 0] / config.paper.sigma**2
    yield RECORD.theory(Panels.CHANGE, _change(config), x=("c", grid), y=("change", change))
    best = counts[errors.argmin(axis=1)]
    at = params(config, training=config.paper.training)
    for law, values in (
        (EXACT, [sampling_threshold(each) for each in judges]),
        (PAPER_THRESHOLD, [expanded_threshold(each) for each in judges]),
    ):
        y = np.array(values) * judges[0].predictive_variance / config.paper.sigma**2  # from T / 2 s2 to T / 2 sigma^2
        shown = y > 0
        if shown.any():
            yield RECORD.theory(Panels.THRESHOLD, {**at, "law": law}, x=("c", grid[shown]), y=("threshold", y[shown]))
    for law, values in (
        (EXACT, best),
        (PAPER, [expanded_optimal_samples(each, own_t(config, each)) for each in judges]),
        (READING, [samples_of_optimal_temperature(each, own_t(config, each)) for each in judges]),
    ):
        y = np.array(values)
        shown = y < MOST
        if shown.any():
            yield RECORD.theory(
                Panels.OPTIMAL, {**at, "t": t, "law": law}, x=("c", grid[shown]), y=("optimal_k", y[shown])
            )


def _change(config: BestOfKConfig) -> dict[str, object]:
    few, many = _compared(config)
    return params(config, few=few, many=many, t=config.paper.t, training=config.paper.training)


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield what more samples of the real posterior change, for every judge."""
    judges = [Judge(EXTRAPOLATE, c) for c in config.threshold.c]
    with context.progress.task("simulate the threshold", 1) as step:
        errors = simulate_paper(
            config, context, "sampling threshold", judges, _compared(config), [temperature(config)]
        )[:, :, 0]
        step.advance()
    y, y_err, n = standard_error(errors[..., -1] - errors[..., 0])
    yield RECORD.simulation(
        Panels.CHANGE, _change(config), x=("c", config.threshold.c), y=("change", y), y_err=y_err, n=n
    )


# -- claims --------------------------------------------------------------------------------------------------------


def _between(curves: Curves) -> tuple[float, float, Curves, Curves]:
    """Return both thresholds as values of c, and the measured changes below the exact one and between the two."""
    t = float(parameter(curves[curves["panel"] == Panels.CHANGE.value], "t").iloc[0])
    edges = []
    for law in (EXACT, PAPER_THRESHOLD):
        line = select(curves, panel=Panels.THRESHOLD, law=law).sort_values("x")
        edges.append(float(np.interp(t, line["y"], line["x"])) if len(line) else math.inf)
    measured = select(curves, panel=Panels.CHANGE, source="simulation").sort_values("x")
    exact, paper = edges
    between = measured[(measured["x"] > paper * 1.02) & (measured["x"] < exact * 0.98)]
    return exact, paper, measured, between


def _judge_paper(curves: Curves) -> Judgement:
    """Between the two thresholds the paper expects a rise at large k."""
    exact, paper, _, between = _between(curves)
    if between.empty:
        return missing(f"threshold.c includes values between {paper:.3g} and {exact:.3g}")
    rises = [exceeds(row["y"], 0, known(row["y_err"], row["n"])) for _, row in between.iterrows()]
    lowest = between.iloc[int(between["y"].argmin())]
    return Judgement(
        all_of(rises),
        predicted=f"a rise at large k from c = {paper:.3g} on",
        measured=f"c = {lowest['x']:g}: {lowest['y']:+.5f} ± {lowest['y_err']:.5f}; the rise begins at c = {exact:.3g}",
        tolerance="2 s.e., paired",
    )


def _judge_exact(curves: Curves) -> Judgement:
    exact, _, measured, _ = _between(curves)
    below, above = measured[measured["x"] < 0.9 * exact], measured[measured["x"] > 1.1 * exact]
    if below.empty or above.empty:
        return missing(f"threshold.c includes values on both sides of {exact:.3g}")
    sides = [
        *(exceeds(-row["y"], 0, known(row["y_err"], row["n"])) for _, row in below.iterrows()),
        *(exceeds(row["y"], 0, known(row["y_err"], row["n"])) for _, row in above.iterrows()),
    ]
    return Judgement(
        all_of(sides),
        predicted=f"the change turns at c = {exact:.3g}",
        measured=f"{sides.count(Verdict.HOLDS)} of {len(sides)} judges a tenth or more away are on their side",
        tolerance="2 s.e., paired",
    )


def _optimal(curves: Curves) -> tuple[dict[float, float], dict[float, float]]:
    """Return the best number of samples by c, exact and of the expansion, where both have one."""
    lines = (select(curves, law=law).sort_values("x") for law in (EXACT, PAPER))
    exact, paper = (dict(zip(line["x"], line["y"], strict=True)) for line in lines)
    both = [c for c in exact if c in paper]
    return {c: exact[c] for c in both}, {c: paper[c] for c in both}


def _judge_tendency(curves: Curves) -> Judgement:
    exact, paper = _optimal(curves)
    if len(exact) < 2:
        return missing("threshold.c includes two values with a best k")
    ours, theirs = list(exact.values()), list(paper.values())
    rises = sum(int(np.sum(np.diff(line) > 0)) for line in (ours, theirs))
    return Judgement(
        all_of([within(rises, 0, 0), exceeds(ours[0] - ours[-1], 0)]),
        predicted="k* falls with c",
        measured=f"exact {ours[0]:g} to {ours[-1]:g}; expanded {theirs[0]:.2g} to {theirs[-1]:.2g}",
        tolerance="theory",
    )


def _judge_number(curves: Curves) -> Judgement:
    exact, paper = _optimal(curves)
    if 15.0 not in exact:
        return missing("threshold.c includes 15")
    return Judgement(
        within(abs(math.log(paper[15.0] / exact[15.0])), 0, math.log(NUMBER)),
        predicted=paper[15.0],
        measured=exact[15.0],
        tolerance=f"factor {NUMBER}",
    )


def work(config: BestOfKConfig) -> Work:
    """Return the work of all judges, which score the same samples, and of the exact error at every number of them."""
    judges = len(config.threshold.c)
    drawn = paper_samples(config, judges, 1, _compared(config))
    return drawn + (GRID + judges) * exact_error(80, config.paper.t)


SAMPLING_THRESHOLD = Part(
    name="sampling-threshold",
    question="From which judge on is a finite number of samples best, and which number is it?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Remark 3",
    claims=(
        Claim(
            "paper-threshold-of-finite-optimum",
            "A finite number of samples is best wherever t < 3 C2/C1.",
            reads=(Panels.CHANGE, Panels.THRESHOLD),
            judge=_judge_paper,
            figure="Remark 3",
            needs={"paper.points": 40_000},
        ),
        Claim(
            "exact-threshold-of-finite-optimum",
            "A finite number of samples is best where t < 3 C2/C1 - 4, and nowhere else (ours).",
            reads=(Panels.CHANGE, Panels.THRESHOLD),
            judge=_judge_exact,
            needs={"paper.points": 40_000},
        ),
        Claim(
            "optimal-samples-fall-with-misspecification",
            "The best number of samples falls with the misspecification, exactly and in the expansion.",
            reads=(Panels.OPTIMAL,),
            judge=_judge_tendency,
            figure="Remark 3",
        ),
        Claim(
            "expansion-gives-the-optimal-samples",
            "The expansion's k* = 4 C2/(3 C2 - C1 t) is the best number of samples at c = 15 (within a factor 1.5).",
            reads=(Panels.OPTIMAL,),
            judge=_judge_number,
            figure="Remark 3",
        ),
    ),
)
