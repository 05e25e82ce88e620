"""Part `one-pass-sgd`: how does the loss fall when every step sees a fresh batch? E4, equation (14)."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import FLOAT, NORMAL, PASS, descent_theory, repeated
from solv.experiments.dmft.regression_problems import count, read_steps, spectrum_called
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.random_features import RandomFeatures
from solv.theory.dmft.stochastic_descent import stochastic_descent_losses
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "one-pass-sgd")


class Panels(StrEnum):
    """The panels of this part."""

    SGD = "sgd"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the loss against steps."""
    return [
        Panel(
            Panels.SGD, "One-pass SGD, power law: N/D = {features}, σ² = {noise}", "steps", "test loss",
            x_scale="symlog", y_scale="log", facets=("features", "noise"), series="B={batch}", main=True,
        )
    ]  # fmt: skip


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield the loss at each batch size."""
    features = count(config.features_sgd, config.dimension)
    model = RandomFeatures(spectrum_called("power-law", config.dimension), np.inf, features, config.noise)
    losses = stochastic_descent_losses(model, config.batch, config.eta_sgd, config.steps)
    for batch, loss in zip(config.batch, losses, strict=True):
        yield RECORD.theory(Panels.SGD, _at(config, batch), x=("steps", np.arange(config.steps)), y=("test loss", loss))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss of SGD on drawn features and batches."""
    from solv.experiments.dmft.regression_simulation import stochastic_losses
    from solv.experiments.dmft.repeats import averaged

    with context.progress.task("simulate one-pass SGD", len(config.batch)) as step:
        for batch in config.batch:
            loss = averaged("test loss", stochastic_losses(config, context, step, batch))
            yield RECORD.simulation(Panels.SGD, _at(config, batch), x=("steps", read_steps(config.steps)), **loss)


def _at(config: DmftConfig, batch: int) -> dict[str, object]:
    return {
        "batch": batch,
        "features": config.features_sgd,
        "eta": config.eta_sgd,
        "noise": config.noise,
        "dimension": config.dimension,
    }


def work(config: DmftConfig) -> Work:
    """Return the work of SGD at every batch size, and of its theory, one for all of them."""
    d = config.dimension
    return sum((_sgd(config, batch) for batch in config.batch), descent_theory(config.steps, modes=d))


def _sgd(config: DmftConfig, batch: int) -> Work:
    """Return the work of one batch size: each step draws a batch; it and the features go through memory twice."""
    d, features, steps = config.dimension, count(config.features_sgd, config.dimension), config.steps
    step = NORMAL * batch * d + 2 * PASS * (batch + features) * d
    one = Work(NORMAL * features * d + steps * step, 16 * steps, 2 * FLOAT * d * (features + batch))
    return repeated(one, config.repeats.sgd, FLOAT * d * (features + batch))


ONE_PASS_SGD = Part(
    name="one-pass-sgd",
    question="How does the loss fall when every step sees a fresh batch?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
