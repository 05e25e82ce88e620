"""Part `finite-size`: how does the simulated error approach theory near the critical line, and which average does?"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import chains
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth
from solv.tracking.curves import Curves, Recorder, geometric_mean, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "finite-size")
AVERAGES = {"typical": geometric_mean, "mean": standard_error}  # over contexts, then over repeats


class Panels(StrEnum):
    """The panel of this part."""

    FINITE_SIZE = "finite-size"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error against the dimension."""
    return [
        Panel(
            Panels.FINITE_SIZE,
            "Finite size near the critical line: α = {alpha}, τ = {tau}",
            "input dimension d",
            "test error e_T",
            x_scale="log",
            y_scale="log",
            facets=("alpha", "tau"),
            series="T={depth}, {average}",
            note="theory: d → ∞",
        )
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the limit d -> infinity, the same for both averages."""
    size = config.finite_size
    errors = error_vs_depth(size.alpha, size.tau, 0.0, max(size.depth))
    for depth in size.depth:
        for average in AVERAGES:
            limit = np.full(len(size.dimension), errors[depth])
            yield RECORD.theory(
                Panels.FINITE_SIZE, _at(config, depth, average), x=("dimension", size.dimension), y=("error", limit)
            )


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield both averages at every dimension."""
    from solv.experiments.cot_depth.chain import simulate

    size, runs = config.finite_size, []
    with context.progress.task("simulate finite sizes", len(size.dimension)) as step:
        for d in size.dimension:
            runs.append(simulate(config, context, "size", size.alpha, [size.tau], 0.0, max(size.depth), d))
            step.advance(note=f"d={d}")
    for depth in size.depth:
        for average, summary in AVERAGES.items():
            y, y_err, n = summary(np.stack([errors[average][:, 0, depth] for errors in runs], axis=1))
            yield RECORD.simulation(
                Panels.FINITE_SIZE,
                _at(config, depth, average),
                x=("dimension", size.dimension),
                y=("error", y),
                y_err=y_err,
                n=n,
            )


def _at(config: CotDepthConfig, depth: int, average: str) -> dict[str, object]:
    size = config.finite_size
    return {"alpha": size.alpha, "tau": size.tau, "rho": 0.0, "depth": depth, "average": average}


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains of every dimension."""
    size, depth = config.finite_size, max(config.finite_size.depth)
    return sum((chains(config.simulation, size.alpha, [size.tau], depth, d) for d in size.dimension), Work())


FINITE_SIZE = Part(
    name="finite-size",
    question="How large must the dimension be for theory to hold near the critical line?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
