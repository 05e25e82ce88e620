"""Part `phase-lines`: what is the error along the lines of the paper's phase diagram, on both sides of tau_c?"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth
from solv.tracking.curves import Curves, Recorder, geometric_mean
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "phase-lines")
RHO = 1e-4  # of the authors' simulations in pretraining; their test contexts are clean
PRETRAINING = (3.0, (1.5, 2.0, 2.5, 3.0), 40)  # alpha, taus, depth; tau_c = 2
CONTEXT = (4.0, (0.2, 1.0, 1.5, 2.0), 60)  # tau, alphas, depth


class Panels(StrEnum):
    """The panels of this part."""

    PRETRAINING = "phase-line-pretraining"
    CONTEXT = "phase-line-context"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error along a column of the diagram, then along a row."""
    line = partial(Panel, x_label="reasoning depth t", y_label="test error", y_scale="log", ordered=True)
    return [
        line(
            Panels.PRETRAINING,
            "Error at α = 3 (τ_c = 2)",
            y_limits=(1e-6, 1e3),
            series="τ={tau}",
            note="circles: geometric means; crosses: the authors' means (D = 500)",
            figure="phase diagram, B",
        ),
        line(
            Panels.CONTEXT,
            "Error at τ = 4",
            y_limits=(1e-6, 1e3),
            series="α={alpha}",
            note="circles: geometric means",
            figure="phase diagram, C",
        ),
    ]


def _cells() -> Iterator[tuple[Panels, float, list[float], int]]:
    """Yield panel, alpha, taus and depth of what is simulated together."""
    alpha, taus, depth = PRETRAINING
    yield Panels.PRETRAINING, alpha, list(taus), depth
    tau, alphas, depth = CONTEXT
    for alpha in alphas:
        yield Panels.CONTEXT, alpha, [tau], depth


def _at(alpha: float, tau: float) -> dict[str, float]:
    return {"alpha": alpha, "tau": tau, "rho": RHO}


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error of every line."""
    for panel, alpha, taus, depth in _cells():
        for tau in taus:
            errors = error_vs_depth(alpha, tau, RHO, depth)
            yield RECORD.theory(panel, _at(alpha, tau), x=("depth", np.arange(depth + 1)), y=("error", errors))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated lines, geometric means over contexts and pretraining sets, and the authors' points."""
    from solv.experiments.cot_depth.chain import simulate

    cells = list(_cells())
    with context.progress.task("simulate the lines of the phase diagram", len(cells)) as step:
        for panel, alpha, taus, depth in cells:
            errors = simulate(config, context, "line", alpha, taus, RHO, depth, sizes=config.phase_lines)["typical"]
            step.advance(note=f"alpha={alpha:g}")
            for index, tau in enumerate(taus):
                y, y_err, n = geometric_mean(errors[:, index])
                at, depths = _at(alpha, tau), np.arange(depth + 1)
                yield RECORD.simulation(panel, at, x=("depth", depths), y=("error", y), y_err=y_err, n=n)
    yield from published_curves(RECORD, Panels.PRETRAINING, package=__package__, x="depth", y="error")


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains of every line, and of their theory."""
    sizes = config.phase_lines
    cells = (chains(sizes, alpha, taus, depth) + theory(depth, len(taus)) for _, alpha, taus, depth in _cells())
    return sum(cells, Work())


PHASE_LINES = Part(
    name="phase-lines",
    question="What is the error against depth along a column and a row of the phase diagram?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="phase diagram, B and C",
)
