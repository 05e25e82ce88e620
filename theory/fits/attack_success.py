"""Is an attack's success polynomial or exponential in the samples, and what would more samples buy?

The chance P that one answer to a prompt is safe varies over prompts; its upper edge decides (jailbreak spec, sections
1 and 4; arXiv:2603.11331): with P(P >= e^-mu (1 - eps)) ~ c eps^nu the gap falls as e^{-k mu} k^{-nu}. Two ways to nu
and mu:

* `fit_beta_edge`: maximum likelihood of P = e^-mu Q, Q ~ Beta(a, b), from the counts of unsafe answers: nu = b. The
  model with mu = 0 is nested in it, which gives a test of polynomial (mu = 0) against exponential (mu > 0).
* `fit_edge_law`: least squares of log(-log(1 - gap)) on log k and k, the paper's equation (2); no model of P's bulk.
  The law holds at large k: what it misses at small k is a bias that the interval, which covers scatter alone, does not
  know.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import betaln, logsumexp, roots_jacobi

from solv.theory.fits.success_estimates import bootstrap_gaps, safe_draw_chances
from solv.theory.jailbreak.clusters import edge_gap, edge_log_gap
from solv.theory.validation import require_real

Objective: TypeAlias = Callable[[np.ndarray], float]
HALF_CHI_SQUARE = 2.7055  # 95 % quantile of the likelihood ratio of mu = 0: mu cannot be negative
BOUNDS = ((-6.0, 6.0), (-6.0, 6.0), (-16.0, 3.0))  # of log a, log b, log mu
STEP = 1e-3  # of these logarithms, for second differences
MOST_SAMPLES = 1e12
LEAST_CURVATURE = 1e-2
RATE_ACCURACY = 0.05  # of log mu
NORMAL = 1.96  # two-sided 95 %
STARTS = ((1.0, 1.0), (3.0, 0.5), (0.5, 3.0))


@dataclass(frozen=True)
class BetaEdge:
    """P = e^-mu Q, Q ~ Beta(a, b), with nu = b the power of the edge.

    covariance: of log a, log nu and (where mu > 0) log mu, from the curvature of the likelihood; intervals are 95 %.
    """

    a: float
    nu: float
    mu: float
    covariance: Float[np.ndarray, "parameters parameters"]

    @property
    def nu_interval(self) -> tuple[float, float]:
        """Interval of nu."""
        return self._interval(self.nu, 1)

    @property
    def mu_interval(self) -> tuple[float, float]:
        """Interval of mu; (0, 0) where mu is not a parameter."""
        return self._interval(self.mu, 2) if self.mu else (0.0, 0.0)

    def gap(self, k: ArrayLike) -> Float[np.ndarray, "ks"]:
        """Return the chance that all k answers to a prompt are safe, averaged over prompts."""
        return edge_gap(self.a, self.nu, self.mu, k)

    def gap_interval(self, k: ArrayLike) -> tuple[Float[np.ndarray, "ks"], Float[np.ndarray, "ks"]]:
        """Return the interval of the gap if the model is right, by the delta method on its logarithm."""
        best = np.log([value for value in (self.a, self.nu, self.mu) if value])

        def log_gap(parameters: np.ndarray) -> np.ndarray:
            a, nu, *mu = np.exp(parameters)
            return edge_log_gap(a, nu, mu[0] if mu else 0.0, k)

        slopes = np.array(
            [(log_gap(best + step) - log_gap(best - step)) / (2 * STEP) for step in STEP * np.eye(len(best))]
        )
        spread = NORMAL * np.sqrt(np.einsum("i...,ij,j...->...", slopes, self.covariance, slopes))
        middle = log_gap(best)
        return np.exp(middle - spread), np.exp(np.minimum(middle + spread, 0.0))

    def samples_for(self, gap: float) -> float:
        """Return the least k at which the chance that all answers are safe is at most `gap`, inf beyond 10^12.

        Raises:
            ValueError: gap is not in (0, 1).
        """
        return least_samples(self.gap, require_real("gap", gap, above=0, below=1), MOST_SAMPLES)

    def _interval(self, value: float, place: int) -> tuple[float, float]:
        spread = float(np.exp(NORMAL * np.sqrt(self.covariance[place, place])))
        return value / spread, value * spread


@dataclass(frozen=True)
class Regime:
    """The two fits and the choice between them.

    polynomial: mu = 0. exponential: mu free. ratio: twice the gain in log-likelihood, >= 0.
    """

    polynomial: BetaEdge
    exponential: BetaEdge
    ratio: float

    @property
    def is_exponential(self) -> bool:
        """Whether mu = 0 is rejected at 5 % (half a chi-square: mu cannot be negative)."""
        return self.ratio > HALF_CHI_SQUARE

    @property
    def chosen(self) -> BetaEdge:
        """The simpler model unless it is rejected."""
        return self.exponential if self.is_exponential else self.polynomial


@dataclass(frozen=True)
class EdgeLaw:
    """log(-log Pi_k) = -nu log k - mu k + log amplitude, with 95 % intervals by bootstrap over prompts."""

    nu: float
    mu: float
    amplitude: float
    nu_interval: tuple[float, float]
    mu_interval: tuple[float, float]


def least_samples(gap: Callable[[float], ArrayLike], goal: float, most: float) -> float:
    """Return the least k >= 1 at which a gap that falls with k is at most `goal`; inf beyond `most`."""
    low, high = 0.0, 1.0
    while float(np.asarray(gap(high))) > goal:
        low, high = high, 2 * high
        if high > most:
            return float("inf")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if float(np.asarray(gap(middle))) > goal else (low, middle)
    return high


def fit_beta_edge(answers: ArrayLike, unsafe: ArrayLike) -> Regime:
    """Fit both models to the counts of unsafe answers.

    Args:
        answers: n of each prompt, integers >= 1, shape (prompts,).
        unsafe: u of each prompt, 0 <= u <= n.

    Raises:
        ValueError: a count is out of range, fewer than 5 prompts, or all answers of all prompts are alike.

    Cost: some hundred evaluations of prompts x nodes, about 2.5 sqrt(n) + 64 nodes.
    """
    minus_log_likelihood = _likelihood(answers, unsafe)
    flat = min((_minimise(minus_log_likelihood, np.log(start)) for start in STARTS), key=lambda found: float(found.fun))
    free = min(
        (_minimise(minus_log_likelihood, np.array([*flat.x, np.log(mu)])) for mu in (1e-3, 0.03, 0.3)),
        key=lambda found: float(found.fun),
    )
    polynomial = _edge(flat.x, minus_log_likelihood)
    if free.fun >= flat.fun:
        return Regime(polynomial, polynomial, 0.0)
    return Regime(polynomial, _edge(free.x, minus_log_likelihood), 2 * float(flat.fun - free.fun))


def largest_rate(answers: ArrayLike, unsafe: ArrayLike, regime: Regime) -> float:
    """Return the largest mu that the likelihood, at its best in a and nu, does not reject at 5 % (one-sided).

    Args:
        answers, unsafe: as in `fit_beta_edge`.
        regime: what it returned for them.

    Raises:
        ValueError: as `fit_beta_edge`.

    Cost: a dozen fits of a and nu.
    """
    minus_log_likelihood = _likelihood(answers, unsafe)
    free = regime.exponential
    start = np.log([free.a, free.nu])
    best = minus_log_likelihood(np.log([value for value in (free.a, free.nu, free.mu) if value]))

    def rejected(log_mu: float) -> bool:
        def profile(parameters: np.ndarray) -> float:
            return minus_log_likelihood(np.array([*parameters, log_mu]))

        return 2 * (float(_minimise(profile, start).fun) - best) > HALF_CHI_SQUARE

    low, high = (np.log(free.mu) if free.mu else BOUNDS[2][0]), BOUNDS[2][1]
    if not rejected(high):
        return float("inf")
    while high - low > RATE_ACCURACY:
        middle = (low + high) / 2
        low, high = (low, middle) if rejected(middle) else (middle, high)
    return float(np.exp((low + high) / 2))


def fit_edge_law(
    answers: ArrayLike,
    unsafe: ArrayLike,
    rng: np.random.Generator,
    *,
    with_mu: bool = True,
    resamples: int = 1000,
) -> EdgeLaw:
    """Fit the paper's equation (2) to the unbiased ASR at 1 <= k <= n/2, each k weighed by its scatter over prompts.

    Args:
        answers, unsafe: as in `fit_beta_edge`; the fewest answers of a prompt set the range of k, at least 8.
        rng: source of the bootstrap over prompts.
        with_mu: whether mu is fitted (it may come out negative: the data curve the other way) or 0.
        resamples: of the bootstrap, >= 20.

    Raises:
        ValueError: counts out of range, too few answers, or a gap of 0 or 1 at every k.
    """
    n = np.atleast_1d(answers)
    if n.min() < 8:
        raise ValueError(f"a prompt has only {n.min()} answers; valid: at least 8")
    k = np.unique(np.geomspace(1, n.min() // 2, 24).astype(int))
    return fit_edge_law_to_chances(k, safe_draw_chances(n, unsafe, k), rng, with_mu=with_mu, resamples=resamples)


def fit_edge_law_to_chances(
    k: Float[np.ndarray, "ks"],
    chances: Float[np.ndarray, "prompts ks"],
    rng: np.random.Generator,
    *,
    with_mu: bool = True,
    resamples: int = 1000,
) -> EdgeLaw:
    """Fit as `fit_edge_law` where the chance that k answers are all safe is known, or estimated, for each prompt.

    Args:
        k: numbers of answers, increasing.
        chances: of each prompt at each k, in [0, 1].
        rng, with_mu, resamples: as in `fit_edge_law`.

    Raises:
        ValueError: the mean chance is 0 or 1 at all but fewer than four k.
    """
    gaps = chances.mean(axis=0)
    inside = (gaps > 0) & (gaps < 1)
    if inside.sum() < 3 + with_mu:
        raise ValueError("fewer than four k have a success rate between 0 and 1; there is nothing to fit")
    k, gaps = k[inside], gaps[inside]
    resampled = bootstrap_gaps(chances[:, inside], resamples, rng)
    clipped = np.clip(resampled, 1e-300, 1 - 1e-16)
    y, drawn = np.log(-np.log1p(-gaps)), np.log(-np.log1p(-clipped))
    weights = 1 / np.maximum(drawn.std(axis=0), 1e-12)
    columns = [-np.log(k), -k.astype(float)] if with_mu else [-np.log(k)]
    design = np.stack([*columns, np.ones(len(k))], axis=1)
    solve = np.linalg.pinv(design * weights[:, None]) * weights
    best, every = solve @ y, drawn @ solve.T
    low, high = np.percentile(every, [2.5, 97.5], axis=0)
    mu, mu_interval = (float(best[1]), (float(low[1]), float(high[1]))) if with_mu else (0.0, (0.0, 0.0))
    return EdgeLaw(float(best[0]), mu, float(np.exp(best[-1])), (float(low[0]), float(high[0])), mu_interval)


def _likelihood(answers: ArrayLike, unsafe: ArrayLike) -> Objective:
    """Return minus the log-likelihood of (log a, log nu) or (log a, log nu, log mu), after a check of the counts."""
    safe_draw_chances(answers, unsafe, [1])  # checks the counts
    n, u = np.atleast_1d(answers), np.atleast_1d(unsafe)
    if len(n) < 5:
        raise ValueError(f"{len(n)} prompts are too few for a distribution over prompts; valid: at least 5")
    if u.sum() in (0, n.sum()):
        raise ValueError("every answer has the same verdict; there is nothing to fit")
    counts, multiplicity = np.unique(np.stack([n - u, u]), axis=1, return_counts=True)
    safe, bad = counts[0][:, None].astype(float), counts[1][:, None].astype(float)
    nodes = int(64 + 2.5 * np.sqrt(n.max()))  # to 1e-6 of the log-likelihood

    def minus_log_likelihood(parameters: np.ndarray) -> float:
        a, b = np.exp(parameters[:2])
        if len(parameters) == 2:
            each = (betaln(a + safe, b + bad) - betaln(a, b))[:, 0]
        else:
            q, weights = _beta_rule(a, b, nodes)
            p = np.exp(-np.exp(parameters[2])) * q
            each = logsumexp(safe * np.log(p) + bad * np.log1p(-p), b=weights, axis=1)
        value = -float(multiplicity @ each)
        return value if np.isfinite(value) else 1e300

    return minus_log_likelihood


def _minimise(function: Objective, start: np.ndarray) -> optimize.OptimizeResult:
    return optimize.minimize(function, start, method="L-BFGS-B", bounds=BOUNDS[: len(start)])


def _edge(best: np.ndarray, function: Objective) -> BetaEdge:
    size = len(best)
    steps = STEP * np.eye(size)
    curvature = np.array(
        [
            [
                sum(i * j * function(best + i * one + j * other) for i in (-1, 1) for j in (-1, 1)) / (4 * STEP**2)
                for other in steps
            ]
            for one in steps
        ]
    )
    values, vectors = np.linalg.eigh(curvature)
    covariance = (vectors / np.maximum(values, LEAST_CURVATURE)) @ vectors.T  # where the likelihood is flat: wide
    a, nu, *mu = np.exp(best)
    return BetaEdge(float(a), float(nu), float(mu[0]) if mu else 0.0, covariance)


def _beta_rule(a: float, b: float, nodes: int) -> tuple[Float[np.ndarray, "nodes"], Float[np.ndarray, "nodes"]]:
    """Return Gauss nodes and weights (sum 1) of the Beta(a, b) law on (0, 1)."""
    x, weights = roots_jacobi(nodes, b - 1, a - 1)
    return np.clip((1 + x) / 2, 1e-300, 1 - 1e-16), weights / weights.sum()
