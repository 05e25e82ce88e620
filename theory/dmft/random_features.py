"""What is the spectrum of random-feature regression: the product of two sample covariances?

The update of random features is (A^T A / N)(X^T X / P), and its resolvent follows from one scalar m(s)
(arXiv:2601.01010; dmft spec sections 4.1, 4.3, 4.5). The problem itself, M3 of the spec, is defined here.

Notation

| symbol | name | shape / range |
|---|---|---|
| D | input dimension, number of modes | integer >= 1 |
| P, N | training samples, features | >= 1, inf allowed |
| lam_k, w*_k | eigenvalue of the input covariance, target weight | > 0, real; (modes,) after collapsing repeats |
| sigma2 | label-noise variance | >= 0 |
| s | Laplace variable | complex, away from the negative spectrum |
| m(s) | resolved degrees of freedom | complex, -> sum lam / s |
| R1, R3 | responses 1 - m/P and 1 - m/N; q = R1 R3 | complex |
| H_k(s) = 1/(s + lam_k q) | response of mode k | complex |
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float
from numpy.typing import ArrayLike
from scipy import optimize

from solv.theory.validation import require_integer, require_real

STAGE_RATIO = 1.25
STAGE_NEWTON_STEPS = 6
NEWTON_TOLERANCE = 1e-13
STAGE_TOLERANCE = 1e-4
STAGE_START = 50.0
DENSITY_STAGES = 80


@dataclass(frozen=True)
class Spectrum:
    """Input covariance and target, repeated eigenvalues collapsed; build it with `spectrum_of` or `isotropic`.

    Attributes:
        eigenvalues: distinct lam_k, increasing, (modes,).
        counts: how many of the D directions have each, (modes,).
        teacher: sum of w*_k^2 over those directions, (modes,).

    """

    eigenvalues: Float[np.ndarray, "modes"]
    counts: Float[np.ndarray, "modes"]
    teacher: Float[np.ndarray, "modes"]


@dataclass(frozen=True)
class RandomFeatures:
    """The regression problem M3; `features = inf` is linear regression (M2), `samples = inf` the population flow.

    Attributes:
        spectrum: input covariance and target.
        samples: P >= 1, inf allowed.
        features: N >= 1, inf allowed.
        label_noise: sigma2 >= 0.

    Raises:
        ValueError: a number out of range.

    """

    spectrum: Spectrum
    samples: float
    features: float
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        require_real("samples", self.samples, least=1, infinite=True)
        require_real("features", self.features, least=1, infinite=True)
        require_real("label_noise", self.label_noise, least=0)


def spectrum_of(eigenvalues: ArrayLike, teacher: ArrayLike) -> Spectrum:
    """Return the spectrum with eigenvalues lam_k and squared target weights w*_k^2, equal eigenvalues collapsed.

    Args:
        eigenvalues: lam_k > 0, shape (D,).
        teacher: w*_k^2 >= 0, shape (D,).

    Raises:
        ValueError: wrong shapes, an empty spectrum, or a value that is not finite or out of range.

    Cost: O(D log D).

    """
    lam = np.asarray(eigenvalues, dtype=float)
    power = np.asarray(teacher, dtype=float)
    if lam.ndim != 1 or lam.size < 1 or power.shape != lam.shape:
        raise ValueError(
            f"eigenvalues, teacher have shapes {lam.shape}, {power.shape}; valid: equal, one-dimensional, length >= 1"
        )
    for name, values, valid in (("eigenvalues", lam, lam > 0), ("teacher", power, power >= 0)):
        bad = values[~(valid & np.isfinite(values))]
        if bad.size:
            bound = "> 0" if name == "eigenvalues" else ">= 0"
            raise ValueError(f"{name} contains {bad[0]}; valid: finite numbers {bound}")
    distinct, group, counts = np.unique(lam, return_inverse=True, return_counts=True)
    return Spectrum(distinct, counts.astype(float), np.bincount(group, weights=power))


def isotropic(dimension: int) -> Spectrum:
    """Return the spectrum lam_k = 1, w*_k^2 = 1/D, whose loss starts at L(0) = 1.

    Raises:
        ValueError: dimension < 1.

    Cost: O(1).

    """
    dimension = require_integer("dimension", dimension, least=1)
    return Spectrum(np.ones(1), np.array([float(dimension)]), np.ones(1))


def power_law(dimension: int, eigenvalue_exponent: float, signal_exponent: float) -> Spectrum:
    """Return lam_k ~ k^-eigenvalue_exponent with sum 1 and lam_k w*_k^2 ~ k^-signal_exponent with sum 1, k = 1..D.

    Raises:
        ValueError: dimension < 1 or an exponent that is not a finite number.

    Cost: O(D log D).

    """
    rank = np.arange(1.0, require_integer("dimension", dimension, least=1) + 1)
    lam = rank ** -require_real("eigenvalue_exponent", eigenvalue_exponent)
    signal = rank ** -require_real("signal_exponent", signal_exponent)
    lam /= lam.sum()
    return spectrum_of(lam, signal / signal.sum() / lam)


def resolved_degrees(model: RandomFeatures, s: Complex[np.ndarray, "*grid"]) -> Complex[np.ndarray, "*grid"]:
    """Return m(s), the solution of m = sum_k lam_k q / (s + lam_k q), q = (1 - m/P)(1 - m/N) (spec equation (10)).

    Newton's method is continued along the ray kappa s, from where |s| is far beyond the spectrum and m = sum lam / s,
    down to kappa = 1: a cold start finds a wrong root near the spectrum, and plain iteration stalls there.

    Args:
        model: the regression problem.
        s: any complex points but those on the negative spectrum.

    Raises:
        RuntimeError: Newton's method does not reach |step| <= 1e-13 |m|.

    Cost: some 3 log(50 edge / |s|) / log(1.25) x points x modes complex divisions, edge the largest eigenvalue.

    """
    points = np.asarray(s, dtype=complex).ravel()
    start = np.maximum(1.0, _far(model) / np.abs(points))
    m = _trace(model) / (start * points)
    stages = max(1, math.ceil(math.log(start.max(initial=1.0)) / math.log(STAGE_RATIO)))
    for stage in range(1, stages + 1):
        m = _newton(model, points * start ** (1 - stage / stages), m, STAGE_TOLERANCE, STAGE_NEWTON_STEPS)
    return _polish(model, points, m).reshape(np.shape(s))


def resolved_on_rays(
    model: RandomFeatures, directions: Complex[np.ndarray, "rays"], radii: Float[np.ndarray, "radii"]
) -> Complex[np.ndarray, "radii rays"]:
    """Return m(s) at s = radius x direction for every radius, following each ray once from far outside inwards.

    Args:
        model: the regression problem.
        directions: complex, not negative.
        radii: > 0, decreasing.

    Raises:
        RuntimeError: as `resolved_degrees`.

    Cost: that of one radius, and 3 log(largest / least radius) / log(1.25) steps more, instead of one solution each.

    """
    if not len(radii):
        return np.empty((0, len(directions)), dtype=complex)
    outermost = max(float(radii[0]), _far(model) / float(np.abs(directions).min()))
    m = _trace(model) / (outermost * directions)
    found, at = [], outermost
    for radius in radii:
        stages = max(1, math.ceil(math.log(at / radius) / math.log(STAGE_RATIO)))
        for stage in range(1, stages + 1):
            s = directions * at * (radius / at) ** (stage / stages)
            m = _newton(model, s, m, STAGE_TOLERANCE, STAGE_NEWTON_STEPS)
        at = float(radius)
        found.append(m)
    points = np.multiply.outer(radii, directions)
    return _polish(model, points.ravel(), np.array(found).ravel()).reshape(points.shape)


def _trace(model: RandomFeatures) -> float:
    return float(np.sum(model.spectrum.counts * model.spectrum.eigenvalues))


def _far(model: RandomFeatures) -> float:
    """Return a modulus of s far beyond the spectrum, whose edge is at most 4 (lam + trace/P)(1 + trace/(lam N))."""
    top, trace = float(model.spectrum.eigenvalues[-1]), _trace(model)
    return STAGE_START * (top + trace / model.samples) * (1 + trace / (top * model.features))


def mode_responses(
    model: RandomFeatures, s: Complex[np.ndarray, "points"], m: Complex[np.ndarray, "points"]
) -> Complex[np.ndarray, "points modes"]:
    """Return H_k(s) = 1/(s + lam_k q) given m(s) (spec equation (10)). Cost: points x modes."""
    return np.asarray(1 / (s[:, None] + np.multiply.outer(_response_product(model, m), model.spectrum.eigenvalues)))


def spectral_edge(model: RandomFeatures) -> float:
    """Return the upper edge of the spectrum of (A^T A / N)(X^T X / P); descent is stable below eta = 2 / edge.

    On the real axis above the edge, s = -l and y = l/q > max lam make (10) explicit: with M = sum lam/(y - lam),
    l(y) = y (1 + M/P)(1 + M/N). The edge is its minimum (spec 9.10; isotropic and N = inf: (1 + sqrt(D/P))^2).

    Cost: O(modes) times 60.

    """
    lam, counts = model.spectrum.eigenvalues, model.spectrum.counts
    top, trace = float(lam[-1]), float(np.sum(lam * counts))

    def preimage(log_gap: float) -> float:
        gap = math.exp(log_gap)
        degrees = float(np.sum(counts * lam / (gap + (top - lam))))
        return (top + gap) * (1 + degrees / model.samples) * (1 + degrees / model.features)

    bounds = (math.log(1e-9 * top), math.log(1e3 * (top + trace)))
    found = optimize.minimize_scalar(preimage, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    return float(found.fun)


def product_density(model: RandomFeatures, eigenvalues: ArrayLike, height: float = 1e-6) -> Float[np.ndarray, "points"]:
    """Return the density of the non-zero eigenvalues of (A^T A / N)(X^T X / P) (spec 4.5).

    rho(l) = -(1/pi) Im (1/D) sum_k H_k(-l + i height): m(s) is followed down in Im s at fixed Re s = -l. The density
    integrates to the fraction of non-zero eigenvalues, min(P, N, D)/D.

    Args:
        model: the regression problem; target and noise do not enter.
        eigenvalues: l > 0, (points,).
        height: imaginary part at which to stop, > 0; it smooths the edges over this width.

    Raises:
        ValueError: an eigenvalue <= 0 or a height <= 0.
        RuntimeError: Newton's method does not converge (eigenvalue at an edge: raise the height).

    Cost: about 200 x points x modes complex divisions.

    """
    level = np.asarray(eigenvalues, dtype=float)
    if not np.all(np.isfinite(level) & (level > 0)):
        raise ValueError(f"eigenvalues = {eigenvalues!r} is out of range; valid: finite numbers > 0")
    height = require_real("height", height, above=0)
    lam, counts = model.spectrum.eigenvalues, model.spectrum.counts
    trace, dimension = float(np.sum(lam * counts)), float(np.sum(counts))
    excess = max(1.0, trace / model.samples, trace / model.features, float(lam[-1]))
    heights = np.geomspace(max(STAGE_START * excess, height), height, DENSITY_STAGES)
    m = trace / (-level + 1j * heights[0])
    for imaginary in heights:
        m = _newton(model, -level + 1j * imaginary, m, STAGE_TOLERANCE, STAGE_NEWTON_STEPS)
    s = -level + 1j * height
    m = _polish(model, s, m)
    smoothed = -np.imag(mode_responses(model, s, m) @ counts) / (math.pi * dimension)
    # The zero eigenvalues are an atom, seen at this height as a Lorentzian of known mass.
    atom = 1 - min(model.samples, model.features, dimension) / dimension
    return np.asarray(smoothed - atom * height / (math.pi * (level**2 + height**2)))


def _response_product(model: RandomFeatures, m: Complex[np.ndarray, "points"]) -> Complex[np.ndarray, "points"]:
    return np.asarray((1 - m / model.samples) * (1 - m / model.features))


def _newton(
    model: RandomFeatures,
    s: Complex[np.ndarray, "points"],
    m: Complex[np.ndarray, "points"],
    tolerance: float,
    most_steps: int,
) -> Complex[np.ndarray, "points"]:
    """Improve m on equation (10) until every relative step is below the tolerance, or `most_steps` times."""
    lam, counts = model.spectrum.eigenvalues, model.spectrum.counts
    for _ in range(most_steps):
        q = _response_product(model, m)
        slope = -(1 - m / model.features) / model.samples - (1 - m / model.samples) / model.features
        propagator = 1 / (s[:, None] + np.multiply.outer(q, lam))
        value = m - q * (propagator @ (counts * lam))
        step = value / (1 - slope * s * ((propagator * propagator) @ (counts * lam)))
        m = m - step
        if np.all(np.abs(step) <= tolerance * np.abs(m)):
            break
    return m


def _polish(
    model: RandomFeatures, s: Complex[np.ndarray, "points"], m: Complex[np.ndarray, "points"]
) -> Complex[np.ndarray, "points"]:
    """Bring m to rounding on equation (10), or raise."""
    polished = _newton(model, s, m, NEWTON_TOLERANCE, 20)
    settled = _newton(model, s, polished, NEWTON_TOLERANCE, 1)
    if not np.all(np.abs(settled - polished) <= 1e-9 * np.abs(settled)):
        raise RuntimeError("equation (10) did not converge: a point s lies on the negative spectrum or at its edge")
    return settled
