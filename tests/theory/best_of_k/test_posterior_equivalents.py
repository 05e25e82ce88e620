"""Are the equivalents of Bayesian regression those of one large regression, and are impossible ones refused?"""

import math

import numpy as np
import pytest

from solv.theory.best_of_k.posterior_equivalents import (
    Equivalents,
    WeightMoments,
    deterministic_equivalents,
    equivalents_from_moments,
    require_length,
    require_vector,
)


def test_one_large_regression_has_the_predicted_moments() -> None:
    rng, d, n, sigma0, sigma, gamma = np.random.default_rng(0), 500, 400, 0.3, 0.5, 1.2
    eigenvalues = np.geomspace(0.2, 3, d)
    teacher, judge = rng.standard_normal(d), rng.standard_normal(d)
    features = rng.standard_normal((n, d)) * np.sqrt(eigenvalues / d)
    answers = features @ teacher + sigma0 * rng.standard_normal(n)
    precision = features.T @ features / sigma**2 + np.eye(d) / gamma**2
    covariance = np.linalg.inv(precision)
    mean = covariance @ features.T @ answers / sigma**2
    found = deterministic_equivalents(n / d, sigma0, sigma, gamma, eigenvalues, teacher, judge)

    def over_tests(one, other):
        return np.sum(eigenvalues * one * other) / d

    assert found.bias_variance == pytest.approx(over_tests(teacher - mean, teacher - mean), rel=0.08)
    assert found.judge_variance == pytest.approx(over_tests(judge - mean, judge - mean), rel=0.08)
    assert found.covariance == pytest.approx(over_tests(teacher - mean, judge - mean), rel=0.12)
    spread = sigma**2 + np.sum(eigenvalues * np.diag(covariance)) / d
    assert found.predictive_variance == pytest.approx(spread, rel=0.02)


def test_a_prior_without_width_leaves_the_prior_mean() -> None:
    found = deterministic_equivalents(1.5, 0.4, 0.5, 0, [1.0, 2.0], [3.0, 1.0], [3.0, 1.0])
    assert math.isinf(found.kappa)
    assert found.bias_variance == pytest.approx((9 + 2) / 2)
    assert found.predictive_variance == pytest.approx(0.25)


def test_derived_numbers_are_those_of_the_definition() -> None:
    found = Equivalents(0.1, 0.5, 0.25, 0.8, 0.4)
    assert found.difficulty == pytest.approx(2)
    assert found.regression == pytest.approx(0.5)
    assert found.unexplained_variance == pytest.approx(0.3)
    certain = Equivalents(0.1, 0.5, 0, 0, 0)
    assert (certain.difficulty, certain.regression, certain.unexplained_variance) == (math.inf, 0, 0.5)


def test_moments_of_vectors_and_of_a_random_judge_are_the_products() -> None:
    moments = WeightMoments.of_vectors([1.0, -2.0], [3.0, 0.0])
    np.testing.assert_array_equal(moments.teacher, [1, 4])
    np.testing.assert_array_equal(moments.cross, [2, -4])
    np.testing.assert_array_equal(moments.offset, [4, 4])
    drawn = WeightMoments.of_random_judge(3, mis=0.5, scale=-0.2)
    np.testing.assert_allclose([drawn.teacher, drawn.cross, drawn.offset], np.outer([1, -0.2, 0.29], np.ones(3)))


def test_what_no_pair_of_answers_has_is_refused() -> None:
    Equivalents(0.1, 1, 1, 4, 2)  # on the bound of Cauchy and Schwarz
    with pytest.raises(ValueError, match=r"covariance = 2\.01"):
        Equivalents(0.1, 1, 1, 4, 2.01)
    with pytest.raises(ValueError, match="bias_variance"):
        Equivalents(0.1, -1, 1, 4, 0)


def test_beliefs_and_shapes_out_of_range_are_named() -> None:
    ones = WeightMoments.of_random_judge(2)
    with pytest.raises(ValueError, match="no belief to sample from"):
        equivalents_from_moments(1, 0.5, 0, 0, [1, 1], ones)
    with pytest.raises(ValueError, match="interpolation threshold"):
        equivalents_from_moments(1, 0.5, 0, 1, [1, 1], ones)
    with pytest.raises(ValueError, match="does not match the modes"):
        equivalents_from_moments(1, 0.5, 0.5, 1, [1, 1, 1], ones)
    with pytest.raises(ValueError, match="eigenvalues of shape"):
        require_vector("eigenvalues", [[1.0]])
    with pytest.raises(ValueError, match="is not a vector"):
        require_vector("teacher", [np.nan])
    with pytest.raises(ValueError, match=r"valid: shape \(2,\)"):
        require_length("judge", np.ones(3), 2)
