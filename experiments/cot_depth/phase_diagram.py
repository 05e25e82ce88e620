"""Part `phase-diagram`: what is the error of a long chain, and where should one stop, given pretraining and context?

The paper's map is that of the error at t = 80; those of the optimal depth and of the growth factor are ours.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import best_depths, critical_tau, error_map, spectral_radius
from solv.tracking.curves import Curves, Params, Recorder, standard_error
from solv.tracking.panels import Map, Panel

RECORD = Recorder("cot-depth", "phase-diagram")
DEPTH, ERRORS = 80, (1e-5, 1e3)  # depth of the paper's map, and the ends of its colours
CONTEXTS, PRETRAININGS = (0.01, 4.0), (1.01, 5.0)  # its axes
SIDES = ("τ_c, α ≥ 1", "τ_c, α < 1")  # drawn solid and dashed
EDGES = 30  # calls in the time of the search for the edges of one spectrum
LINES = ("τ₊ (12)", "τ₋ (13)")  # the critical amounts of pretraining, by the equation that gives them


class Panels(StrEnum):
    """The panels of this part."""

    ERROR = "phase-error"
    PHASE = "phase"
    RADIUS = "radius"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the paper's map of the error, then the maps of the optimal depth and of the growth factor."""
    return [
        Panel(
            Panels.ERROR,
            f"Phase diagram: error at t = {DEPTH} (ρ = 0)",
            "context length α = L/D",
            "pretraining contexts τ = M/D",
            heat=Map("tau", "error", f"test error at t = {DEPTH}", "log", floor=ERRORS[0], ceiling=ERRORS[1]),
            y_limits=PRETRAININGS,
            series=_label,
            figure="phase diagram, A",
        ),
        Panel(
            Panels.PHASE,
            "Phase diagram: optimal depth T* (ρ = 0)",
            "context length α = l/d",
            "pretraining τ = n/d",
            heat=Map("tau", "optimal_depth", f"optimal depth T* (up to {config.phase.max_depth})", "log"),
            y_limits=(1.05, 5.0),
            series=_label,
            note="grey: no step helps",
        ),
        Panel(
            Panels.RADIUS,
            "Phase diagram: growth factor r per step (ρ = 0)",
            "context length α = l/d",
            "pretraining τ = n/d",
            heat=Map("tau", "spectral_radius", "spectral radius r (r < 1: depth helps for ever)", center=1.0),
            y_limits=(1.05, 5.0),
            series=_label,
        ),
    ]


def _label(params: Params) -> str:
    return str(params.get("line", "")) or f"τ={params['tau']}"


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield both maps row by row, and the critical lines over them."""
    yield from _paper_map(config)
    phase = config.phase
    alphas = np.unique(np.concatenate([np.linspace(0.5, 6.0, phase.columns), phase.alpha]))
    taus = np.unique(np.concatenate([np.linspace(1.05, 5.0, phase.rows), phase.tau]))
    best = best_depths(error_map(alphas, taus, 0.0, phase.max_depth))
    for row, tau in enumerate(taus):
        radii = [spectral_radius(alpha, tau, 0.0) for alpha in alphas]
        at = {"tau": tau, "rho": 0.0}
        yield RECORD.theory(
            Panels.PHASE,
            {**at, "max_depth": phase.max_depth},
            x=("alpha", alphas),
            y=("optimal_depth", best[:, row]),
        )
        yield RECORD.theory(Panels.RADIUS, at, x=("alpha", alphas), y=("spectral_radius", radii))
    lines = np.array([critical_tau(alpha, 0.0) for alpha in alphas])
    for panel in (Panels.PHASE, Panels.RADIUS):
        for line, values in zip(LINES, lines.T, strict=True):
            yield RECORD.theory(panel, {"rho": 0.0, "line": line}, x=("alpha", alphas), y=("tau", values))


def _paper_map(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error at t = 80 row by row, and tau_c over it on either side of alpha = 1, where it is infinite."""
    cells = config.phase.error_cells
    alphas, taus = np.linspace(*CONTEXTS, cells), np.linspace(*PRETRAININGS, cells)
    errors = error_map(alphas, taus, 0.0, DEPTH)[:, :, DEPTH]
    for row, tau in enumerate(taus):
        at = {"tau": tau, "rho": 0.0, "depth": DEPTH}
        yield RECORD.theory(Panels.ERROR, at, x=("alpha", alphas), y=("error", errors[:, row]))
    fine = np.linspace(*CONTEXTS, 400)
    for side, there in zip(SIDES, (fine[fine > 1], fine[fine < 1]), strict=True):
        line = [max(critical_tau(alpha, 0.0)) for alpha in there]
        yield RECORD.theory(Panels.ERROR, {"rho": 0.0, "line": side}, x=("alpha", there), y=("tau", line))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield each repeat's own optimal depth, averaged."""
    from solv.experiments.cot_depth.chain import simulate

    phase, columns = config.phase, []
    with context.progress.task("simulate the phase diagram", len(phase.alpha)) as step:
        for alpha in phase.alpha:
            columns.append(simulate(config, context, "phase", alpha, phase.tau, 0.0, phase.max_depth)["typical"])
            step.advance(note=f"alpha={alpha:g}")
    best = np.stack([best_depths(errors) for errors in columns])  # (alpha, repeats, tau)
    for row, tau in enumerate(phase.tau):
        y, y_err, n = standard_error(best[:, :, row], axis=1)
        at = {"tau": tau, "rho": 0.0, "max_depth": phase.max_depth}
        yield RECORD.simulation(Panels.PHASE, at, x=("alpha", phase.alpha), y=("optimal_depth", y), y_err=y_err, n=n)


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains and of the three maps."""
    phase, rows = config.phase, config.phase.rows + len(config.phase.tau)
    columns = phase.columns + len(phase.alpha)
    simulated = sum((chains(config.simulation, alpha, phase.tau, phase.max_depth) for alpha in phase.alpha), Work())
    edges = Work(calls=EDGES * rows * columns)
    maps = theory(DEPTH, phase.error_cells, phase.error_cells) + theory(phase.max_depth, rows, columns)
    return simulated + maps + edges


PHASE_DIAGRAM = Part(
    name="phase-diagram",
    question="What is the error of a long chain, and which depth is best, for which pretraining and context?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="phase diagram, A",
)
