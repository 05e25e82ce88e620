"""Which inputs and targets does the regression have? Power laws, a few hundred nodes for a dimension of millions.

Anytime spec, sections 1 and 2.6.

| symbol | meaning | shape / range |
|---|---|---|
| a | capacity: eigenvalues lam_i = i^-a, i = 1..d | > 1 |
| b | source: lam_i w*_i^2 = i^-b | > 1 |
| d | dimension | integers >= 1 |
| node | indices [l, r): multiplicity r - l, eigenvalue the mean of lam_i, signal the mean of lam_i w*_i^2 | (nodes,) |

Up to `exact` every index is a node of its own; beyond, r = max(l + 1, round(ratio l)). The trace of H and the risk at
w = 0 are exact. With exact=100, ratio=1.02 (532 nodes at d = 500000) risks are within 8e-6 of those of all d
eigenvalues, with 40 and 1.05 (234) within 1e-4; 30 and 1.08 (157) serves for sweeps.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.special import zeta

from solv.theory.validation import require_integer, require_real

Nodes = Float[np.ndarray, "nodes"]


@dataclass(frozen=True)
class Spectrum:
    """Inputs x ~ N(0, H) and target w*, in the eigenbasis of H.

    Attributes:
        eigenvalue: lam of each node, shape (nodes,), > 0.
        multiplicity: how many indices a node stands for, shape (nodes,), >= 1.
        signal: lam w*^2 of one index of each node, shape (nodes,), >= 0.
    """

    eigenvalue: Nodes
    multiplicity: Nodes
    signal: Nodes

    @property
    def trace(self) -> float:
        """Trace of H: learning rates are given as multiples of its inverse."""
        return float(self.multiplicity @ self.eigenvalue)

    @property
    def without_signal(self) -> "Spectrum":
        """The same inputs with w* = 0: what is learned there is noise."""
        return replace(self, signal=np.zeros_like(self.signal))


def power_law_spectrum(
    a: float,
    b: float,
    dimension: int,
    *,
    exact: int = 100,
    ratio: float = 1.02,
    normalize: bool = False,
    allow_divergent_trace: bool = False,
) -> Spectrum:
    """Return lam_i = i^-a and lam_i w*_i^2 = i^-b for i = 1..d, as nodes.

    Args:
        a, b: capacity and source, > 1.
        dimension: d, >= 1.
        exact: indices up to this one are nodes of their own, >= 0; `exact=dimension` bins nothing.
        ratio: of the ends of a bin beyond, > 1.
        normalize: whether w* is rescaled to norm 1.
        allow_divergent_trace: whether a <= 1 and b <= 1 are valid: trace and risk then grow without bound with d.

    Raises:
        ValueError: an argument is out of range.

    Cost: O(nodes); O(d) where the sums have no limit at d = inf (a or b <= 1) and for `normalize`.
    """
    above = None if allow_divergent_trace else 1.0
    a, b = require_real("a", a, above=above), require_real("b", b, above=above)
    dimension, exact = require_integer("dimension", dimension, least=1), require_integer("exact", exact, least=0)
    ratio = require_real("ratio", ratio, above=1)
    edges = _edges(dimension, exact, ratio)
    multiplicity = np.diff(edges).astype(np.float64)
    signal = _sums(edges, b) / multiplicity
    if normalize:
        signal = signal / _direct_sums(np.array([1, dimension + 1]), b - a)
    return Spectrum(_sums(edges, a) / multiplicity, multiplicity, signal)


def spectrum_of(eigenvalues: ArrayLike, target: ArrayLike) -> Spectrum:
    """Return the spectrum of given eigenvalues and target coefficients w*, each shape (d,).

    Raises:
        ValueError: shapes that differ, eigenvalues <= 0 or values that are not finite.
    """
    lam, w = np.asarray(eigenvalues, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if lam.shape != w.shape or lam.ndim != 1 or not len(lam):
        raise ValueError(f"eigenvalues and target have shapes {lam.shape} and {w.shape}; valid: equal, (d >= 1,)")
    if not (np.all(np.isfinite(lam)) and np.all(lam > 0) and np.all(np.isfinite(w))):
        raise ValueError("eigenvalues or target hold values out of range; valid: finite, eigenvalues > 0")
    return Spectrum(lam, np.ones(len(lam)), lam * w**2)


def _edges(dimension: int, exact: int, ratio: float) -> Int[np.ndarray, "edges"]:
    edges = list(range(1, min(exact, dimension) + 2))
    while edges[-1] <= dimension:
        edges.append(min(max(edges[-1] + 1, round(ratio * edges[-1])), dimension + 1))
    return np.array(edges)


def _sums(edges: Int[np.ndarray, "edges"], exponent: float) -> Nodes:
    """Return the sum of i^-exponent over each bin; a difference of Hurwitz zeta functions where those converge."""
    if exponent <= 1:
        return _direct_sums(edges, exponent)
    tail = zeta(exponent, edges.astype(np.float64))
    alone = np.diff(edges) == 1
    return np.where(alone, edges[:-1].astype(np.float64) ** -exponent, tail[:-1] - tail[1:])


def _direct_sums(edges: Int[np.ndarray, "edges"], exponent: float) -> Nodes:
    powers = np.arange(edges[0], edges[-1], dtype=np.float64) ** -exponent
    return np.asarray(np.add.reduceat(powers, edges[:-1] - edges[0]))
