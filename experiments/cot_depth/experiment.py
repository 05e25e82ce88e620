"""How deep should a chain of thought be? The parts of cot-depth, and the claims that read more than one of them."""

import math

import numpy as np
import pandas as pd

from solv.experiments.cot_depth import (
    ENTRY,
    depth,
    linear_attention,
    phase_diagram,
    softmax_attention,
)
from solv.experiments.cot_depth.attention_floors import ATTENTION_FLOORS
from solv.experiments.cot_depth.attention_grid import ATTENTION_GRID
from solv.experiments.cot_depth.attention_lines import ATTENTION_LINES
from solv.experiments.cot_depth.finite_size import FINITE_SIZE
from solv.experiments.cot_depth.heavy_tails import HEAVY_TAILS
from solv.experiments.cot_depth.infinite_pretraining import INFINITE_PRETRAINING
from solv.experiments.cot_depth.late_law import LATE_LAW
from solv.experiments.cot_depth.learned_matrices import LEARNED_MATRICES
from solv.experiments.cot_depth.long_chains import LONG_CHAINS
from solv.experiments.cot_depth.noisy_tests import NOISY_TESTS
from solv.experiments.cot_depth.phase_lines import PHASE_LINES
from solv.experiments.cot_depth.reduced_step import REDUCED_STEP
from solv.experiments.cot_depth.saturation import SATURATION
from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.softmax_grid import SOFTMAX_GRID
from solv.experiments.cot_depth.theory_experiment import THEORY_EXPERIMENT
from solv.experiments.cot_depth.transition import TRANSITION
from solv.harness.contract import Experiment, PaperFigure
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known, missing, within
from solv.tracking.confidence import STUDENT, sigmas_to_fail
from solv.tracking.curves import Curves, each_curve, parameter, select
from solv.tracking.panels import Highlight

RICH = 3  # pretraining contexts per dimension from which trained attention has enough data for all of its matrices
PLATEAU = 0.1  # growth of log e that counts as none


def _judge_depth_needs(curves: Curves) -> Judgement:
    maps = select(curves, panel=phase_diagram.Panels.PHASE, y_name="optimal_depth")
    theory, simulated = select(maps, source="theory"), select(maps, source="simulation")
    table = theory.assign(tau=parameter(theory, "tau"))[theory["x"] > 1]
    grid = table.pivot(index="tau", columns="x", values="y")
    broken = int((np.diff(grid.to_numpy(), axis=0) < 0).sum() + (np.diff(grid.to_numpy(), axis=1) < 0).sum())
    steps = _steps(simulated.assign(tau=parameter(simulated, "tau")))
    chains = select(curves, panel=depth.Panels.DEPTH, source="simulation", rho=0, rho_test=0)
    steps += _steps(_gains(chains))
    repeats = min((int(rows["n"].min()) for rows in (simulated, chains) if len(rows)), default=2)
    sigmas = sigmas_to_fail(repeats, len(steps))
    up = sum(step > 2 * error for step, error in steps)
    down = sum(step < -sigmas * error for step, error in steps)
    level = len(steps) - up - down
    return Judgement(
        Verdict.FAILS if broken or down else all_of([Verdict.HOLDS] * up),
        predicted="no step down in the map",
        measured=f"{broken} steps down in theory; simulated neighbours: {up} up, {level} level, {down} down",
        tolerance=(
            f"theory exact; simulation: up by 2 s.e., down by {sigmas:.1f}: the worst pair, {STUDENT} (points "
            "at the largest depth are level)"
        ),
    )


def _gains(chains: Curves) -> pd.DataFrame:
    """Return log(e_1 / e_T*) of simulated chains at alpha > 1, one row per (alpha, tau)."""
    found = []
    for params, rows in each_curve(chains[chains["x"] >= 1]):
        if params["alpha"] > 1:
            first, best = rows.iloc[0], rows.iloc[int(rows["y"].argmin())]
            error = math.hypot(first["y_err"] / first["y"], best["y_err"] / best["y"])
            gain = math.log(first["y"] / best["y"])
            found.append({"x": params["alpha"], "tau": params["tau"], "y": gain, "y_err": error})
    return pd.DataFrame(found, columns=["x", "tau", "y", "y_err"])


def _steps(points: pd.DataFrame) -> list[tuple[float, float]]:
    """Return the rise of each neighbouring pair, along alpha at one tau and along tau at one alpha, and its error."""
    steps = []
    for fixed, moving in (("tau", "x"), ("x", "tau")):
        for _, line in points.groupby(fixed):
            ordered = line.sort_values(moving)
            for (_, low), (_, high) in zip(ordered.iloc[:-1].iterrows(), ordered.iloc[1:].iterrows(), strict=True):
                steps.append((float(high["y"] - low["y"]), math.hypot(low["y_err"], high["y_err"])))
    return steps


def _judge_trained_attention(curves: Curves) -> Judgement:
    """The band is how far the exact model of the same dimension is from theory, where pretraining is rich."""
    chained = select(curves, training=softmax_attention.CHAINED)
    growth = select(chained, panel=softmax_attention.Panels.GROWTH).sort_values("x")
    best = select(chained, panel=softmax_attention.Panels.DEPTH).sort_values("x")
    linear = select(curves, panel=linear_attention.Panels.ERROR)
    rich = linear[(parameter(linear, "tau") >= RICH) & linear["x"].between(1, 8)]
    if rich.empty or linear["x"].max() < 8:
        return missing("linear.tau includes 3 and more, linear.depth >= 8")
    inside, total = _within_band(rich)
    least, most = growth.iloc[0], growth.iloc[-1]
    depths = ", ".join(f"{row['y']:.3g} at tau = {row['x']:g}" for _, row in best.iterrows())
    return Judgement(
        all_of(
            [
                Verdict.HOLDS if inside == total else Verdict.FAILS,
                exceeds(least["y"], 0, known(least["y_err"], least["n"])),
                within(most["y"], 0, PLATEAU, known(most["y_err"], most["n"])),
            ]
        ),
        predicted="all points in the band; growth of log e after T*: > 0, then 0",
        measured=(
            f"{inside} of {total} points; softmax T* = {depths}; growth {least['y']:.2f} ± {least['y_err']:.2f} at "
            f"tau = {least['x']:g}, {most['y']:.3f} ± {most['y_err']:.3f} at tau = {most['x']:g}"
        ),
        tolerance=f"band + 3 s.e.; growth 2 s.e.; no growth: less than {PLATEAU:g}",
    )


def _within_band(rows: Curves) -> tuple[int, int]:
    """Count the trained points no further from theory than the exact model of their size is, and all of them."""
    keys = ["params", "x"]
    theory, exact, trained = (
        select(rows, source=source).set_index(keys)[["y", "y_err"]] for source in ("theory", "simulation", "trained")
    )
    deviation, error = np.abs(np.log(trained["y"] / theory["y"])), trained["y_err"] / trained["y"]
    band, band_error = np.abs(np.log(exact["y"] / theory["y"])), exact["y_err"] / exact["y"]
    within_band = deviation <= band + 3 * np.hypot(error, band_error)
    return int(within_band.sum()), len(within_band)


FIGURES = (
    PaperFigure(
        "phase diagram, A",
        "error at t = 80 over context and pretraining, with tau_c",
        "phase-diagram",
        "1 core, 1 s, measured",
        "no: theory alone",
        "the authors' generating function to 5e-13 at eight points, and their tau_c",
    ),
    PaperFigure(
        "phase diagram, B and C",
        "error against depth along a column and a row of the diagram",
        "phase-lines",
        "1 core, 20 min, measured",
        "yes: B",
        "theory as above; over it, the authors' means at D = 500 are 1.02 to 1.06 at t = 5, 12 to 325 at t = 40",
    ),
    PaperFigure(
        "theory against experiment",
        "error against depth at four points and four dimensions",
        "theory-experiment",
        "1 core, 45 min, measured",
        "yes: two of four points",
        "75 of the authors' 80 means at D = 100 to 800 within 2 s.e. of ours, 79 within 3, over seven decades",
    ),
    PaperFigure(
        "CoT dynamics, A",
        "error against depth of trained linear attention, eight sizes",
        "attention-lines",
        "1 core, 4.8 min, estimated",
        "yes",
        "all eight sizes, five trainings: 78 of the authors' 80 means within 2 s.e. of ours, all within 3",
    ),
    PaperFigure(
        "CoT dynamics, B",
        "error at t = 30 of trained linear attention, 15 x 15 sizes",
        "attention-grid",
        "1 core, 21 min, measured",
        "yes",
        "of 225 cells 64 overthink in both, 153 in neither, 8 in one; L, M >= 261: both on .014-.029 or .068-.094",
    ),
    PaperFigure(
        "CoT dynamics, C",
        "the same of softmax attention",
        "softmax-grid",
        "1 core, 3.2 h, 1.9 GiB, estimated",
        "yes: every second size",
        "not run at these sizes",
    ),
    PaperFigure(
        "learned matrices",
        "V and W of trained linear attention at D = 10",
        "learned-matrices",
        "1 core, 41 s, estimated",
        "no: pictures alone",
        "V = (Gamma, 0) and W diagonal in three of eight trainings at L = 200; the five others reflect a direction",
    ),
)

EXPERIMENT = Experiment(
    entry=ENTRY,
    Config=CotDepthConfig,
    parts=(
        depth.DEPTH,
        phase_diagram.PHASE_DIAGRAM,
        PHASE_LINES,
        LONG_CHAINS,
        LATE_LAW,
        SATURATION,
        TRANSITION,
        INFINITE_PRETRAINING,
        NOISY_TESTS,
        THEORY_EXPERIMENT,
        FINITE_SIZE,
        HEAVY_TAILS,
        REDUCED_STEP,
        ATTENTION_LINES,
        ATTENTION_GRID,
        ATTENTION_FLOORS,
        SOFTMAX_GRID,
        LEARNED_MATRICES,
        linear_attention.LINEAR_ATTENTION,
        softmax_attention.SOFTMAX_ATTENTION,
    ),
    claims=(
        Claim(
            "depth-needs-data-and-context",
            "Optimal depth and the gain e_1 / e_T* grow with pretraining and with context (alpha > 1, rho = 0).",
            reads=(phase_diagram.Panels.PHASE, depth.Panels.DEPTH),
            judge=_judge_depth_needs,
            needs={"simulation.repeats": 16},
        ),
        Claim(
            "trained-attention",
            "Trained linear attention follows theory within its finite-size band at tau >= 3, T <= 8; trained through "
            "the chain, softmax attention overthinks at little pretraining and not at much.",
            reads=(
                linear_attention.Panels.ERROR,
                softmax_attention.Panels.DEPTH,
                softmax_attention.Panels.GROWTH,
            ),
            judge=_judge_trained_attention,
            needs={"linear.dimension": 16, "softmax.steps": 1000},
        ),
    ),
    figures=FIGURES,
    headline=(
        Highlight("phase-error", "transition"),
        Highlight("phase-line-pretraining", "critical-power"),
        Highlight("optimal-depth", "optimal-depth-diverges"),
        Highlight("theory-experiment", "finite-size-converges", where={"alpha": 4.0, "tau": 3.0}),
        Highlight("attention-lines", "attention-fates"),
        Highlight("attention-floors", "two-floors"),
    ),
)
