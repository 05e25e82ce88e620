"""Part `zero-temperature`: what does more data change where the teacher picks the best of k?

The paper's figure of delta / sigma^2 at T = 0 for several numbers of training samples, against its law of Remark 5 (to
lowest order in the ridge, as it is plotted there) and against the exact error at every k.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.best_of_k.counted_work import exact_error, paper_samples
from solv.experiments.best_of_k.paper_regression import (
    EXTRAPOLATE,
    Judge,
    params,
    regression,
    simulate_paper,
)
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.best_of_k.local_exponents import one_point_coefficient
from solv.theory.best_of_k.selection import selection_error
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("best-of-k", "zero-temperature")
FIGURE = "code BLR_zero_T"
LAW = "remark 5"
LAST = 199  # k at which the law is read
ACCURACY = 0.03  # the law is that of k -> inf


class Panels(StrEnum):
    """The panels of this part."""

    ZERO = "zero-temperature"
    SCALED = "zero-temperature-scaled"


def panels(config: BestOfKConfig) -> list[Panel]:
    """Return the error against k, and the same without the power law."""
    return [
        Panel(
            Panels.ZERO,
            "The teacher picks the best of k, T = 0",
            "samples k",
            "error δ/σ²",
            y_scale="log",
            series=_label,
            figure=FIGURE,
        ),
        Panel(
            Panels.SCALED,
            "T = 0 without the power law",
            "samples k",
            "k² δ/σ²",
            series=_label,
            note="lines that do not bend: the law of Remark 5",
            figure=FIGURE,
        ),
    ]


def _label(curve: Params) -> str:
    return f"n={curve['training']:g}" + (", law" if "law" in curve else "")


def predict(config: BestOfKConfig) -> Iterator[Curves]:
    """Yield the exact error and the paper's law for every number of training samples."""
    k = np.unique(
        [*np.linspace(min(config.zero_temperature.k), max(config.zero_temperature.k), 12).round(), *_k(config)]
    )
    sigma2 = config.paper.sigma**2
    for training in config.zero_temperature.training:
        setup = regression(config, training)
        exact = selection_error(setup.equivalents(), k, 0.0) / sigma2
        law = np.full(len(k), one_point_coefficient(setup, small_ridge=True)) / sigma2
        at = params(config, training=training)
        yield RECORD.theory(Panels.ZERO, at, x=("k", k), y=("delta", exact))
        yield RECORD.theory(Panels.ZERO, {**at, "law": LAW}, x=("k", k), y=("delta", law / k**2))
        yield RECORD.theory(Panels.SCALED, at, x=("k", k), y=("scaled", exact * k**2))
        yield RECORD.theory(Panels.SCALED, {**at, "law": LAW}, x=("k", k), y=("scaled", law))


def _k(config: BestOfKConfig) -> list[int]:
    return sorted(config.zero_temperature.k)


def measure(config: BestOfKConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of samples of the real posterior for every number of training samples."""
    k = np.array(_k(config))
    with context.progress.task("simulate T = 0", len(config.zero_temperature.training)) as step:
        for training in config.zero_temperature.training:
            name = f"zero temperature n={training}"
            errors = simulate_paper(config, context, name, [Judge(EXTRAPOLATE, 0.0)], k.tolist(), [0.0], training)
            y, y_err, n = standard_error(errors[:, 0, 0])
            at = params(config, training=training)
            yield RECORD.simulation(Panels.ZERO, at, x=("k", k), y=("delta", y), y_err=y_err, n=n)
            yield RECORD.simulation(Panels.SCALED, at, x=("k", k), y=("scaled", y * k**2), y_err=y_err * k**2, n=n)
            step.advance(note=f"n={training}")


def _judge(curves: Curves) -> Judgement:
    """Read at the last k of the figure, where 1 - k^2 delta / law is 2.8/k or 1.4 %; and more data lower the law."""
    laws = {params_["training"]: float(rows["y"].iloc[0]) for params_, rows in each_curve(select(curves, law=LAW))}
    theory, simulated = (select(curves, source=source) for source in ("theory", "simulation"))
    if len(laws) < 2 or simulated.empty or simulated["x"].max() < LAST:
        return missing(f"two values of zero_temperature.training, zero_temperature.k includes {LAST}")
    exact = theory[~theory["params"].isin(select(curves, law=LAW)["params"])]
    ends, ratios = [], []
    for training, law in sorted(laws.items()):
        line, end = (select(rows, training=training).sort_values("x") for rows in (exact, simulated))
        ends.append(line["y"].to_numpy()[[0, -1]] / law)
        last = end.iloc[-1]
        ratios.append((last["y"] / law, known(last["y_err"], last["n"]) / law))
    ordered = [law for _, law in sorted(laws.items())]
    mean = float(np.mean([ratio for ratio, _ in ratios]))  # the training sets are independent
    error = math.hypot(*(each for _, each in ratios)) / len(ratios)
    return Judgement(
        all_of(
            [
                *(within(last, 1, ACCURACY) for _, last in ends),
                within(mean, 1, ACCURACY, error),
                exceeds(ordered[0] - ordered[-1], 0),
            ]
        ),
        predicted=f"k² δ/σ² = {ordered[0]:.4f} at n = {min(laws):g} to {ordered[-1]:.4f} at {max(laws):g}",
        measured=(
            f"exact / law from {min(first for first, _ in ends):.3f} at the first k to "
            f"{min(last for _, last in ends):.3f} at the last; simulation / law there: {mean:.4f} ± {error:.4f}"
        ),
        tolerance=f"{100 * ACCURACY:g} % at the last k: the law is that of k → ∞",
    )


def work(config: BestOfKConfig) -> Work:
    """Return the work of every number of training samples."""
    sizes = config.zero_temperature
    drawn = (paper_samples(config, 1, 1, sizes.k, training) for training in sizes.training)
    return sum(drawn, len(sizes.training) * exact_error(12 + len(sizes.k), temperature=0.0))


ZERO_TEMPERATURE = Part(
    name="zero-temperature",
    question="What does more data change where the teacher picks the best of k?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure=FIGURE,
    claims=(
        Claim(
            "zero-temperature-law",
            "With the teacher as judge and T = 0, k^2 delta = pi s^2 / sqrt(1 - 2 D2/s^2) (within 3 % at k = 199).",
            reads=(Panels.SCALED,),
            judge=_judge,
            figure="Remark 5",
            needs={"paper.points": 40_000},
        ),
    ),
)
