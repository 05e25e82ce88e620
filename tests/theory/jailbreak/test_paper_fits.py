"""Do the paper's fits read what was put in, and what the constraint puts in?"""

import numpy as np
import pytest

from solv.theory.jailbreak.clusters import asr_gap, edge_gap
from solv.theory.jailbreak.paper_fits import (
    FIGURE_2_COUNTS,
    LANGUAGE_COUNTS,
    fit_fields,
    least_squares_edge,
    log_minus_log,
    log_minus_log_slope,
)

K = np.array(FIGURE_2_COUNTS)


def test_the_paper_has_33_and_47_numbers_of_samples():
    assert (len(FIGURE_2_COUNTS), FIGURE_2_COUNTS[-1]) == (33, 64)
    assert (len(LANGUAGE_COUNTS), LANGUAGE_COUNTS[-1]) == (47, 125)
    assert sum(LANGUAGE_COUNTS) == 2181  # answers a prompt if every k is drawn afresh


def test_least_squares_reads_a_law_that_is_straight():
    loglog = -0.7 * np.log(K) - 0.05 * K - 0.4
    gaps = -np.expm1(-np.exp(loglog))
    np.testing.assert_allclose(least_squares_edge(K, gaps), (0.7, 0.05), rtol=1e-10)
    np.testing.assert_allclose(least_squares_edge(K, np.exp(loglog), of_log_gap=True), (0.7, 0.05), rtol=1e-10)
    both = least_squares_edge(K, np.stack([gaps, gaps]))
    assert both[0].shape == (2,)


@pytest.mark.parametrize(
    ("x", "field", "nu", "mu"), [(0.3, 1, 0.801, -0.0027), (0.3, 5, 0.966, -0.0083), (0.1, 5, 1.309, -0.0129)]
)
def test_least_squares_of_the_exact_law_read_a_growing_power_and_a_negative_rate(x, field, nu, mu):
    """Numbers found independently, by another program, for the notes on the paper."""
    found = least_squares_edge(K, asr_gap(x, 1, field, K))
    assert found == (pytest.approx(nu, abs=6e-4), pytest.approx(mu, abs=6e-5))


@pytest.mark.parametrize(("nu", "read"), [(0.1, 0.222), (0.2, 0.312), (0.5, 0.547)])
def test_large_gaps_inflate_the_power(nu, read):
    k = np.array(LANGUAGE_COUNTS)
    assert least_squares_edge(k, edge_gap(1, nu, 0, k))[0] == pytest.approx(read, abs=5e-4)


def test_a_floor_hides_the_rate():
    k = np.array(LANGUAGE_COUNTS)
    nu, mu = least_squares_edge(k, np.maximum(edge_gap(1, 0.5, 0.105, k), 1e-3))
    assert (nu, mu) == (pytest.approx(1.83, abs=5e-3), pytest.approx(6e-4, abs=5e-5))


def test_the_slope_of_the_double_logarithm_is_its_derivative():
    gaps, step = np.array([0.95, 0.9, 0.8, 0.5, 0.1]), 1e-6
    slope = (log_minus_log(np.log(gaps) + step) - log_minus_log(np.log(gaps) - step)) / (2 * step)
    np.testing.assert_allclose(log_minus_log_slope(gaps), slope, rtol=1e-6)
    np.testing.assert_allclose(log_minus_log_slope(gaps), [6.3, 3.9, 2.5, 1.44, 1.05], rtol=0.02)


def laws(nu, mu):
    return -np.array(nu)[:, None] * np.log(K) - np.array(mu)[:, None] * K - 0.3


def test_a_free_fit_of_fields_reads_each_and_the_constraint_makes_both_grow():
    nu, mu = [0.7, 0.9, 0.6], [0.0, 0.05, 0.2]
    y = laws(nu, mu)
    free = fit_fields(K, y, np.full(y.shape, 0.05), monotone=False)
    np.testing.assert_allclose(free.nu, nu, atol=1e-6)
    np.testing.assert_allclose(free.mu, mu, atol=1e-6)
    made = fit_fields(K, y, np.full(y.shape, 0.05), monotone=True, zero_first=True)
    assert (np.diff(made.nu) >= 0).all()
    assert (np.diff(made.mu) >= 0).all()
    assert made.mu[0] == 0
    assert 0.6 < made.nu[-1] < 0.9  # between the two that it may not order


def test_the_constraint_leaves_what_grows_by_itself():
    nu, mu = [0.5, 0.7, 0.9], [0.0, 0.1, 1.0]
    y = laws(nu, mu)
    made = fit_fields(K, y, np.full(y.shape, 0.05), monotone=True, zero_first=True)
    np.testing.assert_allclose(made.nu, nu, atol=1e-5)
    np.testing.assert_allclose(made.mu, mu, atol=1e-5)


def test_what_cannot_be_fitted_is_named():
    with pytest.raises(ValueError, match=r"not in \(0, 1\)"):
        least_squares_edge(K, np.full(33, 1.0))
    with pytest.raises(ValueError, match="at least 3"):
        least_squares_edge([1, 2], [0.5, 0.4])
    with pytest.raises(ValueError, match="not > 0"):
        fit_fields(K, laws([0.5], [0.0]), np.zeros((1, 33)), monotone=False)
    with pytest.raises(ValueError, match="shapes"):
        fit_fields(K, laws([0.5], [0.0])[0], np.ones(33), monotone=False)
    with pytest.raises(ValueError, match="gap"):
        log_minus_log_slope(1.0)
