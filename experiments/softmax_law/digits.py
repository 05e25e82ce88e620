"""Part `digits`: has a classifier of real images, whose last layer sees normalised inputs, the exponent?

The paper trains a hidden layer of width 10 with batch normalisation on all of MNIST at once and reads 0.35. Here it is
scikit-learn's digits, 1797 images of 8 x 8 pixels, which such a network separates: a set without ties in the end.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.softmax_law.counting import PASS
from solv.experiments.softmax_law.exponents import ROUNDING
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.toy import all_near, reading_steps, slopes_over
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, missing
from solv.tracking.curves import Curves, Recorder, geometric_mean, parameter, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "digits")
FACTOR = 4.0  # in time, over which a local slope is read
NEAR = 0.1  # how far a slope may lie from 1/3: the paper has 0.35
LONG = 3000  # steps from which the last slope is late
BY_HEART = 0.01  # training error below which the images are learned one by one: then there is no tie left to approach
TELL_EVERY = 100
IMAGES, PIXELS, LABELS = 1797, 64, 10  # of scikit-learn
# Passes of a step: through the inputs, the hidden units with their normalisation, and the logits; kernels.
INPUT_PASSES, UNIT_PASSES, LOGIT_PASSES, CALLS = 6, 25, 10, 150


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "digits-loss"
    SLOPE = "digits-slope"
    SCALE = "digits-scale"
    ERROR = "digits-error"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return loss, its local slope, scale of the logits and training error against the steps."""
    steps = config.digits.steps
    against = partial(
        Panel, x_label="full-batch steps t", x_scale="log", series="{hidden} hidden units", figure="App. D.8"
    )
    return [
        against(
            Panels.LOSS,
            "Digits, full-batch Adam: loss",
            y_label="cross-entropy",
            y_scale="log",
            slopes=(Slope(-1 / 3, 5.0, 100, steps, "slope -1/3"),),
        ),
        against(
            Panels.SLOPE,
            "Digits: local slope of the loss",
            y_label=f"log-log slope over a factor {FACTOR:g}",
            slopes=(Slope(0.0, -1 / 3, 2, steps, "-1/3"),),
        ),
        against(Panels.SCALE, "Digits: scale of the logits", y_label="standard deviation", y_scale="log"),
        against(Panels.ERROR, "Digits: training error", y_label="share misclassified", y_limits=(0, 1)),
    ]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield nothing: the images have no theory."""
    yield from ()


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield what classifiers of every width do, each width a unit of work."""
    sizes, read_at = config.digits, reading_steps(config.digits.steps)
    steps = np.array(read_at, dtype=float)

    def compute(hidden: int) -> dict[str, np.ndarray]:
        import torch
        from sklearn.datasets import load_digits

        from solv.models.softmax_law.normalised_classifier import train_classifier

        images, labels = load_digits(return_X_y=True)
        with context.progress.task(f"digits, {hidden} hidden units", sizes.steps) as step:

            def tell(taken: int) -> None:
                if taken % TELL_EVERY == 0:
                    step.advance(TELL_EVERY)

            found = train_classifier(
                torch.as_tensor(images / 16, dtype=torch.float32, device=context.device),
                torch.as_tensor(labels, dtype=torch.long, device=context.device),
                read_at,
                [context.seeds.torch("digits", hidden, r, device=context.device) for r in range(sizes.repeats)],
                hidden=hidden,
                rate=sizes.rate,
                told=tell,
            )
        return {name: values.cpu().numpy() for name, values in found.items()}

    for hidden in sizes.hidden:
        read = context.unit(f"digits {hidden}", lambda hidden=hidden: compute(hidden))  # type: ignore[misc]
        at = {"hidden": hidden, "rate": sizes.rate}
        loss = np.maximum(read["loss"], ROUNDING)
        y, y_err, n = geometric_mean(loss)
        yield RECORD.trained(Panels.LOSS, at, x=("steps", steps), y=("loss", y), y_err=y_err, n=n)
        y, y_err, n = geometric_mean(np.maximum(read["scale"], ROUNDING))
        yield RECORD.trained(Panels.SCALE, at, x=("steps", steps), y=("scale", y), y_err=y_err, n=n)
        y, y_err, n = standard_error(read["error"])
        yield RECORD.trained(Panels.ERROR, at, x=("steps", steps), y=("error", y), y_err=y_err, n=n)
        starts, slopes = slopes_over(steps, loss, FACTOR)
        y, y_err, n = standard_error(slopes)
        x = ("steps", starts * math.sqrt(FACTOR))
        yield RECORD.trained(Panels.SLOPE, at, x=x, y=("slope", y), y_err=y_err, n=n)


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of full-batch steps of every width: passes through inputs, hidden units and logits mostly."""
    sizes, widths = config.digits, sum(config.digits.hidden)
    images = IMAGES * sizes.repeats
    products = 6 * (PIXELS + LABELS) * widths
    passes = (INPUT_PASSES * PIXELS + LOGIT_PASSES * LABELS) * len(sizes.hidden) + UNIT_PASSES * widths
    step = Work((products + PASS * passes) * images, CALLS * len(sizes.hidden), 4 * images * 4 * PIXELS)
    return step * sizes.steps


def _judge_digits(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.SLOPE, source="trained")
    if select(curves, panel=Panels.LOSS)["x"].max() < LONG:
        return missing(f"digits.steps >= {LONG}")
    error = select(curves, panel=Panels.ERROR, source="trained")
    if error[error["x"] == error["x"].max()]["y"].min() < BY_HEART:
        return missing("more images than the network learns by heart, as MNIST's 60 000")
    last = rows[rows["x"] == rows["x"].max()].assign(hidden=lambda each: parameter(each, "hidden"))
    said = ", ".join(f"{row['hidden']:g} units: {row['y']:.3f} ± {row['y_err']:.3f}" for _, row in last.iterrows())
    return Judgement(
        all_of(all_near(last, [-1 / 3] * len(last), NEAR)),
        predicted="-1/3 (the paper, MNIST: -0.35)",
        measured=said,
        tolerance=f"{NEAR:g} each, over the last factor {FACTOR:g} in time",
    )


DIGITS = Part(
    name="digits",
    question="Has a classifier of digits whose last layer sees normalised inputs the exponent?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="App. D.8",
    claims=(
        Claim(
            "digits-one-third",
            "A classifier with batch normalisation learns images by full-batch Adam with the exponent 1/3.",
            reads=(Panels.SLOPE, Panels.LOSS, Panels.ERROR),
            judge=_judge_digits,
            figure="App. D.8",
            needs={"digits.steps": 20_000, "digits.repeats": 8},
        ),
    ),
)
