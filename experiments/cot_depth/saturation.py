"""Part `saturation`: where does a long chain end when the context does not span the space?

With alpha < 1 and tau > tau_c the error ends at (1 - alpha)(tau - 1) / (tau - 2 - rho). It is above 1 where
alpha (tau - 1) < 1 + rho: there a chain both saturates and is worse than no reasoning at all.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import critical_tau, error_vs_depth, long_time_error
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, missing, within
from solv.tracking.curves import Curves, Recorder, geometric_mean, pair, parameter
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "saturation")
NEAR, ARRIVED = 0.05, 0.01  # relative: of the end that is judged, and of where theory has come to it


class Panels(StrEnum):
    """The panels of this part."""

    END = "saturation"
    CHAIN = "saturation-chains"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the end of the chain against pretraining, and the chains."""
    return [
        Panel(
            Panels.END,
            "Where a chain ends at α < 1 (ρ = 0)",
            "pretraining τ",
            "error at the end of the chain",
            x_scale="log",
            series="α={alpha}",
            note=f"line: t → ∞; circles: where theory stays within {100 * ARRIVED:.0f} % of it",
        ),
        Panel(
            Panels.CHAIN,
            "Chains that saturate (ρ = 0)",
            "reasoning depth t",
            "test error",
            series="α={alpha}, τ={tau}",
        ),
    ]


def _cells(config: CotDepthConfig) -> Iterator[tuple[float, list[float]]]:
    """Yield each alpha with the taus at which its chains end."""
    for alpha in config.saturation.alpha:
        yield alpha, [tau for tau in config.saturation.tau if tau > max(critical_tau(alpha, 0.0))]


def _arrival(alpha: float, tau: float, depth: int) -> int:
    """Return the depth from which on theory stays near its end, or the last.

    Later the simulated chains leave it again: at finite dimension those of a few contexts explode.
    """
    far = np.abs(error_vs_depth(alpha, tau, 0.0, depth) / long_time_error(alpha, tau, 0.0) - 1) > ARRIVED
    return min(depth, depth + 1 - int(np.argmax(far[::-1]))) if far.any() else 0


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the end of the chain as a function of pretraining, and each simulated chain."""
    for alpha, taus in _cells(config):
        first = max(critical_tau(alpha, 0.0))
        line = np.unique(np.concatenate([np.geomspace(1.02 * first, 40.0, 60), taus]))
        ends = [long_time_error(alpha, tau, 0.0) for tau in line]
        yield RECORD.theory(Panels.END, {"alpha": alpha, "rho": 0.0}, x=("tau", line), y=("error", ends))
        for tau in taus:
            errors = error_vs_depth(alpha, tau, 0.0, config.saturation.depth)
            depths = np.arange(len(errors))
            at = {"alpha": alpha, "tau": tau, "rho": 0.0}
            yield RECORD.theory(Panels.CHAIN, at, x=("depth", depths), y=("error", errors))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the simulated chains and their ends."""
    from solv.experiments.cot_depth.chain import simulate

    depth = config.saturation.depth
    with context.progress.task("simulate saturation", len(config.saturation.alpha)) as step:
        for alpha, taus in _cells(config):
            step.advance(note=f"alpha={alpha:g}")
            if not taus:
                continue
            found = simulate(config, context, "saturation", alpha, taus, 0.0, depth, sizes=config.saturation)
            y, y_err, n = geometric_mean(found["typical"])
            for index, tau in enumerate(taus):
                yield RECORD.simulation(
                    Panels.CHAIN,
                    {"alpha": alpha, "tau": tau, "rho": 0.0},
                    x=("depth", np.arange(depth + 1)),
                    y=("error", y[index]),
                    y_err=y_err[index],
                    n=n,
                )
            ends = np.arange(len(taus)), [_arrival(alpha, tau, depth) for tau in taus]
            yield RECORD.simulation(
                Panels.END,
                {"alpha": alpha, "rho": 0.0},
                x=("tau", taus),
                y=("error", y[ends]),
                y_err=y_err[ends],
                n=n,
            )


def _judge(curves: Curves) -> Judgement:
    """Judge the ends of the chains at which theory has arrived, and on which side of 1 they are."""
    chains = curves[curves["panel"] == Panels.CHAIN.value]
    last = chains[(chains["source"] == "theory") & (chains["x"] == chains["x"].max())]
    alphas, taus = parameter(last, "alpha"), parameter(last, "tau")
    arrived = {
        (alpha, tau)
        for alpha, tau, error in zip(alphas, taus, last["y"], strict=True)
        if abs(error / long_time_error(alpha, tau, 0.0) - 1) <= ARRIVED
    }
    ends = pair(curves[curves["panel"] == Panels.END.value])
    judged = [cell in arrived for cell in zip(parameter(ends, "alpha"), ends["x"], strict=True)]
    ends = ends[np.array(judged, dtype=bool)]
    if ends.empty:
        return missing("saturation.depth >= 40")
    above = ends[parameter(ends, "alpha") * (ends["x"] - 1) < 1]
    if above.empty:
        return missing("saturation.alpha and saturation.tau with alpha (tau - 1) < 1")
    ratio, error = ends["y"] / ends["theory"], ends["y_err"] / ends["theory"]
    worst = int((ratio - 1).abs().to_numpy().argmax())
    highest = above.sort_values("theory").iloc[-1]
    return Judgement(
        all_of(
            [
                *(within(each, 1, NEAR, spread) for each, spread in zip(ratio, error, strict=True)),
                exceeds(highest["y"], 1, highest["y_err"]),
            ]
        ),
        predicted="ratio 1; above 1 where alpha (tau - 1) < 1",
        measured=(
            f"worst of {len(ends)} ratios {ratio.iloc[worst]:.3f} ± {error.iloc[worst]:.3f}; {highest['y']:.3f} ± "
            f"{highest['y_err']:.3f} at tau = {highest['x']:g} (theory {highest['theory']:.3f})"
        ),
        tolerance=f"{100 * NEAR:.0f} %, 2 s.e. included, where theory is within {100 * ARRIVED:.0f} % of its end",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains that end, and of their theory; the ends themselves have a closed form."""
    depth, cells = config.saturation.depth, [(alpha, taus) for alpha, taus in _cells(config) if taus]
    simulated = (chains(config.saturation, alpha, taus, depth) for alpha, taus in cells)
    return sum(simulated, theory(depth, alphas=sum(len(taus) for _, taus in cells)))


SATURATION = Part(
    name="saturation",
    question="Where does a long chain end when the context does not span the space?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "saturation-level",
            "At alpha < 1 and tau > tau_c the error ends at (1 - alpha)(tau - 1)/(tau - 2 - rho), above 1 where "
            "alpha (tau - 1) < 1 + rho.",
            reads=(Panels.END, Panels.CHAIN),
            judge=_judge,
            needs={"saturation.depth": 40, "saturation.repeats": 16},
        ),
    ),
)
