"""What does cot-depth measure? The exact model at finite dimension, and attention blocks that were trained."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from solv.data.cot_depth.in_context_regression import draw_context_statistics, draw_pretraining_pairs
from solv.experiments.cot_depth.experiment import (
    FATES,
    GROWTH_WINDOW,
    CotDepthConfig,
    best_depths,
    depth_of_least_error,
    depth_panel,
    endless_depths,
    fate_parameters,
    fate_series,
    fixed_context,
    fixed_pretraining,
    growth_series,
    log_growth,
    points,
    read_depths,
    size_series,
    tau_series,
)
from solv.experiments.cot_depth.training import measure_training
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.cot_depth.simulation import refine, ridgeless_steps
from solv.theory.cot_depth.error import critical_tau, spectral_radius
from solv.tracking.curves import Curves, geometric_mean, join_curves, standard_error
from solv.tracking.progress import Step


def measure(config: CotDepthConfig, context: Context) -> Curves:
    """Return every simulated and trained curve of the experiment."""
    with context.progress.task("simulate the chain", _count_units(config)) as step:
        simulation = _Simulation(config, context, step)
        simulated = [
            *_depth(config, simulation),
            *_phase(config, simulation),
            *_transition(config, simulation),
            *_fates(config, simulation),
            *_endless(config, simulation),
            *_finite_size(config, simulation),
        ]
    return join_curves([*simulated, *measure_training(config, context)])


class _Simulation:
    """Runs the exact model at one (alpha, rho), all amounts of pretraining of a cell as one batch."""

    def __init__(self, config: CotDepthConfig, context: Context, step: Step) -> None:
        self._config = config
        self._context = context
        self._step = step

    def errors(
        self, name: str, alpha: float, taus: Sequence[float], rho: float, depth: int, dimension: int | None = None
    ) -> dict[str, np.ndarray]:
        """Return the error at depths 0..depth of each repeat, shape (repeats, taus, depth + 1), over its contexts:
        their `mean`, their `median`, and their geometric mean, called `typical`.

        All three have theory as their limit d -> infinity, where every context has the same error. At finite d, near
        the critical line, the mean is that of rare contexts whose chain explodes.

        Each repeat draws from streams of its own, named by (alpha, rho, dimension, repeat): amounts of pretraining are
        nested subsets of one stream, and no other cell, tau or repeat changes a point.
        """
        d = dimension or self._config.simulation.dimension
        for tau in taus:
            if math.isfinite(tau) and round(tau * d) <= d:
                raise ConfigurationError(f"tau = {tau:g} is too close to 1: n = {round(tau * d)} is not > d = {d}")
        label = f"{name} alpha={alpha:g} tau={','.join(f'{tau:g}' for tau in taus)} rho={rho:g} d={d}"
        unit = self._context.unit(label, lambda: self._simulate(alpha, taus, rho, depth, d))
        self._step.advance(note=label)
        return unit

    def _simulate(self, alpha: float, taus: Sequence[float], rho: float, depth: int, d: int) -> dict[str, np.ndarray]:
        sizes, device = self._config.simulation, self._context.device
        length = max(1, round(alpha * d))
        counts = sorted({round(tau * d) for tau in taus if math.isfinite(tau)})
        chunks = []
        for repeats in np.array_split(np.arange(sizes.repeats), math.ceil(sizes.repeats / self._repeats_at_once(d))):
            streams = [self._context.seeds.torch("test", alpha, rho, d, r, device=device) for r in repeats]
            drawn = [draw_context_statistics((sizes.contexts,), d, length, rho, stream) for stream in streams]
            s, h, w = (torch.stack([getattr(each, field) for each in drawn]) for field in ("s", "h", "w"))
            identity = torch.eye(d, dtype=s.dtype, device=device).expand(len(repeats), d, d)
            gamma = {math.inf: alpha / (1 + alpha + rho) * identity}
            if counts:
                streams = [self._context.seeds.torch("pretraining", alpha, rho, d, r, device=device) for r in repeats]
                pairs = [draw_pretraining_pairs((), counts[-1], d, length, rho, stream) for stream in streams]
                tasks, statistics = (torch.stack(column) for column in zip(*pairs, strict=True))
                gamma |= dict(zip(counts, ridgeless_steps(tasks, statistics, counts).unbind(1), strict=True))
            steps = torch.stack([gamma[tau if math.isinf(tau) else round(tau * d)] for tau in taus], dim=1)
            chunks.append(refine(steps, s, h, w, depth).cpu().numpy())
        errors = np.concatenate(chunks)  # (repeats, taus, contexts, depths)
        with np.errstate(over="ignore"):
            typical = np.exp(np.log(errors).mean(axis=2))
        return {"mean": errors.mean(axis=2), "median": np.median(errors, axis=2), "typical": typical}

    def _repeats_at_once(self, d: int) -> int:
        """Keep the test contexts of a chunk of repeats within a quarter of a GiB."""
        return max(1, int(2**28 / (8 * d**2 * self._config.simulation.contexts)))


def _count_units(config: CotDepthConfig) -> int:
    return (
        len(config.alpha) * len(config.rho)
        + len(config.phase.alpha)
        + len(config.transition.alpha)
        + len(FATES)
        + len(config.endless.alpha)
        + len(config.finite_size.dimension)
    )


def _depth(config: CotDepthConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E1, and E2 from the same runs."""
    depths = np.array(config.depth)
    by_cell: dict[tuple[float, float], np.ndarray] = {}
    for rho in config.rho:
        for alpha in config.alpha:
            errors = simulation.errors("depth", alpha, config.tau, rho, int(depths.max()))["typical"]
            by_cell[alpha, rho] = errors
            for index, tau in enumerate(config.tau):
                y, y_err, n = geometric_mean(errors[:, index, depths])
                radius = spectral_radius(alpha, tau, rho)
                parameters = {"alpha": alpha, "tau": tau, "rho": rho, "radius": radius}
                place = depth_panel(alpha, rho), tau_series(tau), "simulation"
                yield points(*place, "depth", depths, "error", y, y_err=y_err, n=n, params=parameters)
    alpha, rho = fixed_context(config)
    finite = [index for index, tau in enumerate(config.tau) if math.isfinite(tau)]
    taus = [config.tau[index] for index in finite]
    if taus:
        best = [depth_of_least_error(alpha, tau, rho, config) for tau in taus]
        yield from _at_depths("pretraining", "tau", taus, by_cell[alpha, rho][:, finite], best, config)
    tau, rho = fixed_pretraining(config)
    along_alpha = np.stack([by_cell[alpha, rho][:, config.tau.index(tau)] for alpha in config.alpha], axis=1)
    best = [depth_of_least_error(alpha, tau, rho, config) for alpha in config.alpha]
    yield from _at_depths("context", "alpha", config.alpha, along_alpha, best, config)


def _at_depths(
    panel: str, x_name: str, x: Sequence[float], errors: np.ndarray, best: Sequence[int], config: CotDepthConfig
) -> Iterator[Curves]:
    """Read errors of shape (repeats, x, depths) at fixed depths and at theory's optimal one."""
    chosen: dict[str, np.ndarray] = {f"T={depth}": errors[:, :, depth] for depth in read_depths(config)}
    chosen["T=T*"] = errors[:, np.arange(len(x)), best]
    for series, values in chosen.items():
        depth = series.removeprefix("T=").replace("T*", "best")
        y, y_err, n = geometric_mean(values)
        parameters = {"depth": depth if depth == "best" else int(depth)}
        yield points(panel, series, "simulation", x_name, x, "error", y, y_err=y_err, n=n, params=parameters)


def _phase(config: CotDepthConfig, simulation: _Simulation) -> Iterator[Curves]:
    """E3: each repeat's own optimal depth, averaged."""
    phase = config.phase
    columns = [simulation.errors("phase", alpha, phase.tau, 0.0, phase.max_depth)["typical"] for alpha in phase.alpha]
    best = np.stack([best_depths(errors) for errors in columns])  # (alpha, repeats, tau)
    for row, tau in enumerate(phase.tau):
        y, y_err, n = standard_error(best[:, :, row], axis=1)
        place = "phase", tau_series(tau), "simulation"
        parameters = {"tau": tau, "rho": 0.0}
        yield points(*place, "alpha", phase.alpha, "optimal_depth", y, y_err=y_err, n=n, params=parameters)


def _transition(config: CotDepthConfig, simulation: _Simulation) -> Iterator[Curves]:
    for alpha in config.transition.alpha:
        critical = max(critical_tau(alpha, 0.0))
        ratios = [ratio for ratio in config.transition.ratio if ratio * critical > 1.05]
        taus = [ratio * critical for ratio in ratios]
        errors = simulation.errors("transition", alpha, taus, 0.0, GROWTH_WINDOW[1])["typical"]
        y, y_err, n = standard_error(log_growth(errors, GROWTH_WINDOW))
        parameters = {"alpha": alpha, "rho": 0.0, "tau_c": critical, "from": GROWTH_WINDOW[0], "to": GROWTH_WINDOW[1]}
        place = "transition", growth_series(alpha, GROWTH_WINDOW), "simulation"
        yield points(*place, "tau/tau_c", ratios, "log_growth", y, y_err=y_err, n=n, params=parameters)


def _fates(config: CotDepthConfig, simulation: _Simulation) -> Iterator[Curves]:
    depths = np.arange(config.fates.simulated_depth + 1)
    for alpha, tau in FATES:
        errors = simulation.errors("fate", alpha, [tau], 0.0, int(depths[-1]))["typical"]
        y, y_err, n = geometric_mean(errors[:, 0])
        place = "fates", fate_series(alpha, tau), "simulation"
        yield points(*place, "depth", depths, "error", y, y_err=y_err, n=n, params=fate_parameters(alpha, tau))


def _endless(config: CotDepthConfig, simulation: _Simulation) -> Iterator[Curves]:
    """Long chains with Gamma = c I: the median over contexts.

    The bulk of c S ends close to 2, where a step overshoots; at finite d one context in ten has an eigenvalue beyond it
    and explodes at such depths.
    """
    depths = endless_depths(config)
    for alpha in config.endless.alpha:
        errors = simulation.errors("endless", alpha, [math.inf], 0.0, config.endless.max_depth)["median"]
        y, y_err, n = standard_error(errors[:, 0, depths])
        parameters = {"alpha": alpha, "tau": math.inf, "rho": 0.0}
        place = "endless", f"α={alpha:g}", "simulation"
        yield points(*place, "depth", depths, "error", y, y_err=y_err, n=n, params=parameters)


def _finite_size(config: CotDepthConfig, simulation: _Simulation) -> Iterator[Curves]:
    size = config.finite_size
    runs = [simulation.errors("size", size.alpha, [size.tau], 0.0, max(size.depth), d) for d in size.dimension]
    summaries = {"typical": geometric_mean, "mean": standard_error}
    for depth in size.depth:
        for kind, summary in summaries.items():
            y, y_err, n = summary(np.stack([errors[kind][:, 0, depth] for errors in runs], axis=1))
            parameters = {"alpha": size.alpha, "tau": size.tau, "rho": 0.0, "depth": depth, "average": kind}
            place = "finite-size", size_series(depth, kind), "simulation"
            yield points(*place, "dimension", size.dimension, "error", y, y_err=y_err, n=n, params=parameters)
