"""What does theory predict for deep linear networks that learn features, and for their weights? E7 and E8 of dmft."""

from collections.abc import Iterator, Sequence

import numpy as np

from solv.experiments.dmft.grid import (
    SCAN_RICHNESS,
    WIDTH_STEP,
    WIDTHS,
    deep_cells,
    deep_params,
    deep_series,
    followed_network,
    histogram_edges,
    histogram_steps,
    points,
    scan_network,
    spiked_layers,
    width_network,
)
from solv.experiments.dmft.settings import DmftConfig
from solv.theory.dmft.deep_linear import DeepLinearDynamics, deep_linear_dynamics
from solv.theory.dmft.outliers import bulk_edge, outlier_singular_values
from solv.theory.random_matrix import singular_value_density
from solv.tracking.curves import Curves

Parts = Iterator[Curves]


def predict_feature_learning(config: DmftConfig) -> Parts:
    """Yield the theory curves of E7 and E8."""
    yield from _losses(config)
    yield from _widths()
    yield from _followed(config)
    yield from _scan(sorted(config.spikes.scan_steps))
    yield from _dependence(config.spikes.networks)


def _losses(config: DmftConfig) -> Parts:
    """E7: equations (18), (19)."""
    steps = np.arange(config.steps_deep)
    for network in deep_cells(config):
        solution = deep_linear_dynamics(network, config.steps_deep)
        for kind, loss in (("test", solution.test_loss), ("train", solution.train_loss)):
            place = f"deep {kind} H={network.hidden_layers}", deep_series(network), "theory"
            yield points(*place, "steps", steps, f"{kind} loss", loss, params=deep_params(network))


def _widths() -> Parts:
    """Claim 5: the loss at one step above that of infinite width, and both losses themselves."""
    limit = deep_linear_dynamics(width_network(np.inf), WIDTH_STEP + 1)
    solutions = [deep_linear_dynamics(width_network(width), WIDTH_STEP + 1) for width in WIDTHS]
    for kind in ("test", "train"):
        ends = np.array([_loss(solution, kind)[-1] for solution in solutions])
        floor = float(_loss(limit, kind)[-1])
        params = {"H": 1, "g0": 1.5, "alpha": 2.0, "step": WIDTH_STEP, "limit": floor}
        yield points("width", kind, "theory", "width", WIDTHS, "excess loss", ends - floor, params=params)


def _followed(config: DmftConfig) -> Parts:
    """E8: bulk and outliers of every hidden matrix of one network, against time."""
    network = followed_network(config)
    steps = np.array(sorted(config.spike_steps))
    solution = deep_linear_dynamics(network, int(steps[-1]) + 1)
    for layer in range(network.hidden_layers):
        edge = bulk_edge(solution, layer)
        params = {**deep_params(network), "layer": layer, "edge": edge}
        for series, independent in ((f"W{layer}", False), (f"W{layer}, spikes taken as independent", True)):
            top = [largest(solution, layer, int(step), independent=independent) for step in steps]
            yield points("outliers", series, "theory", "steps", steps, "singular value", top, params=params)
        line = np.full(len(steps), edge)
        yield points(
            "outliers", f"W{layer}, edge of the bulk", "theory", "steps", steps, "singular value", line, params=params
        )
        grid = np.linspace(0, histogram_edges(edge)[-1], 398)
        for step in histogram_steps(config.spike_steps):
            at_step = {**params, "step": step}
            density = singular_value_density((edge - 1) ** 2, grid)
            place = f"histogram W{layer}", f"t={step}", "theory"
            yield points(*place, "singular value", grid, "density", density, params=at_step)
            found = outlier_singular_values(solution, layer, step) if step else np.empty(0)
            if found.size:
                yield points(*place, "singular value", found, "outlier", np.zeros(found.size), params=at_step)


def _scan(steps: Sequence[int]) -> Parts:
    """Claim 6: richer networks spike earlier and more."""
    for richness in SCAN_RICHNESS:
        network = scan_network(richness)
        solution = deep_linear_dynamics(network, steps[-1] + 1)
        top = [largest(solution, 0, step) for step in steps]
        params = {**deep_params(network), "edge": bulk_edge(solution, 0)}
        yield points("richness", f"γ₀={richness:g}", "theory", "steps", steps, "singular value", top, params=params)


def _dependence(networks: int) -> Parts:
    """Claim 7: with and without the dependence of the spikes on the initial weights."""
    solved: dict[str, DeepLinearDynamics] = {}
    correlated, independent, edges = [], [], []
    for case, layer, _ in spiked_layers(networks):
        if case.label not in solved:
            solved[case.label] = deep_linear_dynamics(case.network, case.step + 1)
        solution = solved[case.label]
        edges.append(bulk_edge(solution, layer))
        correlated.append(largest(solution, layer, case.step))
        independent.append(largest(solution, layer, case.step, independent=True))
    for series, values in (
        ("theory (20)", correlated),
        ("spikes taken as independent", independent),
        ("bulk edge", edges),
    ):
        yield points("dependence", series, "theory", "matrix", np.arange(len(values)), "singular value", values)


def largest(solution: DeepLinearDynamics, layer: int, step: int, *, independent: bool = False) -> float:
    """Return the largest singular value: the first outlier, or the edge of the bulk if nothing has left it."""
    found = outlier_singular_values(solution, layer, step, independent_spikes=independent)
    return float(found[0]) if found.size else bulk_edge(solution, layer)


def _loss(solution: DeepLinearDynamics, kind: str) -> np.ndarray:
    return solution.test_loss if kind == "test" else solution.train_loss
