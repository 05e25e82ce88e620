"""Part `depth`: how does the error fall, or rise, with the number of reasoning steps, and with data and context?"""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import stdtr

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_map, error_vs_depth, optimal_depth, spectral_radius
from solv.tracking.claims import Claim, Judgement, Verdict, missing
from solv.tracking.curves import Curves, Params, Recorder, geometric_mean, pair, parameter
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "depth")
READ_DEPTHS = (1, 2, 4, 8, 16)  # depths at which the error is drawn against pretraining and context
BEST = "best"  # the depth of least error in theory, among those that the run considers
JUDGED = 1.1  # growth factor r below which finite size leaves the first steps alone
FINITE_SIZE = 2.0  # relative deviation of the error at depth T, in units of T / d
USUAL_DIMENSION = 256  # d; smaller simulations deviate by more and refute nothing


class Panels(StrEnum):
    """The panels of this part."""

    DEPTH = "depth"
    PRETRAINING = "pretraining"
    CONTEXT = "context"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error against depth at each (alpha, rho), then against each of them at fixed depths."""
    depth = Panel(
        Panels.DEPTH,
        "Error against depth: α = {alpha}, ρ = {rho} (in test contexts {rho_test})",
        "reasoning depth T",
        "test error e_T",
        y_scale="log",
        y_limits=(None, 3.0),
        facets=("rho", "rho_test", "alpha"),
        series="τ={tau}",
        ordered=True,
        main=True,
    )
    pretraining = Panel(
        Panels.PRETRAINING,
        "Error against pretraining: α = {alpha}, ρ = {rho}",
        "pretraining τ = n/d",
        "test error e_T",
        x_scale="log",
        y_scale="log",
        y_limits=(None, 3.0),
        facets=("alpha", "rho"),
        series=_depth_label,
        ordered=True,
    )
    context = Panel(
        Panels.CONTEXT,
        "Error against context: τ = {tau}, ρ = {rho}",
        "context length α = l/d",
        "test error e_T",
        x_scale="log",
        y_scale="log",
        y_limits=(None, 3.0),
        facets=("tau", "rho"),
        series=_depth_label,
        ordered=True,
    )
    return [depth, pretraining, context]


def _depth_label(params: Params) -> str:
    return "T=T*" if params["depth"] == BEST else f"T={params['depth']}"


# -- theory --------------------------------------------------------------------------------------------------------


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error at every (alpha, tau, rho), and along pretraining and context at fixed depths."""
    depths = np.array(config.depth)
    for rho, rho_test, alpha, tau in product(config.rho, config.rho_test, config.alpha, config.tau):
        errors = error_vs_depth(alpha, tau, rho, max(config.depth), rho_test)
        at: Params = {"alpha": alpha, "tau": tau, "rho": rho, "rho_test": rho_test}
        yield RECORD.theory(Panels.DEPTH, at, x=("depth", depths), y=("error", errors[depths]))
    alpha, rho, rho_test = fixed_context(config)
    taus = np.unique(np.concatenate([np.geomspace(1.05, 10, 60), _finite(config.tau)]))
    errors = error_map(np.array([alpha]), taus, rho, max(config.depth), rho_test)[0]
    for depth, values in _read(errors, errors.min(axis=1), config):
        at = {"alpha": alpha, "rho": rho, "rho_test": rho_test, "depth": depth}
        yield RECORD.theory(Panels.PRETRAINING, at, x=("tau", taus), y=("error", values))
    tau, rho, rho_test = fixed_pretraining(config)
    alphas = np.unique(np.concatenate([np.geomspace(0.3, 10, 60), config.alpha]))
    errors = error_map(alphas, np.array([tau]), rho, max(config.depth), rho_test)[:, 0]
    for depth, values in _read(errors, errors.min(axis=1), config):
        at = {"tau": tau, "rho": rho, "rho_test": rho_test, "depth": depth}
        yield RECORD.theory(Panels.CONTEXT, at, x=("alpha", alphas), y=("error", values))


def fixed_context(config: CotDepthConfig) -> tuple[float, float, float]:
    """Return (alpha, rho, rho_test) of the panel against pretraining."""
    return max(config.alpha), min(config.rho), min(config.rho_test)


def fixed_pretraining(config: CotDepthConfig) -> tuple[float, float, float]:
    """Return (tau, rho, rho_test) of the panel against context length."""
    return max(_finite(config.tau), default=math.inf), min(config.rho), min(config.rho_test)


def _finite(taus: Sequence[float]) -> list[float]:
    return [tau for tau in taus if math.isfinite(tau)]


def _read(errors: np.ndarray, best: np.ndarray, config: CotDepthConfig) -> Iterator[tuple[int | str, np.ndarray]]:
    """Yield depths of `READ_DEPTHS` with the errors there (last axis: depth), then `BEST` with those given for it."""
    for depth in READ_DEPTHS:
        if depth <= max(config.depth):
            yield depth, errors[..., depth]
    yield BEST, best


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated errors of every cell, drawn against depth, pretraining and context."""
    from solv.experiments.cot_depth.chain import simulate

    depths = np.array(config.depth)
    by_cell: dict[tuple[float, float, float], np.ndarray] = {}
    cells = list(product(config.rho, config.rho_test, config.alpha))
    with context.progress.task("simulate chains", len(cells)) as step:
        for rho, rho_test, alpha in cells:
            found = simulate(config, context, "depth", alpha, config.tau, rho, int(depths.max()), rho_test=rho_test)
            errors = by_cell[alpha, rho, rho_test] = found["typical"]
            step.advance(note=f"alpha={alpha:g} rho={rho:g}")
            for index, tau in enumerate(config.tau):
                y, y_err, n = geometric_mean(errors[:, index, depths])
                at: Params = {"alpha": alpha, "tau": tau, "rho": rho, "rho_test": rho_test}
                yield RECORD.simulation(Panels.DEPTH, at, x=("depth", depths), y=("error", y), y_err=y_err, n=n)
    alpha, rho, rho_test = fixed_context(config)
    finite = [index for index, tau in enumerate(config.tau) if math.isfinite(tau)]
    taus = [config.tau[index] for index in finite]
    if taus:
        chains = by_cell[alpha, rho, rho_test][:, finite]
        best = [optimal_depth(alpha, tau, rho, max(config.depth), rho_test) for tau in taus]
        for depth, values in _read(chains, _at(chains, best), config):
            y, y_err, n = geometric_mean(values)
            at = {"alpha": alpha, "rho": rho, "rho_test": rho_test, "depth": depth}
            yield RECORD.simulation(Panels.PRETRAINING, at, x=("tau", taus), y=("error", y), y_err=y_err, n=n)
    tau, rho, rho_test = fixed_pretraining(config)
    place = config.tau.index(tau)
    chains = np.stack([by_cell[alpha, rho, rho_test][:, place] for alpha in config.alpha], axis=1)
    best = [optimal_depth(alpha, tau, rho, max(config.depth), rho_test) for alpha in config.alpha]
    for depth, values in _read(chains, _at(chains, best), config):
        y, y_err, n = geometric_mean(values)
        at = {"tau": tau, "rho": rho, "rho_test": rho_test, "depth": depth}
        yield RECORD.simulation(Panels.CONTEXT, at, x=("alpha", config.alpha), y=("error", y), y_err=y_err, n=n)


def _at(errors: np.ndarray, depths: Sequence[int]) -> np.ndarray:
    """Return errors (repeats, cells, depths) at one depth of each cell: theory's own T*."""
    chosen: np.ndarray = errors[:, np.arange(len(depths)), depths]
    return chosen


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_theory(curves: Curves) -> Judgement:
    """Count the points outside 3 standard errors and a finite-size deviation against what chance leaves there.

    Simulations approach theory as 1/d: over 80 repeats at d = 256, cells with r < 1.1 deviate by 2T/d and less.
    """
    paired = pair(curves)
    paired = paired[(_radius(paired) < JUDGED) & paired["x"].between(1, 8)]
    if paired.empty:
        return missing("depths 1 to 8 and a cell with r < 1.1")
    finite = FINITE_SIZE / USUAL_DIMENSION * paired["x"] * paired["theory"]
    outside = (paired["y"] - paired["theory"]).abs() > 3 * paired["y_err"] + finite
    independent = paired["params"].nunique()
    chance = float(2 * stdtr(paired["n"].min() - 1, -3))  # as scipy.stats does, which takes a second to import
    allowed = chance + 2 * math.sqrt(chance * (1 - chance) / independent)
    fraction = float(outside.mean())
    return Judgement(
        Verdict.HOLDS if fraction <= allowed else Verdict.FAILS,
        predicted=f"{100 * chance:.1f} % outside by chance",
        measured=f"{100 * fraction:.1f} % of {len(paired)} points outside",
        tolerance=f"<= {100 * allowed:.1f} %: chance + 2 s.d. for {independent} independent curves",
    )


def _radius(curves: pd.DataFrame) -> pd.Series:
    """Return the growth factor per step of each row's cell."""
    cells = pd.DataFrame({name: parameter(curves, name) for name in ("alpha", "tau", "rho")})
    radii = {cell: spectral_radius(*cell) for cell in cells.drop_duplicates().itertuples(index=False, name=None)}
    return pd.Series(
        [radii[cell] for cell in cells.itertuples(index=False, name=None)], index=curves.index, dtype=float
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains and of the theory of every cell; the lines of 60 points are theory alone."""
    deepest, cells = max(config.depth), len(config.rho) * len(config.rho_test)
    simulated = sum((chains(config.simulation, alpha, config.tau, deepest) for alpha in config.alpha), Work())
    return cells * (simulated + theory(deepest, len(config.tau), len(config.alpha))) + theory(deepest, 60, 61)


DEPTH = Part(
    name="depth",
    question="How does the error depend on the number of reasoning steps, at which pretraining and context?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "matches-theory",
            "The simulated error lies within 3 standard errors and a finite-size deviation of 2T/256 of theory for "
            "T <= 8 wherever the growth factor r < 1.1.",
            reads=(Panels.DEPTH,),
            judge=_judge_theory,
            needs={"simulation.repeats": 16, "simulation.dimension": USUAL_DIMENSION},
        ),
    ),
)
