import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.best_of_k.selection import (
    Equivalents,
    WeightMoments,
    best_judge,
    data_versus_samples,
    decay_exponent,
    deterministic_equivalents,
    equivalents_from_moments,
    inverse_square_coefficient,
    optimal_samples,
    optimal_temperature,
    selection_error,
)

ISOTROPIC = np.ones(1)
SAMPLES = [1, 2, 4, 8, 16, 32, 64, 256]
REFERENCE = {
    0.0: [0.600781, 0.244275, 0.107360, 0.064207, 0.052548, 0.049072, 0.047772, 0.046938],
    0.3: [0.600781, 0.278334, 0.161412, 0.128165, 0.120934, 0.119445, 0.119049, 0.118823],
    0.6: [0.600781, 0.341318, 0.273604, 0.276775, 0.295102, 0.310495, 0.320591, 0.330245],
}


def isotropic(alpha=2.0, mis=0.0, scale=0.0):
    return equivalents_from_moments(alpha, 0.5, 0.5, 1.0, ISOTROPIC, WeightMoments.of_random_judge(1, mis, scale))


@st.composite
def any_equivalents(draw):
    d2, s2, va = (draw(st.floats(0.02, 2)) for _ in range(3))
    return Equivalents(0.1, d2, s2, va, draw(st.floats(-1, 1)) * math.sqrt(d2 * va))


def brute_force_error(equivalents, k, temperature):
    """Equation (6) as it stands: z, log u and a on plain fine grids."""
    s2, va, beta = equivalents.predictive_variance, equivalents.judge_variance, equivalents.regression
    z = np.linspace(-8, 8, 2001) * math.sqrt(s2)
    p = np.exp(-(z**2) / (2 * s2))
    p /= p.sum()
    a_nodes, a_weights = np.polynomial.hermite_e.hermegauss(41)
    total = 0.0
    for node, weight in zip(a_nodes[20:], a_weights[20:] * np.where(a_nodes[20:] > 1e-9, 2, 1), strict=True):
        if weight < 1e-12:
            continue
        a = node * math.sqrt(va)
        reward = -((z - a) ** 2) / temperature
        log_u = np.arange(-math.log(k) - 18, -reward.min() + 4, 0.2)
        exponent = np.exp(np.minimum(log_u[:, None] + reward, 50))
        better = (np.exp(-exponent) @ p) ** (k - 1)
        density = (exponent * np.exp(-exponent)) @ (p * (z - beta * a) ** 2)
        total += weight / a_weights.sum() * k * 0.2 * (density @ better)
    return equivalents.unexplained_variance + total


@pytest.mark.parametrize(
    ("alpha", "kappa", "d2", "s2"),
    [
        (0.5, 1.780776, 0.640388, 0.890388),
        (1.0, 0.640388, 0.390388, 0.640388),
        (2.0, 0.21269526, 0.17539053, 0.42539053),
        (8.0, 0.035540, 0.034320, 0.284320),
    ],
)
def test_equivalents_are_the_reference_values(alpha, kappa, d2, s2):
    found = isotropic(alpha)
    assert found.kappa == pytest.approx(kappa, abs=6e-7)
    assert found.bias_variance == pytest.approx(d2, abs=6e-7)
    assert found.predictive_variance == pytest.approx(s2, abs=6e-7)
    assert found.judge_variance == found.covariance == found.bias_variance


@pytest.mark.parametrize("mis", REFERENCE)
def test_selection_error_is_the_reference_table(mis):
    np.testing.assert_allclose(selection_error(isotropic(mis=mis), SAMPLES, 0.1), REFERENCE[mis], atol=1e-6)


def test_vectors_and_moments_agree_and_the_judge_enters_through_two_averages():
    rng = np.random.default_rng(1)
    eigenvalues, teacher, judge = rng.uniform(0, 2, 30), rng.standard_normal(30), rng.standard_normal(30)
    found = deterministic_equivalents(0.7, 0.3, 0.5, 1.2, eigenvalues, teacher, judge)
    missed = found.kappa / (eigenvalues + found.kappa)
    a_term = np.mean(eigenvalues * missed * (judge - teacher) * teacher)
    b_term = np.mean(eigenvalues * (judge - teacher) ** 2)
    assert found.covariance == pytest.approx(found.bias_variance + a_term, rel=1e-12)
    assert found.judge_variance == pytest.approx(found.bias_variance + 2 * a_term + b_term, rel=1e-12)
    assert isotropic(mis=0.6, scale=0.2).judge_variance == pytest.approx(
        0.17539053 + 2 * 0.2 * 0.21269526 / 1.21269526 + 0.04 + 0.36, abs=1e-7
    )


def test_the_model_that_believes_the_truth_has_no_excess_bias():
    # sigma = sigma0, gamma^2 = w_T^2: the posterior is calibrated, s2 = sigma^2 + D2
    for alpha in (0.3, 1.0, 5.0):
        found = isotropic(alpha)
        assert found.predictive_variance == pytest.approx(0.25 + found.bias_variance, rel=1e-12)


@pytest.mark.parametrize(
    ("mis", "k", "temperature"), [(0.0, 2, 0.5), (0.6, 16, 0.2), (1.0, 300, 1.0), (0.6, 7, 3.0), (0.3, 40, 0.2)]
)
def test_selection_error_is_equation_six_integrated_by_brute_force(mis, k, temperature):
    equivalents = isotropic(mis=mis)
    found = selection_error(equivalents, k, temperature)[0]
    assert found == pytest.approx(brute_force_error(equivalents, k, temperature), rel=2e-6)


def test_selecting_among_samples_drawn_here_gives_the_same_error():
    rng = np.random.default_rng(2)
    equivalents = isotropic(mis=0.6)
    points, k, temperature = 50000, 12, 0.15
    covariance = [
        [equivalents.bias_variance, equivalents.covariance],
        [equivalents.covariance, equivalents.judge_variance],
    ]
    t, a = rng.multivariate_normal([0, 0], covariance, points).T
    z = rng.standard_normal((points, k)) * math.sqrt(equivalents.predictive_variance)
    score = -((z - a[:, None]) ** 2) / temperature + rng.gumbel(size=z.shape)
    squared = (z[np.arange(points), score.argmax(1)] - t) ** 2
    standard_error = squared.std() / math.sqrt(points)
    assert abs(squared.mean() - selection_error(equivalents, k, temperature)[0]) < 3 * standard_error
    assert standard_error < 0.01 * squared.mean()


@settings(deadline=None, max_examples=20)
@given(equivalents=any_equivalents(), temperature=st.sampled_from([0.0, 0.003, 0.3, 3.0, math.inf]))
def test_one_sample_or_infinite_temperature_selects_nothing(equivalents, temperature):
    unselected = equivalents.bias_variance + equivalents.predictive_variance
    assert selection_error(equivalents, 1, temperature)[0] == pytest.approx(unselected, rel=1e-9)
    np.testing.assert_allclose(selection_error(equivalents, [5, 10**6, math.inf], math.inf), unselected, rtol=1e-9)
    np.testing.assert_allclose(selection_error(equivalents, [5, 100], 1e7), unselected, rtol=1e-4)


@settings(deadline=None, max_examples=20)
@given(equivalents=any_equivalents(), temperature=st.floats(0.05, 20))
def test_many_samples_reach_the_gaussian_limit(equivalents, temperature):
    s2 = equivalents.predictive_variance
    pull = (2 / temperature) / (1 / s2 + 2 / temperature)
    limit = (
        equivalents.bias_variance
        - 2 * pull * equivalents.covariance
        + pull**2 * equivalents.judge_variance
        + 1 / (1 / s2 + 2 / temperature)
    )
    assert selection_error(equivalents, math.inf, temperature)[0] == pytest.approx(limit, rel=1e-9, abs=1e-12)
    if equivalents.judge_variance < 0.25 * s2:  # few points beyond the reach of 10^6 samples
        assert selection_error(equivalents, 10**6, temperature)[0] == pytest.approx(limit, rel=2e-3)


@settings(deadline=None, max_examples=10)
@given(equivalents=any_equivalents())
def test_zero_temperature_is_the_limit_of_small_ones(equivalents):
    k = [2, 9, 300, 10**4]
    zero = selection_error(equivalents, k, 0.0)
    np.testing.assert_allclose(selection_error(equivalents, k, 1e-13), zero, rtol=1e-5)


@settings(deadline=None, max_examples=15)
@given(equivalents=any_equivalents(), temperature=st.floats(0, 3), scale=st.floats(0.01, 100))
def test_error_scales_with_the_variances_and_the_temperature(equivalents, temperature, scale):
    scaled = Equivalents(
        0.1,
        equivalents.bias_variance * scale,
        equivalents.predictive_variance * scale,
        equivalents.judge_variance * scale,
        equivalents.covariance * scale,
    )
    error = selection_error(equivalents, [2, 30], temperature)
    np.testing.assert_allclose(selection_error(scaled, [2, 30], temperature * scale), scale * error, rtol=1e-5)


@settings(deadline=None, max_examples=6)
@given(equivalents=any_equivalents(), temperature=st.floats(0, 5))
def test_each_k_is_the_same_alone_and_in_company_and_no_error_is_below_the_unexplained_part(equivalents, temperature):
    k = [3, 50, 10**6]
    together = selection_error(equivalents, k, temperature)
    np.testing.assert_allclose([selection_error(equivalents, one, temperature)[0] for one in k], together, rtol=1e-5)
    assert np.all(together >= equivalents.unexplained_variance)


def test_a_judge_that_knows_nothing_new_selects_the_mean():
    # Va = 0: y_R = m. At T = 0 the sample nearest to m is picked, E min z^2 = O(1/k^2)
    equivalents = Equivalents(0.1, 0.4, 0.5, 0.0, 0.0)
    assert selection_error(equivalents, 1000, 0.0)[0] == pytest.approx(0.4 + math.pi * 0.5 / 1000**2, rel=1e-5)
    assert selection_error(equivalents, math.inf, 0.0)[0] == 0.4


def test_a_certain_model_errs_by_its_bias_whatever_is_selected():
    certain = equivalents_from_moments(3.0, 0.2, 0.0, 1.0, ISOTROPIC, WeightMoments.of_random_judge(1, 0.5))
    assert certain.predictive_variance == 0
    np.testing.assert_allclose(selection_error(certain, [1, 8, math.inf], 0.3), 0.2**2 / (3 - 1), rtol=1e-12)


def test_vanishing_noise_and_vanishing_prior_are_limits():
    moments = WeightMoments.of_random_judge(1)
    for alpha in (0.5, 2.0):
        limit = equivalents_from_moments(alpha, 0.1, 0.0, 1.0, ISOTROPIC, moments)
        near = equivalents_from_moments(alpha, 0.1, 1e-6, 1.0, ISOTROPIC, moments)
        assert near.bias_variance == pytest.approx(limit.bias_variance, rel=1e-6)
        assert near.predictive_variance == pytest.approx(limit.predictive_variance, rel=1e-6, abs=1e-10)
    prior = equivalents_from_moments(2.0, 0.1, 0.5, 0.0, ISOTROPIC, moments)
    assert (prior.bias_variance, prior.predictive_variance) == (1.0, 0.25)


def test_best_of_k_follows_the_inverse_square_law_with_its_coefficient():
    equivalents = isotropic(8.0)
    k = np.array([64, 128, 256])
    scaled = selection_error(equivalents, k, 0.0) * k**2 / inverse_square_coefficient(equivalents)
    np.testing.assert_allclose(scaled, 1, atol=0.05)
    assert np.all(np.diff(scaled) > 0)
    assert selection_error(equivalents, 10**6, 0.0)[0] * 1e12 == pytest.approx(1.0255504, rel=1e-4)
    assert inverse_square_coefficient(Equivalents(0.1, 0.05, 0.5, 0.05, 0.05)) == pytest.approx(1.7562, abs=1e-4)


def test_hard_tasks_decay_more_slowly_with_the_exponent_of_the_rare_points():
    k = np.array([10**8, 10**9])
    for difficulty in (0.72, 1.0, 2.0):
        hard = Equivalents(0.1, difficulty, 1.0, difficulty, difficulty)
        assert math.isinf(inverse_square_coefficient(hard))
        assert decay_exponent(hard) == pytest.approx(1 / difficulty)
        slope = -np.log10(np.divide(*selection_error(hard, k, 0.0)[::-1]))
        power = (3 - 1 / difficulty) / 2  # eps ~ k^-x (log k)^((x - 3) / 2), x = s2 / D2
        logarithms = power * np.log10(np.log(k[1]) / np.log(k[0]))
        assert slope - logarithms == pytest.approx(decay_exponent(hard), abs=0.02)
    assert decay_exponent(isotropic(8.0)) == 2


def test_a_misspecified_judge_has_a_finite_best_number_of_samples():
    optimum = optimal_samples(isotropic(mis=0.6), 0.1)
    dense = selection_error(isotropic(mis=0.6), np.arange(1, 60), 0.1)
    assert optimum.argument == 1 + np.argmin(dense)
    assert optimum.error == pytest.approx(dense.min(), rel=1e-6)
    assert min(zip(REFERENCE[0.6], SAMPLES, strict=True))[1] == 4  # on the grid of powers of two
    assert math.isinf(optimal_samples(isotropic(), 0.1).argument)


def test_a_misspecified_judge_has_an_interior_best_temperature_and_the_teacher_none():
    optimum = optimal_temperature(isotropic(mis=1.0), 16)
    grid = np.geomspace(0.3, 5, 40)
    errors = [selection_error(isotropic(mis=1.0), 16, temperature)[0] for temperature in grid]
    assert optimum.argument == pytest.approx(grid[np.argmin(errors)], rel=0.1)
    assert optimum.error <= min(errors)
    assert optimal_temperature(isotropic(), 16).argument == 0


def test_the_best_judge_overshoots_the_teacher():
    by_scale = {c: selection_error(isotropic(0.8, scale=c), 16, 0.3)[0] for c in (0.0, 0.1)}
    assert by_scale[0.1] == pytest.approx(0.149584, abs=1e-6)
    assert by_scale[0.0] == pytest.approx(0.155557, abs=1e-6)


def test_no_judge_direction_improves_the_best_judge_of_many_samples():
    rng = np.random.default_rng(3)
    eigenvalues, teacher = np.arange(1, 21.0) ** -1, rng.standard_normal(20)
    best = best_judge(0.4, 0.8, 0.5, 1.0, eigenvalues, teacher)

    def error(judge):
        return selection_error(
            deterministic_equivalents(0.8, 0.5, 0.5, 1.0, eigenvalues, teacher, judge), math.inf, 0.4
        )[0]

    assert error(best) < error(teacher)
    for _ in range(20):
        step = 0.05 * rng.standard_normal(20)
        assert error(best + step) > error(best)
    np.testing.assert_array_equal(best_judge(0.0, 0.8, 0.5, 1.0, eigenvalues, teacher), teacher)


def test_doubling_samples_beats_doubling_data_where_few_are_drawn():
    table = data_versus_samples([1.0, 2.0], [1, 4, 64], 0.1, 0.5, 0.5, 1.0, ISOTROPIC, WeightMoments.of_random_judge(1))
    np.testing.assert_allclose(table.error[1], [REFERENCE[0.0][i] for i in (0, 2, 6)], atol=1e-6)
    np.testing.assert_allclose(table.doubled_samples[1, :2], [REFERENCE[0.0][i] for i in (1, 3)], atol=1e-6)
    np.testing.assert_array_equal(table.doubled_data[0], table.error[1])
    assert table.samples_win[:, 0].all()
    assert not table.samples_win[:, 2].any()


@pytest.mark.parametrize("temperature", [0.0, 0.01, 1.0])
def test_a_million_samples_overflow_nothing(temperature):
    with np.errstate(over="raise", invalid="raise"):
        errors = selection_error(isotropic(mis=1.0), [10**5, 10**6, math.inf], temperature)
    assert np.all(np.diff(errors) > 0)  # over-optimisation saturates
    np.testing.assert_allclose(errors[1], errors[2], rtol=1e-2)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: selection_error(isotropic(), 0, 0.1), r"k = 0\.0 .*integers >= 1"),
        (lambda: selection_error(isotropic(), [2, 2.5], 0.1), r"k = 2\.5"),
        (lambda: selection_error(isotropic(), math.nan, 0.1), "k = nan"),
        (lambda: selection_error(isotropic(), 4, -0.1), r"temperature = -0\.1 .*>= 0"),
        (lambda: isotropic(alpha=0.0), r"alpha = 0\.0 .*> 0"),
        (lambda: WeightMoments.of_random_judge(3, -1.0), r"mis = -1\.0"),
        (lambda: deterministic_equivalents(1, 0.5, 0, 0, [1.0], [1.0], [1.0]), "sigma = 0 with gamma = 0"),
        (lambda: deterministic_equivalents(1, 0.5, -1, 1, [1.0], [1.0], [1.0]), r"sigma = -1"),
        (lambda: deterministic_equivalents(1, 0.5, 0, 1, [1.0], [1.0], [1.0]), "alpha = 1.0 .*threshold"),
        (lambda: deterministic_equivalents(1, 0.5, 0.5, 1, [-1.0], [1.0], [1.0]), r"eigenvalues = -1\.0"),
        (lambda: deterministic_equivalents(1, 0.5, 0.5, 1, [1.0, 1.0], [1.0, 1.0], [1.0]), r"judge .*\(2,\)"),
        (lambda: deterministic_equivalents(1, 0.5, 0.5, 1, [1.0, 1.0], [1.0], [1.0]), r"teacher .*\(2,\)"),
        (lambda: Equivalents(0.1, 1.0, 1.0, 1.0, 1.1), r"covariance = 1\.1"),
        (lambda: inverse_square_coefficient(isotropic(mis=0.6)), "judge_variance"),
        (lambda: optimal_temperature(isotropic(), 1), "k = 1"),
        (lambda: optimal_samples(isotropic(), 0.1, most=0), "most = 0"),
    ],
)
def test_invalid_input_is_named_with_its_value_and_range(call, named):
    with pytest.raises(ValueError, match=named):
        call()
