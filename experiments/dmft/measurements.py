"""What do finite systems with fixed features do? Linear systems, regression, SGD, grids of models, flows (E1 to E6)."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch

from solv.experiments.dmft.grid import (
    FREQUENCIES,
    MAP_POINTS,
    RESOLVED_LOSS,
    SHARED,
    VARIANCES,
    EllipticCell,
    RegressionCell,
    count,
    elliptic_cells,
    elliptic_times,
    euler_times,
    flow_cells,
    map_times,
    measured_lags,
    overlap_series,
    phi_series,
    points,
    rate,
    read_steps,
    regression_cells,
    rise_after_minimum,
    spectrum_called,
    upper_half,
)
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context
from solv.models.dmft.elliptic import (
    elliptic_matrices,
    euler_correlation,
    noise_power,
    response_and_correlation,
    spectrum,
)
from solv.models.dmft.simulation import (
    SimulatedLosses,
    cross_correlations,
    descend,
    descend_on_grid,
    descend_stochastically,
    draw_training_sets,
    flow_against_hermitian,
    normal,
)
from solv.tracking.curves import Curves, standard_error
from solv.tracking.progress import Step

Parts = Iterator[Curves]
Arrays = Mapping[str, np.ndarray]
CLOUD = 120  # eigenvalues shown per matrix, at least
MEMORY = 2**30  # bytes of random matrices held at once


def measure_fixed_features(config: DmftConfig, context: Context) -> Parts:
    """Yield the simulated curves of E1 to E6."""
    units = (
        len(elliptic_cells(config)) * 2
        + 1
        + len(config.phi)
        + len(config.spectrum) * len(regression_cells(config, "isotropic"))
        + len(config.batch)
        + 1
        + len(flow_cells(config)) * (config.flow_noise == 0)
        + len(MAP_POINTS)
    )
    with context.progress.task("simulate systems with fixed features", units) as step:
        simulation = _Simulation(config, context, step)
        yield from _elliptic(config, simulation)
        yield from _normal(config, simulation)
        yield from _regression(config, simulation)
        yield from _random_features(config, simulation)
        yield from _sgd(config, simulation)
        yield from _sharing(config, simulation)
        yield from _flow(config, simulation)
        yield from _map(config, simulation)


class _Simulation:
    """Runs units of work; every repeat draws from a stream of its own, named by the unit and the repeat."""

    def __init__(self, config: DmftConfig, context: Context, step: Step) -> None:
        self._config, self._context, self._step = config, context, step
        self.device = context.device

    def unit(
        self,
        name: str,
        repeats: int,
        bytes_each: float,
        simulate: Callable[[Sequence[torch.Generator]], dict[str, torch.Tensor]],
    ) -> dict[str, np.ndarray]:
        """Return the arrays that `simulate` makes from the streams of all repeats, along the first axis.

        Repeats are batched as far as the memory allows.
        """

        def compute() -> Arrays:
            at_once = max(1, int(MEMORY / bytes_each))
            parts = [
                simulate([self._context.seeds.torch(name, r, device=self.device) for r in chunk])
                for chunk in np.array_split(np.arange(repeats), -(-repeats // at_once))
            ]
            return {key: np.concatenate([part[key].cpu().numpy() for part in parts]) for key in parts[0]}

        arrays = self._context.unit(name, compute)
        self._step.advance(note=name)
        return arrays

    def spectrum(self, name: str, dimension: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return eigenvalues lam_k and target weights w*_k in D dimensions."""
        if name == "isotropic":
            ones = torch.ones(dimension, dtype=torch.float64, device=self.device)
            return ones, ones / dimension**0.5
        known = spectrum_called(name, dimension)
        order = np.argsort(-known.eigenvalues)
        return (
            torch.tensor(known.eigenvalues[order], device=self.device),
            torch.tensor(np.sqrt(known.teacher[order]), device=self.device),
        )


# -- E1 ---------------------------------------------------------------------------------------------------------------


def _elliptic(config: DmftConfig, simulation: _Simulation) -> Parts:
    times = elliptic_times(config)
    for cell in elliptic_cells(config):
        arrays = _two_time(config, simulation, cell)
        for panel, y_name, samples in (
            ("correlation", "C(t,t)", arrays["correlation"]),
            ("response", "R(t)", arrays["response"]),
        ):
            yield _averaged((panel, cell.series), "time", times, y_name, samples, cell.params)
        yield _averaged(
            ("two-time", cell.series), "lag", measured_lags(config), "C ratio", arrays["ratio"], cell.params
        )
        cloud = upper_half(arrays["spectrum"][0, ::2] + 1j * arrays["spectrum"][0, 1::2])
        cloud = cloud[:: max(1, len(cloud) // CLOUD)]
        yield points(
            "spectrum", cell.series, "simulation", "Re", cloud.real, "Im", cloud.imag, y_err=np.nan, params=cell.params
        )
        arrays = _small(config, simulation, cell)
        if cell.stable:
            yield _averaged(("power", cell.series), "frequency", FREQUENCIES, "S", arrays["power"], cell.params)
        yield _averaged(("euler", cell.series), "time", euler_times(config), "C(t,t)", arrays["euler"], cell.params)


def _two_time(config: DmftConfig, simulation: _Simulation, cell: EllipticCell) -> Arrays:
    size, steps = config.elliptic.size, len(elliptic_times(config)) - 1

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        coupling = elliptic_matrices(size, cell.g, cell.tau, len(streams), streams)
        response, both = response_and_correlation(coupling, config.elliptic.time_step, steps)
        middle = steps // 2
        back = torch.arange(middle + 1, device=both.device)
        eigenvalues = spectrum(coupling)
        return {
            "response": response,
            "correlation": both.diagonal(dim1=1, dim2=2),
            "ratio": both[:, middle + back, middle - back] / both[:, middle, middle][:, None],
            "spectrum": torch.view_as_real(eigenvalues).flatten(1),
        }

    name = f"elliptic g={cell.g:g} tau={cell.tau:g} N={size} steps={steps}"
    return simulation.unit(name, config.elliptic.repeats, 8 * size**2 * (steps + 6), simulate)


def _small(config: DmftConfig, simulation: _Simulation, cell: EllipticCell) -> Arrays:
    size = config.elliptic.small_size
    frequencies = torch.tensor(FREQUENCIES, dtype=torch.float64)

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        coupling = elliptic_matrices(size, cell.g, cell.tau, len(streams), streams)
        arrays = {"euler": euler_correlation(coupling, config.time_step, len(euler_times(config)) - 1)}
        return arrays | ({"power": noise_power(coupling, frequencies)} if cell.stable else {})

    name = f"spectra g={cell.g:g} tau={cell.tau:g} N={size}"
    return simulation.unit(name, config.elliptic.small_repeats, 8 * size**2 * 8, simulate)


def _normal(config: DmftConfig, simulation: _Simulation) -> Parts:
    """Ginibre, and the average over its own eigenvalues that a normal matrix would give."""
    g, size = config.elliptic.normal_g, config.elliptic.size
    times = torch.tensor(elliptic_times(config), dtype=torch.float64, device=simulation.device)

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        coupling = elliptic_matrices(size, g, 0.0, len(streams), streams)
        _, both = response_and_correlation(coupling, config.elliptic.time_step, len(times) - 1)
        rates = spectrum(coupling).real
        partner = torch.exp(2 * times[:, None] * rates[:, None, :]).mean(2)
        return {"Ginibre": both.diagonal(dim1=1, dim2=2), "normal matrix, same spectrum": partner}

    arrays = simulation.unit(f"normal g={g:g} N={size}", config.elliptic.repeats, 8 * size**2 * len(times), simulate)
    for series, samples in arrays.items():
        yield _averaged(("normal", series), "time", elliptic_times(config), "C(t,t)", samples, {"g": g, "tau": 0.0})


# -- E2 to E5 ---------------------------------------------------------------------------------------------------------


def _regression(config: DmftConfig, simulation: _Simulation) -> Parts:
    read = read_steps(config.steps)
    for phi in config.phi:
        cell = RegressionCell(1 / phi, np.inf)
        losses = _descent(config, simulation, cell, config.repeats.regression)
        params = {"D/P": phi, "sigma2": config.noise}
        for kind, samples in losses.items():
            place = f"regression {kind}", phi_series(phi)
            yield _averaged(place, "time", read * config.eta, f"{kind} loss", samples, params)


def _random_features(config: DmftConfig, simulation: _Simulation) -> Parts:
    for name in config.spectrum:
        for cell in regression_cells(config, name):
            losses = _descent(config, simulation, cell, config.repeats.random_features)
            params = {**cell.params, "eta": rate(config, name), "sigma2": config.noise}
            for kind, samples in losses.items():
                place = f"features {name} {kind}", cell.series
                yield _averaged(place, "steps", read_steps(config.steps), f"{kind} loss", samples, params)


def _descent(config: DmftConfig, simulation: _Simulation, cell: RegressionCell, repeats: int) -> Arrays:
    d, eta = config.dimension, rate(config, cell.spectrum)
    eigenvalues, teacher = simulation.spectrum(cell.spectrum, d)
    samples = count(cell.samples, d)
    features = None if np.isinf(cell.features) else count(cell.features, d)
    read = torch.tensor(read_steps(config.steps))

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        run: SimulatedLosses = descend(
            eigenvalues, teacher, samples=samples, features=features, label_noise=config.noise, eta=eta,
            steps=config.steps, seeds=len(streams), generator=streams,
        )  # fmt: skip
        return {"test": run.test[:, read], "train": run.train[:, read]}

    name = f"descent {cell.spectrum} D={d} P={samples} N={features} eta={eta:g} noise={config.noise:g}"
    kind = "E2" if features is None and repeats == config.repeats.regression else "E3"
    return simulation.unit(f"{kind} {name}", repeats, 8 * d * (samples + (features or 0)), simulate)


def _sgd(config: DmftConfig, simulation: _Simulation) -> Parts:
    d, read = config.dimension, read_steps(config.steps)
    features = count(config.features_sgd, d)
    eigenvalues, teacher = simulation.spectrum("power-law", d)
    for batch in config.batch:

        def simulate(streams: Sequence[torch.Generator], batch: int = batch) -> dict[str, torch.Tensor]:
            loss = descend_stochastically(
                eigenvalues, teacher, batch=batch, features=features, label_noise=config.noise, eta=config.eta_sgd,
                steps=config.steps, seeds=len(streams), generator=streams,
            )  # fmt: skip
            return {"test": loss[:, torch.tensor(read)]}

        name = f"sgd B={batch} D={d} N={features}"
        samples = simulation.unit(name, config.repeats.sgd, 8 * d * (features + batch), simulate)["test"]
        params = {"B": batch, "N/D": config.features_sgd, "eta": config.eta_sgd, "sigma2": config.noise}
        yield _averaged(("sgd", f"B={batch}"), "steps", read, "test loss", samples, params)


def _sharing(config: DmftConfig, simulation: _Simulation) -> Parts:
    cell, sizes = regression_cells(config, "isotropic")[0], config.ensembles
    d, read = sizes.dimension, read_steps(config.steps)
    if np.isinf(cell.features):
        return  # no features to share: theory alone
    samples, features = count(cell.samples, d), count(cell.features, d)
    eigenvalues, teacher = simulation.spectrum("isotropic", d)
    members = [k for k in config.members if k <= min(sizes.sets, sizes.bags)]

    def grid(stream: torch.Generator, overlap: float, mixing: torch.Tensor, share_noise: bool) -> torch.Tensor:
        bags = draw_training_sets(
            eigenvalues, samples=samples, bags=sizes.bags, overlap=overlap, label_noise=config.noise,
            share_noise=share_noise, generator=stream,
        )  # fmt: skip
        return descend_on_grid(teacher, bags, mixing, eta=config.eta, record=torch.tensor(read))

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        rows = []
        for stream in streams:
            mixing = normal(stream, sizes.sets, features, d)
            errors = grid(stream, 0.0, mixing, True)
            pairs = cross_correlations(eigenvalues, errors)
            row = {
                name: pairs[a, int(x)] for name, (a, x, n) in SHARED.items() if n
            }  # fmt: skip
            fresh = cross_correlations(eigenvalues, grid(stream, 1.0, mixing, False))
            row["fresh label noise"] = fresh[1, 0]
            last = {"ensemble": errors[-1].transpose(0, 1), "bags, overlap 0": errors[-1]}
            for overlap in config.overlap:
                shared = errors if overlap == 0 else grid(stream, overlap, mixing, True)
                row[overlap_series(overlap)] = cross_correlations(eigenvalues, shared)[1, 0]
                last[f"bags, overlap {overlap:g}"] = shared[-1]
            for name, trained in last.items():
                row[f"mean of {name}"] = torch.stack([_mean_loss(trained, k) for k in members])
            rows.append(row)
        return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}

    name = f"sharing D={d} P={samples} N={features}"
    arrays = simulation.unit(name, sizes.repeats, 8 * d * (sizes.bags * samples + sizes.sets * features), simulate)
    params = {**cell.params, "sigma2": config.noise, "eta": config.eta}
    for series in [*SHARED, *map(overlap_series, config.overlap[1:] if 0 in config.overlap else config.overlap)]:
        yield _averaged(("sharing", series), "steps", read, "cross-correlation", arrays[series], params)
    full, data, feature, bias, fresh = (arrays[name] for name in SHARED)
    parts = (bias, feature - bias, data - bias, full - feature - data + bias, full - fresh)
    for series, part in zip(VARIANCES, parts, strict=True):
        yield _averaged(("variance", series), "steps", read, "loss", part, params)
    for series in ("ensemble", *(f"bags, overlap {overlap:g}" for overlap in config.overlap)):
        place = "members", series
        yield _averaged(place, "members", members, "test loss", arrays[f"mean of {series}"], params)


def _mean_loss(errors: torch.Tensor, members: int) -> torch.Tensor:
    """Return the loss of the mean of K isotropic models, averaged over the groups of K along the second axis."""
    groups = errors.shape[1] // members
    grouped = errors[:, : groups * members].reshape(errors.shape[0], groups, members, -1)
    return grouped.mean(2).square().sum(-1).mean()


# -- E6 ---------------------------------------------------------------------------------------------------------------


def _flow(config: DmftConfig, simulation: _Simulation) -> Parts:
    if config.flow_noise > 0:
        return
    times = np.array(sorted(config.time))
    for cell in flow_cells(config):
        arrays = _flows(simulation, "flow", cell, config.flow.dimension, config.flow.repeats, times)
        for name, samples in arrays.items():
            place = "flow", f"{name}: {cell.series}"
            params = {**cell.params, "sigma2": config.flow_noise}
            yield _averaged(place, "time", times, "test loss", samples, params)


def _map(config: DmftConfig, simulation: _Simulation) -> Parts:
    times, read = map_times(config), np.arange(0, config.flow.times, 4)
    for p, n in MAP_POINTS:
        cell = RegressionCell(p, n)
        arrays = _flows(simulation, "map", cell, config.flow.map_dimension, config.flow.map_repeats, times)
        losses = arrays["non-Hermitian"]
        for panel, y_name, samples in (
            ("rise", "rise", rise_after_minimum(losses)),
            ("late", "late loss", np.maximum(losses[:, -1], RESOLVED_LOSS)),
        ):
            yield _averaged((panel, f"N/D={n:.3g}"), "P/D", [p], y_name, samples[:, None], {"N/D": n})
        if p <= n:
            place = "rise-curves", f"P/D={p:g}, N/D={n:g}"
            yield _averaged(place, "time", times[read], "test loss", losses[:, read], {})


def _flows(simulation: _Simulation, kind: str, cell: RegressionCell, d: int, repeats: int, times: np.ndarray) -> Arrays:
    at = torch.tensor(times, dtype=torch.float64, device=simulation.device)
    samples, features = count(cell.samples, d), count(cell.features, d)

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        runs = [flow_against_hermitian(d, samples, features, at, stream) for stream in streams]
        flow, partner = (torch.stack(column) for column in zip(*runs, strict=True))
        return {"non-Hermitian": flow, "Hermitian partner": partner}

    name = f"{kind} D={d} P={samples} N={features} t<={times[-1]:g} n={len(times)}"
    return simulation.unit(name, repeats, 8 * d**2 * 12, simulate)


def _averaged(
    place: tuple[str, str],
    x_name: str,
    x: Sequence[float] | np.ndarray,
    y_name: str,
    samples: np.ndarray,
    params: Mapping[str, object],
) -> Curves:
    y, y_err, n = standard_error(samples)
    return points(*place, "simulation", x_name, x, y_name, y, y_err=y_err, n=n, params=params)
