"""Which linear systems are looked at, and at which times? Cells and abscissae of E1."""

from dataclasses import dataclass

import numpy as np

from solv.experiments.dmft.settings import DmftConfig
from solv.theory.dmft.elliptic import LARGEST_SCALED_TIME

FREQUENCIES = (0.5, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class EllipticCell:
    """One elliptic system."""

    g: float
    tau: float

    @property
    def params(self) -> dict[str, object]:
        """What tells its curves from those of others."""
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
