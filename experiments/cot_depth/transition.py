"""Part `transition`: what changes where pretraining crosses its critical amount?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.experiments.cot_depth.work import chains, theory
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import best_depths, critical_tau, error_map, log_growth
from solv.theory.cot_depth.late_law import divergence_of_optimal_depth
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, pair, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "transition")
SIMULATED_WINDOW = (20, 40)  # depths between which the late-time growth of the error is read
FAR = 0.15  # distance from tau_c beyond which finite size leaves the sign of the growth and T* alone
LAW = "C / (τ_c - τ)"
NEAREST = 0.012  # distance 1 - tau / tau_c down to which the optimal depth is sought
DIVERGENCE, FINITE_DEPTH = 0.03, 2  # of (tau_c - tau) T* / C extrapolated; of a simulated T*, in steps
WINDOWS = (SIMULATED_WINDOW, (100, 200))  # theory also reads it later, where the transition is sharper
RATIOS = 35  # tau / tau_c at which theory is drawn, besides those that are simulated
LONGEST_SEARCH = 250  # depth up to which the best one is sought near the transition


class Panels(StrEnum):
    """The panels of this part."""

    OPTIMAL_DEPTH = "optimal-depth"
    GROWTH = "transition"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the optimal depth that diverges at the transition, and the growth that changes its sign there."""
    return [
        Panel(
            Panels.OPTIMAL_DEPTH,
            "Optimal depth diverges at the transition (ρ = 0)",
            "distance to the transition 1 - τ/τ_c",
            "optimal depth T*",
            x_scale="log",
            y_scale="log",
            series=_optimal_label,
        ),
        Panel(
            Panels.GROWTH,
            "Late-time growth changes sign at τ_c (ρ = 0)",
            "pretraining τ / τ_c",
            "log-growth of e_T per step",
            y_limits=(-0.9, 0.9),
            verticals={1.0: "τ_c"},
            series="α={alpha}, T={from}-{to}",
        ),
    ]


def _optimal_label(params: Params) -> str:
    return f"α={params['alpha']:g}" + (f", {LAW}" if "law" in params else "")


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the optimal depth below tau_c, and the growth across it between the depths of each window."""
    for alpha in config.transition.alpha:
        critical = max(critical_tau(alpha, 0.0))
        distance = _distances(config)
        near = critical * (1 - distance)
        valid = near > 1.0
        best = best_depths(error_map(np.array([alpha]), near[valid], 0.0, LONGEST_SEARCH)[0])
        helps, at = best > 0, {"alpha": alpha, "rho": 0.0}
        yield RECORD.theory(
            Panels.OPTIMAL_DEPTH, at, x=("distance", distance[valid][helps]), y=("optimal_depth", best[helps])
        )
        law = divergence_of_optimal_depth(alpha) / (critical * distance)
        yield RECORD.theory(
            Panels.OPTIMAL_DEPTH, {**at, "law": LAW}, x=("distance", distance), y=("optimal_depth", law)
        )
        ratio = np.unique(np.concatenate([np.linspace(0.75, 1.6, RATIOS), config.transition.ratio]))
        ratio = ratio[ratio * critical > 1.0]
        errors = error_map(np.array([alpha]), ratio * critical, 0.0, WINDOWS[-1][1])[0]
        for window in WINDOWS:
            growth = log_growth(errors, window)
            yield RECORD.theory(Panels.GROWTH, _at(alpha, window), x=("tau/tau_c", ratio), y=("log_growth", growth))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the growth of simulated chains on both sides of the transition."""
    from solv.experiments.cot_depth.chain import simulate

    with context.progress.task("simulate the transition", len(config.transition.alpha)) as step:
        for alpha in config.transition.alpha:
            critical = max(critical_tau(alpha, 0.0))
            ratios = [ratio for ratio in config.transition.ratio if ratio * critical > 1.05]
            taus = [ratio * critical for ratio in ratios]
            errors = simulate(config, context, "transition", alpha, taus, 0.0, SIMULATED_WINDOW[1])["typical"]
            step.advance(note=f"alpha={alpha:g}")
            below = [index for index, ratio in enumerate(ratios) if ratio < 1]
            if below:
                y, y_err, n = standard_error(best_depths(errors[:, below]))
                distance = [1 - ratios[index] for index in below]
                at: Params = {"alpha": alpha, "rho": 0.0}
                yield RECORD.simulation(
                    Panels.OPTIMAL_DEPTH, at, x=("distance", distance), y=("optimal_depth", y), y_err=y_err, n=n
                )
            y, y_err, n = standard_error(log_growth(errors, SIMULATED_WINDOW))
            at = _at(alpha, SIMULATED_WINDOW)
            yield RECORD.simulation(Panels.GROWTH, at, x=("tau/tau_c", ratios), y=("log_growth", y), y_err=y_err, n=n)


def _distances(config: CotDepthConfig) -> np.ndarray:
    """Return the distances 1 - tau / tau_c at which the optimal depth is sought; those of the simulation among them."""
    simulated = [1 - ratio for ratio in config.transition.ratio if ratio < 1]
    found: np.ndarray = np.unique(np.concatenate([np.geomspace(NEAREST, 0.4, 16), simulated]))
    return found


def _at(alpha: float, window: tuple[int, int]) -> dict[str, float]:
    return {"alpha": alpha, "rho": 0.0, "from": window[0], "to": window[1]}


def _judge(curves: Curves) -> Judgement:
    """Extrapolate the crossing at finite depth linearly in 1/T, from two windows a factor apart."""
    windows: dict[float, list[tuple[float, float]]] = {}
    for params, rows in each_curve(select(curves, source="theory")):
        x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
        crossing = float(np.interp(0.0, -y, x)) if y[0] > 0 > y[-1] else math.nan
        windows.setdefault(params["alpha"], []).append((1 / params["to"], crossing))
    crossings = []
    for found in windows.values():
        (early, at_early), (late, at_late) = sorted(found, reverse=True)
        crossings.append(at_late + (at_late - at_early) * late / (early - late))
    simulated = select(curves, source="simulation")
    clear = simulated[(simulated["y"].abs() > 2 * simulated["y_err"]) & ((simulated["x"] - 1).abs() > FAR)]
    right = np.sign(clear["y"]) == np.sign(1 - clear["x"])
    if not crossings or clear.empty:
        return missing("transition.alpha and transition.ratio beyond 0.85 and 1.15")
    worst = max(crossings, key=lambda crossing: abs(crossing - 1))
    return Judgement(
        all_of([within(worst, 1, 0.01), Verdict.HOLDS if right.all() else Verdict.FAILS]),
        predicted="crossing at tau / tau_c = 1",
        measured=f"extrapolated {worst:.4f}; simulation: right sign at {int(right.sum())} of {len(clear)} points",
        tolerance="1 %; simulated points more than 15 % away from tau_c and 2 s.e. from 0",
    )


def _judge_divergence(curves: Curves) -> Judgement:
    """Judge (tau_c - tau) T* / C at the two smallest distances, extrapolated, and the simulated T*.

    T* = C / (tau_c - tau) + O(1): the product is C plus a term linear in the distance. T* is an integer, so that the
    product is known to half a step of it. A finite chain has a tau_c of its own, so that its T* is read at a distance.
    """
    products, steps = [], []
    for params, rows in each_curve(select(curves, source="theory")):
        if "law" in params:
            continue
        near = rows.sort_values("x").head(2)
        critical = max(critical_tau(params["alpha"], params["rho"]))
        x, depth = near["x"].to_numpy(), near["y"].to_numpy()
        ratio = depth * critical * x / divergence_of_optimal_depth(params["alpha"])
        products.append(float(ratio[0] - (ratio[1] - ratio[0]) * x[0] / (x[1] - x[0])))
        steps.append(float(ratio[0] / depth[0]))
    paired = pair(curves[curves["x"] > FAR])
    if not products or paired.empty:
        return missing("transition.ratio below 0.85")
    verdicts = [within(product, 1, DIVERGENCE + step) for product, step in zip(products, steps, strict=True)]
    off = paired["y"] - paired["theory"]
    verdicts += [within(each, 0, FINITE_DEPTH, error) for each, error in zip(off, paired["y_err"], strict=True)]
    worst, far = max(products, key=lambda each: abs(each - 1)), int(off.abs().to_numpy().argmax())
    return Judgement(
        all_of(verdicts),
        predicted=1.0,
        measured=(
            f"(tau_c - tau) T* / C at tau_c: {worst:.3f} (worst of {len(products)}); simulated T* off by "
            f"{off.iloc[far]:.2f} ± {paired['y_err'].iloc[far]:.2f} (worst of {len(off)})"
        ),
        tolerance=f"{DIVERGENCE:g} and half a step of T* on either side; simulation {FINITE_DEPTH} steps, 15 % away",
    )


def work(config: CotDepthConfig) -> Work:
    """Return the work of the chains on both sides of the transition, and of theory, which goes deeper."""
    alphas, ratios = config.transition.alpha, np.array(config.transition.ratio)
    taus = {alpha: (ratios * max(critical_tau(alpha, 0.0))).tolist() for alpha in alphas}
    simulated = (chains(config.simulation, alpha, taus[alpha], SIMULATED_WINDOW[1]) for alpha in alphas)
    searched = theory(LONGEST_SEARCH, len(_distances(config)), len(alphas))
    return sum(simulated, searched + theory(WINDOWS[-1][1], RATIOS + len(ratios), len(alphas)))


TRANSITION = Part(
    name="transition",
    question="How does the optimal depth diverge, and the fate of a long chain change, at the critical pretraining?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "transition",
            "The late-time growth of the error changes sign at tau_c of equations (12), (13).",
            reads=(Panels.GROWTH,),
            judge=_judge,
            figure="Eqs. 12, 13",
            needs={"simulation.repeats": 16},
        ),
        Claim(
            "optimal-depth-diverges",
            "The optimal depth diverges as C(alpha) / (tau_c - tau) at the transition.",
            reads=(Panels.OPTIMAL_DEPTH,),
            judge=_judge_divergence,
            needs={"simulation.repeats": 16, "simulation.dimension": 256},
        ),
    ),
)
