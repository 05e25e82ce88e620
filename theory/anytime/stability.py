"""Up to which constant learning rate does SGD converge, and on which floor does it stall without averaging?

Anytime spec, section 2.5, equation (4); symbols as in `theory/anytime/risk.py`. A decaying schedule may start above the
threshold.
"""

import math

import numpy as np
from scipy.optimize import brentq

from solv.theory.anytime.spectrum import Spectrum
from solv.theory.validation import require_integer, require_real


def noise_feedback(spectrum: Spectrum, eta: float, batch: int = 1) -> float:
    """Return kappa = sum m eta lam / (B (2 - eta lam (1 + 1/B))): what the risk feeds back into itself; inf if a
    direction is unstable by itself.

    SGD at the constant learning rate eta converges to a finite risk where kappa < 1.

    Args:
        eta: learning rate, > 0.
        batch: B, >= 1.

    Raises:
        ValueError: eta or batch out of range.
    """
    eta, batch = require_real("eta", eta, above=0), require_integer("batch", batch, least=1)
    step = eta * spectrum.eigenvalue
    room = 2 - step * (1 + 1 / batch)
    if np.any(room <= 0):
        return math.inf
    return float(spectrum.multiplicity @ (step / room)) / batch


def critical_rate(spectrum: Spectrum, batch: int = 1) -> float:
    """Return the learning rate eta_c at which kappa = 1; times `spectrum.trace` it is the critical multiplier.

    Raises:
        ValueError: batch out of range.
    """
    batch = require_integer("batch", batch, least=1)
    unstable = 2 / (float(spectrum.eigenvalue.max()) * (1 + 1 / batch))
    return float(
        brentq(lambda eta: noise_feedback(spectrum, eta, batch) - 1, 0.01 / spectrum.trace, unstable * _INSIDE)
    )


_INSIDE = 1 - 1e-13  # kappa grows to infinity at the end of the bracket


def stationary_risk(spectrum: Spectrum, sigma2: float, eta: float, batch: int = 1) -> float:
    """Return the late risk of the last iterate, (sigma2 / 2) kappa / (1 - kappa) (equation (4)); inf if unstable.

    Raises:
        ValueError: sigma2 < 0, eta <= 0 or batch < 1.
    """
    sigma2 = require_real("sigma2", sigma2, least=0)
    kappa = noise_feedback(spectrum, eta, batch)
    return sigma2 / 2 * kappa / (1 - kappa) if kappa < 1 else math.inf
