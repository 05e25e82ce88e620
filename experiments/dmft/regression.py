"""Part `regression`: how do test and training loss of linear regression fall under descent? E2, (11) and (15)."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import FLOAT, descent, descent_theory, repeated
from solv.experiments.dmft.regression_problems import RegressionCell, count, read_steps
from solv.experiments.dmft.settings import DmftConfig
from solv.experiments.dmft.unstable import unwarned
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.random_feature_dynamics import gradient_descent_losses
from solv.theory.dmft.regression_flow import regression_flow_losses
from solv.tracking.curves import Curves, Params, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("dmft", "regression")


class Panels(StrEnum):
    """The panels of this part."""

    TEST = "regression-test"
    TRAIN = "regression-train"


def panels(config: DmftConfig) -> list[Panel]:
    """Return both losses against time."""
    return [
        Panel(
            panel, f"Linear regression, {kind}: σ² = {{noise}}", "time η × steps", f"{kind} loss",
            y_scale="linear" if panel is Panels.TEST else "log", facets=("noise",), series=_label, main=True,
        )
        for panel, kind in ((Panels.TEST, "test"), (Panels.TRAIN, "train"))
    ]  # fmt: skip


def _label(params: Params) -> str:
    return f"D/P={params['phi']:g}" + (", flow" if params["algorithm"] == "flow" else "")


@unwarned
def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield descent at its step by (11) in D dimensions, and the flow of infinitely many by (15)."""
    steps = np.arange(config.steps) * config.eta
    times = np.unique(np.concatenate([np.linspace(0, steps[-1], 81), config.time]))
    for phi in config.phi:
        model = RegressionCell(1 / phi, np.inf).model(config.dimension, config.noise)
        descent = gradient_descent_losses(model, config.eta, config.steps)
        flow = regression_flow_losses(phi, config.noise, times)
        for at, x, losses in (
            (_descent(config, phi), steps, descent),
            ({"phi": phi, "noise": config.noise, "algorithm": "flow"}, times, flow),
        ):
            yield RECORD.theory(Panels.TEST, at, x=("time", x), y=("test loss", losses.test))
            yield RECORD.theory(Panels.TRAIN, at, x=("time", x), y=("train loss", losses.train))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield both losses of descent on drawn data."""
    from solv.experiments.dmft.regression_simulation import descent_losses
    from solv.experiments.dmft.repeats import averaged

    times = read_steps(config.steps) * config.eta
    with context.progress.task("simulate linear regression", len(config.phi)) as step:
        for phi in config.phi:
            cell = RegressionCell(1 / phi, np.inf)
            losses = descent_losses(config, context, step, cell, config.repeats.regression)
            at = _descent(config, phi)
            yield RECORD.simulation(Panels.TEST, at, x=("time", times), **averaged("test loss", losses["test"]))
            yield RECORD.simulation(Panels.TRAIN, at, x=("time", times), **averaged("train loss", losses["train"]))


def _descent(config: DmftConfig, phi: float) -> dict[str, object]:
    return {
        "phi": phi,
        "noise": config.noise,
        "algorithm": "descent",
        "eta": config.eta,
        "dimension": config.dimension,
    }


def work(config: DmftConfig) -> Work:
    """Return the work of descent, drawn and in theory."""
    return sum((_descents(config, count(1 / phi, config.dimension)) for phi in config.phi), Work())


def _descents(config: DmftConfig, samples: int) -> Work:
    one, d = descent(config.dimension, samples, 0, config.steps), config.dimension
    return repeated(one, config.repeats.regression, FLOAT * d * samples) + descent_theory(config.steps, modes=1)


REGRESSION = Part(
    name="regression",
    question="How do test and training loss of linear regression fall under descent?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
