"""Which task covariances do the names of icl-alignment stand for?

A covariance is a name, resolved at a dimension d: its eigenvalues have mean one, in an order that pretraining and test
share, so that both are diagonal together (rotations of the scatter aside).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from solv.theory.icl_alignment.covariances import (
    exponential_spectrum,
    power_law_spectrum,
    projector_spectrum,
    spiked_spectrum,
)

POWER_LAW = "power-law"
CORE_TESTS = ("same", "isotropic", "reversed")
EXPONENTIAL_RATE = 3.0  # condition number e^3
SPIKED = 10, 0.5  # one direction in ten carries half of the variance


def train_spectrum(name: str, d: int, p: float) -> np.ndarray:
    """Return the eigenvalues of the family called `name`, shape (d,); `p` is the exponent of the power law."""
    if name == "half":
        return projector_spectrum(d, 0.5)
    if name == POWER_LAW:
        return power_law_spectrum(d, p)
    if name == "exponential":
        return exponential_spectrum(d, EXPONENTIAL_RATE)
    if name == "spikes":
        return spiked_spectrum(d, spiked_directions(d), SPIKED[1])
    return np.ones(d)


def tested_spectrum(name: str, train: str, d: int, p: float) -> np.ndarray:
    """Return the test eigenvalues called `name` beside pretraining on `train`, shape (d,)."""
    if name in ("same", "reversed"):
        return train_spectrum(train, d, p)[:: -1 if name == "reversed" else 1].copy()
    return train_spectrum(name, d, p)


def spiked_directions(d: int) -> int:
    """Return how many of d directions are spiked."""
    return max(1, round(d / SPIKED[0]))


def exponent(p: float, *names: str) -> dict[str, float]:
    """Return the param `p` of a curve about the covariances `names`: none if no power law is among them."""
    return {"p": p} if POWER_LAW in names else {}


def test_label(params: Mapping[str, Any]) -> str:
    """Return what a curve with the params `train`, `test` and perhaps `p` is called: its test covariance."""
    test = str(params["test"])
    if test == POWER_LAW or (params["train"] == POWER_LAW and test in ("same", "reversed")):
        return f"{test} (p = {params['p']:g})"
    return test
