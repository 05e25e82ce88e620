"""What do trained deep linear networks do, and their weights? E7 and E8 of dmft."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from solv.experiments.dmft.grid import (
    SCAN_RICHNESS,
    SPIKED_NETWORKS,
    WIDTH_STEP,
    WIDTHS_SIMULATED,
    count,
    deep_cells,
    deep_params,
    deep_series,
    followed_network,
    histogram_edges,
    histogram_steps,
    points,
    read_steps,
    scan_network,
    spiked_layers,
    width_network,
)
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context
from solv.models.dmft.deep_linear import DeepLinearRun, draw_networks, scaled_singular_values, train_networks
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.tracking.curves import Curves, standard_error
from solv.tracking.progress import Step

Parts = Iterator[Curves]


def measure_feature_learning(config: DmftConfig, context: Context) -> Parts:
    """Yield the trained networks' curves of E7 and E8."""
    cells = sum(np.isfinite(network.width) for network in deep_cells(config))
    units = cells + len(WIDTHS_SIMULATED) + 1 + len(SCAN_RICHNESS) + config.spikes.networks
    with context.progress.task("train deep linear networks", int(units)) as step:
        training = _Training(context, step)
        yield from _losses(config, training)
        yield from _widths(config, training)
        yield from _followed(config, training)
        yield from _scan(config, training)
        yield from _dependence(config, training)


class _Training:
    """Trains batches of networks; every repeat draws from a stream of its own, named by the unit and the repeat."""

    def __init__(self, context: Context, step: Step) -> None:
        self._context, self._step = context, step

    def unit(
        self, kind: str, network: DeepLinear, dimension: int, repeats: int, steps: int, record: Sequence[int] = ()
    ) -> dict[str, np.ndarray]:
        """Return losses (repeats, steps) and, per recorded step t and layer l, singular values under `t/l`."""
        label = ",".join(f"{key}={value:g}" for key, value in deep_params(network).items())
        recorded = "-".join(map(str, record))
        name = f"{kind} {label} D={dimension} steps={steps} at={recorded}"

        def compute() -> Mapping[str, np.ndarray]:
            streams = [self._context.seeds.torch(name, r, device=self._context.device) for r in range(repeats)]
            networks = draw_networks(
                dimension=dimension, width=count(network.width, dimension), samples=count(network.samples, dimension),
                hidden_layers=network.hidden_layers, richness=network.richness, label_noise=network.label_noise,
                seeds=repeats, generator=streams,
            )  # fmt: skip
            run: DeepLinearRun = train_networks(networks, eta=network.eta, steps=steps, record_weights=tuple(record))
            arrays = {"test": run.losses.test, "train": run.losses.train} | {
                f"{step}/{layer}": scaled_singular_values(weight)
                for step, weights in run.weights.items()
                for layer, weight in enumerate(weights)
            }
            return {key: values.cpu().numpy() for key, values in arrays.items()}

        arrays = self._context.unit(name, compute)
        self._step.advance(note=name)
        return arrays


def _losses(config: DmftConfig, training: _Training) -> Parts:
    """E7."""
    read = read_steps(config.steps_deep, 12)
    for network in deep_cells(config):
        if np.isinf(network.width):
            continue  # theory alone
        arrays = training.unit("deep", network, config.deep.dimension, config.deep.repeats, config.steps_deep)
        for kind in ("test", "train"):
            y, y_err, n = standard_error(arrays[kind][:, read])
            place = f"deep {kind} H={network.hidden_layers}", deep_series(network), "trained"
            params = deep_params(network)
            yield points(*place, "steps", read, f"{kind} loss", y, y_err=y_err, n=n, params=params)


def _widths(config: DmftConfig, training: _Training) -> Parts:
    """Claim 5: the loss of networks of several widths above theory's of infinite width."""
    limit = deep_linear_dynamics(width_network(np.inf), WIDTH_STEP + 1)
    ends = []
    for width in WIDTHS_SIMULATED:
        sizes = config.deep.scan_dimension, config.deep.scan_repeats, WIDTH_STEP + 1
        ends.append(training.unit("width", width_network(width), *sizes))
    for kind, floor in (("test", limit.test_loss[-1]), ("train", limit.train_loss[-1])):
        y, y_err, n = standard_error(np.stack([arrays[kind][:, -1] for arrays in ends], axis=1) - floor)
        params = {"H": 1, "g0": 1.5, "alpha": 2.0, "step": WIDTH_STEP, "limit": float(floor)}
        place = "width", kind, "trained"
        yield points(*place, "width", WIDTHS_SIMULATED, "excess loss", y, y_err=y_err, n=n, params=params)


def _followed(config: DmftConfig, training: _Training) -> Parts:
    """E8: singular values of one network's hidden matrices against time."""
    network, steps = followed_network(config), sorted(config.spike_steps)
    record = sorted({0, *steps})
    sizes = config.spikes.dimension, config.spikes.repeats, steps[-1] + 1
    arrays = training.unit("followed", network, *sizes, record)
    for layer in range(network.hidden_layers):
        edge = 1 + np.sqrt(network.width if layer == 0 else 1.0)
        params = {**deep_params(network), "layer": layer, "edge": float(edge)}
        y, y_err, n = standard_error(np.stack([arrays[f"{step}/{layer}"][:, 0] for step in steps], axis=1))
        place = "outliers", f"W{layer}", "trained"
        yield points(*place, "steps", steps, "singular value", y, y_err=y_err, n=n, params=params)
        bins = histogram_edges(float(edge))
        for step in histogram_steps(config.spike_steps):
            values = np.minimum(arrays[f"{step}/{layer}"], bins[-1] - 1e-9)
            density = np.stack([np.histogram(row, bins, density=True)[0] for row in values])
            y, y_err, n = standard_error(density)
            place = f"histogram W{layer}", f"t={step}", "trained"
            centres = (bins[1:] + bins[:-1]) / 2
            at_step = {**params, "step": step}
            yield points(*place, "singular value", centres, "density", y, y_err=y_err, n=n, params=at_step)


def _scan(config: DmftConfig, training: _Training) -> Parts:
    """Claim 6: the largest singular value against time for networks of several richnesses."""
    steps = sorted(config.spikes.scan_steps)
    for richness in SCAN_RICHNESS:
        network = scan_network(richness)
        sizes = config.spikes.scan_dimension, config.spikes.scan_repeats, steps[-1] + 1
        arrays = training.unit("scan", network, *sizes, steps)
        y, y_err, n = standard_error(np.stack([arrays[f"{step}/0"][:, 0] for step in steps], axis=1))
        place = "richness", f"γ₀={richness:g}", "trained"
        params = {**deep_params(network), "edge": 2.0}
        yield points(*place, "steps", steps, "singular value", y, y_err=y_err, n=n, params=params)


def _dependence(config: DmftConfig, training: _Training) -> Parts:
    """Claim 7: the largest singular value of every hidden matrix of its networks."""
    runs = {}
    for case in SPIKED_NETWORKS[: config.spikes.networks]:
        dimension = max(20, round(case.relative_size * config.spikes.scan_dimension))
        sizes = dimension, config.spikes.scan_repeats, case.step + 1
        runs[case.label] = training.unit("spiked", case.network, *sizes, (case.step,))
    tops = [runs[case.label][f"{case.step}/{layer}"][:, 0] for case, layer, _ in spiked_layers(config.spikes.networks)]
    y, y_err, n = standard_error(np.stack(tops, axis=1))
    place = "dependence", "theory (20)", "trained"
    yield points(*place, "matrix", np.arange(len(tops)), "singular value", y, y_err=y_err, n=n)
