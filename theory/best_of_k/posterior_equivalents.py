"""What remains of data, teacher and judge in Bayesian linear regression as the dimension grows?

Notation (best-of-k spec, sections 1 and 2; model of Halder and Pehlevan, arXiv:2512.19905; formulas derived there)

| symbol | name | shape / range |
|---|---|---|
| lam | eigenvalues of the input covariance, features phi = x / sqrt(d) | (modes,), >= 0 |
| <f> | mean over the modes | - |
| alpha = n / d | training samples per dimension | > 0 |
| sigma0 | label noise of the teacher | >= 0 |
| sigma, gamma | noise and prior deviation the model believes in; lambda = sigma^2 / gamma^2 | >= 0, not both 0 |
| w_T, w_R | weights of the teacher and of the judge | (modes,) |
| m, s2 | mean and variance of the posterior predictive at a test point | s2 >= 0 |
| t = y_T - m, a = y_R - m | teacher's and judge's answer relative to m: centred Gaussian over test points | - |
| D2, Va, Cta | variance of t, variance of a, their covariance | `Equivalents` |
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.random_matrix import degrees_of_freedom, resolved_fraction, ridge_fixed_point
from solv.theory.validation import require_integer, require_real

THRESHOLD_MARGIN = 1e-12  # 1 - g below this is the interpolation threshold


@dataclass(frozen=True)
class WeightMoments:
    """Second moments per mode of teacher and judge: all that the theory needs to know of their weights.

    Attributes:
        teacher: w_T^2, shape (modes,).
        cross: (w_R - w_T) w_T.
        offset: (w_R - w_T)^2.
    """

    teacher: Float[np.ndarray, "modes"]
    cross: Float[np.ndarray, "modes"]
    offset: Float[np.ndarray, "modes"]

    @classmethod
    def of_vectors(cls, teacher: ArrayLike, judge: ArrayLike) -> "WeightMoments":
        """Return the moments of given weight vectors of shape (modes,), in the eigenbasis of the covariance."""
        w_teacher, w_judge = require_vector("teacher", teacher), require_vector("judge", judge)
        require_length("judge", w_judge, w_teacher.size)
        difference = w_judge - w_teacher
        return cls(w_teacher**2, difference * w_teacher, difference**2)

    @classmethod
    def of_random_judge(cls, modes: int, mis: float = 0.0, scale: float = 0.0) -> "WeightMoments":
        """Return the typical moments of w_R = (1 + scale) w_T + mis R: w_T^2 = 1, R independent of unit variance.

        Args:
            modes: number of modes, >= 1.
            mis: misspecification, >= 0.
            scale: the c of experiment E3, any real.
        """
        ones = np.ones(require_integer("modes", modes, least=1))
        mis, scale = require_real("mis", mis, least=0), require_real("scale", scale)
        return cls(ones, scale * ones, (scale**2 + mis**2) * ones)


@dataclass(frozen=True)
class Equivalents:
    """What remains of data, teacher and judge as d -> infinity: t = y_T - m and a = y_R - m are centred Gaussian.

    Attributes:
        kappa: renormalised ridge, equation (1).
        bias_variance: D2, variance of t over test points, equation (2).
        predictive_variance: s2, variance of one sample around the predictive mean m, equation (3).
        judge_variance: Va, variance of a, equation (4).
        covariance: Cta, covariance of t and a, equation (4).
    """

    kappa: float
    bias_variance: float
    predictive_variance: float
    judge_variance: float
    covariance: float

    def __post_init__(self) -> None:
        """Refuse variances that no pair (t, a) has."""
        require_real("kappa", self.kappa, least=0, infinite=True)
        d2 = require_real("bias_variance", self.bias_variance, least=0)
        require_real("predictive_variance", self.predictive_variance, least=0)
        va = require_real("judge_variance", self.judge_variance, least=0)
        bound = math.sqrt(d2 * va)
        if not abs(self.covariance) <= bound * (1 + 1e-9) + 1e-15:
            raise ValueError(f"covariance = {self.covariance} is out of range; valid: within +-{bound:g} = sqrt(D2 Va)")

    def extrapolating(self, c: float) -> "Equivalents":
        """Return these with a judge that extrapolates from m through the teacher, y_R = y_T + c (y_T - m).

        The paper's family of judges: a = (1 + c) t, so that Va = (1 + c)^2 D2 and Cta = (1 + c) D2. c = 0 is the
        teacher, c = -1 a judge that agrees with m.
        """
        c, d2 = require_real("c", c), self.bias_variance
        return Equivalents(self.kappa, d2, self.predictive_variance, (1 + c) ** 2 * d2, (1 + c) * d2)

    @property
    def difficulty(self) -> float:
        """D2 / s2: how far the truth lies outside the model's own beliefs. The 1/k^2 law needs less than 1/2."""
        return self.bias_variance / self.predictive_variance if self.predictive_variance > 0 else math.inf

    @property
    def regression(self) -> float:
        """Regression beta = Cta / Va, the best guess of t per unit of a; 0 where the judge agrees with m everywhere."""
        return self.covariance / self.judge_variance if self.judge_variance > 0 else 0.0

    @property
    def unexplained_variance(self) -> float:
        """D2 - Cta^2 / Va, the part of t that the judge's answer does not tell."""
        return max(self.bias_variance - self.regression * self.covariance, 0.0)


def deterministic_equivalents(
    alpha: float,
    sigma0: float,
    sigma: float,
    gamma: float,
    eigenvalues: ArrayLike,
    teacher: ArrayLike,
    judge: ArrayLike,
) -> Equivalents:
    """Return kappa, D2, s2, Va and Cta for given weight vectors (spec equations (1)-(4)).

    Args:
        alpha: training samples per dimension, > 0.
        sigma0: label noise, >= 0.
        sigma: noise deviation in the model's likelihood, >= 0.
        gamma: prior deviation, >= 0; sigma and gamma are not both 0.
        eigenvalues: lam, shape (modes,), >= 0.
        teacher, judge: w_T and w_R in the eigenbasis, shape (modes,).

    Raises:
        ValueError: an argument out of range, or sigma = 0 at the interpolation threshold, where D2 diverges.

    Cost: about 10 passes over the modes.
    """
    return equivalents_from_moments(alpha, sigma0, sigma, gamma, eigenvalues, WeightMoments.of_vectors(teacher, judge))


def equivalents_from_moments(
    alpha: float,
    sigma0: float,
    sigma: float,
    gamma: float,
    eigenvalues: ArrayLike,
    moments: WeightMoments,
    *,
    one_point: bool = False,
) -> Equivalents:
    """Return the same as `deterministic_equivalents` from second moments per mode, without drawing any weights.

    The limits sigma -> 0 (lambda = 0) and gamma -> 0 (lambda = inf, the posterior is the prior mean) are included:
    equation (3) enters as s2 = sigma^2 + gamma^2 kappa <lam / (lam + kappa)>.

    Args:
        alpha, sigma0, sigma, gamma, eigenvalues: as in `deterministic_equivalents`.
        moments: of teacher and judge, one entry per mode.
        one_point: whether D2 is what the paper's Result 1 says, kappa^2 <lam w_T^2/(lam + kappa)^2>: the mean weights
            are replaced by their average over training sets, which leaves out their scatter: the factor 1 / (1 - g) and
            the noise sigma0^2 g. Right as d/n -> 0 only: at n = 2 d it is 5.7 times too small.
    """
    alpha = require_real("alpha", alpha, above=0)
    sigma0 = require_real("sigma0", sigma0, least=0)
    sigma, gamma = require_real("sigma", sigma, least=0), require_real("gamma", gamma, least=0)
    if sigma == 0 and gamma == 0:
        raise ValueError("sigma = 0 with gamma = 0 leaves no belief to sample from; valid: sigma > 0 or gamma > 0")
    lam = require_vector("eigenvalues", eigenvalues)
    for name in ("teacher", "cross", "offset"):
        require_length(name, getattr(moments, name), lam.size)
    lambda_ = (sigma / gamma) ** 2 if gamma > 0 else math.inf
    kappa = float(ridge_fixed_point(lambda_, alpha, lam))
    learned = resolved_fraction(np.asarray(kappa), lam)
    missed = 1 - learned
    g = float(degrees_of_freedom(kappa, lam, order=2)) / alpha
    if 1 - g <= THRESHOLD_MARGIN:
        raise ValueError(f"alpha = {alpha} with sigma = {sigma} is the interpolation threshold; valid: sigma > 0 there")
    d2 = float(np.mean(lam * moments.teacher * missed**2))
    if not one_point:
        d2 = (d2 + sigma0**2 * g) / (1 - g)
    prior_part = kappa * float(np.mean(learned)) if math.isfinite(kappa) else float(np.mean(lam))
    s2 = sigma**2 + gamma**2 * prior_part
    a_term = float(np.mean(lam * missed * moments.cross))
    b_term = float(np.mean(lam * moments.offset))
    return Equivalents(kappa, d2, s2, max(d2 + 2 * a_term + b_term, 0.0), d2 + a_term)


def require_vector(name: str, value: ArrayLike) -> Float[np.ndarray, "modes"]:
    """Return `value` as a vector of finite numbers, or raise `ValueError`; a number counts as one entry."""
    vector = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if vector.ndim != 1 or vector.size == 0 or not np.all(np.isfinite(vector)):
        raise ValueError(f"{name} of shape {vector.shape} is not a vector; valid: finite numbers of shape (modes,)")
    return vector


def require_length(name: str, vector: Float[np.ndarray, "modes"], modes: int) -> None:
    """Raise `ValueError` unless the vector has one entry per mode."""
    if vector.shape != (modes,):
        raise ValueError(f"{name} of shape {vector.shape} does not match the modes; valid: shape ({modes},)")
