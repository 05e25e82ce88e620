"""Which curves does dmft consist of? Names, cells and abscissae that predictions and measurements share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solv.experiments.dmft.settings import DmftConfig
from solv.theory.dmft.deep_linear import DeepLinear
from solv.theory.dmft.elliptic import LARGEST_SCALED_TIME
from solv.theory.dmft.random_features import RandomFeatures, Spectrum, isotropic, power_law
from solv.tracking.curves import Curves, curve

NAME = "dmft"
POWER_LAW = (1.2, 2.2)  # exponents of the eigenvalues and of the signal per mode
FREQUENCIES = (0.5, 1.0, 1.5, 2.0, 3.0)
MAP_VALUES = (0.1, 0.3, 0.5, 0.8, 1.2, 3.0)  # P/D and N/D of claim 3, always columns of the map
MAP_POINTS = ((0.3, 0.3), (0.3, 0.5), (0.5, 0.5), (0.5, 1.2), (0.8, 0.8), (1.2, 0.3), (1.2, 1.2), (3.0, 1.2))
MAP_SPAN = (0.1, 300.0)  # times between which a curve of the map is followed
RISE_THRESHOLD = 1e-4  # relative rise after the minimum below which a curve counts as monotone
SCAN_RICHNESS = (3.0, 4.0, 5.0, 6.0)
RESOLVED_LOSS = 1e-6  # a flow's loss is known to about 1e-8: below this no rise is read off
WIDTH_STEP = 99
WIDTHS_SIMULATED = (0.5, 1.0, 2.0, 4.0)
WIDTHS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.7, 8.0, 11.0, 16.0)
HISTOGRAM_BIN = 0.04


def points(
    panel: str, series: str, source: str, x_name: str, x: ArrayLike, y_name: str, y: ArrayLike, **rest: Any
) -> Curves:
    """Return the rows of one curve of this experiment; `rest` as in `solv.tracking.curves.curve`."""
    return curve(
        experiment=NAME, panel=panel, series=series, source=source, x_name=x_name, x=x, y_name=y_name, y=y, **rest
    )


# -- E1: linear systems -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EllipticCell:
    """One elliptic system."""

    g: float
    tau: float

    @property
    def series(self) -> str:
        """Name of its curves."""
        return f"τ={self.tau:g}, g={self.g:g}"

    @property
    def params(self) -> dict[str, object]:
        """What tells it from others."""
        return {"g": self.g, "tau": self.tau}

    @property
    def stable(self) -> bool:
        """Whether it has a stationary state."""
        return self.g * (1 + self.tau) < 1


def elliptic_cells(config: DmftConfig) -> list[EllipticCell]:
    """Return one cell per tau: with the largest g that is stable there, or the smallest of all if none is."""
    cells = []
    for tau in config.tau:
        stable = [g for g in config.g if EllipticCell(g, tau).stable]
        cells.append(EllipticCell(max(stable) if stable else min(config.g), tau))
    return cells


def elliptic_times(config: DmftConfig) -> np.ndarray:
    """Return the times at which the two-time functions are measured, an even number of steps from 0."""
    steps = max(2, 2 * round(config.elliptic.until / config.elliptic.time_step / 2))
    times: np.ndarray = config.elliptic.time_step * np.arange(steps + 1)
    return times


def times_of_theory(config: DmftConfig, g: float) -> np.ndarray:
    """Return a fine grid of times, those of the simulation, and those asked for that the series reaches."""
    measured = elliptic_times(config)
    asked = [time for time in config.time if g * time <= LARGEST_SCALED_TIME]
    times: np.ndarray = np.unique(np.concatenate([np.linspace(0, measured[-1], 61), measured, asked]))
    return times


def measured_lags(config: DmftConfig) -> np.ndarray:
    """Return the lags t - s at fixed t + s = the latest time at which C(t, s) is measured."""
    times = elliptic_times(config)
    return 2 * times[: len(times) // 2 + 1]


def upper_half(eigenvalues: np.ndarray) -> np.ndarray:
    """Return the eigenvalues with Im >= 0, one per real part; the others mirror them."""
    upper = eigenvalues[eigenvalues.imag >= 0]
    _, first = np.unique(upper.real, return_index=True)
    chosen: np.ndarray = upper[first]
    return chosen


def euler_times(config: DmftConfig) -> np.ndarray:
    """Return the times of the Euler grid."""
    times: np.ndarray = config.time_step * np.arange(max(1, round(config.elliptic.until / config.time_step)) + 1)
    return times


# -- E2 to E5: regression ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RegressionCell:
    """One regression problem: P/D, N/D and the input covariance."""

    samples: float
    features: float
    spectrum: str = "isotropic"

    @property
    def series(self) -> str:
        """Name of its curves."""
        return f"P/D={self.samples:g}, N/D={'∞' if math.isinf(self.features) else f'{self.features:g}'}"

    @property
    def params(self) -> dict[str, object]:
        """What tells it from others."""
        return {"P/D": self.samples, "N/D": self.features, "spectrum": self.spectrum}

    def model(self, dimension: int, noise: float) -> RandomFeatures:
        """Return the problem at input dimension D, P and N rounded as the simulation rounds them."""
        return RandomFeatures(
            spectrum_called(self.spectrum, dimension),
            count(self.samples, dimension),
            math.inf if math.isinf(self.features) else count(self.features, dimension),
            noise,
        )


def count(ratio: float, dimension: int) -> int:
    """Return the whole number nearest to ratio x dimension, at least 1."""
    return max(1, round(ratio * dimension))


def spectrum_called(name: str, dimension: int) -> Spectrum:
    """Return the input covariance and target called `name` in D dimensions."""
    return isotropic(dimension) if name == "isotropic" else power_law(dimension, *POWER_LAW)


def regression_cells(config: DmftConfig, spectrum: str) -> list[RegressionCell]:
    """Return the cells of E3 on one spectrum."""
    return [RegressionCell(p, n, spectrum) for n in config.features for p in config.samples]


def rate(config: DmftConfig, spectrum: str) -> float:
    """Return the learning rate on one spectrum."""
    return config.eta if spectrum == "isotropic" else config.eta_power_law


def read_steps(steps: int, how_many: int = 16) -> np.ndarray:
    """Return steps from 0 to steps - 1, close together early, at which simulated curves are read."""
    late = np.geomspace(1, max(1, steps - 1), how_many).round().astype(int)
    return np.unique(np.concatenate([[0], np.minimum(late, steps - 1)]))


def phi_series(phi: float) -> str:
    """Return the name of the series of one D/P."""
    return f"D/P={phi:g}"


SHARED = {
    "one model": (1, 1.0, 1),
    "same data": (0, 1.0, 1),
    "same features": (1, 0.0, 1),
    "nothing shared": (0, 0.0, 1),
    "fresh label noise": (1, 1.0, 0),
}


def overlap_series(overlap: float) -> str:
    """Return the name of the series of bags that share a fraction of their samples."""
    return "same features" if overlap == 0 else f"same features, {100 * overlap:g} % of the data"


VARIANCES = ("bias B²", "features V_A", "data V_X", "both V_AX", "label noise")


# -- E6: flows --------------------------------------------------------------------------------------------------------


def flow_cells(config: DmftConfig) -> list[RegressionCell]:
    """Return the cells of the flow and its Hermitian partner."""
    return [RegressionCell(p, n) for p, n in product(config.flow_samples, config.flow_features)]


def flow_times(config: DmftConfig) -> np.ndarray:
    """Return a fine grid of times together with those asked for."""
    positive = [time for time in config.time if time > 0]
    times: np.ndarray = np.unique(np.concatenate([np.geomspace(0.05, max(positive, default=16.0), 49), config.time]))
    return times


def map_values(config: DmftConfig) -> np.ndarray:
    """Return the values of P/D and N/D of the map: log-spaced, with those of claim 3 in place of their neighbours."""
    values = np.geomspace(MAP_VALUES[0], MAP_VALUES[-1], config.flow.columns)
    spacing = math.log(MAP_VALUES[-1] / MAP_VALUES[0]) / (config.flow.columns - 1)
    apart = [value for value in values if min(abs(math.log(value / known)) for known in MAP_VALUES) > 0.55 * spacing]
    return np.unique(np.concatenate([apart, MAP_VALUES]))


def map_times(config: DmftConfig) -> np.ndarray:
    """Return the times at which a curve of the map is followed."""
    return np.geomspace(*MAP_SPAN, config.flow.times)


def rise_after_minimum(losses: np.ndarray) -> np.ndarray:
    """Return how far the loss rises after its minimum, relative to it, along the last axis; 0 below the threshold."""
    resolved = np.maximum(losses, RESOLVED_LOSS)
    rise = np.max(resolved / np.minimum.accumulate(resolved, axis=-1), axis=-1) - 1
    return np.where(rise > RISE_THRESHOLD, rise, 0.0)


# -- E7 and E8: deep linear networks ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SpikedNetwork:
    """A network of claim 7, how long it learns, and its D relative to `spikes.scan_dimension`."""

    label: str
    network: DeepLinear
    step: int
    relative_size: float


SPIKED_NETWORKS = (
    SpikedNetwork("wide", DeepLinear(1, 5, 3, 3, 0.01), 200, 0.6),
    SpikedNetwork("narrow", DeepLinear(1, 6, 0.3, 0.7, 0.005), 300, 1.5),
    SpikedNetwork("lazy", DeepLinear(1, 4, 1, 4, 0.02), 200, 0.75),
    SpikedNetwork("deep", DeepLinear(2, 6, 1, 2, 0.004), 200, 1.0),
    SpikedNetwork("deep, noisy", DeepLinear(2, 5, 1, 2, 0.004, 0.1), 150, 1.0),
)


def spiked_layers(networks: int = len(SPIKED_NETWORKS)) -> list[tuple[SpikedNetwork, int, str]]:
    """Return every layer of the first networks of claim 7 with the name of its place on the axis."""
    return [
        (case, layer, f"{case.label} W{layer}")
        for case in SPIKED_NETWORKS[:networks]
        for layer in range(case.network.hidden_layers)
    ]


def deep_cells(config: DmftConfig) -> list[DeepLinear]:
    """Return the networks of E7, grouped by depth."""
    return [
        DeepLinear(layers, richness, width, config.data, config.eta_deep, config.noise_deep)
        for layers in config.hidden_layers
        for richness in config.richness
        for width in config.width
    ]


def deep_series(network: DeepLinear) -> str:
    """Return the name of the series of one network among those of its depth."""
    width = "∞" if math.isinf(network.width) else f"{network.width:g}"
    return f"γ₀={network.richness:g}, ν={width}"


def deep_params(network: DeepLinear) -> dict[str, float]:
    """Return the parameters of one network."""
    return {
        "H": network.hidden_layers,
        "g0": network.richness,
        "nu": network.width,
        "alpha": network.samples,
        "eta": network.eta,
        "sigma2": network.label_noise,
    }


def followed_network(config: DmftConfig) -> DeepLinear:
    """Return the network whose weight spectrum is followed in time."""
    return DeepLinear(
        config.spike_layers,
        config.spike_richness,
        config.spike_width,
        config.spike_data,
        config.spike_eta,
        config.spike_noise,
    )


def scan_network(richness: float) -> DeepLinear:
    """Return a network of the scan over richness, its rate eta = 0.18 / g0^2 (claim 6)."""
    return DeepLinear(1, richness, 1, 2, 0.18 / richness**2)


def width_network(width: float) -> DeepLinear:
    """Return a network of the scan over width (claim 5)."""
    return DeepLinear(1, 1.5, width, 2, 0.02, 0.1)


def histogram_edges(edge: float) -> np.ndarray:
    """Return the bins of the singular values of a matrix whose bulk ends at `edge`; the last one is open."""
    bins: np.ndarray = HISTOGRAM_BIN * np.arange(math.ceil(1.45 * edge / HISTOGRAM_BIN) + 1)
    return bins


def histogram_steps(steps: Sequence[int]) -> list[int]:
    """Return the steps whose histograms are shown: the untrained weights and at most seven of the steps."""
    chosen = np.unique(np.linspace(0, len(steps) - 1, min(7, len(steps))).round().astype(int))
    return [0, *(sorted(steps)[index] for index in chosen)]
