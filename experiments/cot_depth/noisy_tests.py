"""Part `noisy-tests`: what does label noise in test contexts change? It leaves a floor; that of pretraining none.

Ours: the paper's test contexts are clean (`rho_test` = 0), here they are as noisy as those of pretraining.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth, long_time_error
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, missing, within
from solv.tracking.curves import Curves, Recorder, each_curve, geometric_mean, select
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "noisy-tests")
NEAR, ARRIVED = 0.05, 0.01  # relative: of the floor that is judged, and of where theory has come to it


class Panels(StrEnum):
    """The panel of this part."""

    FLOOR = "noise-floor"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error against depth with clean and with noisy test contexts."""
    return [
        Panel(
            Panels.FLOOR,
            "Noise in test contexts leaves a floor: α = {alpha}, ρ = {rho}",
            "reasoning depth T",
            "test error e_T",
            y_scale="log",
            y_limits=(1e-4, 1.5),
            facets=("alpha", "rho"),
            series="τ={tau}, ρ_test={rho_test}",
        )
    ]


def _cells(config: CotDepthConfig) -> Iterator[tuple[float, float, dict[str, float]]]:
    noise = config.noisy_tests
    for rho_test in (0.0, noise.rho):
        for tau in noise.tau:
            yield tau, rho_test, {"alpha": noise.alpha, "tau": tau, "rho": noise.rho, "rho_test": rho_test}


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error of every chain."""
    noise, depths = config.noisy_tests, np.arange(config.noisy_tests.depth + 1)
    for tau, rho_test, at in _cells(config):
        errors = error_vs_depth(noise.alpha, tau, noise.rho, noise.depth, rho_test)
        yield RECORD.theory(Panels.FLOOR, at, x=("depth", depths), y=("error", errors))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated chains."""
    from solv.experiments.cot_depth.chain import simulate

    noise, depths = config.noisy_tests, np.arange(config.noisy_tests.depth + 1)
    cells = list(_cells(config))
    with context.progress.task("simulate noise in test contexts", len(cells)) as step:
        for tau, rho_test, at in cells:
            errors = simulate(config, context, "noise", noise.alpha, [tau], noise.rho, noise.depth, rho_test=rho_test)[
                "typical"
            ]
            step.advance(note=f"tau={tau:g} rho_test={rho_test:g}")
            y, y_err, n = geometric_mean(errors[:, 0])
            yield RECORD.simulation(Panels.FLOOR, at, x=("depth", depths), y=("error", y), y_err=y_err, n=n)


def _judge(curves: Curves) -> Judgement:
    """Judge every noisy chain at its end, where theory has arrived, and that the clean ones have passed the floor."""
    verdicts, said = [], []
    for params, rows in each_curve(curves):
        cell = (params["alpha"], params["tau"], params["rho"])
        floor = long_time_error(*cell, params["rho"])
        theory, measured = (select(rows, source=each).sort_values("x").iloc[-1] for each in ("theory", "simulation"))
        if params["rho_test"] == 0:
            verdicts.append(exceeds(floor / 2, measured["y"], measured["y_err"]))
            said.append(f"clean {measured['y']:.2g} at tau = {cell[1]:g}")
        elif abs(theory["y"] / floor - 1) <= ARRIVED:
            verdicts.append(within(measured["y"] / floor, 1, NEAR, measured["y_err"] / floor))
            said.append(f"noisy {measured['y']:.4f} ± {measured['y_err']:.4f}, floor {floor:.4f}")
        else:
            verdicts.append(Verdict.UNDECIDED)
    if not said:
        return missing("noisy_tests.depth >= 30")
    return Judgement(
        all_of(verdicts),
        predicted="the floor rho_test / (alpha - 1); clean contexts fall below half of it",
        measured="; ".join(said),
        tolerance=f"{100 * NEAR:.0f} % of the floor, 2 s.e. included, where theory is within {100 * ARRIVED:.0f} %",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains in clean and in noisy contexts, and of their theory."""
    noise = config.noisy_tests
    cells = (chains(config.simulation, noise.alpha, [tau], noise.depth) for tau, _, _ in _cells(config))
    return sum(cells, theory(noise.depth, alphas=2 * len(noise.tau)))


NOISY_TESTS = Part(
    name="noisy-tests",
    question="Does label noise leave a floor when it is in pretraining alone, or only when it is in the test contexts?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "noise-floor",
            "Label noise leaves a floor only where the test contexts have it: rho_test / (alpha - 1) at alpha > 1.",
            reads=(Panels.FLOOR,),
            judge=_judge,
            needs={"noisy_tests.depth": 30, "simulation.repeats": 16},
        ),
    ),
)
