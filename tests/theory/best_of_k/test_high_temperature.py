"""The expansion at high temperature against the exact law, and the thresholds that are exact in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.best_of_k.high_temperature import (
    coefficients,
    endless_optimal_temperature,
    expanded_best_extrapolation,
    expanded_error,
    expanded_optimal_samples,
    expanded_optimal_temperature,
    expanded_threshold,
    finite_samples_slope,
    samples_of_optimal_temperature,
    sampling_threshold,
)
from solv.theory.best_of_k.local_exponents import Regression
from solv.theory.best_of_k.selection import Equivalents, optimal_samples, optimal_temperature, selection_error

PAPER = Regression(1e-3, 1e-4, 1e-3, 4.0)  # the paper's figures, in units of sigma^2 = 1e-8
COUNTS = [1, 2, 3, 4, 6, 8, 12, 16, 20, 32, 64, 99]
# delta / sigma^2 at t = 10 with the one-point D2, rounded; k = 1 is s2 + D2 = 1.04108 for every judge
FIGURE = {
    0: [1.0411, 0.9874, 0.9718, 0.9643, 0.9571, 0.9535, 0.9500, 0.9483, 0.9472, 0.9457, 0.9444, 0.9439],
    5: [1.0411, 0.9690, 0.9501, 0.9415, 0.9333, 0.9294, 0.9256, 0.9237, 0.9226, 0.9210, 0.9196, 0.9191],
    10: [1.0411, 0.9531, 0.9342, 0.9265, 0.9200, 0.9171, 0.9145, 0.9133, 0.9126, 0.9116, 0.9108, 0.9105],
    15: [1.0411, 0.9399, 0.9232, 0.9183, 0.9157, 0.9154, 0.9156, 0.9160, 0.9163, 0.9169, 0.9176, 0.9178],
}


def extrapolating(c, d2=0.04, s2=1.0):
    return Equivalents(0.1, d2, s2, d2, d2).extrapolating(c)


def paper_judge(c, *, one_point=True):
    return PAPER.equivalents(one_point=one_point).extrapolating(c)


@st.composite
def judges(draw):
    d2, va = draw(st.floats(0.01, 0.5)), draw(st.floats(0.01, 2))
    return Equivalents(0.1, d2, draw(st.floats(0.3, 2)), va, draw(st.floats(-1, 1)) * math.sqrt(d2 * va))


@pytest.mark.parametrize("c", FIGURE)
def test_the_paper_figure_has_these_values(c):
    found = selection_error(paper_judge(c), COUNTS, 20e-8) / 1e-8
    np.testing.assert_allclose(found, FIGURE[c], atol=2e-4)


def test_the_constants_of_the_paper_figure():
    one, full = PAPER.equivalents(one_point=True), PAPER.equivalents()
    assert one.kappa == pytest.approx(1.001e-5, rel=1e-4)
    assert one.bias_variance / 1e-8 == pytest.approx(0.04008, abs=5e-6)
    assert full.bias_variance / 1e-8 == pytest.approx(0.04112, abs=5e-6)
    assert full.predictive_variance / 1e-8 == pytest.approx(1.0010, abs=5e-5)
    found = [expanded_threshold(paper_judge(c)) for c in (0, 5, 10, 15)]
    np.testing.assert_allclose(found, [3.11, 5.92, 10.73, 16.48], atol=0.01)
    assert expanded_optimal_samples(paper_judge(10), 10.0) == pytest.approx(19.66, abs=0.01)
    assert expanded_optimal_samples(paper_judge(15), 10.0) == pytest.approx(3.39, abs=0.01)


def test_at_t_ten_the_exact_best_number_is_eight_for_c_fifteen_and_none_for_c_ten():
    assert optimal_samples(paper_judge(15), 20e-8).argument == 8
    assert math.isinf(optimal_samples(paper_judge(10), 20e-8).argument)


@pytest.mark.parametrize(("c", "k", "most"), [(0, 2, 0.005), (5, 2, 0.005), (15, 2, 0.014)])
def test_three_orders_are_as_near_as_the_notes_say(c, k, most):
    exact = selection_error(paper_judge(c), k, 20e-8)[0]
    off = abs(expanded_error(paper_judge(c), k, 10.0)[0] / exact - 1)
    assert 0.2 * most < off < 1.03 * most or c == 0


@settings(deadline=None, max_examples=10)
@given(judge=judges(), k=st.integers(2, 60))
def test_each_order_is_exact_up_to_the_next_one(judge, k):
    s2 = judge.predictive_variance
    for order, exact_third in ((1, False), (2, False), (3, True)):
        gaps = [
            abs(
                expanded_error(judge, k, t, order=order, exact_third=exact_third)[0]
                - selection_error(judge, k, 2 * s2 * t)[0]
            )
            for t in (400.0, 800.0)
        ]
        noise = 3e-9 * (judge.bias_variance + s2)  # of the exact law
        assert gaps[1] <= gaps[0] * 2.0 ** -(order + 0.7) + noise


def test_the_third_order_of_the_paper_is_right_at_large_k_only():
    judge, t = extrapolating(2, 0.3), 200.0
    exact = selection_error(judge, [3, 10**6], 2 * t)
    paper = abs(expanded_error(judge, [3, 10**6], t) - exact) * t**3
    ours = abs(expanded_error(judge, [3, 10**6], t, exact_third=True) - exact) * t**3
    assert paper[0] > 3
    assert ours[0] < 0.5
    assert paper[1] == pytest.approx(ours[1], abs=1e-2)


@settings(deadline=None, max_examples=15)
@given(judge=judges(), t=st.floats(2, 30))
def test_the_error_approaches_its_limit_with_the_slope_in_closed_form(judge, t):
    if (t + 1) * (t + 2) < 8 * judge.judge_variance / judge.predictive_variance:
        return
    k = 20_000
    near, limit = selection_error(judge, [k, math.inf], 2 * judge.predictive_variance * t)
    scale = judge.predictive_variance + judge.judge_variance
    assert k * (near - limit) == pytest.approx(finite_samples_slope(judge, t), rel=0.02, abs=6e-3 * scale)


@pytest.mark.parametrize("c", [5.0, 10.0, 15.0])
def test_the_exact_threshold_is_four_below_that_of_the_paper(c):
    judge = extrapolating(c)
    t = sampling_threshold(judge)
    assert t == pytest.approx(expanded_threshold(judge) - 4)
    assert finite_samples_slope(judge, 0.99 * t) < 0 < finite_samples_slope(judge, 1.01 * t)
    assert math.isfinite(optimal_samples(judge, 2 * 0.9 * t).argument)
    assert math.isinf(optimal_samples(judge, 2 * 1.1 * t).argument)


def test_no_threshold_where_the_judge_is_the_teacher_and_the_task_easy():
    assert sampling_threshold(extrapolating(0)) == 0


def test_the_best_temperature_of_endless_samples_is_three_below_that_of_the_paper():
    for c in (10.0, 20.0):
        judge = extrapolating(c)
        exact = endless_optimal_temperature(judge)
        assert exact == pytest.approx(expanded_optimal_temperature(judge, math.inf) - 3)
        assert optimal_temperature(judge, math.inf).argument / 2 == pytest.approx(exact, rel=1e-3)


# an independent reproduction's optima at D_T = 0: (D_R, k) -> t of the formula, exact t
CALIBRATION = {
    (3, 3): (6.6667, 7.26175),
    (4, 10): (27.2, 25.23770),
    (5, 50): (49.92, 47.12621),
    (6, 5): (44.4, 43.62576),
}


@pytest.mark.parametrize("setting", CALIBRATION)
def test_the_formula_of_remark_four_is_as_near_as_a_reproduction_found(setting):
    from scipy.optimize import minimize_scalar

    from solv.theory.best_of_k.selection_moments import selected_squared_distance

    (d_r, k), (formula, exact) = setting, CALIBRATION[setting]
    assert 2 * (1 - 2 / k) * (1 + d_r**2) == pytest.approx(formula, abs=1e-3)

    def error(log_t):
        place = np.array([float(d_r)])
        return selected_squared_distance(place, place, 1.0, np.array([k]), 2 * math.exp(log_t))[0, 0]

    bounds = (math.log(exact / 2), math.log(exact * 2))
    found = minimize_scalar(error, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    assert math.exp(found.x) == pytest.approx(exact, rel=1e-3)


def test_the_two_readings_of_the_best_k_are_different_conditions():
    judge = extrapolating(15)
    k = samples_of_optimal_temperature(judge, 8.0)
    assert expanded_optimal_temperature(judge, k) == pytest.approx(8.0)
    assert expanded_optimal_samples(judge, 8.0) != pytest.approx(k, rel=0.2)
    assert math.isinf(samples_of_optimal_temperature(judge, 12.0))
    assert math.isinf(expanded_optimal_samples(judge, 20.0))


def test_the_best_judge_extrapolates_by_t():
    teacher = PAPER.equivalents(one_point=True)
    grid = np.arange(5.0, 14.0, 0.5)
    best = {}
    errors = np.array([selection_error(teacher.extrapolating(c), [16, 64, 512, math.inf], 20e-8) for c in grid])
    for column, k in enumerate((16, 64, 512, math.inf)):
        best[k] = grid[errors[:, column].argmin()]
    assert best == {16: 11.5, 64: 10.5, 512: 10.0, math.inf: 10.0}
    found = [expanded_best_extrapolation(k, 10.0) for k in (16, 64, 512)]
    np.testing.assert_allclose(found, [9.4, 8.3, 8.0], atol=0.05)
    t = 10e-8 / teacher.predictive_variance
    limit = teacher.predictive_variance * t / (1 + t)
    assert selection_error(teacher.extrapolating(t), math.inf, 20e-8)[0] == pytest.approx(limit, rel=1e-12)
    found = [selection_error(teacher.extrapolating(c), 512, 20e-8)[0] / 1e-8 for c in (0, 10)]
    np.testing.assert_allclose(found, [0.9433, 0.9101], atol=1.1e-4)


def test_coefficients_are_averages_over_the_test_points():
    rng = np.random.default_rng(0)
    judge = Equivalents(0.1, 0.3, 0.7, 0.5, 0.2)
    d_t, d_r = rng.multivariate_normal([0, 0], [[0.3, 0.2], [0.2, 0.5]], 400_000).T
    found = coefficients(judge)
    first = 0.7 + 2 * d_r * d_t
    assert found.first == pytest.approx(first.mean(), abs=5e-3)
    assert found.second == pytest.approx((first + d_r**2).mean(), abs=8e-3)
    assert found.third == pytest.approx((first + 2 * d_r**2).mean(), abs=1e-2)
    assert found.product == pytest.approx((first * (1 + 2 * d_r**2 / 0.7)).mean(), abs=5e-2)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: expanded_error(extrapolating(1), 0, 10), "k = 0"),
        (lambda: expanded_error(extrapolating(1), 2, 0), "t = 0"),
        (lambda: expanded_error(extrapolating(1), 2, 5, order=4), "order = 4"),
        (lambda: expanded_optimal_temperature(extrapolating(1), 2), "k = 2"),
        (lambda: coefficients(extrapolating(1, s2=0.0)), "predictive_variance"),
        (lambda: finite_samples_slope(extrapolating(30), 1.0), r"t = 1\.0 .*2 Va / s2 = 76"),
        (lambda: sampling_threshold(extrapolating(0, d2=3.0)), "judge_variance"),
    ],
)
def test_invalid_input_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
