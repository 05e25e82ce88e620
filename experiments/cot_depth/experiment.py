"""How deep should a chain of thought be? The cot-depth experiment: settings, predicted curves and panels.

Takanami and Pehlevan, arXiv:2606.03217. E1 error against depth; E2 against pretraining and context; E3 the phase
diagram and the optimal depth; E4 trained linear attention; E5 trained softmax attention. What is measured is in
`experiments/cot_depth/measurements.py`, the claims in `experiments/cot_depth/claims.py`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solv.harness import catalog
from solv.harness.contract import Context
from solv.harness.settings import RunSettings, group, integer, integers, real, reals
from solv.theory.cot_depth.error import critical_tau, error_map, error_vs_depth, optimal_depth, spectral_radius
from solv.tracking.claims import Claim
from solv.tracking.curves import Curves, curve, join_curves
from solv.tracking.figures import Map, Panel, Slope

NAME = "cot-depth"
READ_DEPTHS = (1, 2, 4, 8, 16)
GROWTH_WINDOW = (20, 40)  # depths between which the late-time growth of the error is read, in theory and simulation
FATES = ((4.0, 3.0), (2.0, 3.0), (2.0, 2.0), (3.0, 1.2))  # (alpha, tau) of claims C2 and C5, at rho = 0
GAP_DEPTHS = (1, 2, 4, 8)  # depths at which trained attention is compared with the exact model of its dimension
SOFTMAX_TRAININGS = ("step by step", "through the chain")
GROWTH_WINDOWS = (GROWTH_WINDOW, (100, 200))  # theory alone also reads it later, where the transition is sharper


@dataclass(frozen=True)
class Simulation:
    """Size of the simulated model."""

    dimension: int = integer(256, "input dimension d", least=2)
    repeats: int = integer(16, "independent pretraining sets, each with test contexts of its own", least=2)
    contexts: int = integer(16, "test contexts per repeat", least=1)


@dataclass(frozen=True)
class Phase:
    """The phase diagram (E3), at rho = 0."""

    columns: int = integer(48, "values of alpha in the map, from 0.5 to 6", least=2)
    rows: int = integer(48, "values of tau in the map, from 1.05 to 5", least=2)
    max_depth: int = integer(60, "largest depth considered when the best one is sought", least=2)
    alpha: tuple[float, ...] = reals([1.5, 2.5, 4, 5.5], "alpha of the simulated points", above=0)
    tau: tuple[float, ...] = reals([1.2, 2, 4], "tau of the simulated points", above=1)


@dataclass(frozen=True)
class Transition:
    """The late-time growth of the error across the critical amount of pretraining, at rho = 0."""

    alpha: tuple[float, ...] = reals([3, 4, 9], "context length per input dimension", above=1)
    ratio: tuple[float, ...] = reals([0.8, 0.9, 1.2, 1.5], "tau / tau_c of the simulated points", above=0)


@dataclass(frozen=True)
class FiniteSize:
    """How the simulated mean approaches theory near the critical line."""

    alpha: float = real(2, "context length per input dimension", above=0)
    tau: float = real(3, "pretraining contexts per input dimension", above=1)
    dimension: tuple[int, ...] = integers([32, 64, 128, 256], "input dimensions d", least=2)
    depth: tuple[int, ...] = integers([2, 6, 12], "depths at which the error is read", least=0)


@dataclass(frozen=True)
class Fates:
    """Long chains without label noise: one improves for ever, two overthink in the end, one from the first step."""

    max_depth: int = integer(100, "depth of theory", least=60)
    simulated_depth: int = integer(40, "depth of the simulated chains", least=15)


@dataclass(frozen=True)
class Endless:
    """Infinite pretraining: the chain with Gamma = c I, run for very long."""

    alpha: tuple[float, ...] = reals([0.7, 1, 2], "context length per input dimension", above=0)
    max_depth: int = integer(300, "depth of the longest chain", least=20)


@dataclass(frozen=True)
class Reduced:
    """The step Gamma alone, found by gradient descent instead of least squares, at rho = 0."""

    alpha: float = real(4, "context length per input dimension", above=0)
    tau: tuple[float, ...] = reals([1.5, 3, 6], "pretraining contexts per input dimension", above=1)
    dimension: int = integer(128, "input dimension d", least=2)
    repeats: int = integer(8, "independent pretraining sets", least=2)
    contexts: int = integer(16, "test contexts per repeat", least=1)
    steps: int = integer(300, "steps of gradient descent with momentum", least=1)
    depth: int = integer(8, "largest depth tested", least=1)


@dataclass(frozen=True)
class LinearAttention:
    """Linear attention with all of its matrices learned (E4), at rho = 0."""

    alpha: float = real(4, "context length per input dimension", above=0)
    tau: tuple[float, ...] = reals([1.5, 2, 3, 6], "pretraining contexts per input dimension", above=1)
    dimension: int = integer(16, "input dimension d", least=2)
    seeds: int = integer(4, "independent trainings per amount of pretraining", least=2)
    contexts: int = integer(512, "test contexts per training", least=1)
    exact_repeats: int = integer(32, "repeats of the exact model at the same dimension", least=2)
    steps: int = integer(1500, "training steps", least=1)
    learning_rate: float = real(3e-3, "of Adam; decays along a cosine to 2 %", above=0)
    teacher_states: int = integer(2, "noisy fractions of the true weights shown per context and step", least=0)
    teacher_noise: float = real(0.3, "their noise", least=0)
    chain_states: int = integer(3, "states of the block's own chain shown per context and step", least=0)
    pool: int = integer(64, "teacher states drawn in advance, gone through step by step", least=1)
    depth: int = integer(8, "largest depth tested", least=1)


@dataclass(frozen=True)
class SoftmaxAttention:
    """Softmax attention with all of its matrices learned (E5), at rho = 0."""

    alpha: float = real(4, "context length per input dimension", above=0)
    tau: tuple[float, ...] = reals([1.5, 3, 12], "pretraining contexts per input dimension", above=1)
    dimension: int = integer(8, "input dimension d", least=2)
    heads: int = integer(1, "attention heads", least=1)
    mlp_width: int = integer(0, "hidden units of an MLP behind the attention; 0 for none", least=0)
    seeds: int = integer(4, "independent trainings per amount of pretraining", least=2)
    contexts: int = integer(512, "test contexts per training", least=1)
    steps: int = integer(1000, "training steps", least=1)
    learning_rate: float = real(1e-2, "of Adam; decays along a cosine to 2 %", above=0)
    teacher_states: int = integer(2, "step by step: noisy fractions of the true weights shown", least=0)
    teacher_noise: float = real(0.3, "step by step: their noise", least=0)
    chain_states: int = integer(3, "step by step: states of the block's own chain shown", least=0)
    pool: int = integer(32, "step by step: teacher states drawn in advance", least=1)
    trained_depth: int = integer(12, "through the chain: depths 1.. over which the loss is averaged", least=1)
    depth: int = integer(16, "largest depth tested", least=1)


@dataclass(frozen=True)
class CotDepthConfig(RunSettings):
    """Settings of cot-depth; the defaults are the quick preset."""

    alpha: tuple[float, ...] = reals([0.7, 2, 4], "context length per input dimension, l/d", above=0)
    tau: tuple[float, ...] = reals(
        [1.2, 1.5, 2, 3, 5, math.inf], "pretraining contexts per input dimension, n/d", above=1, infinite=True
    )
    rho: tuple[float, ...] = reals([0, 0.1], "label-noise variance relative to the signal", least=0)
    depth: tuple[int, ...] = integers(range(21), "reasoning depths T at which the error is drawn", least=0, most=2000)
    simulation: Simulation = group(Simulation, "size of the simulated model")
    phase: Phase = group(Phase, "the phase diagram")
    transition: Transition = group(Transition, "growth across the critical line")
    fates: Fates = group(Fates, "long chains")
    finite_size: FiniteSize = group(FiniteSize, "the finite-size panel")
    endless: Endless = group(Endless, "infinite pretraining")
    reduced: Reduced = group(Reduced, "the step alone by gradient descent")
    linear: LinearAttention = group(LinearAttention, "trained linear attention")
    softmax: SoftmaxAttention = group(SoftmaxAttention, "trained softmax attention")


class CotDepth:
    """The experiment, as `solv.harness.contract.Experiment` describes it."""

    entry = catalog.entry(NAME)
    Config = CotDepthConfig

    def panels(self, config: CotDepthConfig) -> list[Panel]:
        """Return the panels in the order of the questions."""
        return [
            *(
                Panel(
                    depth_panel(alpha, rho),
                    f"Error against depth: α = {alpha:g}, ρ = {rho:g}",
                    "reasoning depth T",
                    "test error e_T",
                    y_scale="log",
                    y_limits=(None, 3.0),
                    ordered=True,
                    main=True,
                )
                for rho in config.rho
                for alpha in config.alpha
            ),
            Panel(
                "phase",
                "Phase diagram: optimal depth T* (ρ = 0)",
                "context length α = l/d",
                "pretraining τ = n/d",
                heat=Map("tau", "optimal_depth", f"optimal depth T* (up to {config.phase.max_depth})", "log"),
                y_limits=(1.05, 5.0),
                note="grey: no step helps",
            ),
            Panel(
                "radius",
                "Phase diagram: growth factor r per step (ρ = 0)",
                "context length α = l/d",
                "pretraining τ = n/d",
                heat=Map("tau", "spectral_radius", "spectral radius r (r < 1: depth helps for ever)", center=1.0),
                y_limits=(1.05, 5.0),
            ),
            Panel(
                "fates",
                "Fates of a long chain (ρ = 0)",
                "reasoning depth T",
                "test error e_T",
                y_scale="log",
                y_limits=(1e-12, 1e3),
            ),
            Panel(
                "optimal-depth",
                "Optimal depth diverges at the transition (ρ = 0)",
                "distance to the transition 1 - τ/τ_c",
                "optimal depth T*",
                x_scale="log",
                y_scale="log",
            ),
            Panel(
                "pretraining",
                f"Error against pretraining: α = {_fixed_alpha(config):g}, ρ = {min(config.rho):g}",
                "pretraining τ = n/d",
                "test error e_T",
                x_scale="log",
                y_scale="log",
                y_limits=(None, 3.0),
                ordered=True,
            ),
            Panel(
                "context",
                f"Error against context: τ = {_fixed_tau(config):g}, ρ = {min(config.rho):g}",
                "context length α = l/d",
                "test error e_T",
                x_scale="log",
                y_scale="log",
                y_limits=(None, 3.0),
                ordered=True,
            ),
            Panel(
                "transition",
                "Late-time growth changes sign at τ_c (ρ = 0)",
                "pretraining τ / τ_c",
                "log-growth of e_T per step",
                y_limits=(-0.9, 0.9),
                verticals={1.0: "τ_c"},
            ),
            Panel(
                "endless",
                "Infinite pretraining: power law and floor (ρ = 0)",
                "reasoning depth T",
                "test error e_T",
                x_scale="log",
                y_scale="log",
                y_limits=(1e-4, 1.5),
                slopes=(Slope(-0.5, 0.9, 10, config.endless.max_depth, "slope -1/2"),),
            ),
            Panel(
                "finite-size",
                f"Finite size near the critical line: α = {config.finite_size.alpha:g}, τ = {config.finite_size.tau:g}",
                "input dimension d",
                "test error e_T",
                x_scale="log",
                y_scale="log",
                note="theory: d → ∞",
            ),
            *_training_panels(config),
        ]

    def predict(self, config: CotDepthConfig) -> Curves:
        """Return the theory curves of every panel."""
        theory = [*_depth(config), *_read_at_depths(config), *_phase(config), *_limits(config)]
        return join_curves([*theory, *_beside_training(config)])

    def measure(self, config: CotDepthConfig, context: Context) -> Curves:
        """Return the simulated and trained curves."""
        from solv.experiments.cot_depth.measurements import measure

        return measure(config, context)

    def claims(self, curves: Curves) -> list[Claim]:
        """Check claims C1-C8 of the spec."""
        from solv.experiments.cot_depth.claims import check_claims

        return check_claims(curves)


EXPERIMENT = CotDepth()


# -- names and places shared with the measurements ------------------------------------------------------------------


def depth_panel(alpha: float, rho: float) -> str:
    """Return the name of the panel of one (alpha, rho)."""
    return f"depth α={alpha:g} ρ={rho:g}"


def tau_series(tau: float) -> str:
    """Return the name of the series of one amount of pretraining."""
    return "τ=∞" if math.isinf(tau) else f"τ={tau:g}"


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


def read_depths(config: CotDepthConfig) -> list[int]:
    """Return the depths at which E2 reads the error."""
    return [depth for depth in READ_DEPTHS if depth <= max(config.depth)]


def depth_of_least_error(alpha: float, tau: float, rho: float, config: CotDepthConfig) -> int:
    """Return theory's T* among the depths that the run considers."""
    return optimal_depth(alpha, tau, rho, max(config.depth))


def fixed_context(config: CotDepthConfig) -> tuple[float, float]:
    """Return (alpha, rho) of the panel against pretraining."""
    return _fixed_alpha(config), min(config.rho)


def fixed_pretraining(config: CotDepthConfig) -> tuple[float, float]:
    """Return (tau, rho) of the panel against context length."""
    return _fixed_tau(config), min(config.rho)


def log_growth(errors: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """Return the growth rate of the error per step, log(e_b / e_a) / (b - a), along the last axis."""
    first, last = window
    rate: np.ndarray = (np.log(errors[..., last]) - np.log(errors[..., first])) / (last - first)
    return rate


def softmax_panel(training: str) -> str:
    """Return the name of the panel of one way of training softmax attention."""
    return f"softmax {training}"


# -- theory of each panel -------------------------------------------------------------------------------------------


def _depth(config: CotDepthConfig) -> Iterator[Curves]:
    depths = np.array(config.depth)
    for rho in config.rho:
        for alpha in config.alpha:
            for tau in config.tau:
                errors = error_vs_depth(alpha, tau, rho, max(config.depth))
                parameters = {
                    "alpha": alpha,
                    "tau": tau,
                    "rho": rho,
                    "radius": spectral_radius(alpha, tau, rho),
                }
                place = depth_panel(alpha, rho), tau_series(tau), "theory"
                yield points(*place, "depth", depths, "error", errors[depths], params=parameters)


def _read_at_depths(config: CotDepthConfig) -> Iterator[Curves]:
    alpha, rho = fixed_context(config)
    finite = [tau for tau in config.tau if math.isfinite(tau)]
    taus = np.unique(np.concatenate([np.geomspace(1.05, 10, 60), finite]))
    errors = error_map(np.array([alpha]), taus, rho, max(config.depth))[0]
    yield from _at_depths("pretraining", "tau", taus, errors, config)
    tau, rho = fixed_pretraining(config)
    alphas = np.unique(np.concatenate([np.geomspace(0.3, 10, 60), config.alpha]))
    errors = error_map(alphas, np.array([tau]), rho, max(config.depth))[:, 0]
    yield from _at_depths("context", "alpha", alphas, errors, config)


def _at_depths(panel: str, x_name: str, x: np.ndarray, errors: np.ndarray, config: CotDepthConfig) -> Iterator[Curves]:
    for depth in read_depths(config):
        yield points(panel, f"T={depth}", "theory", x_name, x, "error", errors[:, depth], params={"depth": depth})
    yield points(panel, "T=T*", "theory", x_name, x, "error", errors.min(axis=1), params={"depth": "best"})


def _phase(config: CotDepthConfig) -> Iterator[Curves]:
    phase = config.phase
    alphas = np.unique(np.concatenate([np.linspace(0.5, 6.0, phase.columns), phase.alpha]))
    taus = np.unique(np.concatenate([np.linspace(1.05, 5.0, phase.rows), phase.tau]))
    best = best_depths(error_map(alphas, taus, 0.0, phase.max_depth))
    for row, tau in enumerate(taus):
        radii = [spectral_radius(alpha, tau, 0.0) for alpha in alphas]
        for panel, y_name, y in (("phase", "optimal_depth", best[:, row]), ("radius", "spectral_radius", radii)):
            place = panel, tau_series(tau), "theory"
            yield points(*place, "alpha", alphas, y_name, y, params={"tau": tau, "rho": 0.0})
    lines = np.array([critical_tau(alpha, 0.0) for alpha in alphas])
    for panel in ("phase", "radius"):
        for name, values in zip(("τ₊ (12)", "τ₋ (13)"), lines.T, strict=True):
            yield points(panel, name, "theory", "alpha", alphas, "tau", values, params={"rho": 0.0})


def best_depths(errors: np.ndarray) -> np.ndarray:
    """Return T* along the last axis: the first depth within 1e-12 of the least error."""
    depths: np.ndarray = np.argmax(errors <= errors.min(axis=-1, keepdims=True) * (1 + 1e-12), axis=-1)
    return depths


def _limits(config: CotDepthConfig) -> Iterator[Curves]:
    """Optimal depth near the transition, growth across it, infinite pretraining, and the limit of the finite sizes."""
    distance = np.geomspace(0.012, 0.4, 16)
    for alpha in config.transition.alpha:
        critical = max(critical_tau(alpha, 0.0))
        near = critical * (1 - distance)
        valid = near > 1.0
        best = best_depths(error_map(np.array([alpha]), near[valid], 0.0, 250)[0])
        parameters = {"alpha": alpha, "rho": 0.0, "tau_c": critical}
        place = "optimal-depth", f"α={alpha:g}", "theory"
        helps = best > 0
        yield points(*place, "distance", distance[valid][helps], "optimal_depth", best[helps], params=parameters)
        ratio = np.unique(np.concatenate([np.linspace(0.75, 1.6, 35), config.transition.ratio]))
        ratio = ratio[ratio * critical > 1.0]
        errors = error_map(np.array([alpha]), ratio * critical, 0.0, GROWTH_WINDOWS[-1][1])[0]
        for window in GROWTH_WINDOWS:
            place = "transition", growth_series(alpha, window), "theory"
            growth = log_growth(errors, window)
            window_parameters = {**parameters, "from": window[0], "to": window[1]}
            yield points(*place, "tau/tau_c", ratio, "log_growth", growth, params=window_parameters)
    for alpha, tau in FATES:
        depths = np.arange(config.fates.max_depth + 1)
        errors = error_vs_depth(alpha, tau, 0.0, config.fates.max_depth)
        place = "fates", fate_series(alpha, tau), "theory"
        yield points(*place, "depth", depths, "error", errors, params=fate_parameters(alpha, tau))
    for alpha in config.endless.alpha:
        depths = endless_depths(config)
        errors = error_vs_depth(alpha, math.inf, 0.0, config.endless.max_depth)[depths]
        parameters = {"alpha": alpha, "tau": math.inf, "rho": 0.0}
        yield points("endless", f"α={alpha:g}", "theory", "depth", depths, "error", errors, params=parameters)
    size = config.finite_size
    errors = error_vs_depth(size.alpha, size.tau, 0.0, max(size.depth))
    for depth in size.depth:
        for kind in ("typical", "mean"):
            limit = np.full(len(size.dimension), errors[depth])
            place = "finite-size", size_series(depth, kind), "theory"
            at = {"alpha": size.alpha, "tau": size.tau, "rho": 0.0, "depth": depth, "average": kind}
            yield points(*place, "dimension", size.dimension, "error", limit, params=at)


def _beside_training(config: CotDepthConfig) -> Iterator[Curves]:
    """Theory of the blocks that were trained; of softmax attention it is a guide, and so a series of its own name."""
    for panel, block in (("reduced", config.reduced), ("linear-attention", config.linear)):
        for tau in block.tau:
            yield _guide(panel, tau_series(tau), block.alpha, tau, block.depth)
    linear, softmax = config.linear, config.softmax
    for depth in [depth for depth in GAP_DEPTHS if depth <= linear.depth]:
        place = "attention-gap", f"T={depth}", "theory"
        parameters = {"alpha": linear.alpha, "rho": 0.0, "depth": depth}
        yield points(*place, "tau", linear.tau, "log_ratio", np.zeros(len(linear.tau)), params=parameters)
    for training in SOFTMAX_TRAININGS:
        for tau in softmax.tau:
            series = f"{tau_series(tau)}, linear attention"
            yield _guide(softmax_panel(training), series, softmax.alpha, tau, softmax.depth)


def _guide(panel: str, series: str, alpha: float, tau: float, depth: int) -> Curves:
    parameters = {"alpha": alpha, "tau": tau, "rho": 0.0, "radius": spectral_radius(alpha, tau, 0.0)}
    errors = error_vs_depth(alpha, tau, 0.0, depth)
    return points(panel, series, "theory", "depth", np.arange(depth + 1), "error", errors, params=parameters)


def _training_panels(config: CotDepthConfig) -> list[Panel]:
    """Return the panels of E4 and E5."""
    depth, error = "reasoning depth T", "test error e_T"
    linear, softmax = config.linear, config.softmax
    return [
        Panel(
            "reduced",
            f"The step alone by gradient descent: d = {config.reduced.dimension}, α = {config.reduced.alpha:g}",
            depth,
            error,
            y_scale="log",
            ordered=True,
            note="filled: least squares; open: gradient descent",
        ),
        Panel(
            "linear-attention",
            f"Trained linear attention: d = {linear.dimension}, α = {linear.alpha:g}",
            depth,
            error,
            y_scale="log",
            y_limits=(None, 10.0),
            ordered=True,
            note="filled: exact model at the same d",
        ),
        Panel(
            "attention-gap",
            f"The price of learning every matrix: d = {linear.dimension}, α = {linear.alpha:g}",
            "pretraining τ = n/d",
            "log(trained / exact step at the same d)",
            x_scale="log",
            ordered=True,
        ),
        *(
            Panel(
                softmax_panel(training),
                f"Softmax attention trained {training}: d = {softmax.dimension}, α = {softmax.alpha:g}",
                depth,
                error,
                y_scale="log",
                y_limits=(1e-3, 100.0),
                ordered=True,
                verticals=({softmax.trained_depth: "trained up to"} if training == SOFTMAX_TRAININGS[1] else {}),
                note="lines: linear attention, theory",
            )
            for training in SOFTMAX_TRAININGS
        ),
        Panel(
            "softmax-depth",
            f"Measured optimal depth of softmax attention (T ≤ {softmax.depth})",
            "pretraining τ = n/d",
            "optimal depth T*",
            x_scale="log",
        ),
        Panel(
            "softmax-growth",
            f"Overthinking of softmax attention by T = {softmax.depth}",
            "pretraining τ = n/d",
            "log(e_T / least e)",
            x_scale="log",
        ),
    ]


def size_series(depth: int, average: str) -> str:
    """Return the name of the series of one depth and average of the finite-size panel."""
    return f"T={depth}, {average}"


def growth_series(alpha: float, window: Sequence[int]) -> str:
    """Return the name of the series of the log-growth at one alpha, read between two depths."""
    return f"α={alpha:g}, T={window[0]}-{window[1]}"


def fate_series(alpha: float, tau: float) -> str:
    """Return the name of the series of one long chain."""
    return f"α={alpha:g}, τ={tau:g}"


def fate_parameters(alpha: float, tau: float) -> dict[str, float]:
    """Return the parameters of one long chain, with its growth factor per step."""
    return {"alpha": alpha, "tau": tau, "rho": 0.0, "radius": spectral_radius(alpha, tau, 0.0)}


def endless_depths(config: CotDepthConfig) -> np.ndarray:
    """Return the log-spaced depths at which the long chain is read."""
    depths: np.ndarray = np.unique(np.geomspace(1, config.endless.max_depth, 24).round().astype(int))
    return depths


def _fixed_alpha(config: CotDepthConfig) -> float:
    return max(config.alpha)


def _fixed_tau(config: CotDepthConfig) -> float:
    return max((tau for tau in config.tau if math.isfinite(tau)), default=math.inf)
