"""Do the formulas of icl-alignment give the derived numbers, limits and laws?"""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from solv.theory.icl_alignment.covariances import (
    linear_spectrum,
    power_law_spectrum,
    projector_spectrum,
    random_rotation,
    rotated_covariance,
)
from solv.theory.icl_alignment.error import (
    icl_error,
    misalignment_kernel,
    optimal_diversity,
    optimal_power_law,
    task_resolvent,
)

INF = math.inf
ISOTROPIC = np.ones(1000)

# Section 7 of the spec: (exponent, tau, alpha, kappa, rho), then (e_ICL, A) for test = same, isotropic, reversed.
REFERENCE = [
    ((0.8, 2, 2, 2, 0.05), (0.679452, 0.582916), (0.998176, 1.045023), (1.178776, 1.257074)),
    ((0.8, 0.5, 2, 1, 0.05), (0.840407, 0.315358), (1.202019, 0.495713), (1.322409, 0.549764)),
    ((0.8, 1.5, 1, 0.7, 0.1), (1.495937, 0.419269), (1.964595, 0.670714), (2.139434, 0.750485)),
]
HALF_PROJECTOR_KAPPAS = np.array([0.2, 0.5, 1, 2, 5, 50])

taus = st.one_of(st.floats(0.05, 0.95), st.floats(1.05, 20))
alphas = st.floats(0.2, 10)
kappas = st.floats(0.3, 30)
rhos = st.floats(0, 2)
exponents = st.floats(-2, 2)


def isotropic_m(nu, kappa, c=1.0):
    a = nu + c - c / kappa
    return 2 / (a + math.sqrt(a**2 + 4 * c * nu / kappa))


@pytest.mark.parametrize(("parameters", "same", "isotropic", "reverse"), REFERENCE)
def test_errors_and_resolvents_of_power_laws_are_the_reference_values(parameters, same, isotropic, reverse):
    c = power_law_spectrum(1000, parameters[0])
    for test_spectrum, (error, alignment) in ((c, same), (ISOTROPIC, isotropic), (c[::-1], reverse)):
        result = icl_error(c, test_spectrum, *parameters[1:])
        assert result.total == pytest.approx(error, abs=2e-6)
        assert result.resolvent == pytest.approx(alignment, abs=2e-6)


def test_isotropic_errors_are_the_reference_values_in_one_call_over_diversities():
    result = icl_error(ISOTROPIC, ISOTROPIC, 4, 1, np.array([0.5, 4]), 0.01)
    assert result.total == pytest.approx([0.947648, 0.717620], abs=2e-6)
    assert result.resolvent == pytest.approx([0.701127, 0.528161], abs=2e-6)


@pytest.mark.parametrize(
    ("test_spectrum", "errors"),
    [
        (projector_spectrum(1000, 0.5), [0.76570, 0.45006, 0.33096, 0.29881, 0.28735, 0.28258]),
        (ISOTROPIC, [0.97173, 0.86105, 0.82248, 0.81667, 0.81663, 0.81744]),
        (projector_spectrum(1000, 0.5, complement=True), [1.17775, 1.27204, 1.31401, 1.33453, 1.34592, 1.35231]),
    ],
)
def test_half_projector_errors_are_the_reference_values(test_spectrum, errors):
    result = icl_error(projector_spectrum(1000, 0.5), test_spectrum, 4, 2, HALF_PROJECTOR_KAPPAS, 0.01)
    assert result.total == pytest.approx(errors, abs=1e-5)


def test_resolvent_of_isotropic_tasks_is_the_reference_value():
    m, _ = task_resolvent(np.array([0.5, 0.3]), np.array([0.5, 2]), np.ones(7))
    assert m == pytest.approx([1.2807764064, 1.0451762419], abs=1e-10)


@given(nu=st.floats(1e-8, 1e4), kappa=st.floats(0.05, 100), scale=st.floats(0.01, 100))
@settings(max_examples=60, deadline=None)
def test_resolvent_of_isotropic_tasks_is_the_marchenko_pastur_closed_form(nu, kappa, scale):
    m, dm = task_resolvent(nu, kappa, np.full(3, scale))
    # The root cancels where kappa < 1 and nu is small: there the quadratic that M solves is tested instead.
    residual = m * (1 - 1 / kappa + nu * m / kappa) * scale + nu * m - 1
    assert residual == pytest.approx(0, abs=1e-9 * max(1, float(m) * scale))
    assert dm < 0
    if kappa > 1:
        assert m == pytest.approx(isotropic_m(nu, kappa, scale), rel=1e-9)


@given(nu=st.floats(1e-3, 10), kappa=st.floats(0.1, 20), exponent=st.floats(0, 2))
@settings(max_examples=60, deadline=None)
def test_resolvent_is_the_bracketed_root_and_its_derivative_the_difference_quotient(nu, kappa, exponent):
    c = power_law_spectrum(50, exponent)

    def mismatch(m):
        return np.mean(1 / ((1 - 1 / kappa + nu * m / kappa) * c + nu)) - m

    low = max(0.0, (1 - kappa) / nu) * (1 + 1e-12) + 1e-14
    expected = brentq(mismatch, low, 1 / nu, xtol=1e-14, rtol=1e-14)
    m, dm = task_resolvent(nu, kappa, c)
    assert m == pytest.approx(expected, rel=1e-9)
    above, below = (float(task_resolvent(nu * (1 + step), kappa, c)[0]) for step in (1e-4, -1e-4))
    assert dm == pytest.approx((above - below) / (2e-4 * nu), rel=1e-6)


@pytest.mark.parametrize("kappa", [0.5, 2])
def test_resolvent_is_that_of_one_large_sample_of_tasks(kappa):
    d, nu = 400, 0.4
    c = power_law_spectrum(d, 0.8)
    w = np.random.default_rng(3).standard_normal((int(kappa * d), d)) * np.sqrt(c)
    eigenvalues = np.linalg.eigvalsh(w.T @ w / len(w)).clip(min=0)
    m, dm = task_resolvent(nu, kappa, c)
    # Linear statistics fluctuate by O(1/d) around a bias of O(1/d).
    assert m == pytest.approx(np.mean(1 / (eigenvalues + nu)), rel=4 / d)
    assert dm == pytest.approx(-np.mean(1 / (eigenvalues + nu) ** 2), rel=8 / d)


@given(tau=st.floats(0.05, 0.95), alpha=alphas, kappa=kappas, rho=rhos, exponent=exponents)
@settings(max_examples=60, deadline=None)
def test_implied_ridge_of_few_contexts_satisfies_its_defining_equation(tau, alpha, kappa, rho, exponent):
    # With C_te = 1 and nu = r / alpha + xi, A = <F> = M: invert M for nu and check xi M = 1 - tau.
    c = power_law_spectrum(40, exponent)
    m = float(icl_error(c, np.ones(40), tau, alpha, kappa, rho).resolvent)
    ridge = (1 + rho) / alpha
    nu = ridge + (1 - tau) / m
    assert task_resolvent(nu, kappa, c)[0] == pytest.approx(m, rel=1e-8)


@given(tau=taus, alpha=alphas, kappa=kappas, rho=rhos, exponent=exponents, scale=st.floats(0.05, 20))
@settings(max_examples=60, deadline=None)
def test_error_scales_with_the_units_of_the_labels(tau, alpha, kappa, rho, exponent, scale):
    c, t = power_law_spectrum(30, 0.9), power_law_spectrum(30, exponent)
    one = icl_error(c, t, tau, alpha, kappa, rho)
    scaled = icl_error(scale * c, scale * t, tau, alpha, kappa, scale * rho)
    assert scaled.total == pytest.approx(scale * float(one.total), rel=1e-8)
    assert scaled.misalignment == pytest.approx(scale * float(one.misalignment), rel=1e-8)
    assert scaled.resolvent == pytest.approx(float(one.resolvent), rel=1e-8)


@given(tau=taus, kappa=kappas, seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_error_does_not_change_when_both_covariances_are_rotated(tau, kappa, seed):
    rng = np.random.default_rng(seed)
    d = 12
    turn, common = (random_rotation(d, INF, rng) for _ in range(2))
    c = power_law_spectrum(d, 0.9)
    test_covariance = rotated_covariance(power_law_spectrum(d, 1.3), turn)
    diagonal = icl_error(c, test_covariance, tau, 2, kappa, 0.1)
    rotated = icl_error(rotated_covariance(c, common), common @ test_covariance @ common.T, tau, 2, kappa, 0.1)
    assert rotated.total == pytest.approx(float(diagonal.total), rel=1e-9)
    steep = power_law_spectrum(d, 2)
    vector = icl_error(rotated_covariance(c, common), steep, tau, 2, kappa, 0.1)
    matrix = icl_error(rotated_covariance(c, common), np.diag(steep), tau, 2, kappa, 0.1)
    back = icl_error(c, common.T @ np.diag(steep) @ common, tau, 2, kappa, 0.1)
    assert vector.total == pytest.approx(float(back.total), rel=1e-9)
    assert matrix.total == pytest.approx(float(back.total), rel=1e-9)


@given(tau=taus, alpha=alphas, kappa=kappas, rho=rhos, p=exponents, q=exponents, share=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_error_is_linear_in_the_test_covariance(tau, alpha, kappa, rho, p, q, share):
    c, first, second = (power_law_spectrum(30, exponent) for exponent in (0.9, p, q))
    errors = [icl_error(c, t, tau, alpha, kappa, rho).total for t in (first, second)]
    mixed = icl_error(c, share * first + (1 - share) * second, tau, alpha, kappa, rho).total
    assert mixed == pytest.approx(share * errors[0] + (1 - share) * errors[1], rel=1e-9)


@given(tau=taus, alpha=alphas, kappa=kappas, rho=rhos, p=exponents, q=exponents)
@example(tau=0.05, alpha=9.0, kappa=0.33, rho=0.5030778163344025, p=-1.8481612580127518, q=0.0)  # rounding at the root
@settings(max_examples=60, deadline=None)
def test_error_stays_above_the_noise_and_falls_with_the_test_context(tau, alpha, kappa, rho, p, q):
    c, t = power_law_spectrum(30, p), power_law_spectrum(30, q)
    errors = icl_error(c, t, tau, alpha, kappa, rho, test_alpha=np.array([0.5, 1, 2, INF]) * alpha).total
    assert (np.diff(errors) < 0).all()
    assert errors[-1] >= rho
    assert errors[1] == pytest.approx(float(icl_error(c, t, tau, alpha, kappa, rho).total), rel=1e-12)


@given(alpha=alphas, kappa=kappas, rho=rhos, exponent=exponents)
@settings(max_examples=40, deadline=None)
def test_error_falls_with_the_number_of_contexts_beyond_the_peak(alpha, kappa, rho, exponent):
    c = power_law_spectrum(30, exponent)
    errors = icl_error(c, c, np.array([1.01, 1.5, 3, 10, INF]), alpha, kappa, rho).total
    assert (np.diff(errors) < 0).all()


def test_error_diverges_like_the_inverse_distance_to_the_peak_on_both_sides():
    c = power_law_spectrum(200, 0.8)
    gaps = np.array([1e-4, 1e-5])
    for side in (-1, 1):
        errors = icl_error(c, c, 1 + side * gaps, 2, 2, 0.05).total
        assert errors[1] / errors[0] == pytest.approx(10, rel=5e-3)
    peak = icl_error(c, c, 1, 2, 2, 0.05)
    assert (peak.total, peak.scalar, peak.misalignment, peak.in_distribution) == (INF,) * 4
    assert peak.resolvent == pytest.approx(float(icl_error(c, c, 1.5, 2, 2, 0.05).resolvent))


def test_endless_data_and_tasks_leave_the_error_of_the_best_linear_attention():
    # Gamma = C (C + r / alpha)^-1: e = rho + <C> - <C^2 (C + r / alpha)^-1>.
    c, alpha, rho = power_law_spectrum(200, 0.8), 2.0, 0.1
    best = rho + np.mean(c) - np.mean(c**2 / (c + (1 + rho) / alpha))
    assert icl_error(c, c, INF, alpha, INF, rho).total == pytest.approx(best, rel=1e-12)
    assert icl_error(c, c, 1e9, alpha, 1e9, rho).total == pytest.approx(best, rel=1e-7)


def test_grid_broadcasts_and_equals_single_points():
    c = power_law_spectrum(40, 0.9)
    grid = icl_error(c, c[::-1], np.array([[0.5], [1.0], [3.0]]), 2, np.array([0.3, 1, INF]), 0.1)
    assert grid.total.shape == (3, 3)
    for i, tau in enumerate((0.5, 1.0, 3.0)):
        for j, kappa in enumerate((0.3, 1, INF)):
            assert grid.total[i, j] == pytest.approx(float(icl_error(c, c[::-1], tau, 2, kappa, 0.1).total), rel=1e-12)


def test_best_diversity_is_endless_for_aligned_least_for_misaligned_and_between_for_isotropic_tests():
    half, rest = projector_spectrum(100, 0.5), projector_spectrum(100, 0.5, complement=True)
    assert optimal_diversity(half, half, 4, 2, 0.01).location == INF
    assert optimal_diversity(half, rest, 4, 2, 0.01).location == pytest.approx(0.1)
    between = optimal_diversity(half, np.ones(100), 4, 2, 0.01)
    around = icl_error(half, np.ones(100), 4, 2, between.location * np.array([0.98, 1.02]), 0.01).total
    assert 2 < between.location < 5
    assert (around > between.error).all()


def test_best_pretraining_power_law_is_a_stationary_point_below_pretraining_on_the_test_tasks():
    t = power_law_spectrum(200, 0.9)
    best = optimal_power_law(t, 4, 2, 2, 0.01)
    own = float(icl_error(t, t, 4, 2, 2, 0.01).total)
    assert best.error < own
    for shift in (-0.02, 0.02):
        assert icl_error(power_law_spectrum(200, best.location + shift), t, 4, 2, 2, 0.01).total > best.error


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"tau": 0}, "tau"),
        ({"tau": math.nan}, "tau"),
        ({"alpha": -1}, "alpha"),
        ({"alpha": INF}, "alpha"),
        ({"kappa": 0}, "kappa"),
        ({"kappa": [1, 0.05]}, "kappa"),
        ({"rho": -0.1}, "rho"),
        ({"test_alpha": 0}, "test_alpha"),
        ({"train_covariance": np.zeros(10)}, "train_covariance"),
        ({"train_covariance": -np.ones(10)}, "train_covariance"),
        ({"test_covariance": np.full(10, math.nan)}, "test_covariance"),
        ({"test_covariance": np.ones(9)}, "dimensions 10 and 9"),
        ({"test_covariance": np.ones((10, 9))}, "test_covariance"),
        ({"test_covariance": np.triu(np.ones((10, 10)))}, "symmetric"),
        ({"train_covariance": np.eye(10) - 0.5 * np.ones((10, 10))}, "spectrum of train_covariance"),
    ],
)
def test_invalid_argument_is_named(change, name):
    valid = {
        "train_covariance": np.ones(10),
        "test_covariance": np.ones(10),
        "tau": 2,
        "alpha": 1,
        "kappa": 1,
        "rho": 0,
    }
    with pytest.raises(ValueError, match=name):
        icl_error(**{**valid, **change})


def test_optima_refuse_the_peak():
    with pytest.raises(ValueError, match="interpolation peak"):
        optimal_diversity(np.ones(10), np.ones(10), 1, 2, 0)


def test_what_is_never_seen_is_never_learned():
    """The half projector at alpha = tau = 80: the error falls to the noise at a task for every direction."""
    half, kappas = projector_spectrum(80, 0.5), np.array([0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 1])
    same = icl_error(half, half, 80, 80, kappas, 0.01).total
    assert same == pytest.approx([0.4196, 0.2200, 0.1260, 0.0566, 0.0287, 0.0211, 0.0168], abs=5e-5)
    assert icl_error(half, np.ones(80), 80, 80, 1, 0.01).total == pytest.approx(0.5246, abs=5e-5)
    assert icl_error(half, half[::-1].copy(), 80, 80, 1, 0.01).total == pytest.approx(1.0325, abs=5e-5)


@given(tau=taus, alpha=alphas, kappa=kappas, rho=rhos, exponent=exponents)
@settings(max_examples=30, deadline=None)
def test_misalignment_is_the_overlap_of_the_test_with_the_kernel(tau, alpha, kappa, rho, exponent):
    c, t = power_law_spectrum(20, 0.9), power_law_spectrum(20, exponent)
    kernel = misalignment_kernel(c, tau, alpha, kappa, rho)
    assert (kernel * t).mean() == pytest.approx(float(icl_error(c, t, tau, alpha, kappa, rho).misalignment), rel=1e-9)


@given(tau=st.floats(1.05, 50), alpha=alphas, kappa=kappas, rho=rhos, exponent=st.floats(0.1, 2))
@settings(max_examples=50, deadline=None)
def test_above_the_peak_the_kernel_is_ordered_against_pretraining(tau, alpha, kappa, rho, exponent):
    kernel = misalignment_kernel(power_law_spectrum(30, exponent), tau, alpha, kappa, rho)
    assert (np.diff(kernel) > -1e-12 * np.abs(kernel).max()).all()


def test_below_the_peak_long_noisy_contexts_turn_the_order_of_the_kernel_round():
    kernel = misalignment_kernel(linear_spectrum(30), 0.2, 30, 3, 10)
    assert (np.diff(kernel) < 0).all()


def test_a_kernel_at_the_peak_is_refused():
    with pytest.raises(ValueError, match="interpolation peak"):
        misalignment_kernel(np.ones(4), 1, 2, 2, 0.1)


@given(exponent=exponents, tau=taus, kappa=kappas)
@settings(max_examples=20, deadline=None)
def test_isotropic_pretraining_is_indifferent_to_the_test(exponent, tau, kappa):
    c = np.ones(20)
    own, other = (float(icl_error(c, t, tau, 2, kappa, 0.1).total) for t in (c, power_law_spectrum(20, exponent)))
    assert other == pytest.approx(own, rel=1e-9)


@pytest.mark.parametrize(("tau", "kappa"), [(2.0, 0.5), (4.0, 3.0)])
def test_the_in_distribution_error_is_the_error_on_the_sample_covariance_of_the_tasks(tau, kappa):
    """Above the peak: e = rho + nu (1 + (q - 2 nu) M - nu^2 M') + q (1 - nu M) + nu^2 (-M - nu M'), C_te = S_k."""
    c, alpha, rho = power_law_spectrum(40, 0.9), 2.0, 0.1
    nu = (1 + rho) / alpha
    m, dm = (float(each) for each in task_resolvent(nu, kappa, c))
    q = float(icl_error(c, c, tau, alpha, kappa, rho).in_distribution) / tau
    own = rho + nu * (1 + (q - 2 * nu) * m - nu**2 * dm) + q * (1 - nu * m) + nu**2 * (m + nu * dm)
    assert own == pytest.approx(q * tau, rel=1e-9)


def test_endless_pretraining_has_the_in_distribution_error_of_the_limit():
    c = power_law_spectrum(40, 0.9)
    late, endless = (float(icl_error(c, c, tau, 2, 2, 0.1).in_distribution) for tau in (1e9, INF))
    assert endless == pytest.approx(late, rel=1e-7)


def test_with_endless_tasks_and_data_the_pretraining_tasks_are_any_tasks():
    c = power_law_spectrum(40, 0.9)
    found = icl_error(c, c, 1e9, 2, INF, 0.1)
    assert float(found.in_distribution) == pytest.approx(float(found.total), rel=1e-6)
