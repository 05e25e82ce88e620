"""What does the paper's expansion at high temperature say of samples, temperature and judge, and where is it right?

Notation (Halder and Pehlevan, arXiv:2512.19905, Results 1 and 2, Remarks 3 and 4; what is exact is derived here)

| symbol | name | shape / range |
|---|---|---|
| s2 | variance of a sample around the predictive mean m | > 0 |
| t = T / (2 s2) | selection temperature in the paper's unit | > 0 |
| D_T = m - y_T, D_R = m - y_R | how far the mean is from teacher and judge: centred Gaussian over test points | - |
| D2, Va, Cta | <D_T^2>, <D_R^2>, <D_T D_R> | `posterior_equivalents.Equivalents` |
| C1, C2, C3 | coefficients of 1/t, 1/t^2, 1/t^3 | - |
| c | judge that extrapolates, y_R = y_T + c (y_T - m): Va = (1 + c)^2 D2, Cta = (1 + c) D2 | real |
| k | samples | integer >= 1, or inf |

The average of f over samples weighted by exp(-g / T) is sum_n (-1/T)^n kappa_n(f, g, ..., g) / n! in the joint
cumulants of the k drawn values. Their expectations are (1 - 1/k) and (1 - 1/k)(1 - 2/k) times the true ones up to
n = 2, and for n = 3 mix with a product of second ones, which the paper leaves out.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.best_of_k.posterior_equivalents import Equivalents
from solv.theory.validation import require_integer, require_real


@dataclass(frozen=True)
class Coefficients:
    """The coefficients of the expansion, averaged over test points.

    Attributes:
        first: C1 = s2 + 2 Cta.
        second: C2 = C1 + Va.
        third: C3 = C1 + 2 Va.
        product: <(s2 + 2 D_R D_T)(1 + 2 D_R^2 / s2)>, the product of second cumulants that enters order 3 at finite k.
    """

    first: float
    second: float
    third: float
    product: float


def coefficients(equivalents: Equivalents) -> Coefficients:
    """Return C1, C2, C3 and what order 3 has beside them (arXiv:2512.19905, Result 2).

    Raises:
        ValueError: s2 = 0.
    """
    s2 = require_real("predictive_variance", equivalents.predictive_variance, above=0)
    va, cta = equivalents.judge_variance, equivalents.covariance
    first = s2 + 2 * cta
    return Coefficients(first, first + va, first + 2 * va, first + 2 * va + 12 * va * cta / s2)


def expanded_error(
    equivalents: Equivalents, k: ArrayLike, t: float, *, order: int = 3, exact_third: bool = False
) -> Float[np.ndarray, "ks"]:
    """Return the error in the expansion of high temperature, t >> 1 (arXiv:2512.19905, Result 2).

    Args:
        equivalents: s2 > 0, D2, Va, Cta.
        k: numbers of samples, >= 1 or inf, scalar or shape (ks,).
        t: T / (2 s2), > 0.
        order: of the last term in 1/t, 0 to 3. Orders 1 and 2 are exact at every k.
        exact_third: whether order 3 has its exact dependence on k,
            (1 - 1/k) [(1 - 6/k + 6/k^2) C3 - product / (2k)], instead of the paper's (1 - 1/k)(1 - 2/k)(1 - 3/k) C3.

    Raises:
        ValueError: t, order or k out of range.
    """
    t, order = require_real("t", t, above=0), require_integer("order", order, least=0, most=3)
    inverse = 1 / _require_samples(k)
    c = coefficients(equivalents)
    one, two, three = 1 - inverse, 1 - 2 * inverse, 1 - 3 * inverse
    third = one * two * three * c.third
    if exact_third:
        third = one * ((1 - 6 * inverse + 6 * inverse**2) * c.third - c.product * inverse / 2)
    terms = (-one * c.first / t, one * two * c.second / t**2, -third / t**3)
    start = np.full(inverse.shape, equivalents.predictive_variance + equivalents.bias_variance)
    return np.asarray(sum(terms[:order], start=start))


def expanded_threshold(equivalents: Equivalents) -> float:
    """Return 3 C2 / C1: the t below which the paper expects a finite best number of samples (Remark 3)."""
    c = coefficients(equivalents)
    return 3 * c.second / c.first if c.first > 0 else math.inf


def expanded_optimal_samples(equivalents: Equivalents, t: float) -> float:
    """Return the k at which the second order of the expansion is stationary, 4 C2 / (3 C2 - C1 t); inf beyond 3 C2/C1.

    Derived from the paper's expansion (Remark 3); the threshold is the paper's.
    """
    c, t = coefficients(equivalents), require_real("t", t, above=0)
    excess = 3 * c.second - c.first * t
    return 4 * c.second / excess if excess > 0 else math.inf


def samples_of_optimal_temperature(equivalents: Equivalents, t: float) -> float:
    """Return the k whose best temperature is t: t*(k) = t at k = 2 t*/(t* - t), t* = 2 C2 / C1; inf from t* on.

    The inverse of `expanded_optimal_temperature`. Readings of Remark 3 quote it as the best k, which is another
    condition: best t at given k, not best k at given t.
    """
    limit, t = expanded_optimal_temperature(equivalents, math.inf), require_real("t", t, above=0)
    return 2 * limit / (limit - t) if t < limit else math.inf


def expanded_optimal_temperature(equivalents: Equivalents, k: float) -> float:
    """Return t*(k) = 2 (1 - 2/k) C2 / C1, at which the error of k > 2 samples is least (Remark 4, equation (22)).

    Raises:
        ValueError: k <= 2.
    """
    k, c = require_real("k", k, above=2, infinite=True), coefficients(equivalents)
    return 2 * (1 - 2 / k) * c.second / c.first if c.first > 0 else math.inf


def expanded_best_extrapolation(k: float, t: float) -> float:
    """Return c = t / (1 - 2/k) - 2, at which the second order of the expansion is least (k > 2).

    The exact best c tends to t as k -> inf: the selected sample comes only 1 / (1 + t) of the way to the judge.
    """
    k, t = require_real("k", k, above=2, infinite=True), require_real("t", t, above=0)
    return t / (1 - 2 / k) - 2


def endless_optimal_temperature(equivalents: Equivalents) -> float:
    """Return the exact t at which the error of infinitely many samples is least: 2 Va/C1 - 1 = 2 C2/C1 - 3, or 0.

    Three less than Remark 4 says for k = inf. From delta(inf) = s2 t/(1+t) + D2 - 2 Cta/(1+t) + Va/(1+t)^2; derived
    here.
    """
    c = coefficients(equivalents)
    return max(2 * equivalents.judge_variance / c.first - 1, 0.0) if c.first > 0 else math.inf


def finite_samples_slope(equivalents: Equivalents, t: float) -> float:
    """Return the exact A of delta(k) = delta(inf) + A / k + O(1/k^2): a finite k is best where A < 0.

    At a given x it is the bias of self-normalised weights, -rho (f(t/2) - f(t)), with f(t) the error of infinitely many
    samples at t and rho = <w^2>/<w>^2 = (t+1)/sqrt(t (t+2)) exp(D_R^2 / (s2 (t+1)(t+2))). The average over test points
    is Gaussian, with left = 1 - 2 Va / (s2 (t+1)(t+2)):

        A = sqrt(t / (t+2)) / (t+2) left^(-3/2) [C1 - 3 Va / (1 + t)]

    Derived here.

    Args:
        equivalents: s2 > 0, Va, Cta.
        t: T / (2 s2), > 0 and with (t+1)(t+2) > 2 Va / s2.

    Raises:
        ValueError: t out of range: rare test points make A diverge, and the approach is slower than 1/k.
    """
    s2 = require_real("predictive_variance", equivalents.predictive_variance, above=0)
    t, va = require_real("t", t, above=0), equivalents.judge_variance
    left = 1 - 2 * va / (s2 * (t + 1) * (t + 2))
    if left <= 0:
        raise ValueError(f"t = {t} is out of range; valid: (t+1)(t+2) > 2 Va / s2 = {2 * va / s2:g}")
    bracket = coefficients(equivalents).first - 3 * va / (1 + t)
    return math.sqrt(t / (t + 2)) / (t + 2) / math.sqrt(left) ** 3 * bracket


def sampling_threshold(equivalents: Equivalents) -> float:
    """Return the exact t below which the error comes from below as k -> inf: 3 Va/C1 - 1 = 3 C2/C1 - 4, or 0.

    Below it a finite number of samples is best. Four less than Remark 3 says; where `finite_samples_slope` changes its
    sign. Derived here.

    Raises:
        ValueError: rare test points decide at that t (see `finite_samples_slope`).
    """
    s2 = require_real("predictive_variance", equivalents.predictive_variance, above=0)
    first, va = coefficients(equivalents).first, equivalents.judge_variance
    if first <= 0:
        return math.inf
    t = max(3 * va / first - 1, 0.0)
    if (t + 1) * (t + 2) <= 2 * va / s2:
        raise ValueError(f"judge_variance = {va} is out of range; valid: (t+1)(t+2) > 2 Va / s2 at t = {t:g}")
    return t


def _require_samples(k: ArrayLike) -> Float[np.ndarray, "ks"]:
    counts = np.atleast_1d(np.asarray(k, dtype=np.float64))
    if not np.all(counts >= 1):
        raise ValueError(f"k = {counts[~(counts >= 1)][0]} is out of range; valid: >= 1, or inf")
    return counts
