"""Where do the panels stand that vary one thing? Sizes of pretraining, and those that a panel does not vary."""

import math
from dataclasses import dataclass

import numpy as np

from solv.experiments.icl_alignment.covariances import CORE_TESTS, exponent, tested_spectrum, train_spectrum
from solv.experiments.icl_alignment.settings import IclAlignmentConfig

OFF_THE_PEAK = 4.0  # tau where the settings have none that can be simulated


@dataclass(frozen=True)
class Sizes:
    """The sizes of one pretraining.

    Attributes:
        tau: pretraining contexts per squared dimension.
        alpha: context length per dimension.
        kappa: distinct tasks per dimension.
        rho: label-noise variance.
    """

    tau: float
    alpha: float
    kappa: float
    rho: float


def fixed_sizes(config: IclAlignmentConfig) -> Sizes:
    """Return the sizes that such panels do not vary: the first of each axis, tau finite and not at the peak."""
    tau = next((tau for tau in config.tau if tau != 1 and math.isfinite(tau)), OFF_THE_PEAK)
    return Sizes(tau, config.alpha[0], config.descent.kappa, config.rho[0])


def core_spectra(config: IclAlignmentConfig) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the first pretraining spectrum, shape (d,), and those of `CORE_TESTS` beside it."""
    train, d = config.train[0], config.dimension
    return train_spectrum(train, d, config.p), {test: tested_spectrum(test, train, d, config.p) for test in CORE_TESTS}


def core_params(config: IclAlignmentConfig, test: str, *, varied: str) -> dict[str, object]:
    """Return the params of a curve about one of `CORE_TESTS` along the size called `varied`."""
    train = config.train[0]
    sizes = {name: value for name, value in vars(fixed_sizes(config)).items() if name != varied}
    return {"train": train, "test": test, "dimension": config.dimension, **sizes, **exponent(config.p, train)}
