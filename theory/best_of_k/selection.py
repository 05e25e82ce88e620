"""What error does the sample picked by a judge among k posterior samples have, against k, temperature, judge and data?

Notation (best-of-k spec; model of Halder and Pehlevan, arXiv:2512.19905; formulas derived in the spec)

| symbol | name | shape / range |
|---|---|---|
| kappa, D2, s2, Va, Cta | deterministic equivalents, equations (1)-(4) | `posterior_equivalents.Equivalents` |
| alpha, sigma0, sigma, gamma, lam, w_T, w_R | data, beliefs and weights | `posterior_equivalents` |
| reward -(y - w_R.phi)^2 | what the judge maximises | <= 0 |
| k, T | samples; temperature: sample i is picked with probability softmax(reward / T) | k in [1, inf], T in [0, inf] |
| eps(k, T) | error E (y_selected - w_T.phi)^2 against the noise-free target | >= 0 |
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from solv.theory.best_of_k.posterior_equivalents import (
    Equivalents,
    WeightMoments,
    deterministic_equivalents,
    equivalents_from_moments,
    require_vector,
)
from solv.theory.best_of_k.selection_moments import selected_squared_distance
from solv.theory.random_matrix import resolved_fraction
from solv.theory.validation import require_integer, require_real

__all__ = [
    "DataVersusSamples",
    "Equivalents",
    "Optimum",
    "WeightMoments",
    "best_judge",
    "data_versus_samples",
    "decay_exponent",
    "deterministic_equivalents",
    "equivalents_from_moments",
    "inverse_square_coefficient",
    "optimal_samples",
    "optimal_temperature",
    "selection_error",
]

JUDGE_REACH = 9.0  # standard deviations of the judge's answer that are averaged over
JUDGE_STEP = 0.25  # spacing of the judge's answer in units of min(its own deviation, deviation of a sample)
MOST_JUDGE_NODES = 600
JUDGE_CHUNK = math.ceil(JUDGE_REACH / JUDGE_STEP)  # the nodes of a judge that moves less than the samples: one pass


@dataclass(frozen=True)
class Optimum:
    """Where the error is least, and the error there. An argument of inf: the error falls to its limit there."""

    argument: float
    error: float


@dataclass(frozen=True)
class DataVersusSamples:
    """Error over training data and samples, and which of the two is better doubled.

    Attributes:
        alpha: (alphas,) training samples per dimension.
        k: (ks,) samples drawn at test time.
        error: (alphas, ks) eps(alpha, k).
        doubled_data: (alphas, ks) eps(2 alpha, k).
        doubled_samples: (alphas, ks) eps(alpha, 2 k).
    """

    alpha: Float[np.ndarray, "alphas"]
    k: Float[np.ndarray, "ks"]
    error: Float[np.ndarray, "alphas ks"]
    doubled_data: Float[np.ndarray, "alphas ks"]
    doubled_samples: Float[np.ndarray, "alphas ks"]

    @property
    def samples_win(self) -> Bool[np.ndarray, "alphas ks"]:
        """Where doubling k lowers the error more than doubling n: the two cost the same on the boundary."""
        return np.asarray(self.doubled_samples < self.doubled_data)


def selection_error(equivalents: Equivalents, k: ArrayLike, temperature: float) -> Float[np.ndarray, "ks"]:
    """Return eps(k, T) for every k (spec equations (5) and (6)), exact in the limit d -> infinity at fixed k.

    k = 1 and T = inf (no selection), k = inf, T = 0 and s2 = 0 take their closed or limiting forms.

    Accuracy: about 1e-7 relative (1e-6 where 2 D2 is just below s2, T = 0 and k > 10^5); the
    selection probabilities are checked to sum to 1 within 1e-6.

    Args:
        equivalents: D2, s2, Va, Cta.
        k: integers >= 1 (rounding limits them to about 10^10) or inf, a scalar or shape (ks,).
        temperature: T in [0, inf].

    Raises:
        ValueError: k or temperature out of range.
        ArithmeticError: the probability check failed.

    Cost: one pass for all k, about 10-60 ms (T > 0; most where T << s2) plus 1 ms per k; grows as sqrt(Va / s2).
    """
    counts = _require_counts(k)
    temperature = require_real("temperature", temperature, least=0, infinite=True)
    s2, va, beta = equivalents.predictive_variance, equivalents.judge_variance, equivalents.regression
    error = np.empty(counts.size)
    endless = np.isinf(counts)
    error[endless] = _endless_error(equivalents, temperature)
    if np.all(endless) or s2 == 0:
        error[~endless] = equivalents.bias_variance
        return error
    finite = counts[~endless].astype(np.int64)
    total = np.full(finite.size, equivalents.unexplained_variance)
    answers, weights = _judge_quadrature(va, s2 * _smoothness(temperature / s2, finite.max(initial=1)) ** 2)
    for start in range(0, answers.size, JUDGE_CHUNK):
        a, weight = answers[start : start + JUDGE_CHUNK], weights[start : start + JUDGE_CHUNK]
        total += selected_squared_distance(a, (1 - beta) * a, s2, finite, temperature) @ weight
    error[~endless] = total
    return error


def inverse_square_coefficient(equivalents: Equivalents) -> float:
    """Return C of eps ~ C / k^2 for best-of-k (T = 0) with the teacher as judge (spec equation (7)).

    C = pi s2 / sqrt(1 - 2 D2 / s2) where 2 D2 < s2. Otherwise rare hard points dominate: the decay is slower than
    1 / k^2 and C is inf (see `decay_exponent`).

    Raises:
        ValueError: the judge is not the teacher (Va and Cta differ from D2).
    """
    _require_teacher_as_judge(equivalents)
    s2 = equivalents.predictive_variance
    margin = s2 - 2 * equivalents.bias_variance
    return math.pi * s2 * math.sqrt(s2 / margin) if margin > 0 else math.inf


def decay_exponent(equivalents: Equivalents) -> float:
    """Return x of eps ~ k^-x up to logarithms, T = 0, teacher as judge: 2 if 2 D2 <= s2, else s2 / D2.

    Points with |t| beyond the largest of k samples, z with p(z) s2 / z = 1/k, decide: their probability, times the
    squared distance (s2 / z)^2 by which they are missed, is k^-x (log k)^((x - 3) / 2) up to a constant, x = s2 / D2.
    Derived here, not in the paper.

    Raises:
        ValueError: the judge is not the teacher.
    """
    _require_teacher_as_judge(equivalents)
    return min(2.0, 1 / equivalents.difficulty) if equivalents.bias_variance > 0 else 2.0


def optimal_samples(equivalents: Equivalents, temperature: float, most: int = 10**6) -> Optimum:
    """Return the k that minimises eps(k, T) over 1..most and the limit k = inf (argument inf: more is always better).

    Args:
        equivalents: D2, s2, Va, Cta.
        temperature: T in [0, inf]; at inf every k is alike and 1 is returned.
        most: largest finite k compared, integer >= 1.

    Cost: two calls of `selection_error` with about 100 values of k.
    """
    most = require_integer("most", most, least=1)
    coarse = np.unique(np.concatenate([np.arange(1, min(most, 32) + 1), np.geomspace(1, most, 97).round()]))
    error = selection_error(equivalents, coarse, temperature)
    best = int(np.argmin(error))
    low, high = coarse[max(best - 1, 0)], coarse[min(best + 1, coarse.size - 1)]
    fine = np.unique(np.linspace(low, high, 65).round())
    fine_error = selection_error(equivalents, fine, temperature)
    best = int(np.argmin(fine_error))
    endless = float(selection_error(equivalents, math.inf, temperature)[0])
    if endless < fine_error[best] * (1 - 1e-9):
        return Optimum(math.inf, endless)
    return Optimum(float(fine[best]), float(fine_error[best]))


def optimal_temperature(equivalents: Equivalents, k: float, tolerance: float = 1e-4) -> Optimum:
    """Return the T in [0, inf] that minimises eps(k, T).

    A scan over T / s2 in [1e-4, 1e3], the two ends included, then Brent's method in log T around the best point.

    Args:
        equivalents: D2, s2 > 0, Va, Cta.
        k: integer >= 2 or inf.
        tolerance: relative accuracy of T, in (0, 1).

    Cost: about 60 calls of `selection_error`.
    """
    counts = _require_counts(k)
    if counts.size != 1 or counts[0] < 2:
        raise ValueError(f"k = {k} selects nothing; valid: one integer >= 2, or inf")
    tolerance = require_real("tolerance", tolerance, above=0, below=1)
    s2 = require_real("predictive_variance", equivalents.predictive_variance, above=0)

    def error_at(log_temperature: float) -> float:
        return float(selection_error(equivalents, counts, math.exp(log_temperature))[0])

    grid = math.log(s2) + np.linspace(math.log(1e-4), math.log(1e3), 36)
    errors = [error_at(position) for position in grid]
    best = int(np.argmin(errors))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    refined = minimize_scalar(error_at, bounds=(low, high), method="bounded", options={"xatol": tolerance})
    candidates = [Optimum(t, float(selection_error(equivalents, counts, t)[0])) for t in (0.0, math.inf)]
    candidates.append(Optimum(math.exp(refined.x), float(refined.fun)))
    return min(candidates, key=lambda candidate: candidate.error)


def best_judge(
    temperature: float, alpha: float, sigma: float, gamma: float, eigenvalues: ArrayLike, teacher: ArrayLike
) -> Float[np.ndarray, "modes"]:
    """Return the judge that minimises eps(k = inf, T): w_R - w_T = T / (2 s2) * kappa / (lam + kappa) * w_T.

    At finite temperature the selected sample stays short of the judge's answer by the factor 1 / (1 + T / (2 s2)), so
    the best judge overshoots the teacher, most in the modes the model has learned least. Derived here from the k = inf
    limit of equation (5); at T = 0 the best judge is the teacher.

    Args and raises: as in `deterministic_equivalents`; temperature in [0, inf).
    """
    temperature = require_real("temperature", temperature, least=0)
    w = require_vector("teacher", teacher)
    equivalents = deterministic_equivalents(alpha, 0.0, sigma, gamma, eigenvalues, w, w)
    s2 = require_real("predictive_variance", equivalents.predictive_variance, above=0)
    missed = 1 - resolved_fraction(np.asarray(equivalents.kappa), require_vector("eigenvalues", eigenvalues))
    return np.asarray(w * (1 + temperature / (2 * s2) * missed))


def data_versus_samples(
    alpha: ArrayLike,
    k: ArrayLike,
    temperature: float,
    sigma0: float,
    sigma: float,
    gamma: float,
    eigenvalues: ArrayLike,
    moments: WeightMoments,
) -> DataVersusSamples:
    """Return eps on a grid of (alpha, k) with either doubled: the line where both pay equally bounds `samples_win`.

    Args:
        alpha: (alphas,) > 0.
        k: (ks,) integers >= 1.
        temperature: T in [0, inf].
        sigma0, sigma, gamma, eigenvalues, moments: as in `equivalents_from_moments`.

    Cost: one `selection_error` pass per distinct value among alpha and 2 alpha.
    """
    ratios = require_vector("alpha", alpha)
    counts = _require_counts(k)
    every_k, place = np.unique(np.concatenate([counts, 2 * counts]), return_inverse=True)
    every_alpha, row = np.unique(np.concatenate([ratios, 2 * ratios]), return_inverse=True)
    surface = np.stack(
        [
            selection_error(
                equivalents_from_moments(ratio, sigma0, sigma, gamma, eigenvalues, moments), every_k, temperature
            )
            for ratio in every_alpha
        ]
    )
    once, twice = row[: ratios.size, None], row[ratios.size :, None]
    single, double = place[: counts.size], place[counts.size :]
    return DataVersusSamples(ratios, counts, surface[once, single], surface[twice, single], surface[once, double])


def _endless_error(equivalents: Equivalents, temperature: float) -> float:
    """Return eps(k = inf, T): z_sel is Gaussian of precision 1/s2 + 2/T and mean a (2/T) / (1/s2 + 2/T)."""
    s2 = equivalents.predictive_variance
    if s2 == 0 or math.isinf(temperature):
        return equivalents.bias_variance + s2
    pull = 2 * s2 / (temperature + 2 * s2)
    spread = s2 * temperature / (temperature + 2 * s2)
    gap = (pull - equivalents.regression) ** 2 * equivalents.judge_variance
    return equivalents.unexplained_variance + spread + gap


def _smoothness(heat: float, most: int) -> float:
    """Return over how many deviations of a sample the judge's answer moves before another sample is selected, >= 1.

    A judge at a pulls the samples by a (2 s2/T), and the k-th best of them is sqrt(2 log k) deviations out.

    Args:
        heat: T / s2.
        most: the largest k.
    """
    return max(1.0, 0.5 * heat / math.sqrt(2 * math.log(max(most, 2))))


def _judge_quadrature(variance: float, scale: float) -> tuple[Float[np.ndarray, "nodes"], Float[np.ndarray, "nodes"]]:
    """Return nodes a >= 0 and weights of the average over a ~ N(0, Va), even in a (trapezoid rule).

    Args:
        variance: Va.
        scale: square of the distance over which the averaged function changes.
    """
    if variance == 0:
        return np.zeros(1), np.ones(1)
    deviation = math.sqrt(variance)
    step = JUDGE_STEP * min(1.0, math.sqrt(scale) / deviation)
    grid = np.linspace(0, JUDGE_REACH, min(math.ceil(JUDGE_REACH / step), MOST_JUDGE_NODES))
    weight = np.exp(-0.5 * grid**2) * np.where(grid == 0, 0.5, 1.0)
    return deviation * grid, weight / weight.sum()


def _require_teacher_as_judge(equivalents: Equivalents) -> None:
    d2 = equivalents.bias_variance
    if not (math.isclose(equivalents.judge_variance, d2) and math.isclose(equivalents.covariance, d2)):
        raise ValueError(
            f"judge_variance = {equivalents.judge_variance} is not the teacher's; valid: Va = Cta = D2 = {d2}"
        )


def _require_counts(k: ArrayLike) -> Float[np.ndarray, "ks"]:
    counts = np.atleast_1d(np.asarray(k, dtype=np.float64))
    if counts.ndim != 1:
        raise ValueError(f"k of shape {counts.shape} is not a list; valid: a number or shape (ks,)")
    wrong = ~((counts >= 1) & ((counts == np.floor(counts)) | np.isinf(counts)))
    if np.any(wrong):
        raise ValueError(f"k = {counts[wrong][0]} is out of range; valid: integers >= 1, or inf")
    return counts
