"""What does theory predict for systems that do not change their features? E1 to E6 of dmft."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from solv.experiments.dmft.grid import (
    FREQUENCIES,
    MAP_POINTS,
    MAP_SPAN,
    MAP_VALUES,
    RESOLVED_LOSS,
    SHARED,
    VARIANCES,
    RegressionCell,
    elliptic_cells,
    elliptic_times,
    euler_times,
    flow_cells,
    flow_times,
    map_times,
    map_values,
    measured_lags,
    overlap_series,
    phi_series,
    points,
    rate,
    regression_cells,
    rise_after_minimum,
    spectrum_called,
    times_of_theory,
    upper_half,
)
from solv.experiments.dmft.settings import DmftConfig
from solv.theory.dmft.bias_variance import averaged_loss, descent_bias_variance
from solv.theory.dmft.elliptic import (
    elliptic_correlation,
    elliptic_response,
    euler_two_time,
    normal_partner_correlation,
    power_spectrum,
    spectral_ellipse,
)
from solv.theory.dmft.random_feature_dynamics import (
    LossCurves,
    Sharing,
    gradient_descent_losses,
    gradient_flow_losses,
    hermitian_flow_loss,
)
from solv.theory.dmft.random_features import RandomFeatures, isotropic
from solv.theory.dmft.regression_flow import regression_flow_losses
from solv.theory.dmft.stochastic_descent import stochastic_descent_loss
from solv.tracking.curves import Curves

Parts = Iterator[Curves]
Params = Mapping[str, object]


def predict_fixed_features(config: DmftConfig) -> Parts:
    """Yield the theory curves of E1 to E6.

    Warnings about unstable parameters are left to the reader of the curves, which then grow without bound.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from _elliptic(config)
        yield from _normal(config)
        yield from _regression(config)
        yield from _random_features(config)
        yield from _sgd(config)
        yield from _sharing(config)
        yield from _flow(config)
        yield from _map(config)


def _elliptic(config: DmftConfig) -> Parts:
    """E1: equations (2) to (9)."""
    middle = elliptic_times(config)[-1] / 2
    for cell in elliptic_cells(config):
        g, tau = cell.g, cell.tau
        times = times_of_theory(config, g)
        for panel, y_name, y in (
            ("correlation", "C(t,t)", elliptic_correlation(times, times, g, tau)),
            ("response", "R(t)", elliptic_response(times, g, tau)),
        ):
            yield points(panel, cell.series, "theory", "time", times, y_name, y, params=cell.params)
        lag = np.unique(np.concatenate([np.linspace(0, 2 * middle, 41), measured_lags(config)]))
        level = elliptic_correlation([middle], [middle], g, tau)
        ratio = elliptic_correlation(middle + lag / 2, middle - lag / 2, g, tau) / level
        yield points("two-time", cell.series, "theory", "lag", lag, "C ratio", ratio, params=cell.params)
        edge = upper_half(spectral_ellipse(np.linspace(0, np.pi, 121), g, tau))
        yield points("spectrum", cell.series, "theory", "Re", edge.real, "Im", edge.imag, params=cell.params)
        if cell.stable:
            w = np.unique(np.concatenate([np.linspace(0, 4, 81), FREQUENCIES]))
            power = power_spectrum(w, g, tau)
            yield points("power", cell.series, "theory", "frequency", w, "S", power, params=cell.params)
        grid = euler_two_time(g, tau, config.time_step, len(euler_times(config)) - 1)
        for y_name, y in (
            ("C(t,t)", np.diagonal(grid.correlation)),
            ("R(t)", grid.response[:, 0] / config.time_step),
        ):
            start = y_name == "R(t)"
            place = ("euler response" if start else "euler"), cell.series, "theory"
            yield points(*place, "time", euler_times(config)[start:], y_name, y[start:], params=cell.params)


def _normal(config: DmftConfig) -> Parts:
    """Ginibre against the normal matrix of equal spectrum (8)."""
    g = config.elliptic.normal_g
    times = times_of_theory(config, g)
    for series, y in (
        ("Ginibre", elliptic_correlation(times, times, g, 0.0)),
        ("normal matrix, same spectrum", normal_partner_correlation(times, g)),
    ):
        yield points("normal", series, "theory", "time", times, "C(t,t)", y, params={"g": g, "tau": 0.0})


def _regression(config: DmftConfig) -> Parts:
    """E2: descent by (11), flow by (15)."""
    steps = np.arange(config.steps) * config.eta
    times = np.unique(np.concatenate([np.linspace(0, steps[-1], 81), config.time]))
    for phi in config.phi:
        model = RegressionCell(1 / phi, np.inf).model(config.dimension, config.noise)
        params = {"D/P": phi, "sigma2": config.noise}
        descent = gradient_descent_losses(model, config.eta, config.steps)
        yield from _both(("regression", phi_series(phi)), "time", steps, descent, params)
        flow = regression_flow_losses(phi, config.noise, times)
        yield from _both(("regression", f"{phi_series(phi)}, flow"), "time", times, flow, params)


def _random_features(config: DmftConfig) -> Parts:
    """E3: equation (11)."""
    steps = np.arange(config.steps)
    for spectrum in config.spectrum:
        eta = rate(config, spectrum)
        for cell in regression_cells(config, spectrum):
            curves = gradient_descent_losses(cell.model(config.dimension, config.noise), eta, config.steps)
            params = {**cell.params, "eta": eta, "sigma2": config.noise}
            yield from _both((f"features {spectrum}", cell.series), "steps", steps, curves, params)


def _sgd(config: DmftConfig) -> Parts:
    """E4: equation (14)."""
    features = max(1, round(config.features_sgd * config.dimension))
    model = RandomFeatures(spectrum_called("power-law", config.dimension), np.inf, features, config.noise)
    for batch in config.batch:
        loss = stochastic_descent_loss(model, batch, config.eta_sgd, config.steps)
        params = {"B": batch, "N/D": config.features_sgd, "eta": config.eta_sgd, "sigma2": config.noise}
        yield points("sgd", f"B={batch}", "theory", "steps", np.arange(config.steps), "test loss", loss, params=params)


def _sharing(config: DmftConfig) -> Parts:
    """E5: equations (12), (13) for the first cell of isotropic random features."""
    steps = np.arange(config.steps)
    cell = regression_cells(config, "isotropic")[0]
    model = cell.model(config.ensembles.dimension, config.noise)
    parts = descent_bias_variance(model, config.eta, config.steps)
    cross = dict(
        zip(
            SHARED,
            (parts.full, parts.same_data, parts.same_features, parts.bias, parts.full - parts.noise),
            strict=True,
        )
    )
    for overlap in config.overlap:
        sharing = Sharing(samples=overlap)
        cross[overlap_series(overlap)] = gradient_descent_losses(model, config.eta, config.steps, sharing).test
    params = {**cell.params, "sigma2": config.noise, "eta": config.eta}
    for series, loss in cross.items():
        yield points("sharing", series, "theory", "steps", steps, "cross-correlation", loss, params=params)
    variances = (parts.bias, parts.feature_variance, parts.data_variance, parts.joint_variance, parts.noise)
    for series, part in zip(VARIANCES, variances, strict=True):
        yield points("variance", series, "theory", "steps", steps, "loss", part, params=params)
    floors = {
        "ensemble": cross["same data"],
        **{f"bags, overlap {o:g}": cross[overlap_series(o)] for o in config.overlap},
    }
    for series, floor in floors.items():
        losses = [averaged_loss(parts.full, floor, members)[-1] for members in config.members]
        place = "members", series, "theory"
        yield points(*place, "members", config.members, "test loss", losses, params=params)
        limit = np.full(len(config.members), floor[-1])
        place = "members", f"{series}, K=∞", "theory"
        yield points(*place, "members", config.members, "test loss", limit, params=params)


def _flow(config: DmftConfig) -> Parts:
    """E6: the flow (11), its training loss, and its Hermitian partner (16)."""
    times = flow_times(config)
    for cell in flow_cells(config):
        model = cell.model(config.flow.dimension, config.flow_noise)
        losses = gradient_flow_losses(model, times)
        params = {**cell.params, "sigma2": config.flow_noise}
        for name, y_name, y in (
            ("non-Hermitian", "test loss", losses.test),
            ("Hermitian partner", "test loss", hermitian_flow_loss(replace(model, label_noise=0.0), times)),
            ("non-Hermitian, training", "train loss", losses.train),
        ):
            yield points("flow", f"{name}: {cell.series}", "theory", "time", times, y_name, y, params=params)


def _map(config: DmftConfig) -> Parts:
    """E6: where does the noise-free flow rise again, and how high does it end? Symmetric under P <-> N."""
    values, times = map_values(config), map_times(config)
    curves = np.empty((len(values), len(values), len(times)))
    for row, n in enumerate(values):
        for column, p in enumerate(values[: row + 1]):
            curves[row, column] = curves[column, row] = _noise_free(p, n, times)
    rises, ends = rise_after_minimum(curves), np.maximum(curves[..., -1], RESOLVED_LOSS)
    for row, n in enumerate(values):
        for panel, y_name, y in (("rise", "rise", rises[row]), ("late", "late loss", ends[row])):
            place = panel, f"N/D={n:.3g}", "theory"
            yield points(*place, "P/D", values, y_name, y, params={"N/D": float(n), "until": MAP_SPAN[1]})
    for panel in ("rise", "late"):
        yield points(panel, "P = N", "theory", "P/D", values, "N/D", values)
    for p, n in dict.fromkeys(tuple(sorted(point)) for point in MAP_POINTS):
        yield points(
            "rise-curves", f"P/D={p:g}, N/D={n:g}", "theory", "time", times, "test loss", _noise_free(p, n, times)
        )
    for p in MAP_VALUES:
        y = _noise_free(p, np.inf, times)
        yield points(
            "rise-regression", f"P/D={p:.3g}", "theory", "time", times, "test loss", y, params={"P/D": float(p)}
        )


def _noise_free(samples: float, features: float, times: np.ndarray) -> np.ndarray:
    """Return L(t) of the isotropic flow, which depends on the ratios alone."""
    losses: np.ndarray = gradient_flow_losses(
        RandomFeatures(isotropic(1000), 1000 * samples, 1000 * features), times
    ).test
    return losses


def _both(place: tuple[str, str], x_name: str, x: np.ndarray, losses: LossCurves, params: Params) -> Parts:
    panel, series = place
    for kind, y in (("test", losses.test), ("train", losses.train)):
        yield points(f"{panel} {kind}", series, "theory", x_name, x, f"{kind} loss", y, params=params)
