"""Part `digits`: has a classifier of real images, whose last layer sees normalised inputs, the exponent?

The paper trains a hidden layer of width 10 with batch normalisation on all of MNIST at once and reads 0.35. By default
it is scikit-learn's digits here, 1797 images of 8 x 8 pixels, which such a network separates: a set without ties in the
end. The 5000 of MNIST that a package holds, and all of its files, can be chosen.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np
from jaxtyping import Float, Int

from solv.data.mnist import FILES, MnistError, packaged_mnist, read_mnist
from solv.experiments.softmax_law.counting import PASS
from solv.experiments.softmax_law.exponents import ROUNDING
from solv.experiments.softmax_law.settings import DIGITS as SMALL
from solv.experiments.softmax_law.settings import MNIST, PACKAGED_MNIST, Digits, SoftmaxLawConfig
from solv.experiments.softmax_law.toy import all_near, reading_steps, slopes_over
from solv.harness.contract import Context, Part
from solv.harness.settings import ConfigurationError
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
SIZES, LABELS = {SMALL: (1797, 64), PACKAGED_MNIST: (5000, 784), MNIST: (60_000, 784)}, 10  # images, pixels
TITLES = {SMALL: "Digits", PACKAGED_MNIST: "5000 of MNIST", MNIST: "MNIST"}
# Passes of a step: through the inputs, the hidden units with their normalisation, and the logits; kernels; arrays kept.
INPUT_PASSES, UNIT_PASSES, LOGIT_PASSES, CALLS, KEPT = 2, 25, 10, 150, 8


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "digits-loss"
    SLOPE = "digits-slope"
    SCALE = "digits-scale"
    ERROR = "digits-error"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return loss, its local slope, scale of the logits and training error against the steps."""
    steps, images = config.digits.steps, TITLES[config.digits.images]
    against = partial(
        Panel, x_label="full-batch steps t", x_scale="log", series="{hidden} hidden units", figure="App. D.8"
    )
    return [
        against(
            Panels.LOSS,
            f"{images}, full-batch Adam: loss",
            y_label="cross-entropy",
            y_scale="log",
            slopes=(Slope(-1 / 3, 5.0, 100, steps, "slope -1/3"),),
        ),
        against(
            Panels.SLOPE,
            f"{images}: local slope of the loss",
            y_label=f"log-log slope over a factor {FACTOR:g}",
            slopes=(Slope(0.0, -1 / 3, 2, steps, "-1/3"),),
        ),
        against(Panels.SCALE, f"{images}: scale of the logits", y_label="standard deviation", y_scale="log"),
        against(Panels.ERROR, f"{images}: training error", y_label="share misclassified", y_limits=(0, 1)),
    ]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield nothing: the images have no theory."""
    yield from ()


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield what classifiers of every width do, each width a unit of work.

    Raises:
        ConfigurationError: the images that were asked for are not there.
    """
    sizes, read_at = config.digits, reading_steps(config.digits.steps)
    steps = np.array(read_at, dtype=float)
    images, labels = _images(sizes)

    def compute(hidden: int) -> dict[str, np.ndarray]:
        import torch

        from solv.models.softmax_law.normalised_classifier import train_classifier

        with context.progress.task(f"digits, {hidden} hidden units", sizes.steps) as step:

            def tell(taken: int) -> None:
                if taken % TELL_EVERY == 0:
                    step.advance(TELL_EVERY)

            found = train_classifier(
                torch.as_tensor(images, dtype=torch.float32, device=context.device),
                torch.as_tensor(labels, dtype=torch.long, device=context.device),
                read_at,
                [context.seeds.torch("digits", hidden, r, device=context.device) for r in range(sizes.repeats)],
                hidden=hidden,
                rate=sizes.rate,
                told=tell,
            )
        return {name: values.cpu().numpy() for name, values in found.items()}

    kept = context.units({f"digits {hidden}": partial(compute, hidden) for hidden in sizes.hidden})
    for hidden, read in zip(sizes.hidden, kept.values(), strict=True):
        at = {"images": sizes.images, "hidden": hidden, "rate": sizes.rate}
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


def _images(sizes: Digits) -> tuple[Float[np.ndarray, "images pixels"], Int[np.ndarray, "images"]]:
    """Return images with pixels from 0 to 1, and their classes.

    Raises:
        ConfigurationError: they are not there.
    """
    if sizes.images == SMALL:
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        return pixels / 16, labels
    try:
        if sizes.images == PACKAGED_MNIST:
            images, labels = packaged_mnist()
        elif sizes.folder is None:
            raise ConfigurationError(f"digits.folder is not given; it holds {' and '.join(FILES)}, plain or as .gz")
        else:
            images, labels = read_mnist(sizes.folder)
    except MnistError as error:
        raise ConfigurationError(
            f"digits.images={sizes.images}: {error}; digits.images={SMALL} needs no file"
        ) from None
    return images.reshape(len(images), -1) / np.float32(255), labels


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of full-batch steps of every width: passes through inputs, hidden units and logits mostly."""
    sizes, widths = config.digits, sum(config.digits.hidden)
    number, pixels = SIZES[sizes.images]
    trained = number * sizes.repeats
    products = 6 * (pixels + LABELS) * widths
    passes = LOGIT_PASSES * LABELS * len(sizes.hidden) + UNIT_PASSES * widths
    inputs = PASS * INPUT_PASSES * pixels * number * len(sizes.hidden)  # read once for all trainings
    memory = 4 * (number * pixels + KEPT * trained * (max(sizes.hidden) + LABELS))
    return Work((products + PASS * passes) * trained + inputs, CALLS * len(sizes.hidden), memory) * sizes.steps


def _judge_digits(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.SLOPE, source="trained")
    if select(curves, panel=Panels.LOSS)["x"].max() < LONG:
        return missing(f"digits.steps >= {LONG}")
    error = select(curves, panel=Panels.ERROR, source="trained")
    if error[error["x"] == error["x"].max()]["y"].min() < BY_HEART:
        return missing("digits.images=mnist: more images than the network learns by heart")
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
