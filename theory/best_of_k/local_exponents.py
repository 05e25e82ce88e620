"""What does one more sample buy, and what one more training point? Local exponents at T = 0, the teacher as judge.

Notation (Halder and Pehlevan, arXiv:2512.19905, Result 3, Remarks 5 and 6; isotropic inputs)

| symbol | name | shape / range |
|---|---|---|
| d/n | the paper's alpha: dimensions per training sample (1 / alpha of `posterior_equivalents`) | > 0 |
| sigma, gamma | label noise, which the model believes in; prior deviation | > 0 |
| S2 | variance of an input | > 0 |
| signal | abs(w_T)^2 / d | >= 0 |
| R | renormalised ridge, R = (d/n) (sigma^2/gamma^2 + R S2 / (S2 + R)) | > 0 |
| U | u^T Sigma u / d = S2 signal R^2 / (S2 + R)^2, the paper's D2: a one-point equivalent | >= 0 |
| delta | error; the paper: (pi sigma^2 / k^2) / sqrt(1 - 2 U / sigma^2) | > 0 |
"""

import math
from dataclasses import dataclass

import numpy as np

from solv.theory.best_of_k.posterior_equivalents import Equivalents, WeightMoments, equivalents_from_moments
from solv.theory.best_of_k.selection import inverse_square_coefficient, selection_error
from solv.theory.random_matrix import ridge_fixed_point
from solv.theory.validation import require_real

STEP = 1e-4  # of log n, in central differences


@dataclass(frozen=True)
class Regression:
    """The paper's regression: isotropic inputs, one noise.

    Attributes:
        d_over_n: dimensions per training sample, > 0.
        sigma: label noise and the model's belief, > 0.
        gamma: prior deviation of the weights, > 0.
        signal: abs(w_T)^2 / d, >= 0.
        input_variance: S^2, > 0.
    """

    d_over_n: float
    sigma: float
    gamma: float
    signal: float = 1.0
    input_variance: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values outside the ranges above."""
        for name in ("d_over_n", "sigma", "gamma", "input_variance"):
            require_real(name, getattr(self, name), above=0)
        require_real("signal", self.signal, least=0)

    def with_data(self, factor: float) -> "Regression":
        """Return the same with `factor` times the training samples."""
        return Regression(self.d_over_n / factor, self.sigma, self.gamma, self.signal, self.input_variance)

    def equivalents(self, *, one_point: bool = False) -> Equivalents:
        """Return the deterministic equivalents with the teacher as judge.

        Args:
            one_point: whether D2 is the paper's one-point equivalent (see `equivalents_from_moments`).
        """
        moments = WeightMoments(np.array([self.signal]), np.zeros(1), np.zeros(1))
        return equivalents_from_moments(
            1 / self.d_over_n,
            self.sigma,
            self.sigma,
            self.gamma,
            [self.input_variance],
            moments,
            one_point=one_point,
        )


def ridge(regression: Regression) -> float:
    """Return R (the paper's closed form is the positive root of the same quadratic)."""
    ratio = (regression.sigma / regression.gamma) ** 2
    return float(ridge_fixed_point(ratio, 1 / regression.d_over_n, [regression.input_variance]))


def one_point_coefficient(regression: Regression, *, small_ridge: bool = False) -> float:
    """Return the paper's k^2 delta = pi sigma^2 / sqrt(1 - 2 U / sigma^2) (Remark 5); inf where 2 U >= sigma^2.

    Args:
        regression: the regression.
        small_ridge: whether U is taken to lowest order in R, as in the paper's figure: U = signal R_0^2 / S2 with
            R_0 = (d/n) sigma^2 / gamma^2.
    """
    if small_ridge:
        bias = regression.signal * (regression.d_over_n * (regression.sigma / regression.gamma) ** 2) ** 2
        bias /= regression.input_variance
    else:
        bias = _one_point_bias(regression)
    margin = 1 - 2 * bias / regression.sigma**2
    return math.pi * regression.sigma**2 / math.sqrt(margin) if margin > 0 else math.inf


def one_point_data_exponent(regression: Regression) -> float:
    """Return -d log delta / d log n of the paper's law, -(d/n) U' / (sigma^2 - 2 U) in modulus (Remark 6, eq. (24)).

    U' is the derivative by d/n, with dR/d(d/n) = (R n/d) / (1 - (d/n) S2^2 / (S2 + R)^2). To be compared with 2, the
    exponent of k.

    Returns:
        The exponent, >= 0; inf where 2 U >= sigma^2 and the law is none.
    """
    r, s2 = ridge(regression), regression.input_variance
    bias = _one_point_bias(regression)
    left = regression.sigma**2 - 2 * bias
    if left <= 0:
        return math.inf
    growth = r / (1 - regression.d_over_n * (s2 / (s2 + r)) ** 2)  # d R / d log(d/n)
    return 2 * bias * s2 / (r * (s2 + r)) * growth / left


def data_exponent(regression: Regression, k: float = math.inf) -> float:
    """Return -d log delta / d log n of the exact law, at T = 0 with the teacher as judge.

    Args:
        regression: the regression.
        k: samples; inf: of the coefficient of 1 / k^2, inf where there is none (2 D2 >= s2).

    Accuracy: 1e-6 absolute (central difference in log n).
    """
    few, many = (_exact(regression.with_data(math.exp(sign * STEP)), k) for sign in (-1, 1))
    return math.inf if math.isinf(few) else -(math.log(many) - math.log(few)) / (2 * STEP)


def sample_exponent(regression: Regression, k: int, factor: float = 2.0) -> float:
    """Return -log(delta(factor k) / delta(k)) / log(factor) of the exact law, at T = 0 with the teacher as judge."""
    more = round(k * factor)
    errors = selection_error(regression.equivalents(), [k, more], 0.0)
    return -math.log(errors[1] / errors[0]) / math.log(more / k)


def _exact(regression: Regression, k: float) -> float:
    judged = regression.equivalents()
    return inverse_square_coefficient(judged) if math.isinf(k) else float(selection_error(judged, k, 0.0)[0])


def _one_point_bias(regression: Regression) -> float:
    return regression.equivalents(one_point=True).bias_variance
