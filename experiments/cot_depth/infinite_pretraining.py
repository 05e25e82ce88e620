"""Part `infinite-pretraining`: what limits a chain whose step is perfect? The context alone."""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.slopes import log_slope
from solv.experiments.cot_depth.work import chains
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing, within
from solv.tracking.curves import Curves, Recorder, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("cot-depth", "infinite-pretraining")


class Panels(StrEnum):
    """The panel of this part."""

    ENDLESS = "endless"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error of very long chains."""
    return [
        Panel(
            Panels.ENDLESS,
            "Infinite pretraining: power law and floor (ρ = 0)",
            "reasoning depth T",
            "test error e_T",
            x_scale="log",
            y_scale="log",
            y_limits=(1e-4, 1.5),
            series="α={alpha}",
            slopes=(Slope(-0.5, 0.9, 10, config.endless.max_depth, "slope -1/2"),),
        )
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error at depths that are evenly spaced on a log axis."""
    depths = _depths(config)
    for alpha in config.endless.alpha:
        errors = error_vs_depth(alpha, math.inf, 0.0, config.endless.max_depth)[depths]
        yield RECORD.theory(Panels.ENDLESS, _at(alpha), x=("depth", depths), y=("error", errors))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of long simulated chains with Gamma = c I: the median over contexts.

    The bulk of c S ends close to 2, where a step overshoots; at finite d one context in ten has an eigenvalue beyond it
    and explodes at such depths.
    """
    from solv.experiments.cot_depth.chain import simulate

    depths = _depths(config)
    with context.progress.task("simulate very long chains", len(config.endless.alpha)) as step:
        for alpha in config.endless.alpha:
            errors = simulate(config, context, "endless", alpha, [math.inf], 0.0, config.endless.max_depth)["median"]
            step.advance(note=f"alpha={alpha:g}")
            y, y_err, n = standard_error(errors[:, 0, depths])
            yield RECORD.simulation(Panels.ENDLESS, _at(alpha), x=("depth", depths), y=("error", y), y_err=y_err, n=n)


def _at(alpha: float) -> dict[str, float]:
    return {"alpha": alpha, "tau": math.inf, "rho": 0.0}


def _depths(config: CotDepthConfig) -> np.ndarray:
    depths: np.ndarray = np.unique(np.geomspace(1, config.endless.max_depth, 24).round().astype(int))
    return depths


def _judge_polynomial(curves: Curves) -> Judgement:
    rows = select(curves, alpha=1)
    if rows.empty:
        return missing("endless.alpha includes 1")
    exponent, _ = log_slope(select(rows, source="theory"), 10, math.inf, log_x=True)
    measured, error = log_slope(select(rows, source="simulation"), 10, math.inf, log_x=True)
    return Judgement(
        all_of([within(exponent, -0.5, 0.02), within(measured, exponent, 0.05, error)]),
        predicted=-0.5,
        measured=f"theory {exponent:.4f}; simulation {measured:.3f} ± {error:.3f}",
        tolerance="theory ± 0.02; simulation within 10 % (0.05) of theory, 2 s.e. included",
    )


def _judge_saturation(curves: Curves) -> Judgement:
    rows = select(curves, alpha=0.7)
    if rows.empty:
        return missing("endless.alpha includes 0.7")
    end, measured = select(rows, source="theory").iloc[-1], select(rows, source="simulation").iloc[-1]
    arrived = abs(end["y"] - 0.3) <= 0.003
    return Judgement(
        within(measured["y"], 0.3, 0.015, measured["y_err"]) if arrived else Verdict.UNDECIDED,
        predicted=0.3,
        measured=measured["y"],
        error=measured["y_err"],
        tolerance="5 % (0.015), 2 s.e. included, where theory has come within 1 %",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the very long chains; their theory is a sum of powers of eigenvalues, in no time."""
    endless = config.endless
    each = (chains(config.simulation, alpha, [math.inf], endless.max_depth) for alpha in endless.alpha)
    return sum(each, Work(memory=16 * endless.max_depth**2))


INFINITE_PRETRAINING = Part(
    name="infinite-pretraining",
    question="How does the error of a chain with a perfect step fall, and where does it end?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "polynomial",
            "At alpha = 1 with infinite pretraining the error falls as T^-1/2.",
            reads=(Panels.ENDLESS,),
            judge=_judge_polynomial,
            needs={"endless.max_depth": 300, "simulation.dimension": 256},
        ),
        Claim(
            "saturation",
            "At alpha = 0.7 with infinite pretraining the error ends at 1 - alpha = 0.3.",
            reads=(Panels.ENDLESS,),
            judge=_judge_saturation,
            needs={"endless.max_depth": 300, "simulation.dimension": 256},
        ),
    ),
)
