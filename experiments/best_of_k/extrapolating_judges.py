"""Part `extrapolating-judges`: how does the error fall where the judge extrapolates, and how far does expanding carry?

The paper's figures of delta / sigma^2 against k at t = 10: samples of the real posterior, the exact law, and the
expansion in 1/t up to its third order, of which the paper's dependence on k is that of large k only.
"""

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
    simulate_paper,
    temperature,
)
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.high_temperature import expanded_error
from solv.theory.best_of_k.selection import selection_error
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("best-of-k", "extrapolating-judges")
HEATS = 13  # temperatures at which the expansion is compared with the exact error
FIGURE = "code BLR_non_zero_T"
PAPER, EXACT_IN_K = "as in the paper", "exact in k"
ACCURACY = {5.0: 0.005, 15.0: 0.016}  # largest c and how far the third order is off for all k >= 2 at t = 10


class Panels(StrEnum):
    """The panels of this part."""

    EXTRAPOLATING = "extrapolating"
    EXPANDED = "extrapolating-expanded"
    BEYOND = "extrapolating-beyond"
    EXPANSION = "expansion"
    LEAVES = "expansion-leaves"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the paper's figure, what it hides at large k, and the error of the expansion against k and t."""
    return [
        Panel(
            Panels.EXTRAPOLATING,
            "Judges y_T + c (y_T - m): t = T/2σ² = {t}",
            "samples k",
            "error δ/σ²",
            x_scale="log",
            facets=("t",),
            series="c={c}",
            ordered=True,
            figure=FIGURE,
        ),
        Panel(
            Panels.EXPANDED,
            "The same in three orders of 1/t: t = {t}",
            "samples k",
            "error δ/σ²",
            x_scale="log",
            facets=("t",),
            series="c={c}",
            ordered=True,
            figure=FIGURE,
        ),
        Panel(
            Panels.BEYOND,
            "What is left to gain beyond k: t = {t}",
            "samples k",
            "(δ(k) - δ(largest k))/σ²",
            x_scale="log",
            y_limits=(-0.003, 0.01),
            facets=("t", "reference"),
            series="c={c}",
            ordered=True,
            note="below 0: fewer samples are better (paired)",
        ),
        Panel(
            Panels.EXPANSION,
            "Three orders in 1/t, the third {third}",
            "samples k",
            "expansion / exact - 1",
            x_scale="log",
            facets=("third",),
            series="c={c}",
            ordered=True,
        ),
        Panel(
            Panels.LEAVES,
            "Where the expansion leaves: k = {k}",
            "temperature t = T/2σ²",
            "|expansion / exact - 1|",
            x_scale="log",
            y_scale="log",
            facets=("k",),
            series="c={c}",
            ordered=True,
            y_limits=(1e-9, 10),
            slopes=(Slope(-4, 10.0, 10, 1000, "slope -4"),),
        ),
    ]


def _grid(config: BestOfKConfig) -> np.ndarray:
    most = config.extrapolating.most
    return np.unique([*range(1, min(most, 30) + 1), *np.geomspace(1, most, 30).round().astype(int), *_drawn(config)])


def _drawn(config: BestOfKConfig) -> list[int]:
    most = config.extrapolating.most
    return sorted({*(k for k in config.extrapolating.k if k <= most), most})


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the exact law and the expansion of every judge, and how far they are apart."""
    k, t, sigma2 = _grid(config), config.paper.t, config.paper.sigma**2
    heats = np.geomspace(1, 1000, HEATS)
    for c in config.extrapolating.c:
        judge = judged(config, Judge(EXTRAPOLATE, c))
        exact = selection_error(judge, k, temperature(config))
        expanded = expanded_error(judge, k, own_t(config, judge))
        at = params(config, c=c, t=t, training=config.paper.training)
        yield RECORD.theory(Panels.EXTRAPOLATING, at, x=("k", k), y=("delta", exact / sigma2))
        yield RECORD.theory(Panels.EXPANDED, {**at, "order": 3}, x=("k", k), y=("delta", expanded / sigma2))
        yield RECORD.theory(
            Panels.BEYOND, {**at, "reference": k[-1]}, x=("k", k), y=("beyond", (exact - exact[-1]) / sigma2)
        )
        for third, found in (
            (PAPER, expanded),
            (EXACT_IN_K, expanded_error(judge, k, own_t(config, judge), exact_third=True)),
        ):
            yield RECORD.theory(
                Panels.EXPANSION, {**at, "third": third}, x=("k", k), y=("relative_error", found / exact - 1)
            )
        most = k[-1]
        pairs = [(expanded_error(judge, most, own_t(config, judge, heat), exact_third=True)[0], heat) for heat in heats]
        away = [abs(found / selection_error(judge, most, temperature(config, heat))[0] - 1) for found, heat in pairs]
        yield RECORD.theory(
            Panels.LEAVES,
            params(config, c=c, k=most, training=config.paper.training),
            x=("t", heats),
            y=("relative_error", away),
        )


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of samples of the real posterior, and what is left to gain."""
    k, judges = _drawn(config), [Judge(EXTRAPOLATE, c) for c in config.extrapolating.c]
    with context.progress.task("simulate judges that extrapolate", 1) as step:
        errors = simulate_paper(config, context, "extrapolating judges", judges, k, [temperature(config)])[:, :, 0]
        step.advance()
    for row, judge in enumerate(judges):
        at = params(config, c=judge.c, t=config.paper.t, training=config.paper.training)
        drawn = errors[:, row]
        for panel, params_, name, values in (
            (Panels.EXTRAPOLATING, at, "delta", drawn),
            (Panels.BEYOND, {**at, "reference": k[-1]}, "beyond", drawn[:, :-1] - drawn[:, -1:]),
        ):
            y, y_err, n = standard_error(values)
            yield RECORD.simulation(panel, params_, x=("k", k[: len(y)]), y=(name, y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_optimum(curves: Curves) -> Judgement:
    """The largest c rises again between its best k and the end; every other judge falls to the end."""
    below = curves[curves["x"] < curves["x"].max()]  # the largest k is compared with itself
    simulated = {each["c"]: rows for each, rows in each_curve(select(below, source="simulation"))}
    theory = {each["c"]: rows.sort_values("x") for each, rows in each_curve(select(curves, source="theory"))}
    if not {10.0, 15.0} <= set(simulated):
        return missing("extrapolating.c includes 10 and 15")
    best = theory[15.0].iloc[int(theory[15.0]["y"].argmin())]["x"]
    mid = simulated[15.0].iloc[int((np.log(simulated[15.0]["x"]) - np.log(best)).abs().argmin())]
    falls = [rows.sort_values("x").iloc[-1] for c, rows in simulated.items() if c <= 10]
    least = {c: rows.iloc[int(rows["y"].argmin())]["x"] for c, rows in theory.items()}
    ends = [least[c] == theory[c]["x"].max() for c in theory if c <= 10]
    return Judgement(
        all_of(
            [
                within(ends.count(False), 0, 0),
                exceeds(theory[15.0]["x"].max(), best),
                exceeds(-mid["y"], 0, known(mid["y_err"], mid["n"])),
                *(exceeds(row["y"], 0, known(row["y_err"], row["n"])) for row in falls),
            ]
        ),
        predicted=f"c = 15: k* = {best:g}; c <= 10: no optimum",
        measured=(
            f"c = 15: k = {mid['x']:g} is {-mid['y']:.5f} ± {mid['y_err']:.5f} below the largest k; c <= 10: the "
            f"largest k is at least {min(row['y'] for row in falls):.5f} below k = {falls[0]['x']:g}"
        ),
        tolerance="theory exact; simulation 2 s.e., paired",
    )


def _judge_expansion(curves: Curves) -> Judgement:
    """Read at k >= 2; the paper's figures have t = 10."""
    rows = select(curves, panel=Panels.EXPANSION, third=PAPER, t=10)
    found = {}
    for c, most in ACCURACY.items():
        there = [line for each, line in each_curve(rows) if each["c"] <= c]
        if not there or c not in {each["c"] for each, _ in each_curve(rows)}:
            return missing(f"extrapolating.c includes {c:g}, paper.t=10")
        found[c] = (max(float(line[line["x"] >= 2]["y"].abs().max()) for line in there), most)
    return Judgement(
        all_of([within(worst, 0, most) for worst, most in found.values()]),
        predicted="the paper: t >> 1",
        measured="; ".join(f"c <= {c:g}: off by at most {100 * worst:.2g} %" for c, (worst, _) in found.items()),
        tolerance=", ".join(f"{100 * most:g} % up to c = {c:g}" for c, most in ACCURACY.items()),
    )


def work(config: BestOfKConfig) -> Work:
    """Return the work of all judges, which score the same samples, and of their exact curves against k and t."""
    judges, t = len(config.extrapolating.c), config.paper.t
    curves = exact_error(len(_grid(config)), t) + HEATS * exact_error(1, t)
    return paper_samples(config, judges, 1, _drawn(config)) + judges * curves


EXTRAPOLATING_JUDGES = Part(
    name="extrapolating-judges",
    question="How does the error fall with k where the judge extrapolates from the student through the teacher?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure=FIGURE,
    claims=(
        Claim(
            "misspecified-judge-has-optimum-at-t-10",
            "At t = 10 the error falls to the last k for judges with c <= 10, and has a minimum before it for c = 15.",
            reads=(Panels.BEYOND,),
            judge=_judge_optimum,
            figure=FIGURE,
            needs={"paper.points": 100_000},
        ),
        Claim(
            "expansion-holds-at-t-10",
            "Three orders in 1/t give the error of the paper's figure within 0.5 % (c <= 5) or 1.6 % (c = 15).",
            reads=(Panels.EXPANSION,),
            judge=_judge_expansion,
            figure="Result 2",
        ),
    ),
)
