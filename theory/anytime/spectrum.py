"""Which inputs and targets does the regression have? Power laws, a few hundred nodes for a dimension of millions.

Anytime spec, sections 1 and 2.6.

| symbol | meaning | shape / range |
|---|---|---|
| a | capacity: eigenvalues lam_i = i^-a, i = 1..d | > 1 |
| b | source: lam_i w*_i^2 = i^-b | > 1 |
| d | dimension | integers >= 1 |
| node | stands for `multiplicity` indices that have its eigenvalue and its signal lam w*^2 | (nodes,) |

Up to `exact` every index is a node of its own. Beyond, the indices [l, r), r = round(ratio l), are two nodes at the
Gauss points of log i: their multiplicities keep the sums of lam_i and lam_i^2 over the bin, their signals those of
lam_i w*_i^2 and of lam_i^2 w*_i^2. The trace of H, the noise of a step and the risk at w = 0 are exact; what the
recursion makes of a bin is smooth in log lam, and is off by the fourth power of log ratio.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.special import zeta

from solv.theory.validation import require_integer, require_real

Nodes = Float[np.ndarray, "nodes"]
Pairs = Float[np.ndarray, "2 bins"]


@dataclass(frozen=True)
class Spectrum:
    """Inputs x ~ N(0, H) and target w*, in the eigenbasis of H.

    Attributes:
        eigenvalue: lam of each node, shape (nodes,), > 0.
        multiplicity: how many indices a node stands for, shape (nodes,), >= 1.
        signal: lam w*^2 of one index of each node, shape (nodes,), >= 0; or of several targets that are learned from
            the same inputs, shape (runs, nodes): each run of `excess_risk` then has its own (`power_law_targets`).
    """

    eigenvalue: Nodes
    multiplicity: Nodes
    signal: Float[np.ndarray, "*runs nodes"]

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
        ratio: of the ends of a bin beyond, in (1, 2].
        normalize: whether w* is rescaled to norm 1.
        allow_divergent_trace: whether a <= 1 and b <= 1 are valid: trace and risk then grow without bound with d.

    Raises:
        ValueError: an argument is out of range.

    Cost: O(nodes); O(d) where the sums have no limit at d = inf (a or b <= 1) and for `normalize`.
    """
    above = None if allow_divergent_trace else 1.0
    a, b = require_real("a", a, above=above), require_real("b", b, above=above)
    dimension, exact = require_integer("dimension", dimension, least=1), require_integer("exact", exact, least=0)
    ratio = require_real("ratio", ratio, above=1, most=2)
    alone, low, high = _bins(dimension, exact, ratio)
    middle, half = (np.log(high - 0.5) + np.log(low - 0.5)) / 2, (np.log(high - 0.5) - np.log(low - 0.5)) / 2
    pairs = np.exp(middle + half * np.array([[-1.0], [1.0]]) / np.sqrt(3)) ** -a  # the bins' eigenvalues, (2, bins)
    count = _on_pairs(pairs, _sums(low, high, a), _sums(low, high, 2 * a)) / pairs
    signal = _on_pairs(pairs, _sums(low, high, b), _sums(low, high, a + b)) / count
    nodes = (np.concatenate([alone**-a, *pairs]), np.concatenate([np.ones_like(alone), *count]))
    order = np.argsort(-nodes[0], kind="stable")
    signals = np.concatenate([alone**-b, *signal])[order]
    if normalize:
        signals = signals / (np.arange(1.0, dimension + 1) ** (a - b)).sum()
    return Spectrum(nodes[0][order], nodes[1][order], signals)


def power_law_targets(
    a: float, b: Sequence[float], dimension: int, *, exact: int = 100, ratio: float = 1.02, normalize: bool = False
) -> Spectrum:
    """Return the spectrum of one capacity with a target for each source b; arguments as in `power_law_spectrum`.

    Raises:
        ValueError: an argument is out of range, or no b is given.
    """
    if not b:
        raise ValueError("b is empty; valid: at least one source")
    each = [power_law_spectrum(a, one, dimension, exact=exact, ratio=ratio, normalize=normalize) for one in b]
    return replace(each[0], signal=np.stack([spectrum.signal for spectrum in each]))


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


def _bins(dimension: int, exact: int, ratio: float) -> tuple[Nodes, Nodes, Nodes]:
    """Return the indices that are nodes of their own, and the ends l, r of the bins of three indices and more."""
    edges = list(range(1, min(exact, dimension) + 2))
    while edges[-1] <= dimension:
        edges.append(min(max(edges[-1] + 1, round(ratio * edges[-1])), dimension + 1))
    low, high = np.array(edges[:-1], dtype=np.float64), np.array(edges[1:], dtype=np.float64)
    wide = high - low > 2
    narrow = [np.arange(begin, end) for begin, end in zip(low[~wide], high[~wide], strict=True)]
    return np.concatenate([*narrow, np.empty(0)]), low[wide], high[wide]


def _on_pairs(pairs: Pairs, zeroth: Nodes, first: Nodes) -> Pairs:
    """Return the weights on two points each, shape (2, bins), that have these moments of order 0 and 1."""
    lower = (first - zeroth * pairs[1]) / (pairs[0] - pairs[1])
    return np.stack([lower, zeroth - lower])


def _sums(low: Nodes, high: Nodes, exponent: float) -> Nodes:
    """Return the sum of i^-exponent over low <= i < high: a difference of Hurwitz zeta functions if they converge."""
    if exponent > 1:
        return np.asarray(zeta(exponent, low) - zeta(exponent, high))
    sums = np.append(0.0, np.cumsum(np.arange(1.0, high.max(initial=1.0)) ** -exponent))
    return np.asarray(sums[high.astype(int) - 1] - sums[low.astype(int) - 1])
