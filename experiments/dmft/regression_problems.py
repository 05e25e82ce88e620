"""Which regression problems are looked at, at which rates and steps? Cells and abscissae of E2 to E6."""

import math
from dataclasses import dataclass

import numpy as np

from solv.experiments.dmft.settings import DmftConfig
from solv.theory.dmft.random_features import RandomFeatures, Spectrum, isotropic, power_law

POWER_LAW = (1.2, 2.2)  # exponents of the eigenvalues and of the signal per mode
ISOTROPIC = "isotropic"


@dataclass(frozen=True)
class RegressionCell:
    """One regression problem: P/D, N/D and the input covariance."""

    samples: float
    features: float
    spectrum: str = ISOTROPIC

    @property
    def params(self) -> dict[str, object]:
        """What tells its curves from those of others: P/D and N/D."""
        return {"samples": self.samples, "features": self.features}

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
    return isotropic(dimension) if name == ISOTROPIC else power_law(dimension, *POWER_LAW)


def regression_cells(config: DmftConfig, spectrum: str) -> list[RegressionCell]:
    """Return the cells of E3 on one spectrum."""
    return [RegressionCell(p, n, spectrum) for n in config.features for p in config.samples]


def rate(config: DmftConfig, spectrum: str) -> float:
    """Return the learning rate on one spectrum."""
    return config.eta if spectrum == ISOTROPIC else config.eta_power_law


def read_steps(steps: int, how_many: int = 16) -> np.ndarray:
    """Return steps from 0 to steps - 1, close together early, at which simulated curves are read."""
    late = np.geomspace(1, max(1, steps - 1), how_many).round().astype(int)
    return np.unique(np.concatenate([[0], np.minimum(late, steps - 1)]))
