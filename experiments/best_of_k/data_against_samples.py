"""Part `data-against-samples`: where does it pay more to double the samples, and where to double the data?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.best_of_k.counted_work import drawn_samples, exact_error
from solv.experiments.best_of_k.regression import noise
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.selection import WeightMoments, data_versus_samples
from solv.tracking.claims import Claim, Judgement, Verdict, missing
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Map, Panel

RECORD = Recorder("best-of-k", "data-against-samples")
EQUAL_GAIN = "equal gain"  # the line in the map on which both doublings lower the error alike


class Panels(StrEnum):
    """The panel of this part."""

    DATA = "data"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the map of what to double."""
    return [
        Panel(
            Panels.DATA,
            "Double samples or data? mis = {mis}, T = {temperature}",
            "training samples α = n/d",
            "samples k",
            x_scale="log",
            y_scale="log",
            facets=("mis", "temperature"),
            series=_label,
            heat=Map("k", "log_ratio", "log ε(2α, k) - log ε(α, 2k)   (> 0: double samples)", center=0.0),
        )
    ]


def _label(params: Params) -> str:
    return "equal cost, equal gain" if params.get("line") == EQUAL_GAIN else f"k={params['k']}"


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the map row by row, and the line on which both doublings gain alike."""
    data = config.data
    alphas = np.unique([*np.geomspace(0.25, 16, data.columns), *data.alpha])
    counts = np.unique([*np.geomspace(1, 256, data.rows).round().astype(int), *data.k])
    moments = WeightMoments.of_random_judge(1, data.mis)
    doubled = data_versus_samples(
        alphas, counts, data.temperature, config.sigma0, config.sigma, config.gamma, np.ones(1), moments
    )
    ratio = np.log(doubled.doubled_data) - np.log(doubled.doubled_samples)  # (alphas, counts)
    for column, k in enumerate(counts):
        at = {**_judged(config), "k": int(k)}
        yield RECORD.theory(Panels.DATA, at, x=("alpha", alphas), y=("log_ratio", ratio[:, column]))
    edge = np.array([_crossing(counts, row) for row in ratio])
    there = np.isfinite(edge)
    if there.any():
        at = {**_judged(config), "line": EQUAL_GAIN}
        yield RECORD.theory(Panels.DATA, at, x=("alpha", alphas[there]), y=("k", edge[there]))


def _judged(config: BestOfKConfig) -> dict[str, object]:
    return {"mis": config.data.mis, "temperature": config.data.temperature, **noise(config)}


def _crossing(counts: np.ndarray, ratio: np.ndarray) -> float:
    """Return the k at which doubling the samples stops paying more, by interpolation in log k; NaN if nowhere."""
    change = np.flatnonzero((ratio[:-1] > 0) & (ratio[1:] <= 0))
    if not len(change):
        return math.nan
    first = change[0]
    part = ratio[first] / (ratio[first] - ratio[first + 1])
    low, high = np.log(counts[first : first + 2])
    return float(np.exp(low + part * (high - low)))


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield both doublings at a few points, from independent training sets."""
    from solv.experiments.best_of_k.drawn_samples import simulate

    data = config.data
    judge, counts = [(data.mis, 0.0)], sorted({*data.k, *(2 * k for k in data.k)})
    ratios = []
    with context.progress.task("simulate both doublings", 2 * len(data.alpha)) as step:
        for alpha in data.alpha:
            once = simulate(config, context, "doubled samples", alpha, judge, counts, [data.temperature])[:, 0, 0]
            step.advance(note=f"samples, alpha={alpha:g}")
            twice = simulate(config, context, "doubled data", 2 * alpha, judge, counts, [data.temperature])[:, 0, 0]
            step.advance(note=f"data, alpha={alpha:g}")
            more_samples = once[:, [counts.index(2 * k) for k in data.k]]
            more_data = twice[:, [counts.index(k) for k in data.k]]
            ratios.append([standard_error(each) for each in (more_data, more_samples)])
    for column, k in enumerate(data.k):
        y = [np.log(top[0][column] / bottom[0][column]) for top, bottom in ratios]
        y_err = [
            np.hypot(top[1][column] / top[0][column], bottom[1][column] / bottom[0][column]) for top, bottom in ratios
        ]
        at = {**_judged(config), "k": k}
        yield RECORD.simulation(
            Panels.DATA, at, x=("alpha", data.alpha), y=("log_ratio", y), y_err=y_err, n=ratios[0][0][2]
        )


def _judge(curves: Curves) -> Judgement:
    rows = select(curves, y_name="log_ratio")
    theory, simulated = (select(rows, source=source) for source in ("theory", "simulation"))
    if simulated.empty:
        return missing("data.alpha and data.k name points to simulate")
    clear = simulated[(simulated["y"].abs() > 2 * simulated["y_err"]) & (simulated["y_err"] > 0)]
    expected = theory.set_index(["params", "x"])["y"]
    sides = np.sign(clear["y"].to_numpy())
    right = int(np.sum(sides == np.sign([expected[point] for point in zip(clear["params"], clear["x"], strict=True)])))
    wrong, share = len(clear) - right, float((theory["y"] > 0).mean())
    # 2 s.e. leave one clear point in forty on the wrong side by chance
    refuted = wrong > 1 + len(clear) // 20 or not 0 < share < 1
    shown = {-1.0, 1.0} <= set(sides) and not wrong
    return Judgement(
        Verdict.FAILS if refuted else Verdict.HOLDS if shown else Verdict.UNDECIDED,
        predicted="both regions; the same side as theory",
        measured=(
            f"theory: samples win at {100 * share:.0f} % of the map; simulation: right side at {right} of {len(clear)} "
            f"clear points of {len(simulated)}"
        ),
        tolerance="2 s.e. from equality",
    )


def work(config: BestOfKConfig) -> Work:
    """Return the work of both doublings at every simulated alpha, and of the map."""
    data = config.data
    counts = sorted({*data.k, *(2 * k for k in data.k)})
    doubled = (drawn_samples(config, factor * alpha, 1, 1, counts) for alpha in data.alpha for factor in (1, 2))
    return sum(doubled, 2 * data.columns * exact_error(2 * data.rows, data.temperature))


DATA_AGAINST_SAMPLES = Part(
    name="data-against-samples",
    question="Where does doubling the samples lower the error more than doubling the data, at equal cost?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "samples-beat-data-region",
            "Where samples are few doubling k beats doubling n; where they are many, data wins.",
            reads=(Panels.DATA,),
            judge=_judge,
            needs={"simulation.repeats": 40, "data.k": 64},
        ),
    ),
)
