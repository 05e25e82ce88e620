"""Part `bound`: is the averaged risk below the bound of theorem 1 at every length, and where is its assumption true?

The theorem hides a constant C: the largest ratio of risk and bound over all lengths of the average. Assumption 1, that
the noise of the labels dominates the risk from the start, is drawn beside it.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.anytime.regression import LAST, TAIL, case, problem
from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.experiments.anytime.work import nodes, recursion
from solv.harness.contract import Part
from solv.harness.work import Work
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.risk_bound import least_noise, noise_ratio, tail_average_bound
from solv.theory.anytime.spectrum import power_law_targets
from solv.theory.anytime.weight_averaging import tail
from solv.theory.schedules import polynomial
from solv.tracking.claims import Claim, Judgement, within
from solv.tracking.curves import Curves, Params, Recorder, parameter, select
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "bound")
SHORTEST = 32  # iterates of the shortest average
PER_OCTAVE = 2  # lengths of averages for each factor of two
SOURCES = 60  # at which the assumption is read
POWER = 400  # operations in the time of a power of an index
LARGEST_CONSTANT = 1.0  # of the theorem: its proof gives none
CONSTANTS = (1.1, 2.0, 10.0)  # c of assumption 1


class Panels(StrEnum):
    """The panels of this part."""

    RATIO = "bound-ratio"
    NOISE = "noise-ratio"
    REGION = "assumption-region"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return risk over bound, the risk of the iterates over that of the labels, and where the assumption holds."""
    return [
        Panel(
            Panels.RATIO,
            "Risk over the bound of theorem 1: a = {a}, b = {b}",
            "N, iterates averaged after N steps",
            "risk / bound",
            x_scale="log",
            y_scale="log",
            facets=("a", "b"),
            series=_name,
            note="it steps where k*, which is a whole number, does",
            figure="Theorem 1",
        ),
        Panel(
            Panels.NOISE,
            "Assumption 1: risk of the iterate over that of the labels, a = {a}, b = {b}",
            "steps t",
            "(R + σ²/2) / (σ²/2)",
            x_scale="log",
            y_scale="log",
            facets=("a", "b"),
            series=_name,
            note="the assumption: at most c at every step",
            figure="Assumption 1",
        ),
        Panel(
            Panels.REGION,
            "Noise from which assumption 1 holds: a = {a}, target {target}",
            "source b",
            "label noise σ²",
            y_scale="log",
            facets=("a", "target"),
            series="c = {c}",
            note="above its line the assumption holds from the first step",
            figure="Assumption 1",
        ),
    ]


def _name(params: Params) -> str:
    return f"c = {params['c']:g}" if "c" in params else f"γ = {params['gamma']:.3g}"


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield risk over bound at every length, the iterates' risk, and the region of the assumption."""
    longest, gammas = config.bound.averaged, config.bound.gamma
    octaves = int(np.log2(longest / SHORTEST) * PER_OCTAVE) + 1
    lengths = np.unique(np.geomspace(SHORTEST, longest, octaves).round().astype(int)).tolist()
    for a, b in cases(config):
        regression = problem(config, a, b)
        eta = config.bound.multiplier / regression.spectrum.trace
        at = {**case(config, a, b), "multiplier": config.bound.multiplier}
        t = np.arange(1, 2 * longest + 1)
        rates = eta * np.stack([polynomial(t, gamma) for gamma in gammas], axis=1)
        averaged = [
            excess_risk(
                regression.spectrum, regression.sigma2, rates[: 2 * n], [2 * n], [tail(n)], regression.batch
            ).averaged[0, 0]
            for n in lengths
        ]
        read_at = sorted({1, 2, 4, 8, 16, *lengths, 2 * longest})
        risks = excess_risk(regression.spectrum, regression.sigma2, rates, read_at, batch=regression.batch)
        for run, gamma in enumerate(gammas):
            bounds = [
                float(tail_average_bound(regression.spectrum, regression.sigma2, eta, gamma, n, n)) for n in lengths
            ]
            ratio = np.array([each[run] for each in averaged]) / np.array(bounds)
            kind = {**at, "gamma": gamma}
            yield RECORD.theory(Panels.RATIO, {**kind, "average": TAIL}, x=("N", lengths), y=("ratio", ratio))
            if regression.sigma2 > 0:
                above = noise_ratio(risks.last[:, run], regression.sigma2)
                yield RECORD.theory(Panels.NOISE, {**kind, "average": LAST}, x=("steps", read_at), y=("ratio", above))
        if regression.sigma2 > 0:
            for c in CONSTANTS:
                level = {**at, "c": c}
                yield RECORD.theory(Panels.NOISE, level, x=("steps", read_at), y=("ratio", np.full(len(read_at), c)))
    for a in config.a:
        sources = np.linspace(1.05, max(3.0, 2 * a), SOURCES)
        for normalize in (False, True):
            targets = power_law_targets(a, sources.tolist(), config.dimension, exact=10, ratio=2, normalize=normalize)
            for c in CONSTANTS:
                at = {"a": a, "target": "of norm 1" if normalize else "as it is", "c": c, "dimension": config.dimension}
                yield RECORD.theory(Panels.REGION, at, x=("b", sources), y=("sigma2", least_noise(targets, c)))


def _judge_bound(curves: Curves) -> Judgement:
    """The theorem bounds the risk up to a constant; where it is at most 1 at every length, the bound itself holds."""
    rows = select(curves, panel=Panels.RATIO)
    place = int(rows["y"].argmax())
    worst = rows.iloc[place]
    a, b, gamma = (float(parameter(rows, name).iloc[place]) for name in ("a", "b", "gamma"))
    return Judgement(
        within(float(worst["y"]), 0, LARGEST_CONSTANT),
        predicted=f"C <= {LARGEST_CONSTANT:g}",
        measured=(
            f"C = {worst['y']:.3g} over {len(rows)} lengths and schedules, at N = {worst['x']:g}, γ = {gamma:.3g}, "
            f"a = {a:g}, b = {b:g}"
        ),
        tolerance="exact recursion",
    )


def work(config: AnytimeConfig) -> Work:
    """Return the work of the recursions of all lengths, which double every `PER_OCTAVE`, and of the noise they need."""
    longest, size = config.bound.averaged, nodes(config, config.dimension)
    steps = 2 * longest / (1 - 2 ** (-1 / PER_OCTAVE))  # of all lengths: a geometric series
    averaged = recursion(size, steps, len(config.bound.gamma), 1)
    iterates = recursion(size, 2 * longest, len(config.bound.gamma))
    norms = Work(POWER * SOURCES * config.dimension, memory=24 * config.dimension)  # targets of norm 1, summed up
    return len(cases(config)) * (averaged + iterates) + len(config.a) * norms


BOUND = Part(
    name="bound",
    question="Is the averaged risk below the bound of theorem 1 at every length, and where is its assumption true?",
    names=Panels,
    panels=panels,
    predict=predict,
    work=work,
    figure="Theorem 1",
    claims=(
        Claim(
            "theorem-1-bounds-the-averaged-risk",
            "At every length the risk of a tail average is at most the bound of theorem 1, with the constant 1, also "
            "where assumption 1 is not true.",
            reads=(Panels.RATIO,),
            judge=_judge_bound,
            figure="Theorem 1",
        ),
    ),
)
