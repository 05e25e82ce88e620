"""Part `averaging-is-decay`: is an average of a constant rate a decaying rate? In one dimension, sample by sample.

On (w - y_t)^2 / 2 both estimates of the mean are weighted means of the samples, and for the decay of
`equivalent_decay` (`theory/anytime/weight_averaging.py`) with the same weights.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.anytime.regression import COMMON_LABEL, LAST, TAIL, UNIFORM, average_name, ema_of
from solv.experiments.anytime.settings import AnytimeConfig, Identity
from solv.harness.contract import Context, Part
from solv.theory.anytime.weight_averaging import Average, ema, equivalent_decay, sample_weights, tail, uniform
from solv.tracking.claims import Claim, Judgement, within
from solv.tracking.curves import Curves, Params, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "averaging-is-decay")
START = 1.0  # of the weight, in standard deviations of a sample from the mean
ROUNDING = 1e-10  # between two estimates whose weights are equal, in standard deviations of a sample


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "equivalent-decay"
    WEIGHTS = "sample-weights"
    DIFFERENCE = "averaging-against-decay"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the decays, the weights of the samples, and how far the estimates are apart."""
    return [
        Panel(
            Panels.RATES,
            "Decays that are averages, in one dimension",
            "steps t",
            "learning rate times curvature",
            series=_rate_name,
            figure="mean of N samples",
        ),
        Panel(
            Panels.WEIGHTS,
            "Weight of each sample in the estimate, times N",
            "sample k",
            "weight times N",
            series=average_name,
            note="averaged at a constant rate, or the last iterate of its decay: one line",
            figure="mean of N samples",
        ),
        Panel(
            Panels.DIFFERENCE,
            "Averaged estimate minus that of the decay",
            "steps t",
            "standard deviations of a sample",
            series=average_name,
            drawn=False,
        ),
    ]


def _rate_name(params: Params) -> str:
    return "constant, averaged" if params["average"] == LAST else f"decay of {average_name(params)}"


def _averages(size: Identity) -> list[tuple[dict[str, object], Average]]:
    return [
        ({"average": UNIFORM}, uniform()),
        ({"average": TAIL}, tail(size.steps // 2)),
        (ema_of(COMMON_LABEL), ema(COMMON_LABEL)),
    ]


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the decays and the weights, of the averages and of the last iterate."""
    size = config.identity
    steps, fixed = np.arange(1, size.steps + 1), {"rate": size.rate, "steps_in_all": size.steps}
    last = {**fixed, "average": LAST}
    yield RECORD.theory(Panels.RATES, last, x=("steps", steps), y=("rate", np.full(size.steps, size.rate)))
    own = size.steps * size.rate * (1 - size.rate) ** (size.steps - steps)
    yield RECORD.theory(Panels.WEIGHTS, last, x=("sample", steps), y=("weight", own))
    for kind, average in _averages(size):
        at = {**fixed, **kind}
        decay, weights = (each(average, size.rate, size.steps) for each in (equivalent_decay, sample_weights))
        yield RECORD.theory(Panels.RATES, at, x=("steps", steps), y=("rate", decay))
        yield RECORD.theory(Panels.WEIGHTS, at, x=("sample", steps), y=("weight", size.steps * weights))


def measure(config: AnytimeConfig, context: Context) -> Iterator[Curves]:
    """Yield the difference of the two estimates of the same samples: root mean square over data sets."""
    size = config.identity
    for kind, average in _averages(size):
        found = context.unit(f"{average.name} against decay", partial(_differences, size, average, context))
        mean, error, n = standard_error(found["squares"])
        at = {"rate": size.rate, "steps_in_all": size.steps, **kind}
        root = np.sqrt(mean)
        spread = error / (2 * root) if root > 0 else 0.0
        yield RECORD.simulation(
            Panels.DIFFERENCE, at, x=("steps", size.steps), y=("difference", root), y_err=spread, n=n
        )


def _differences(size: Identity, average: Average, context: Context) -> dict[str, np.ndarray]:
    """Return the squared difference of averaged constant rate and decay, on the same samples."""
    samples = context.seeds.numpy("averaging is decay", average.name).normal(size=(size.steps, size.replicas))
    iterate = mean = decayed = np.full(size.replicas, START)
    decay, rho = equivalent_decay(average, size.rate, size.steps), average.rates(size.steps)
    for sample, eta, newest in zip(samples, decay, rho, strict=True):
        iterate = iterate + size.rate * (sample - iterate)
        mean = mean + newest * (iterate - mean)
        decayed = decayed + eta * (sample - decayed)
    return {"squares": (mean - decayed) ** 2}


def _judge_identity(curves: Curves) -> Judgement:
    largest = float(curves["y"].max())
    return Judgement(
        within(largest, 0, ROUNDING),
        predicted=0.0,
        measured=largest,
        tolerance=f"{ROUNDING:g} standard deviations of a sample: rounding; the identity is exact",
    )


AVERAGING_IS_DECAY = Part(
    name="averaging-is-decay",
    question="On a quadratic in one dimension, is an average of a constant rate the same as a decaying rate?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    figure="mean of N samples",
    claims=(
        Claim(
            "averaging-is-decay",
            "On a quadratic in one dimension the average of a constant rate is the last iterate of a decaying rate, "
            "for the same samples.",
            reads=(Panels.DIFFERENCE,),
            judge=_judge_identity,
            figure="mean of N samples",
        ),
    ),
)
