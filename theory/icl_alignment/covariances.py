"""Which families of task covariances are compared?

Spectra are returned as eigenvalue vectors of mean one, tr C = d, the convention of the icl-alignment spec, section 1.

| symbol | name | shape / range |
|---|---|---|
| d | token dimension | integer >= 1 |
| c_1 ... c_d | eigenvalues of a task covariance, (1/d) sum c_i = 1 | >= 0 |
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.linalg import expm

from solv.theory.validation import require_integer, require_real


def power_law_spectrum(d: int, exponent: float) -> Float[np.ndarray, "d"]:
    """Return c_i proportional to i^-exponent, i = 1..d: exponent 0 is isotropic, a negative one reverses the order.

    Raises:
        ValueError: d < 1 or an exponent that is not finite.

    """
    d = require_integer("d", d, least=1)
    return _of_mean_one(np.arange(1, d + 1) ** -require_real("exponent", exponent))


def linear_spectrum(d: int) -> Float[np.ndarray, "d"]:
    """Return c_i proportional to d + 1 - i, i = 1..d: the eigenvalues d, d - 1, ..., 1 (figure 1 of the paper).

    Raises:
        ValueError: d < 1.

    """
    return _of_mean_one(np.arange(require_integer("d", d, least=1), 0, -1.0))


def exponential_spectrum(d: int, rate: float) -> Float[np.ndarray, "d"]:
    """Return c_i proportional to exp(-rate i / d), i = 1..d: exp(rate) is the condition number.

    Raises:
        ValueError: d < 1 or a rate that is not finite.

    """
    d = require_integer("d", d, least=1)
    return _of_mean_one(np.exp(-require_real("rate", rate) * np.arange(1, d + 1) / d))


def spiked_spectrum(d: int, spikes: int | Sequence[int], share: float) -> Float[np.ndarray, "d"]:
    """Return a flat spectrum in which a few directions carry the given share of the variance.

    Args:
        d: dimension, >= 1.
        spikes: the indices of the spiked directions, or how many of the first ones; fewer than d.
        share: fraction of the trace on the spikes, divided equally, in [0, 1].

    Raises:
        ValueError: an argument out of range.

    """
    d = require_integer("d", d, least=2)
    if isinstance(spikes, Sequence):
        indices = sorted({require_integer("spikes", spike, least=0, most=d - 1) for spike in spikes})
    else:
        indices = list(range(require_integer("spikes", spikes, least=1, most=d - 1)))
    if not 0 < len(indices) < d:
        raise ValueError(f"spikes = {spikes} is out of range; valid: between 1 and d - 1 directions")
    share = require_real("share", share, least=0, most=1)
    spectrum = np.full(d, (1 - share) * d / (d - len(indices)))
    spectrum[indices] = share * d / len(indices)
    return spectrum


def projector_spectrum(d: int, fraction: float, complement: bool = False) -> Float[np.ndarray, "d"]:
    """Return the trace-adjusted projector on the first round(fraction d) directions, or on the others.

    Raises:
        ValueError: d < 1 or a fraction that leaves no direction.

    """
    d = require_integer("d", d, least=1)
    rank = round(require_real("fraction", fraction, above=0, most=1) * d)
    kept = np.arange(d) >= rank if complement else np.arange(d) < rank
    if not kept.any():
        side = "complement " if complement else ""
        raise ValueError(f"fraction = {fraction} leaves no direction in the {side}projector of d = {d}")
    return _of_mean_one(kept.astype(float))


def random_rotation(d: int, angle: float, generator: np.random.Generator) -> Float[np.ndarray, "d d"]:
    """Return exp(angle K), K a random skew-symmetric matrix of spectral norm one: `angle` is the largest plane angle.

    An infinite angle returns a rotation uniform on the orthogonal group.

    Args:
        d: dimension, >= 2.
        angle: radians, >= 0 or inf.
        generator: source of randomness.

    Raises:
        ValueError: an argument out of range.

    Cost: O(d^3).

    """
    d = require_integer("d", d, least=2)
    angle = require_real("angle", angle, least=0, infinite=True)
    if np.isinf(angle):
        from scipy.stats import ortho_group  # a second of import

        return np.asarray(ortho_group.rvs(d, random_state=generator))
    skew = generator.standard_normal((d, d))
    skew -= skew.T
    return np.asarray(expm(angle / np.linalg.norm(skew, 2) * skew))


def rotated_covariance(
    spectrum: Float[np.ndarray, "d"], rotation: Float[np.ndarray, "d d"]
) -> Float[np.ndarray, "d d"]:
    """Return the covariance R diag(spectrum) R^T, exactly symmetric."""
    factor = rotation * np.sqrt(spectrum)
    return np.asarray(factor @ factor.T)


def _of_mean_one(weights: Float[np.ndarray, "d"]) -> Float[np.ndarray, "d"]:
    return np.asarray(weights / weights.mean())
