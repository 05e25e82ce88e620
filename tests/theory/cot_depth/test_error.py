"""Do the formulas of cot-depth give the derived numbers, limits and laws?"""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.cot_depth.error import (
    critical_tau,
    error_after_one_step,
    error_map,
    error_vs_depth,
    gain_of_one_more_step,
    long_time_error,
    optimal_depth,
    regime,
    spectral_edges,
    spectral_radius,
)
from solv.theory.random_matrix import marchenko_pastur

INF = math.inf
alphas = st.floats(0.1, 20)
taus = st.floats(1.05, 50)
rhos = st.floats(0, 3)

# Section 7 of the spec. Its row alpha = 1 is left to the closed forms below: it was computed with a quadrature that
# misses a mass of 0.0034 at the hard edge, so that its e_1 differs from (1 - c) tau / (tau - 1) = 0.510204. Its test
# contexts are as noisy as those of pretraining.
REFERENCE = [
    ((2, 3, 0), (0.5, 0.280864, 0.19976, 0.115081, 0.0481435), 0.94327, 1.01912),
    ((4, 3, 0), (0.3, 0.1116, 0.05404, 0.0151686, 0.00112325), 0.80223, 0.84714),
    ((4, 3, 0.1), (0.323529, 0.133378, 0.0793714, 0.0437928, 0.0333143), 0.80665, 0.81716),
    ((0.7, 4, 0), (0.784314, 0.633906, 0.600699, 0.552341, 0.519754), 1, 1.07379),
    ((3, 1.2, 0), (1.5, 2.10156, 3.1084, 8.13712, 200.684), 1.17066, 1.47740),
    ((8, 2, 0.5), (0.315789, 0.130439, 0.0893127, 0.0726112, 0.0713177), 0.68018, 0.65061),
]


def errors_mode_by_mode(alpha, tau, rho, max_depth, rho_test):
    """Equations (6)-(10) as they stand, mode by mode."""
    c = alpha / (1 + alpha + rho)
    strength = c * (1 - c) / (tau - 1)
    x, weight = marchenko_pastur(alpha, max_depth + 2)
    b = 1 - c * x
    v = np.zeros((max_depth + 1, len(x)))
    for t in range(max_depth):
        v[t + 1] = b * v[t] - c * rho_test * x / alpha
    d = np.zeros((max_depth + 1, max_depth + 1, len(x)))
    m = np.zeros_like(d)
    q = np.zeros(d.shape[:2])
    for t in range(max_depth + 1):
        for s in range(t + 1):
            if s == 0:
                d[t, s] = b**t
            else:
                d[t, s] = (
                    b**2 * d[t - 1, s - 1]
                    - c * b * (v[t - 1] + v[s - 1])
                    + c**2 * rho_test * x / alpha
                    + b * (m[t - 1, s - 1] + m[s - 1, t - 1])
                    + strength * q[t - 1, s - 1]
                )
            q[t, s] = q[s, t] = weight @ (x**2 * d[t, s] + x * (v[t] + v[s]) + rho_test * x / alpha)
        for s in range(t):
            m[t, s] = b * m[t - 1, s] + strength * q[t - 1, s]
        for a in range(1, t + 1):
            m[a, t] = b * m[a - 1, t] + strength * q[a - 1, t]
    return np.array([weight @ d[t, t] for t in range(max_depth + 1)])


@pytest.mark.parametrize(("point", "values", "z_plus", "z_minus"), REFERENCE)
def test_reference_values_of_the_error_and_the_edges(point, values, z_plus, z_minus):
    assert error_vs_depth(*point, 10, rho_test=point[2])[[1, 2, 3, 5, 10]] == pytest.approx(values, rel=1e-5)
    assert spectral_edges(*point) == pytest.approx((z_plus, -z_minus), abs=1e-5)


@pytest.mark.parametrize(
    ("point", "max_depth", "depth"),
    [
        ((2, 3, 0), 30, 25),
        ((2, 3, 0), 200, 25),
        ((4, 3, 0.1), 20, 12),
        ((0.7, 4, 0), 60, 10),
        ((3, 1.2, 0), 40, 0),
        ((8, 2, 0.5), 40, 8),
        ((1, 50, 0), 40, 40),
        ((4, 3, 0), 20, 20),
    ],
)
def test_reference_values_of_the_optimal_depth(point, max_depth, depth):
    assert optimal_depth(*point, max_depth, rho_test=point[2]) == depth


def test_reference_errors_at_the_optimal_depth():
    assert error_vs_depth(4, 3, 0.1, 20, rho_test=0.1)[[12, 20]] == pytest.approx((0.03315, 0.033285), abs=1e-5)
    assert error_vs_depth(2, 3, 0, 25)[25] == pytest.approx(0.0236575, abs=1e-7)


@pytest.mark.parametrize("point", [(2, 3, 0.1), (0.7, 4, 0.2), (9, 5, 0), (1, 50, 0.3), (1.05, 3, 0.5), (3, 1.2, 0)])
@pytest.mark.parametrize("rho_test", [0, 0.1, 0.7])
def test_moment_recursion_agrees_with_the_recursion_mode_by_mode(point, rho_test):
    expected = errors_mode_by_mode(*point, 20, rho_test)
    assert error_vs_depth(*point, 20, rho_test) == pytest.approx(expected, rel=1e-10)


# Clean test contexts, as in the paper: computed from the authors' generating function.
CLEAN = [
    ((4, 3, 0.1), {1: 0.306036, 2: 0.114034, 3: 0.054678, 5: 0.014927, 10: 0.000954, 12: 0.000348}, 1e-6),
    ((8, 2, 0.5), {1: 0.263158, 2: 0.074316, 3: 0.024938, 5: 0.003464, 10: 4.1e-5, 12: 7e-6}, 1e-6),
]


@pytest.mark.parametrize(("point", "values", "digits"), CLEAN)
def test_reference_values_of_the_error_on_clean_contexts(point, values, digits):
    assert error_vs_depth(*point, 12)[list(values)] == pytest.approx(list(values.values()), abs=digits)


@pytest.mark.parametrize("point", [(4, 3, 0.1), (8, 2, 0.5)])
def test_only_noise_in_test_contexts_leaves_a_floor(point):
    assert error_vs_depth(*point, 80)[80] < 1e-6
    assert long_time_error(*point) == 0
    assert regime(*point) == "exponential"
    floor = point[2] / (point[0] - 1)
    assert error_vs_depth(*point, 80, rho_test=point[2])[80] == pytest.approx(floor, rel=1e-4)
    assert long_time_error(*point, point[2]) == pytest.approx(floor)


@given(alpha=st.floats(0.05, 0.9), rho=rhos, more=st.floats(1.05, 5))
@settings(max_examples=50)
def test_short_clean_contexts_end_at_the_papers_saturation(alpha, rho, more):
    tau = more * max(critical_tau(alpha, rho))
    end = (1 - alpha) * (tau - 1) / (tau - 2 - rho)
    assert long_time_error(alpha, tau, rho) == pytest.approx(end, rel=1e-12)
    assert (end > 1) == (alpha * (tau - 1) < 1 + rho)


def test_a_chain_can_saturate_above_its_start():
    assert long_time_error(0.2, 4, 0) == pytest.approx(1.2)
    assert error_vs_depth(0.2, 4, 0, 100)[100] == pytest.approx(1.2, rel=1e-6)


@given(alpha=alphas, rho=rhos)
def test_critical_pretraining_is_the_papers_closed_form(alpha, rho):
    root = math.sqrt((alpha + 1 + 2 * rho) ** 2 - 4 * alpha)
    if root < 1e-3:
        return
    shrunk = (alpha + 1 + 2 * rho - root) * (2 * alpha + 2 + 2 * rho - root)
    expected = 1 + (1 + rho) * shrunk / (2 * alpha * root)
    assert critical_tau(alpha, rho)[1] == pytest.approx(expected, rel=1e-8)


@given(alpha=alphas, tau=st.one_of(taus, st.just(INF)), rho=rhos)
def test_first_two_errors_are_one_and_the_closed_form(alpha, tau, rho):
    errors = error_vs_depth(alpha, tau, rho, 1, rho_test=rho)
    c = alpha / (1 + alpha + rho)
    assert errors[0] == pytest.approx(1, abs=1e-13)
    assert errors[1] == pytest.approx((1 - c) * (1 if tau == INF else tau / (tau - 1)), rel=1e-11)
    assert error_after_one_step(alpha, tau, rho, rho) == pytest.approx(errors[1], rel=1e-11)
    clean = error_vs_depth(alpha, tau, rho, 1)[1]
    assert error_after_one_step(alpha, tau, rho) == pytest.approx(clean, rel=1e-9)


@given(alpha=alphas, tau=taus, rho=rhos, factor=st.floats(1.01, 10))
@settings(max_examples=50)
def test_error_falls_with_more_pretraining_at_every_depth(alpha, tau, rho, factor):
    less, more = error_vs_depth(alpha, tau, rho, 15), error_vs_depth(alpha, tau * factor, rho, 15)
    assert (more[1:] < less[1:]).all()


@given(alpha=alphas, rho=rhos)
@settings(max_examples=50)
def test_error_tends_to_that_of_infinite_pretraining(alpha, rho):
    limit = error_vs_depth(alpha, INF, rho, 10, rho_test=rho)
    x, weight = marchenko_pastur(alpha, 40)
    c = alpha / (1 + alpha + rho)
    steps = np.arange(11)[:, None]
    left = (1 - c * x) ** steps
    summed = np.array([sum((1 - c * x) ** k for k in range(int(t))) if t else 0 * x for t in steps[:, 0]])
    assert limit == pytest.approx(left**2 @ weight + (rho / alpha) * (c**2 * x * summed**2) @ weight, rel=1e-10)
    assert error_vs_depth(alpha, 1e12, rho, 10, rho_test=rho) == pytest.approx(limit, rel=1e-8)


@given(alpha=st.floats(0.05, 0.99), tau=st.one_of(taus, st.just(INF)), rho=rhos)
@settings(max_examples=50)
def test_short_contexts_leave_at_least_the_part_of_the_task_they_do_not_span(alpha, tau, rho):
    assert (error_vs_depth(alpha, tau, rho, 25) >= 1 - alpha).all()


def test_hard_edge_error_at_infinite_pretraining_is_a_central_binomial():
    errors = error_vs_depth(1, INF, 0, 1000)
    exact = [math.comb(2 * t, t) / 4**t for t in (1, 10, 100, 1000)]
    assert errors[[1, 10, 100, 1000]] == pytest.approx(exact, rel=1e-11)
    assert math.sqrt(1000) * errors[1000] == pytest.approx(1 / math.sqrt(math.pi), rel=2e-4)
    depths = np.arange(10, 61)
    assert np.polyfit(np.log(depths), np.log(errors[10:61]), 1)[0] == pytest.approx(-0.5, abs=0.02)


def test_saturation_without_noise_stops_at_one_minus_alpha():
    assert error_vs_depth(0.7, INF, 0, 400)[-1] == pytest.approx(0.3, abs=1e-6)
    assert long_time_error(0.7, INF, 0) == pytest.approx(0.3)


@pytest.mark.parametrize("point", [(4, 3, 0.1), (8, 2, 0.5), (0.7, 15, 0), (0.5, 8, 0.1), (0.6, INF, 0.1)])
def test_long_time_error_is_where_the_recursion_ends(point):
    noisy = (*point, point[2])
    assert regime(*noisy) == "saturation"
    assert error_vs_depth(*point, 400, rho_test=point[2])[-1] == pytest.approx(long_time_error(*noisy), rel=1e-4)


@pytest.mark.parametrize("point", [(4, 3, 0), (3, 3, 0), (9, 1.3, 0)])
def test_exponential_law_is_the_square_of_the_radius_with_a_root_of_depth(point):
    errors, depths = error_vs_depth(*point, 400), np.arange(200, 401)
    slope = np.polyfit(depths, np.log(errors[200:] * np.sqrt(depths)), 1)[0]
    assert slope == pytest.approx(2 * math.log(spectral_radius(*point)), rel=5e-3)


@pytest.mark.parametrize("alpha", [2, 4, 9, 20])
def test_error_at_the_critical_line_decays_as_the_inverse_root_of_depth(alpha):
    errors = error_vs_depth(alpha, max(critical_tau(alpha, 0)), 0, 400)
    assert math.log(errors[400] / errors[200]) / math.log(2) == pytest.approx(-0.5, abs=0.02)
    assert regime(alpha, max(critical_tau(alpha, 0)), 0) == "polynomial"


@pytest.mark.parametrize("alpha", [2, 3, 4, 9])
def test_late_slope_changes_sign_at_the_critical_line(alpha):
    critical = max(critical_tau(alpha, 0))
    below, above = error_vs_depth(alpha, 0.97 * critical, 0, 400), error_vs_depth(alpha, 1.03 * critical, 0, 400)
    assert below[400] > below[200]
    assert above[400] < above[200]
    assert (regime(alpha, 0.97 * critical, 0), regime(alpha, 1.03 * critical, 0)) == ("overthinking", "exponential")


def test_optimal_depth_near_the_critical_line_is_one_over_four_log_radius():
    # T^{-1/2} r^{2T} is least at T = 1 / (4 log r).
    tau = 0.995 * max(critical_tau(3, 0))
    assert optimal_depth(3, tau, 0, 400) == pytest.approx(1 / (4 * math.log(spectral_radius(3, tau, 0))), rel=0.03)


def test_optimal_depth_and_the_gain_from_thinking_grow_with_pretraining_and_context():
    by_tau = [optimal_depth(2, tau, 0, 200) for tau in (1.5, 2, 2.5, 3, 3.4)]
    by_alpha = [optimal_depth(alpha, 2, 0, 200) for alpha in (1, 1.25, 1.5, 2, 2.5)]
    assert by_tau == [2, 7, 13, 25, 86]
    assert by_alpha == [2, 4, 5, 7, 11]
    least = error_map(np.array([1, 1.5, 2, 2.5]), np.array([1.5, 2, 2.5, 3]), 0, 200).min(axis=2)
    assert (np.diff(least, axis=0) <= 0).all()
    assert (np.diff(least, axis=1) <= 0).all()


@pytest.mark.parametrize(
    ("alpha", "tau_plus", "tau_minus"),
    [(2, 1.5, 3.5), (3, 4 / 3, 2), (4, 1.25, 19 / 12), (9, 10 / 9, 7 / 6), (0.5, 2, 6), (1, 2, INF)],
)
def test_critical_pretraining_without_noise(alpha, tau_plus, tau_minus):
    assert critical_tau(alpha, 0) == pytest.approx((tau_plus, tau_minus), rel=1e-12)


@given(alpha=alphas, rho=st.floats(0.01, 5))
def test_oscillating_critical_line_is_the_quadrature_of_equation_13(alpha, rho):
    x, weight = marchenko_pastur(alpha, 4000)
    c = alpha / (1 + alpha + rho)
    quadrature = 1 + c * (1 - c) * weight @ (x / (2 - c * x)) ** 2
    assert critical_tau(alpha, rho)[1] == pytest.approx(quadrature, rel=1e-6)


@given(alpha=alphas, tau=taus, rho=st.floats(0, 5))
def test_edges_solve_equation_11_outside_the_bulk(alpha, tau, rho):
    c = alpha / (1 + alpha + rho)
    x, weight = marchenko_pastur(alpha, 4000)
    z_plus, z_minus = spectral_edges(alpha, tau, rho)
    assert z_minus <= 1 - c * (1 + alpha**-0.5) ** 2 + 1e-12
    low = 0.0 if alpha < 1 else (1 - alpha**-0.5) ** 2
    assert z_plus >= 1 - c * low - 1e-12
    for z, edge in ((z_plus, 1 - c * low), (z_minus, 1 - c * (1 + alpha**-0.5) ** 2)):
        if abs(z - edge) > 0.01:
            equation = c * (1 - c) / (tau - 1) * weight @ (x / (z - 1 + c * x)) ** 2
            assert equation == pytest.approx(1, rel=1e-6)


@given(alpha=alphas, rho=rhos)
def test_critical_lines_are_where_the_edges_reach_the_unit_circle(alpha, rho):
    tau_plus, tau_minus = critical_tau(alpha, rho)
    assert spectral_edges(alpha, tau_plus, rho)[0] == pytest.approx(1, abs=1e-6)
    if tau_minus < 1e6:
        assert spectral_edges(alpha, tau_minus, rho)[1] == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize(("alpha", "rho"), [(1.0, 0.0), (1.0, 0.5), (0.5, 0.0), (4.0, 0.1)])
def test_infinite_pretraining_leaves_the_bulk_alone(alpha, rho):
    c = alpha / (1 + alpha + rho)
    z_plus, z_minus = spectral_edges(alpha, INF, rho)
    assert z_plus == pytest.approx(1 if alpha <= 1 else 1 - c * (1 - alpha**-0.5) ** 2)
    assert z_minus == pytest.approx(1 - c * (1 + alpha**-0.5) ** 2)


@pytest.mark.parametrize("alpha", [0.999999, 1.0, 1.000001])
def test_edges_are_continuous_across_the_hard_edge(alpha):
    assert spectral_edges(alpha, 1.5, 0) == pytest.approx(spectral_edges(1.0, 1.5, 0), abs=1e-5)
    assert spectral_edges(alpha, 50, 0) == pytest.approx((1, -1.00074), abs=1e-5)


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((4, 3, 0), "exponential"),
        ((4, INF, 0), "exponential"),
        ((2, 3, 0), "overthinking"),
        ((2, 3.5, 0), "polynomial"),
        ((1, INF, 0), "polynomial"),
        ((1, 1e6, 0), "overthinking"),
        ((1, INF, 0.1), "overthinking"),
        ((1, INF, 0.1, 0), "polynomial"),
        ((1, 8, 0.5, 0), "polynomial"),
        ((4, 3, 0.1, 0), "exponential"),
        ((1, 7, 5, 0), "saturation"),
        ((0.7, INF, 0), "saturation"),
        ((0.7, 15, 0), "saturation"),
        ((0.7, 4, 0), "overthinking"),
        ((4, 3, 0.1), "saturation"),
        ((4, max(critical_tau(4, 0.1)), 0.1), "saturation"),
        ((0.7, 3, 1), "overthinking"),
    ],
)
def test_regimes_and_their_boundaries(point, expected):
    """Of three numbers, the third is the noise of pretraining and of test contexts."""
    assert regime(*point[:3], rho_test=point[-1]) == expected


def test_a_floor_without_a_closed_form_is_refused():
    with pytest.raises(ValueError, match="alpha = 1 at its critical tau = 7"):
        long_time_error(1, 7, 5)


def test_label_noise_at_the_hard_edge_grows_as_the_root_of_depth():
    errors = error_vs_depth(1, INF, 0.1, 1000, rho_test=0.1)
    assert math.log(errors[1000] / errors[500]) / math.log(2) == pytest.approx(0.5, abs=0.02)


def test_noise_accumulates_linearly_at_the_critical_upper_edge():
    errors = error_vs_depth(0.7, 3, 1, 400, rho_test=1)
    assert errors[400] / errors[200] == pytest.approx(2, rel=0.05)


def test_map_is_the_curve_at_every_grid_point():
    grid = error_map(np.array([0.5, 1, 3]), np.array([1.1, 2, INF]), 0.2, 30)
    assert grid.shape == (3, 3, 31)
    for row, alpha in zip(grid, (0.5, 1, 3), strict=True):
        for curve, tau in zip(row, (1.1, 2, INF), strict=True):
            assert curve == pytest.approx(error_vs_depth(alpha, tau, 0.2, 30), rel=1e-12)


@pytest.mark.parametrize(("alpha", "tau"), [(3, 1.001), (1, 1 + 1e-12), (0.2, 1 + 4e-16)])
def test_divergence_ends_in_infinity_without_warnings(alpha, tau):
    with np.errstate(all="raise", under="ignore"):
        errors = error_map(np.array([alpha]), np.array([tau, 5]), 0.1, 300)[0]
    assert not np.isnan(errors).any()
    first = int(np.argmax(np.isinf(errors[0])))
    assert first > 1
    assert np.isinf(errors[0, first:]).all()
    assert errors[1] == pytest.approx(error_vs_depth(alpha, 5, 0.1, 300), rel=1e-12)


def test_gain_of_a_step_is_the_share_of_error_it_removes_and_minus_infinity_on_overflow():
    errors = error_vs_depth(4, 3, 0.1, 20, rho_test=0.1)
    gain = gain_of_one_more_step(4, 3, 0.1, 20, rho_test=0.1)
    assert gain == pytest.approx(1 - errors[1:] / errors[:-1])
    assert (gain[:12] > 0).all()
    assert gain[12] < 0
    diverging = gain_of_one_more_step(3, 1.001, 0, 300)
    assert diverging[-1] == -INF
    assert not np.isnan(diverging).any()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, 3, 0, 5), "alpha = 0 is out of range; valid: > 0"),
        ((-1, 3, 0, 5), "alpha = -1 is out of range; valid: > 0"),
        ((2, 1, 0, 5), "tau = 1 is out of range; valid: > 1, or inf"),
        ((2, math.nan, 0, 5), "tau = nan is out of range; valid: > 1, or inf"),
        ((2, 3, -0.1, 5), "rho = -0.1 is out of range; valid: >= 0"),
        ((2, 3, INF, 5), "rho = inf is out of range; valid: >= 0"),
        ((2, 3, 0, -1), "max_depth = -1 is out of range; valid: >= 0"),
        ((2, 3, 0, 1.5), "max_depth = 1.5 is not an integer; valid: integers >= 0"),
        ((2, "3", 0, 5), "tau = '3' is not a number; valid: > 1, or inf"),
    ],
)
def test_invalid_arguments_are_named_with_their_range(arguments, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        error_vs_depth(*arguments)


@pytest.mark.parametrize("function", [spectral_edges, spectral_radius, regime, long_time_error, error_after_one_step])
def test_every_function_checks_its_arguments(function):
    with pytest.raises(ValueError, match=r"tau = 0\.5 is out of range; valid: > 1, or inf"):
        function(2, 0.5, 0)


def test_map_refuses_arrays_that_are_not_axes():
    with pytest.raises(ValueError, match="alphas and taus have 2 and 1 dimensions; valid: one-dimensional arrays"):
        error_map(np.ones((2, 2)), np.array([2.0]), 0, 3)
