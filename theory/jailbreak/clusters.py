"""How does the chance that none of k answers is unsafe fall with k? Minimal model and Poisson-Dirichlet clusters.

Notation (jailbreak spec; model of Halder, Banerjee and Pehlevan, arXiv:2603.11331)

| symbol | name | shape / range |
|---|---|---|
| k | answers sampled per prompt | integers >= 1, scalar or (ks,) |
| P, p | chance that one answer to a prompt is safe, with and without field | [0, 1], random over prompts |
| gap = 1 - Pi_k | chance that all k answers are safe, E[P^k] | (0, 1] |
| nu, mu, c | upper edge of P: P(P >= e^-mu (1 - eps)) ~ c eps^nu as eps -> 0 | nu, c > 0; mu >= 0 |
| x, m | Poisson-Dirichlet parameter; number of unsafe clusters | 0 < x < 1; m >= 1 |
| lambda_ | field: unsafe weights gain e^lambda | [0, MOST_FIELD] |
"""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.linalg import eigh_tridiagonal
from scipy.special import betaln, gammaln, xlogy

from solv.theory.validation import require_integer, require_real

MOST_FIELD = 10.0  # beyond it the direct sum at small k has more than millions of terms
DIRECT_MOST = 300  # up to this k equation (5) is summed term by term, above it by Gauss quadrature
GAUSS_NODES = 48
TAIL = 45.0  # neglected terms of the sum weigh less than about e^-45 of it


def edge_asymptote(nu: float, mu: float, c: float, k: ArrayLike) -> Float[np.ndarray, "ks"]:
    """Return the gap of any P with the edge (nu, mu, c) at large k, c Gamma(nu + 1) e^{-k mu} k^{-nu} (spec (1)).

    Args:
        nu, c: > 0.
        mu: >= 0.
        k: integers >= 1.

    Raises:
        ValueError: an argument is out of range.
    """
    nu, mu, c = require_real("nu", nu, above=0), require_real("mu", mu, least=0), require_real("c", c, above=0)
    counts = _require_counts(k)
    return np.asarray(np.exp(math.log(c) + gammaln(nu + 1) - counts * mu - nu * np.log(counts)))


def edge_gap(a: float, b: float, mu: float, k: ArrayLike) -> Float[np.ndarray, "ks"]:
    """Return the gap of P = e^-mu Q, Q ~ Beta(a, b), exact for every k: e^{-k mu} B(a + k, b) / B(a, b).

    Its edge is nu = b, c = 1 / (b B(a, b)) (`edge_amplitude`); a = 1 is the minimal model of spec section 1,
    Gamma(k + 1) Gamma(nu + 1) / Gamma(k + nu + 1) at mu = 0.

    Raises:
        ValueError: a, b <= 0, mu < 0 or k not integers >= 1.
    """
    return np.asarray(np.exp(edge_log_gap(a, b, mu, k)))


def edge_log_gap(a: float, b: float, mu: float, k: ArrayLike) -> Float[np.ndarray, "ks"]:
    """Return the logarithm of `edge_gap`, finite where the gap itself is too small for a float."""
    a, b, mu = require_real("a", a, above=0), require_real("b", b, above=0), require_real("mu", mu, least=0)
    counts = _require_counts(k)
    return np.asarray(betaln(a + counts, b) - betaln(a, b) - counts * mu)


def edge_amplitude(a: float, b: float) -> float:
    """Return c of the family of `edge_gap`: P(Q >= 1 - eps) ~ c eps^b, c = 1 / (b B(a, b))."""
    a, b = require_real("a", a, above=0), require_real("b", b, above=0)
    return math.exp(-betaln(a, b)) / b


def safe_moments(x: float, m: int, k: ArrayLike) -> Float[np.ndarray, "ks"]:
    """Return E[p^k] without field, exact for every k (spec (3)).

    Accuracy: 1e-9 relative up to k = 10^6 and beyond.

    Args:
        x: Poisson-Dirichlet parameter in (0, 1).
        m: number of unsafe clusters, >= 1.
        k: integers >= 1, scalar or shape (ks,).

    Raises:
        ValueError: an argument is out of range.

    Cost: O(m) special functions per k.
    """
    x, m = _require_clusters(x, m)
    return np.asarray(np.exp(_log_moments(x, m, _require_counts(k))))


def power_law(x: float, m: int) -> tuple[float, float]:
    """Return (nu, C) of E[p^k] ~ C k^-nu: nu = m (1 - x), C = prod_i Gamma(1 + (i-1) x) / Gamma(i x) (spec (4)).

    Raises:
        ValueError: x or m out of range.
    """
    x, m = _require_clusters(x, m)
    i = np.arange(1, m + 1)
    return m * (1 - x), float(np.exp(np.sum(gammaln(1 + (i - 1) * x) - gammaln(i * x))))


def asr_gap(x: float, m: int, lambda_: float, k: ArrayLike) -> Float[np.ndarray, "ks"]:
    """Return the gap 1 - Pi_k in the field lambda_, exact (spec (5)).

    (5) is E[p^(k+n)] averaged over a negative binomial n (k successes of probability e^-lambda): summed term by
    term for k <= 300, by the Gauss rule of that law (Meixner polynomials) above, where n is narrow.

    Accuracy: 1e-8 relative.

    Args:
        x, m, k: as in `safe_moments`.
        lambda_: field in [0, 10].

    Raises:
        ValueError: an argument is out of range.

    Cost: under 1 ms per k above 300; e^lambda (k + 45) terms below.
    """
    x, m = _require_clusters(x, m)
    lambda_ = require_real("lambda_", lambda_, least=0, most=MOST_FIELD)
    counts = _require_counts(k)
    if lambda_ == 0:
        return np.asarray(np.exp(_log_moments(x, m, counts)))
    average = np.vectorize(lambda count: _field_average(x, m, lambda_, int(count)), otypes=[np.float64])
    return np.asarray(average(counts))


def weak_field_log_gap(x: float, m: int, lambda_: float, k: ArrayLike) -> Float[np.ndarray, "ks"]:
    """Return log(-log Pi_k) = -nu log k - nu lambda + log C at small field, k >> 1 >> k lambda^2 (spec (6))."""
    nu, amplitude = power_law(x, m)
    lambda_ = require_real("lambda_", lambda_, least=0)
    return np.asarray(-nu * np.log(_require_counts(k)) - nu * lambda_ + math.log(amplitude))


def next_order(x: float, m: int) -> float:
    """Return a of E[p^k] = C k^-nu (1 - a / k + O(k^-2)): a = x (1 - x) m^2 / 2 (arXiv:2603.11331, result 11).

    Raises:
        ValueError: x or m out of range.
    """
    x, m = _require_clusters(x, m)
    return x * (1 - x) * m**2 / 2


def joint_limit_gap(x: float, m: int, lambda_: float, k: ArrayLike) -> Float[np.ndarray, "ks"]:
    """Return the gap as the paper's equation (15) has it, at large k and small lambda with g = k lambda^2 fixed.

    C k^-nu e^{-g/2} [1 + g/2 - nu sqrt(g/k) - a/k]. The factor e^{-g/2} undoes its own term g/2 to first order alone:
    the equation is true for g << 1, where `weak_field_log_gap` is true as well; at any g the exact gap (`asr_gap`)
    follows the latter.

    Args:
        x, m, k: as in `safe_moments`.
        lambda_: field >= 0.

    Raises:
        ValueError: an argument is out of range.
    """
    nu, amplitude = power_law(x, m)
    lambda_ = require_real("lambda_", lambda_, least=0)
    counts = _require_counts(k)
    g = counts * lambda_**2
    bracket = 1 + g / 2 - nu * lambda_ - next_order(x, m) / counts
    return np.asarray(amplitude * counts**-nu * np.exp(-g / 2) * bracket)


def twin_gap(x: float, k: ArrayLike) -> Float[np.ndarray, "ks"]:
    """Return the gap of one unsafe cluster whose mirror image, of equal weight, is safe: E[(1 - V/2)^k].

    A glass without a field that breaks its flip symmetry has every cluster twice. V = 1 - p is the weight of the pair,
    p ~ Beta(x, 1 - x); the answer is unsafe with chance V / 2. Expanded in p, the powers of p are averaged over a
    binomial law of k trials of chance 1/2. At large k the gap is 2^nu times that without twins.

    Accuracy: 1e-9 relative.

    Args:
        x: Poisson-Dirichlet parameter of the pairs' weights, in (0, 1).
        k: integers >= 1, scalar or shape (ks,).

    Raises:
        ValueError: an argument is out of range.

    Cost: some 20 sqrt(k) terms a k.
    """
    x, _ = _require_clusters(x, 1)
    return np.asarray(np.vectorize(lambda count: _twin_average(x, int(count)), otypes=[np.float64])(_require_counts(k)))


def _twin_average(x: float, k: int) -> float:
    reach = math.sqrt(TAIL * k / 2) + 1  # Hoeffding: what is beyond weighs less than 2 e^-TAIL
    j = np.arange(max(0, math.floor(k / 2 - reach)), min(k, math.ceil(k / 2 + reach)) + 1, dtype=np.float64)
    log_weight = gammaln(k + 1) - gammaln(j + 1) - gammaln(k - j + 1) - k * math.log(2)
    return float(np.exp(log_weight + _log_moments(x, 1, j)).sum())


def _log_moments(x: float, m: int, powers: Float[np.ndarray, "*powers"]) -> Float[np.ndarray, "*powers"]:
    total = np.zeros(powers.shape)
    for i in range(1, m + 1):
        total += betaln(i * x + powers, 1 - x) - betaln(i * x, 1 - x)
    return total


def _field_average(x: float, m: int, lambda_: float, k: int) -> float:
    if k > DIRECT_MOST:
        extra, weights = _meixner_rule(lambda_, k)
        return float(weights @ np.exp(_log_moments(x, m, k + extra)))
    alpha = -math.expm1(-lambda_)
    spread = math.sqrt(k * alpha) + TAIL  # Chernoff: a gamma-like tail, Gaussian near its mean
    n = np.arange(math.ceil(math.exp(lambda_) * (k + math.sqrt(2 * TAIL) * spread)) + 50, dtype=np.float64)
    log_weight = gammaln(k + n) - gammaln(k) - gammaln(n + 1) + xlogy(n, alpha) - k * lambda_
    return float(np.exp(log_weight + _log_moments(x, m, k + n)).sum())


def _meixner_rule(lambda_: float, k: int) -> tuple[Float[np.ndarray, "nodes"], Float[np.ndarray, "nodes"]]:
    """Return Gauss nodes and weights (sum 1) of the negative binomial law, by Golub and Welsch."""
    growth, alpha = math.exp(lambda_), -math.expm1(-lambda_)
    j = np.arange(GAUSS_NODES, dtype=np.float64)
    diagonal = (j + (j + k) * alpha) * growth
    off = growth * np.sqrt(alpha * j[1:] * (j[1:] + k - 1))
    nodes, vectors = eigh_tridiagonal(diagonal, off)
    return nodes, vectors[0] ** 2


def _require_clusters(x: float, m: int) -> tuple[float, int]:
    return require_real("x", x, above=0, below=1), require_integer("m", m, least=1)


def _require_counts(k: ArrayLike) -> Float[np.ndarray, "*ks"]:
    counts = np.asarray(k)
    if counts.dtype.kind not in "iuf" or counts.size == 0:
        raise ValueError(f"k = {k!r} holds no numbers; valid: integers >= 1")
    bad = ~(np.isfinite(counts) & (counts >= 1) & (counts == np.floor(counts)))
    if np.any(bad):
        raise ValueError(f"k = {counts[bad].flat[0]} is out of range; valid: integers >= 1")
    return counts.astype(np.float64)
