"""Part `late-law`: by which law does the error fall or grow in the end, and what is its power at tau_c?

In the paper e_t - E_inf ~ K t^-1/2 Lambda^t; exactly at tau_c, Lambda = 1 leaves the power -1/2.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth
from solv.theory.cot_depth.late_law import late_error
from solv.tracking.claims import Claim, Judgement, all_of, missing, within
from solv.tracking.curves import Curves, Recorder, each_curve, geometric_mean, pair, select
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "late-law")
CELLS = ((4.0, 3.0), (3.0, 2.0), (2.0, 3.5), (2.0, 3.0), (3.0, 1.5))  # alpha, tau: decay, two of tau_c, overthinking
CRITICAL = (3.0, 2.0)
LATE = (50, 100, 200)  # depths, each twice the one before
EARLY = (4, 10)  # depths between which the simulated power is read, where finite size leaves it alone
AMPLITUDE, POWER = 0.01, 0.005  # how far the extrapolated ratio and power may be from theirs: O(1 / t^2) is left
FINITE = 0.1  # how far the simulated ratio (relative) and power may be from the theory's at the same depths


class Panels(StrEnum):
    """The panels of this part."""

    RATIO = "late-law"
    POWER = "critical-error"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error over its late law, and the error at tau_c."""
    return [
        Panel(
            Panels.RATIO,
            "The late law K t^-1/2 Λ^t (ρ = 0)",
            "reasoning depth t",
            "error / late law",
            x_scale="log",
            y_limits=(0.9, 2.5),
            series="α={alpha}, τ={tau}",
        ),
        Panel(
            Panels.POWER,
            "Exactly at τ_c: t^1/2 e_t (ρ = 0)",
            "reasoning depth t",
            "t^1/2 × test error",
            x_scale="log",
            y_limits=(0.0, 0.2),
            series="α={alpha}, τ={tau}",
        ),
    ]


def _at(alpha: float, tau: float) -> dict[str, float]:
    return {"alpha": alpha, "tau": tau, "rho": 0.0}


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the ratio of the error to its late law, and the scaled error at tau_c."""
    depths = np.unique(np.concatenate([np.arange(1, 31), np.geomspace(31, LATE[-1], 20).astype(int), LATE]))
    for alpha, tau in CELLS:
        errors = error_vs_depth(alpha, tau, 0.0, int(depths[-1]))[depths]
        ratio = errors / late_error(alpha, tau, 0.0, depths)
        yield RECORD.theory(Panels.RATIO, _at(alpha, tau), x=("depth", depths), y=("ratio", ratio))
        if (alpha, tau) == CRITICAL:
            scaled = np.sqrt(depths) * errors
            yield RECORD.theory(Panels.POWER, _at(alpha, tau), x=("depth", depths), y=("scaled_error", scaled))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the same of simulated chains, geometric means."""
    from solv.experiments.cot_depth.chain import simulate

    late = config.late_law
    depths = np.arange(1, late.depth + 1)
    with context.progress.task("simulate late laws", len(CELLS)) as step:
        for alpha, tau in CELLS:
            found = simulate(config, context, "late", alpha, [tau], 0.0, late.depth, sizes=late)
            errors = found["typical"][:, 0, depths]
            step.advance(note=f"alpha={alpha:g} tau={tau:g}")
            y, y_err, n = geometric_mean(errors / late_error(alpha, tau, 0.0, depths))
            at = _at(alpha, tau)
            yield RECORD.simulation(Panels.RATIO, at, x=("depth", depths), y=("ratio", y), y_err=y_err, n=n)
            if (alpha, tau) == CRITICAL:
                y, y_err, n = geometric_mean(np.sqrt(depths) * errors)
                yield RECORD.simulation(Panels.POWER, at, x=("depth", depths), y=("scaled_error", y), y_err=y_err, n=n)


def _read(rows: Curves, depths: tuple[int, ...]) -> list[float]:
    points = rows.set_index("x")["y"]
    return [float(points.loc[depth]) for depth in depths]


def _extrapolated(values: list[float]) -> float:
    """Return the limit of a sequence at depths t, 2 t whose distance from it falls as 1 / t."""
    return 2 * values[-1] - values[-2]


def _judge_amplitude(curves: Curves) -> Judgement:
    """Extrapolate the theory's ratio in 1 / t; the simulation is compared with the ratio itself at early depths."""
    limits = [_extrapolated(_read(rows, LATE[-2:])) for _, rows in each_curve(select(curves, source="theory"))]
    early = pair(curves[curves["x"].between(*EARLY)])
    ratio, error = early["y"] / early["theory"], early["y_err"] / early["theory"]
    if not limits or ratio.empty:
        return missing(f"late_law.depth >= {EARLY[1]}")
    worst, far = max(limits, key=lambda limit: abs(limit - 1)), int((ratio - 1).abs().to_numpy().argmax())
    return Judgement(
        all_of(
            [
                *(within(limit, 1, AMPLITUDE) for limit in limits),
                *(within(each, 1, FINITE, spread) for each, spread in zip(ratio, error, strict=True)),
            ]
        ),
        predicted=1.0,
        measured=(
            f"theory at t → ∞ {worst:.5f} (worst of {len(limits)}); simulation / theory {ratio.iloc[far]:.3f} ± "
            f"{error.iloc[far]:.3f} (worst of {len(ratio)}, t in {list(EARLY)})"
        ),
        tolerance=f"theory {AMPLITUDE:g}; simulation {FINITE:g}, 2 s.e. included",
    )


def _judge_power(curves: Curves) -> Judgement:
    """Extrapolate the theory's local power in 1 / t; the simulation's is compared with the theory's, same depths."""
    theory, simulated = (select(curves, source=each) for each in ("theory", "simulation"))
    late = _read(theory, LATE)
    power = _extrapolated([math.log2(b / a) - 0.5 for a, b in pairwise(late)])
    rows = simulated.set_index("x")
    if EARLY[1] not in rows.index:
        return missing(f"late_law.depth >= {EARLY[1]}")
    span = math.log(EARLY[1] / EARLY[0])
    expected = math.log(_read(theory, EARLY)[1] / _read(theory, EARLY)[0]) / span - 0.5
    first, last = (rows.loc[[depth]].iloc[0] for depth in EARLY)
    measured = math.log(last["y"] / first["y"]) / span - 0.5
    error = math.hypot(first["y_err"] / first["y"], last["y_err"] / last["y"]) / span
    return Judgement(
        all_of([within(power, -0.5, POWER), within(measured, expected, FINITE, error)]),
        predicted=f"-1/2; at t in {list(EARLY)} {expected:.3f}",
        measured=f"theory at t → ∞ {power:.4f}; simulation at t in {list(EARLY)} {measured:.3f} ± {error:.3f}",
        tolerance=f"theory {POWER:g}; simulation {FINITE:g}, 2 s.e. included",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the simulated chains, and of theory, which goes deeper."""
    late, theories = config.late_law, theory(LATE[-1], alphas=len(CELLS))
    return sum((chains(late, alpha, [tau], late.depth) for alpha, tau in CELLS), theories)


LATE_LAW = Part(
    name="late-law",
    question="By which law does the error fall or grow in the end, and with which power exactly at tau_c?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "late-law",
            "At large depth the error is K t^-1/2 Lambda^t, with the amplitude of the theory, on both sides of tau_c.",
            reads=(Panels.RATIO,),
            judge=_judge_amplitude,
            needs={"late_law.dimension": 400, "late_law.repeats": 32},
        ),
        Claim(
            "critical-power",
            "Exactly at tau = tau_c, alpha > 1, the error falls as t^-1/2.",
            reads=(Panels.POWER,),
            judge=_judge_power,
            needs={"late_law.dimension": 400, "late_law.repeats": 32},
        ),
    ),
)
