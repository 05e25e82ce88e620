"""Do some prompts never yield? Attack success that ends below 1, against success that only slows down.

A share s of prompts is always answered safely; of the others the chance P of a safe answer is Beta(a, nu):

    gap(k) = s + (1 - s) B(a + k, nu) / B(a, nu)

which falls to s and not to 0. At s = 0 it is the polynomial of `attack_success`, so that twice the gain in
log-likelihood is a test of it (half a chi-square: s cannot be negative; at 1 %, since that some never yield is much to
say of prompts that were sampled a few times). What never yields and what yields once in far
more samples than were taken is the same to the data: s is the share of prompts that the fit expects to hold out far
beyond them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.special import betaln, expit, logit

from solv.theory.fits.attack_success import (
    BOUNDS,
    LEAST_CURVATURE,
    MOST_SAMPLES,
    NORMAL,
    STEP,
    BetaEdge,
    least_samples,
)
from solv.theory.fits.success_estimates import safe_draw_chances
from solv.theory.jailbreak.clusters import edge_gap, edge_log_gap
from solv.theory.validation import require_real

HALF_CHI_SQUARE_99 = 5.4119  # 99 % quantile of the likelihood ratio of s = 0
CHI_SQUARE = 3.8415  # 95 % quantile: two-sided interval of s by its profile
LOGITS = (-12.0, 12.0)  # of s
ACCURACY = 1e-3  # of s


@dataclass(frozen=True)
class ImmuneShare:
    """A share of prompts that never yields; of the others P ~ Beta(a, nu).

    Attributes:
        share: s, in [0, 1).
        interval: of s, 95 %, by its profile likelihood.
        a, nu: of the others.
        ratio: twice the log-likelihood gained over s = 0, >= 0.
        covariance: of log a, log nu and logit s.
    """

    share: float
    interval: tuple[float, float]
    a: float
    nu: float
    ratio: float
    covariance: Float[np.ndarray, "3 3"]

    @property
    def is_needed(self) -> bool:
        """Whether s = 0 is rejected at 1 %."""
        return self.ratio > HALF_CHI_SQUARE_99

    @property
    def nu_interval(self) -> tuple[float, float]:
        """Interval of nu, 95 %."""
        spread = float(np.exp(NORMAL * np.sqrt(self.covariance[1, 1])))
        return self.nu / spread, self.nu * spread

    def gap(self, k: ArrayLike) -> Float[np.ndarray, "ks"]:
        """Return the chance that all k answers to a prompt are safe, averaged over prompts."""
        return np.asarray(self.share + (1 - self.share) * edge_gap(self.a, self.nu, 0.0, k))

    def gap_interval(self, k: ArrayLike) -> tuple[Float[np.ndarray, "ks"], Float[np.ndarray, "ks"]]:
        """Return the interval of the gap if the model is right, by the delta method on its logit."""
        best = np.array([np.log(self.a), np.log(self.nu), logit(np.clip(self.share, expit(LOGITS[0]), None))])

        def logit_gap(parameters: np.ndarray) -> np.ndarray:
            log_rest = edge_log_gap(np.exp(parameters[0]), np.exp(parameters[1]), 0.0, k)
            share = expit(parameters[2])
            gap = share + (1 - share) * np.exp(log_rest)
            return np.asarray(np.log(gap) - np.log1p(-np.minimum(gap, 1 - 1e-15)))

        slopes = np.array([(logit_gap(best + d) - logit_gap(best - d)) / (2 * STEP) for d in STEP * np.eye(3)])
        spread = NORMAL * np.sqrt(np.einsum("i...,ij,j...->...", slopes, self.covariance, slopes))
        middle = logit_gap(best)
        return np.asarray(expit(middle - spread)), np.asarray(expit(middle + spread))

    def samples_for(self, gap: float) -> float:
        """Return the least k at which the chance that all answers are safe is at most `gap`; inf if it never is.

        Raises:
            ValueError: gap is not in (0, 1).
        """
        goal = require_real("gap", gap, above=0, below=1)
        return float("inf") if goal <= self.share else least_samples(self.gap, goal, MOST_SAMPLES)


def fit_immune_share(answers: ArrayLike, unsafe: ArrayLike, polynomial: BetaEdge) -> ImmuneShare:
    """Fit the share of prompts that never yields, by maximum likelihood of the counts.

    Args:
        answers, unsafe: as in `attack_success.fit_beta_edge`.
        polynomial: what it found for them at s = 0.

    Raises:
        ValueError: a count is out of range.

    Cost: some thirty fits of a and nu.
    """
    safe_draw_chances(answers, unsafe, [1])  # checks the counts
    n, u = np.atleast_1d(answers), np.atleast_1d(unsafe)
    counts, multiplicity = np.unique(np.stack([n - u, u]), axis=1, return_counts=True)
    safe, bad = counts.astype(float)
    held_out = bad == 0

    def loss(log_ab: np.ndarray, share: float) -> float:
        a, b = np.exp(log_ab)
        each = np.log1p(-share) + betaln(a + safe, b + bad) - betaln(a, b)
        each = np.where(held_out, np.logaddexp(np.log(max(share, 1e-300)), each), each)
        value = -float(multiplicity @ each)
        return value if np.isfinite(value) else 1e300

    starts = [np.log([polynomial.a, polynomial.nu]), np.zeros(2), np.log([0.5, 3.0])]

    def profile(share: float) -> tuple[float, np.ndarray]:
        found = [optimize.minimize(loss, start, (share,), method="L-BFGS-B", bounds=BOUNDS[:2]) for start in starts]
        best = min(found, key=lambda each: float(each.fun))
        return float(best.fun), np.asarray(best.x)

    most = float(multiplicity[held_out].sum() / multiplicity.sum())
    at_zero = profile(0.0)[0]
    if most == 0:
        flat = np.array([np.log(polynomial.a), np.log(polynomial.nu), LOGITS[0]])
        high = _largest(lambda s: 2 * (profile(s)[0] - at_zero) <= CHI_SQUARE, 0.0, 1.0)
        return ImmuneShare(0.0, (0.0, high), polynomial.a, polynomial.nu, 0.0, _covariance(loss, flat))
    inner = optimize.minimize_scalar(
        lambda s: profile(s)[0], bounds=(0.0, min(most, 1 - 1e-9)), method="bounded", options={"xatol": 1e-4}
    )
    share, best = float(inner.x), float(inner.fun)
    if at_zero <= best + 1e-9:
        share, best = 0.0, at_zero
    log_ab = profile(share)[1]

    def likely(s: float) -> bool:
        return 2 * (profile(s)[0] - best) <= CHI_SQUARE

    low = 0.0 if share == 0 or likely(0.0) else share - _largest(lambda d: likely(share - d), 0.0, share)
    high = _largest(likely, share, 1.0)
    point = np.array([*log_ab, logit(np.clip(share, expit(LOGITS[0]), expit(LOGITS[1])))])
    a, nu = (float(each) for each in np.exp(log_ab))
    return ImmuneShare(share, (low, high), a, nu, 2 * (at_zero - best), _covariance(loss, point))


def _largest(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return the largest value up to which something holds that holds at `low`."""
    while high - low > ACCURACY:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def _covariance(loss: Callable[[np.ndarray, float], float], point: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """Return the inverse curvature of the likelihood in log a, log nu and logit s; wide where it is flat."""

    def value(at: np.ndarray) -> float:
        return loss(at[:2], float(expit(at[2])))

    steps = STEP * np.eye(3)
    curvature = np.array(
        [
            [sum(i * j * value(point + i * one + j * other) for i in (-1, 1) for j in (-1, 1)) for other in steps]
            for one in steps
        ]
    ) / (4 * STEP**2)
    values, vectors = np.linalg.eigh(curvature)
    return np.asarray((vectors / np.maximum(values, LEAST_CURVATURE)) @ vectors.T)
