"""Part `long-chains`: which fates can a long chain of thought have? It improves for ever, overthinks, or only harms."""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.slopes import log_slope
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth, spectral_radius
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, within
from solv.tracking.curves import Curves, Recorder, geometric_mean, select
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "long-chains")
FATES = ((4.0, 3.0), (2.0, 3.0), (2.0, 2.0), (3.0, 1.2))  # (alpha, tau) at rho = 0
BEST_DEPTHS = {(2.0, 3.0): 25, (2.0, 2.0): 7, (3.0, 1.2): 0}  # T* that the paper's theory gives


class Panels(StrEnum):
    """The panel of this part."""

    FATES = "fates"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error of long chains."""
    return [
        Panel(
            Panels.FATES,
            "Fates of a long chain (ρ = 0)",
            "reasoning depth T",
            "test error e_T",
            y_scale="log",
            y_limits=(1e-12, 1e3),
            series="α={alpha}, τ={tau}",
        )
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error of each long chain."""
    depths = np.arange(config.fates.max_depth + 1)
    for alpha, tau in FATES:
        errors = error_vs_depth(alpha, tau, 0.0, config.fates.max_depth)
        yield RECORD.theory(Panels.FATES, _at(alpha, tau), x=("depth", depths), y=("error", errors))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of simulated chains, as far as finite size leaves them alone."""
    from solv.experiments.cot_depth.chain import simulate

    depths = np.arange(config.fates.simulated_depth + 1)
    with context.progress.task("simulate long chains", len(FATES)) as step:
        for alpha, tau in FATES:
            errors = simulate(config, context, "fate", alpha, [tau], 0.0, int(depths[-1]))["typical"]
            step.advance(note=f"alpha={alpha:g} tau={tau:g}")
            y, y_err, n = geometric_mean(errors[:, 0])
            yield RECORD.simulation(
                Panels.FATES, _at(alpha, tau), x=("depth", depths), y=("error", y), y_err=y_err, n=n
            )


def _at(alpha: float, tau: float) -> dict[str, float]:
    return {"alpha": alpha, "tau": tau, "rho": 0.0}


def _judge_exponential(curves: Curves) -> Judgement:
    """The law is T^-1/2 r^2T: its slope is read late in theory, and early in simulation against theory's own."""
    theory, simulated = _chain(curves, 4, 3)
    predicted = 2 * math.log(spectral_radius(4, 3, 0.0))
    late, _ = log_slope(theory, 50, 100)
    early, _ = log_slope(theory, 5, 15)
    measured, error = log_slope(simulated, 5, 15)
    return Judgement(
        all_of([within(late, predicted, 0.1 * abs(predicted)), within(measured, early, 0.1 * abs(early), error)]),
        predicted=f"2 log r = {predicted:.4f}; T in [5, 15]: {early:.4f}",
        measured=f"theory, T in [50, 100]: {late:.4f}; simulation, T in [5, 15]: {measured:.4f} ± {error:.4f}",
        tolerance="10 % of each slope",
    )


def _judge_overthinking(curves: Curves) -> Judgement:
    """The simulated minimum is read at tau = 2, where finite chains do not yet hide it (see part `finite-size`)."""
    theory = [_turn(_chain(curves, *fate)[0]) for fate in BEST_DEPTHS]
    simulated, hurt = _chain(curves, 2, 2)[1], _chain(curves, 3, 1.2)[1]
    first = hurt[hurt["x"] == 1].iloc[0]
    best, growth, error = _turn(simulated)
    return Judgement(
        all_of(
            [
                *(within(turn[0], best, 0) for turn, best in zip(theory, BEST_DEPTHS.values(), strict=True)),
                *(exceeds(turn[1], 0) for turn in theory),
                _best_near(simulated, BEST_DEPTHS[2.0, 2.0], 2),
                exceeds(growth, 0, error),
                exceeds(first["y"], 1, first["y_err"]),
            ]
        ),
        predicted="T* = 25; 7; 0",
        measured=(
            f"theory {'; '.join(str(turn[0]) for turn in theory)}; simulation {best} at tau = 2, log e grows by "
            f"{growth:.1f} ± {error:.1f} after it; at tau = 1.2 e_1 = {first['y']:.2f} ± {first['y_err']:.2f}"
        ),
        tolerance="theory exact; simulated T* 7 ± 2; 2 s.e.",
    )


def _best_near(chain: Curves, depth: int, tolerance: int) -> Verdict:
    """Judge whether a chain is best near `depth`: refuted where its own best is better by 2 s.e."""
    best, there = chain.iloc[int(chain["y"].argmin())], chain[chain["x"] == depth].iloc[0]
    if abs(best["x"] - depth) <= tolerance:
        return Verdict.HOLDS
    gain = math.log(there["y"] / best["y"])
    clear = gain > 2 * math.hypot(there["y_err"] / there["y"], best["y_err"] / best["y"])
    return Verdict.FAILS if clear else Verdict.UNDECIDED


def _turn(chain: Curves) -> tuple[int, float, float]:
    """Return where a chain is best, by how much log e has grown at its end, and the standard error of that."""
    best, last = chain.iloc[int(chain["y"].argmin())], chain.iloc[-1]
    error = math.hypot(last["y_err"] / last["y"], best["y_err"] / best["y"])
    return int(best["x"]), math.log(last["y"] / best["y"]), error


def _chain(curves: Curves, alpha: float, tau: float) -> tuple[Curves, Curves]:
    rows = select(curves, alpha=alpha, tau=tau)
    return select(rows, source="theory"), select(rows, source="simulation")


def work(config: CotDepthConfig) -> Work:
    """Return the work of the simulated chains, and of theory, which goes deeper."""
    depth, theories = config.fates.simulated_depth, theory(config.fates.max_depth, alphas=len(FATES))
    return sum((chains(config.simulation, alpha, [tau], depth) for alpha, tau in FATES), theories)


LONG_CHAINS = Part(
    name="long-chains",
    question="Does a long chain of thought improve for ever, overthink in the end, or harm from its first step?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "exponential-phase",
            "At alpha = 4, tau = 3, rho = 0 the error falls exponentially, as r^2T.",
            reads=(Panels.FATES,),
            judge=_judge_exponential,
            needs={"simulation.repeats": 32},
        ),
        Claim(
            "overthinking",
            "At alpha = 2, tau = 3 the error is least at T* = 25, then grows; so it does at tau = 2 from T* = 7; "
            "at alpha = 3, tau = 1.2 every step hurts.",
            reads=(Panels.FATES,),
            judge=_judge_overthinking,
            needs={"simulation.dimension": 256},
        ),
    ),
)
