"""Part `exponents`: with which power of the horizon does the averaged risk fall, for every exponent of the schedule?"""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd

from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.experiments.anytime.work import nodes, recursion
from solv.harness.contract import Part
from solv.harness.work import Work
from solv.theory.anytime.rates import best_schedule_exponent, risk_exponent
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import power_law_targets
from solv.theory.anytime.weight_averaging import tail
from solv.theory.schedules import polynomial
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, parameter, select
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "exponents")
LAW, BEST, RECURSION = "law", "best", "recursion"  # equation (5); its minimum (6); slopes of the exact recursion
NAMES = {LAW: "law (5)", BEST: "best by (6)", RECURSION: "exact recursion"}
TOLERANCE = 0.06  # of a slope, at a finite horizon
LEAST_HORIZON = 32_000  # steps at which slopes have come that close to the law


class Panels(StrEnum):
    """The panel of this part."""

    EXPONENT = "exponent"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the exponent of the risk against that of the schedule."""
    return [
        Panel(
            Panels.EXPONENT,
            "Exponent of the averaged risk",
            "exponent γ of the schedule",
            "exponent of T",
            y_limits=(-1, 0.35),
            series=_name,
            note=f"last half of T = {config.rates.horizon // 4} to {config.rates.horizon} steps",
            main=True,
        )
    ]


def _name(params: Params) -> str:
    return f"{NAMES[str(params['curve'])]}, a={params['a']:g} b={params['b']:g}"


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield equation (5), and the slopes of the recursion between two horizons, each averaged over its last half."""
    rates = config.rates
    low, high = rates.horizon // 4, rates.horizon
    t = np.arange(1, high + 1)
    size = {name: getattr(rates, name) for name in ("horizon", "dimension", "sigma2", "multiplier")}
    gammas, pairs = np.array(rates.gamma), cases(config)
    factors = np.stack([polynomial(t, gamma) for gamma in gammas], axis=1) * rates.multiplier
    slopes: dict[tuple[float, float], np.ndarray] = {}
    for a in dict.fromkeys(a for a, _ in pairs):  # targets of one capacity are runs of one recursion
        sources = [b for other, b in pairs if other == a]
        targets = power_law_targets(a, sources, rates.dimension, exact=config.nodes.exact, ratio=config.nodes.ratio)
        several = replace(targets, signal=np.tile(targets.signal, (len(gammas), 1)))
        eta = np.repeat(factors / targets.trace, len(sources), axis=1)
        risks = excess_risk(several, rates.sigma2, eta, [low, high], [tail(low // 2), tail(high // 2)]).averaged
        found = np.log(risks[1, 1] / risks[0, 0]) / np.log(high / low)
        slopes |= {(a, b): row for b, row in zip(sources, found.reshape(len(gammas), -1).T, strict=True)}
    for a, b in pairs:
        at: Params = {"a": a, "b": b}
        best = best_schedule_exponent(a, b)
        corners = np.unique([*gammas, best])  # (5) is straight on either side of the best exponent
        for kind, gamma in ((BEST, best), (LAW, corners)):
            law = risk_exponent(a, b, gamma)
            yield RECORD.theory(Panels.EXPONENT, {**at, "curve": kind}, x=("gamma", gamma), y=("exponent", law))
        at = {**at, "curve": RECURSION, **size}
        yield RECORD.theory(Panels.EXPONENT, at, x=("gamma", gammas), y=("exponent", slopes[a, b]))


def _judge_slopes(curves: Curves) -> Judgement:
    rows = _with_case(select(curves, curve=RECURSION))
    law = _with_case(select(curves, curve=LAW))[["a", "b", "x", "y"]].rename(columns={"y": "law"})
    both = rows.merge(law, on=["a", "b", "x"])
    measured, expected, gamma = (both[name].to_numpy() for name in ("y", "law", "x"))
    worst = int(np.abs(measured - expected).argmax())
    verdict = within(float(measured[worst]), float(expected[worst]), TOLERANCE)
    return Judgement(
        verdict if parameter(rows, "horizon").min() >= LEAST_HORIZON else Verdict.UNDECIDED,
        predicted=float(expected[worst]),
        measured=float(measured[worst]),
        tolerance=f"{TOLERANCE}: a finite horizon; the worst of {len(both)}, at γ = {gamma[worst]:g}",
    )


def _judge_constant(curves: Curves) -> Judgement:
    fastest = {
        f"a = b = {params['a']:g}": line.sort_values("y").iloc[0]
        for params, line in each_curve(select(curves, curve=RECURSION))
        if params["a"] == params["b"] and line["x"].min() == 0 and line["x"].nunique() > 1
    }
    if not fastest:
        return missing("b includes a, rates.gamma includes 0 and another")
    return Judgement(
        all_of(within(float(row["x"]), 0, 0) for row in fastest.values()),
        predicted="fastest at γ = 0",
        measured=", ".join(f"{row['y']:.3f} at γ = {row['x']:g} ({name})" for name, row in fastest.items()),
        tolerance="exact recursion",
    )


def _with_case(rows: Curves) -> pd.DataFrame:
    return rows.assign(a=parameter(rows, "a").astype(float), b=parameter(rows, "b").astype(float))


def work(config: AnytimeConfig) -> Work:
    """Return the work of the recursions, one for each capacity: a run for every source and exponent, two averages."""
    rates, sources = config.rates, len(config.b) * len(config.rates.gamma)
    return len(config.a) * recursion(nodes(config, rates.dimension), rates.horizon, sources, 2)


EXPONENTS = Part(
    name="exponents",
    question="With which power of the horizon does the averaged risk fall, for every exponent of the schedule?",
    names=Panels,
    panels=panels,
    predict=predict,
    work=work,
    claims=(
        Claim(
            "rate-of-every-exponent",
            "The averaged risk falls with the exponent of (5) for every schedule t^-γ.",
            reads=(Panels.EXPONENT,),
            judge=_judge_slopes,
            needs={"rates.horizon": LEAST_HORIZON},
        ),
        Claim(
            "constant-rate-best-at-capacity",
            "At b = a no schedule t^-γ is faster than a constant rate.",
            reads=(Panels.EXPONENT,),
            judge=_judge_constant,
        ),
    ),
)
