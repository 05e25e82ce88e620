"""Part `weight-spectrum`: what happens to the singular values of a network's weights as it learns? E8, (20)."""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

import numpy as np

from solv.experiments.dmft.counting import deep_theory, outliers, training
from solv.experiments.dmft.deep_networks import (
    EDGE,
    EQUATION,
    INDEPENDENT,
    largest_singular_value,
    network_params,
)
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.theory.dmft.outliers import bulk_edge, outlier_singular_values
from solv.theory.random_matrix import singular_value_density
from solv.tracking.curves import Curves, Params, Recorder
from solv.tracking.panels import Panel, Ridge

RECORD = Recorder("dmft", "weight-spectrum")
HISTOGRAM_BIN = 0.04
THEORY_STEPS = 33  # of the line of theory
SHOWN_STEPS = 7  # histograms of trained weights, at most


class Panels(StrEnum):
    """The panels of this part."""

    HISTOGRAM = "histogram"
    OUTLIERS = "outliers"


def panels(config: DmftConfig) -> list[Panel]:
    """Return the singular values of each hidden matrix, one row per time, and the largest against time."""
    return [
        Panel(
            Panels.HISTOGRAM, "Singular values of W{layer} as it learns (γ₀ = {richness})",
            "singular value / √fan-in", "density, one row per time", facets=("richness", "layer"),
            ridge=Ridge("step", "t = {}", "density", "outlier", "edge", magnify=6.0), series="t={step}",
            note="beyond the edge × 6", main=True,
        ),
        Panel(
            Panels.OUTLIERS, "The spike against time (γ₀ = {richness})", "steps", "largest singular value",
            facets=("richness",), series=_label, main=True,
        ),
    ]  # fmt: skip


def _label(params: Params) -> str:
    names = {EQUATION: "", INDEPENDENT: ", spikes taken as independent", EDGE: ", edge of the bulk"}
    return f"W{params['layer']}{names[str(params['formula'])]}"


def predict(config: DmftConfig) -> Iterator[Curves]:
    """Yield bulk, edge and outliers of every hidden matrix of the network."""
    network = _network(config)
    last = max(config.spike_steps)
    steps = np.unique(np.concatenate([config.spike_steps, np.linspace(1, last, THEORY_STEPS)]).round().astype(int))
    solution = deep_linear_dynamics(network, int(steps[-1]) + 1)
    for layer in range(network.hidden_layers):
        edge, at = bulk_edge(solution, layer), {**network_params(network), "layer": layer}
        tops = {
            formula: [largest_singular_value(solution, layer, int(step), independent=independent) for step in steps]
            for formula, independent in ((EQUATION, False), (INDEPENDENT, True))
        }
        tops[EDGE] = [edge] * len(steps)
        for formula, top in tops.items():
            yield RECORD.theory(
                Panels.OUTLIERS, {**at, "formula": formula}, x=("steps", steps), y=("singular value", top)
            )
        grid = np.linspace(0, _bins(edge)[-1], 398)
        density = singular_value_density((edge - 1) ** 2, grid)
        for step in _shown(config.spike_steps):
            here = {**at, "step": step}
            yield RECORD.theory(Panels.HISTOGRAM, here, x=("singular value", grid), y=("density", density))
            yield RECORD.theory(Panels.HISTOGRAM, here, x=("singular value", edge), y=("edge", 0.0))
            outliers = outlier_singular_values(solution, layer, step) if step else np.empty(0)
            if outliers.size:
                yield RECORD.theory(Panels.HISTOGRAM, here, x=("singular value", outliers), y=("outlier", 0.0))


def measure(config: DmftConfig, context: Context) -> Iterator[Curves]:
    """Yield the largest singular value of trained weights against time, and histograms of all of them."""
    from solv.experiments.dmft.deep_training import train
    from solv.experiments.dmft.repeats import averaged

    network, steps, size = _network(config), sorted(config.spike_steps), config.spikes
    with context.progress.task("train the network whose weights are followed", 1) as shown:
        arrays = train(
            context, shown, "followed", network, size.dimension, size.repeats, steps[-1] + 1, sorted({0, *steps})
        )
    for layer in range(network.hidden_layers):
        at = {**network_params(network), "layer": layer}
        top = averaged("singular value", np.stack([arrays[f"{step}/{layer}"][:, 0] for step in steps], axis=1))
        yield RECORD.trained(Panels.OUTLIERS, {**at, "formula": EQUATION}, x=("steps", steps), **top)
        bins = _bins(float(1 + np.sqrt(network.width if layer == 0 else 1.0)))
        centres = (bins[1:] + bins[:-1]) / 2
        for step in _shown(config.spike_steps):
            values = np.minimum(arrays[f"{step}/{layer}"], bins[-1] - 1e-9)
            density = averaged("density", np.stack([np.histogram(row, bins, density=True)[0] for row in values]))
            yield RECORD.trained(Panels.HISTOGRAM, {**at, "step": step}, x=("singular value", centres), **density)


def _network(config: DmftConfig) -> DeepLinear:
    return DeepLinear(
        config.spike_layers,
        config.spike_richness,
        config.spike_width,
        config.spike_data,
        config.spike_eta,
        config.spike_noise,
    )


def _bins(edge: float) -> np.ndarray:
    """Return the bins of the singular values of a matrix whose bulk ends at `edge`; the last one is open."""
    bins: np.ndarray = HISTOGRAM_BIN * np.arange(math.ceil(1.45 * edge / HISTOGRAM_BIN) + 1)
    return bins


def _shown(steps: Sequence[int]) -> list[int]:
    """Return the steps whose histograms are shown: the untrained weights and some of the steps."""
    chosen = np.unique(np.linspace(0, len(steps) - 1, min(SHOWN_STEPS, len(steps))).round().astype(int))
    return [0, *(sorted(steps)[index] for index in chosen)]


def work(config: DmftConfig) -> Work:
    """Return the work of the network, its weights kept at every recorded step, and of the outliers by both formulas."""
    network, size, last = _network(config), config.spikes, max(config.spike_steps)
    recorded = len({0, *config.spike_steps})
    trained = training(network, size.dimension, size.repeats, last + 1, recorded)
    # At steps from 1 to the last one: the mean cube is a quarter of the last.
    looked_at = 2 * network.hidden_layers * (THEORY_STEPS + recorded)
    return trained + deep_theory(network, last + 1) + looked_at * outliers(round(last / 4 ** (1 / 3)))


WEIGHT_SPECTRUM = Part(
    name="weight-spectrum",
    question="What happens to the singular values of a network's weights as it learns?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
