"""Curves of the parts of the paper's own figures: of theory, and of measurements that lie on it, for their claims."""

from functools import cache

import pandas as pd

from solv.experiments.best_of_k import one_point
from solv.experiments.best_of_k.experiment import EXPERIMENT
from solv.experiments.best_of_k.settings import (
    BestJudge,
    BestOfKConfig,
    Extrapolating,
    InferenceOrData,
    OnePoint,
    PaperRegression,
    SamplingThreshold,
    TemperatureLaw,
    ZeroTemperature,
)
from solv.tracking.claims import Verdict
from solv.tracking.curves import Curves, parameter
from tests.experiments.scaffold import on_theory, verdicts

PARTS = [
    *("extrapolating-judges", "zero-temperature", "sampling-threshold", "temperature-law"),
    *("best-judge", "one-point", "inference-or-data"),
]
SIZES = BestOfKConfig(
    extrapolating=Extrapolating(k=(1, 2, 8, 32, 99)),
    threshold=SamplingThreshold(c=(0.0, 10.0, 11.0, 15.0, 20.0)),
    temperature_law=TemperatureLaw(c=(40.0,), k=(50,), t=(1.0, 7.0, 50.0)),
    best_judge=BestJudge(strength=(0.0, 6.0, 10.0)),
    inference_or_data=InferenceOrData(columns=6, rows=4),
    parts=PARTS,
)
TINY = BestOfKConfig(
    paper=PaperRegression(repeats=2, points=10),
    extrapolating=Extrapolating(c=(0.0, 15.0), k=(1, 4), most=8),
    threshold=SamplingThreshold(c=(0.0, 15.0), few=4, many=8),
    temperature_law=TemperatureLaw(c=(40.0,), k=(3,), fixed_k=3, t=(2.0, 20.0)),
    best_judge=BestJudge(k=4, strength=(0.0, 10.0)),
    zero_temperature=ZeroTemperature(training=(10_000, 30_000), k=(50, 60)),
    one_point=OnePoint(d_over_n=(0.5,), repeats=2),
    inference_or_data=InferenceOrData(
        columns=3, rows=3, dimension=6, simulated=(0.1,), signal=(0.1,), simulated_k=(2,), repeats=2, points=4
    ),
    parts=PARTS,
)


# statements of the paper or of its expansion that are not those of the exact law: findings, with the number
REFUTED = {
    "paper-threshold-of-finite-optimum",
    "expansion-gives-the-optimal-samples",
    "exponent-of-data-is-that-of-remark-6",
}
THEORY_ALONE = {
    "expansion-holds-at-t-10",
    "optimal-samples-fall-with-misspecification",
    "expansion-gives-the-optimal-samples",
    "optimal-temperature-law",
    "samples-beat-data-where-ridge-is-small",
    "exponent-of-data-is-that-of-remark-6",
}
CLAIMS = {
    claim.id: claim
    for claims in ([part.claims for part in EXPERIMENT.chosen(PARTS)], [EXPERIMENT.claims[-1:]])
    for each in claims
    for claim in each
}


@cache
def theory() -> Curves:
    """Return what theory says under `SIZES`."""
    return EXPERIMENT.predict(SIZES)


@cache
def true_curves() -> Curves:
    """Return theory, and simulations that lie on it, with errors of 0.03 %; not of curves that are only compared."""
    found = theory()
    compared = pd.Series(False, index=found.index)
    for name in ("order", "third", "law", "line"):
        compared |= parameter(found, name).notna()
    compared |= found["panel"].eq("expansion-leaves") | (parameter(found, "equivalent") == one_point.ONE_POINT)
    return pd.concat([found, on_theory(found[~compared], error=3e-4, n=20)], ignore_index=True)


def judged(curves: Curves, claim: str) -> Verdict:
    """Return the verdict of one claim on curves of `SIZES`."""
    return verdicts(EXPERIMENT, curves, SIZES)[claim]
