"""Part `random-features`: how do the losses of random features fall, isotropic and on a power law? E3, (11)."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import FLOAT, descent, descent_theory, repeated
from solv.experiments.dmft.regression_problems import (
    ISOTROPIC,
    RegressionCell,
    count,
    rate,
    read_steps,
    regression_cells,
)
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.random_feature_dynamics import gradient_descent_losses
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "random-features")


class Panels(StrEnum):
    """The panels of this part."""

    TEST = "features-test"
    TRAIN = "features-train"


def panels(config: DmftConfig) -> list[Panel]:
    """Return both losses against steps, for each input covariance."""
    return [
        Panel(
            panel, f"Random features, {{spectrum}}, {kind}: σ² = {{noise}}", "steps", f"{kind} loss",
            x_scale="symlog", y_scale="log", facets=("spectrum", "noise"), series="P/D={samples}, N/D={features}",
            main=True,
        )
        for panel, kind in ((Panels.TEST, "test"), (Panels.TRAIN, "train"))
    ]  # fmt: skip


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield both losses of every cell at every step."""
    steps = np.arange(config.steps)
    for spectrum in config.spectrum:
        for cell in regression_cells(config, spectrum):
            model = cell.model(config.dimension, config.noise)
            losses = gradient_descent_losses(model, rate(config, spectrum), config.steps)
            at = _at(config, cell)
            yield RECORD.theory(Panels.TEST, at, x=("steps", steps), y=("test loss", losses.test))
            yield RECORD.theory(Panels.TRAIN, at, x=("steps", steps), y=("train loss", losses.train))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield both losses of descent on drawn data and features."""
    from solv.experiments.dmft.regression_simulation import descent_losses
    from solv.experiments.dmft.repeats import averaged

    steps = read_steps(config.steps)
    cells = [cell for spectrum in config.spectrum for cell in regression_cells(config, spectrum)]
    with context.progress.task("simulate random features", len(cells)) as step:
        for cell in cells:
            losses = descent_losses(config, context, step, cell, config.repeats.random_features)
            at = _at(config, cell)
            yield RECORD.simulation(Panels.TEST, at, x=("steps", steps), **averaged("test loss", losses["test"]))
            yield RECORD.simulation(Panels.TRAIN, at, x=("steps", steps), **averaged("train loss", losses["train"]))


def _at(config: DmftConfig, cell: RegressionCell) -> dict[str, object]:
    return {
        **cell.params,
        "spectrum": cell.spectrum,
        "eta": rate(config, cell.spectrum),
        "noise": config.noise,
        "dimension": config.dimension,
    }


def work(config: DmftConfig) -> Work:
    """Return the work of descent on every cell, drawn and in theory."""
    cells = [cell for spectrum in config.spectrum for cell in regression_cells(config, spectrum)]
    return sum((_descents(config, cell) for cell in cells), Work())


def _descents(config: DmftConfig, cell: RegressionCell) -> Work:
    d, samples = config.dimension, count(cell.samples, config.dimension)
    features = 0 if np.isinf(cell.features) else count(cell.features, d)
    one = descent(d, samples, features, config.steps)
    drawn = repeated(one, config.repeats.random_features, FLOAT * d * (samples + features))
    return drawn + descent_theory(config.steps, modes=1 if cell.spectrum == ISOTROPIC else d)


RANDOM_FEATURES = Part(
    name="random-features",
    question="How do the losses of random features fall, isotropic and on a power law?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
