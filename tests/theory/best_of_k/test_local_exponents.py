"""What Remarks 5 and 6 say in numbers, and what the exact law says instead."""

import math

import numpy as np
import pytest

from solv.theory.best_of_k.local_exponents import (
    Regression,
    data_exponent,
    one_point_coefficient,
    one_point_data_exponent,
    ridge,
    sample_exponent,
)
from solv.theory.best_of_k.selection import inverse_square_coefficient, selection_error

PAPER = Regression(1e-3, 1e-4, 1e-3, 4.0)
COUNTER = Regression(0.2, math.sqrt(0.1), math.sqrt(0.1))


def test_the_ridge_is_the_closed_form_of_the_paper():
    for each in (PAPER, COUNTER, Regression(1.5, 0.3, 2.0, 1.0, 0.7)):
        s, bare = each.input_variance, each.d_over_n * (each.sigma / each.gamma) ** 2
        b = each.d_over_n + bare / s - 1
        assert ridge(each) == pytest.approx(0.5 * s * (b + math.sqrt(b * b + 4 * bare / s)), rel=1e-9)


def test_the_coefficient_of_the_figure_at_zero_temperature():
    assert one_point_coefficient(PAPER, small_ridge=True) / 1e-8 == pytest.approx(3.2753, abs=1e-4)
    assert inverse_square_coefficient(PAPER.equivalents(one_point=True)) / 1e-8 == pytest.approx(3.2788, abs=1e-4)
    assert inverse_square_coefficient(PAPER.equivalents()) / 1e-8 == pytest.approx(3.2825, abs=1e-4)


@pytest.mark.parametrize(
    ("d_over_n", "exponent"),
    [(0.005, 5.074986e-9), (0.01, 2.060587e-8), (0.02, 8.494517e-8), (0.04, 3.612131e-7), (0.08, 1.639017e-6)],
)
def test_the_exponent_of_data_is_that_of_a_reproduction(d_over_n, exponent):
    assert one_point_data_exponent(Regression(d_over_n, 1.0, 10.0)) == pytest.approx(exponent, rel=1e-6)


def test_the_exact_exponent_of_data_is_a_hundred_thousand_times_larger():
    a = 0.08
    exact = data_exponent(Regression(a, 1.0, 10.0))
    assert exact == pytest.approx(0.18, abs=0.005)
    # gamma >> sigma: delta ~ [1/(1-a)] / sqrt(1 - 2a)
    assert exact == pytest.approx(a / (1 - a) + a / (1 - 2 * a), rel=0.02)


def test_data_beat_samples_in_the_counter_example():
    assert one_point_data_exponent(COUNTER) == pytest.approx(2.67, abs=0.005)
    assert data_exponent(COUNTER) > 2
    assert COUNTER.equivalents().difficulty < 0.5


@pytest.mark.parametrize("regression", [COUNTER, Regression(0.05, 0.5, 1.0, 2.0, 1.5)])
def test_exponents_are_slopes(regression):
    step = 1e-5

    def law(factor):
        return one_point_coefficient(regression.with_data(factor))

    slope = -(math.log(law(math.exp(step))) - math.log(law(math.exp(-step)))) / (2 * step)
    assert one_point_data_exponent(regression) == pytest.approx(slope, rel=1e-6)
    errors = selection_error(regression.equivalents(), [64, 128], 0.0)
    assert sample_exponent(regression, 64) == pytest.approx(math.log2(errors[0] / errors[1]), rel=1e-12)
    assert sample_exponent(Regression(0.01, 1.0, 1.0), 10**4) == pytest.approx(2, abs=0.01)
    at_k = [selection_error(regression.with_data(math.exp(s * 1e-2)).equivalents(), 16, 0.0)[0] for s in (-1, 1)]
    assert data_exponent(regression, 16) == pytest.approx(math.log(at_k[0] / at_k[1]) / 2e-2, rel=1e-3)


def test_the_law_is_none_where_the_task_is_hard():
    hard = Regression(0.5, 0.3, 0.3, 4.0)
    assert math.isinf(one_point_coefficient(hard))
    assert math.isinf(one_point_data_exponent(hard))
    assert math.isinf(data_exponent(hard))


def test_the_one_point_equivalent_is_several_times_too_small_at_twice_as_many_samples_as_dimensions():
    half = Regression(0.5, 0.5, 1.0)
    full, one = half.equivalents().bias_variance, half.equivalents(one_point=True).bias_variance
    np.testing.assert_allclose([one, full, full / one], [0.0308, 0.1754, 5.70], rtol=2e-3)


@pytest.mark.parametrize(
    ("field", "value"), [("d_over_n", 0.0), ("sigma", 0.0), ("gamma", -1.0), ("signal", -1.0), ("input_variance", 0.0)]
)
def test_a_regression_that_cannot_be_is_refused(field, value):
    with pytest.raises(ValueError, match=field):
        Regression(**{"d_over_n": 0.1, "sigma": 1.0, "gamma": 1.0, field: value})
