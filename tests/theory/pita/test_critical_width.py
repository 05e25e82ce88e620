"""Is a critical width read where a known curve crosses, and are a known law and its errors recovered?"""

import numpy as np
import pytest

from solv.theory.pita.critical_width import DRAWN_EXPONENTS, crossing, width_formula, width_law

WIDTHS = (4, 8, 16, 32, 64)


def test_a_crossing_lies_where_a_straight_line_in_log_width_does():
    accuracy = 0.5 + 0.1 * np.log2(np.array(WIDTHS) / 4)  # 0.75 at 4 * 2^2.5
    found = crossing(WIDTHS, np.tile(accuracy, (3, 1)))
    assert found.log_width == pytest.approx(np.log(4 * 2**2.5))
    assert found.error == pytest.approx(0)


def test_the_error_is_that_of_the_accuracy_over_the_slope():
    accuracy = 0.5 + 0.1 * np.log2(np.array(WIDTHS) / 4)
    shifts = np.array([-0.02, 0.0, 0.02])
    found = crossing(WIDTHS, accuracy + shifts[:, None])
    slope = 0.1 / np.log(2)
    assert found.error == pytest.approx(0.02 / np.sqrt(3) / slope)


def test_the_last_crossing_counts_and_a_curve_on_one_side_has_none():
    assert crossing(WIDTHS, [[0.5, 0.8, 0.6, 0.9, 0.9]]).log_width == pytest.approx(np.log(16 * 2**0.5))
    assert crossing(WIDTHS, [[0.5, 0.5, 0.6, 0.6, 0.7]]).log_width == np.inf
    assert crossing(WIDTHS, [[0.8, 0.8, 0.9, 0.9, 0.9]]).log_width == -np.inf
    assert np.isnan(crossing(WIDTHS, [[0.5, 0.8, 0.6, 0.9, 0.9]]).error)


def test_a_law_is_recovered_and_its_error_covers():
    rng, sizes, errors = np.random.default_rng(0), np.array([4.0, 8, 16, 32]), np.array([0.1, 0.05, 0.1, 0.2])
    pulls = []
    for _ in range(400):
        found = width_law(sizes, np.log(3 * sizes**1.5) + errors * rng.normal(size=4), errors)
        pulls.append((found.exponent - 1.5) / found.error)
    # the error is enlarged where the scatter is large: pulls are narrower than 1, never wider
    assert abs(np.mean(pulls)) < 4 / np.sqrt(400)
    assert 0.7 < np.std(pulls) < 1.08
    exact = width_law(sizes, np.log(3 * sizes**1.5), errors)
    assert (exact.exponent, exact.amplitude, exact.points) == (pytest.approx(1.5), pytest.approx(3), 4)


def test_scatter_beyond_the_errors_enlarges_the_error_of_the_exponent():
    sizes, logs = np.array([1.0, 2, 4]), np.array([0.0, 1.0, 1.0])
    small, large = (width_law(sizes, logs, np.full(3, error)).error for error in (0.01, 0.001))
    assert small == pytest.approx(large)


def test_unknown_widths_are_left_out_and_one_says_nothing():
    found = width_law([2, 4, 8], [0.0, np.inf, np.log(4)], [0.1, np.nan, 0.1])
    assert (found.exponent, found.points) == (pytest.approx(1), 2)
    assert np.isnan(width_law([2, 4], [0.0, np.inf], [0.1, np.nan]).exponent)


def test_what_cannot_be_fitted_is_named():
    with pytest.raises(ValueError, match="do not increase"):
        crossing([4, 4], [[0.5, 0.9]])
    with pytest.raises(ValueError, match="shapes"):
        crossing(WIDTHS, [[0.5, 0.9]])
    with pytest.raises(ValueError, match="threshold = 1"):
        crossing(WIDTHS, [[0.5] * 5], 1)
    with pytest.raises(ValueError, match="shapes"):
        width_law([1, 2], [0.0], [0.1])
    with pytest.raises(ValueError, match="valid: > 0"):
        width_law([0, 2], [0.0, 1.0], [0.1, 0.1])


@pytest.mark.parametrize("trace", [True, False])
def test_one_formula_has_all_four_slopes_of_the_paper(trace):
    sizes = np.array([1000.0, 2000.0])
    for deep, widths in ((True, width_formula(8, sizes, trace=trace)), (False, width_formula(sizes, 8, trace=trace))):
        slope = np.log(widths[1] / widths[0]) / np.log(2)
        assert slope == pytest.approx(DRAWN_EXPONENTS[trace, deep], abs=1e-3)


def test_a_trace_of_the_whole_arm_needs_half_as_much_more_width_as_it_has_tokens():
    assert width_formula(4, 9, trace=True) / width_formula(4, 9, trace=False) == pytest.approx(5)
    with pytest.raises(ValueError, match="valid: > 0"):
        width_formula(0, 9, trace=True)
