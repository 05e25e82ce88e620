"""Does a linear unit coupled to many others by a random matrix have the right correlation and response?"""

import numpy as np
import pytest

from solv.theory.dmft.linear_dmft import coupled_two_time


def test_own_unit_with_feedback_matches_a_direct_average_over_its_series() -> None:
    # Without memory (tau = 0) C is the sum of g^2n over chains of n responses: check against the plain series.
    rng = np.random.default_rng(5)
    unit_response = np.tril(rng.normal(size=(6, 6)), -1)
    root = rng.normal(size=(6, 6))
    unit_correlation = root @ root.T
    expected, term = np.zeros((6, 6)), unit_correlation
    for _ in range(6):
        expected = expected + term
        term = 0.49 * unit_response @ term @ unit_response.T
    solved = coupled_two_time(unit_response, unit_correlation, 0.7, 0)
    np.testing.assert_allclose(solved.correlation, expected, rtol=1e-12)
    np.testing.assert_array_equal(solved.response, unit_response)


def test_coupled_response_solves_its_equation() -> None:
    unit_response = np.tril(np.random.default_rng(6).normal(size=(20, 20)), -1) / 4
    solved = coupled_two_time(unit_response, np.eye(20), 0.8, -0.6)
    right = unit_response + -0.6 * 0.64 * unit_response @ solved.response @ solved.response
    np.testing.assert_allclose(solved.response, right, atol=1e-12)


@pytest.mark.parametrize(("g", "tau"), [(0, 0), (-1, 0), (0.5, 1.1), (0.5, -1.1), (np.nan, 0)])
def test_couplings_out_of_range_are_refused(g: float, tau: float) -> None:
    with pytest.raises(ValueError, match=r"g = |tau = "):
        coupled_two_time(np.zeros((2, 2)), np.eye(2), g, tau)


def test_a_unit_that_is_not_causal_or_has_other_times_is_refused() -> None:
    with pytest.raises(ValueError, match="strictly lower"):
        coupled_two_time(np.eye(2), np.eye(2), 0.5, 0)
    for response, correlation in (
        (np.zeros((2, 2)), np.eye(3)),
        (np.zeros((1, 1)), np.eye(1)),
        (np.zeros(2), np.eye(2)),
    ):
        with pytest.raises(ValueError, match="valid: both"):
            coupled_two_time(response, correlation, 0.5, 0)


@pytest.mark.parametrize("tau", [0.0, 0.7])
def test_a_large_random_system_has_the_predicted_correlation(tau: float) -> None:
    # x(t) = (r0 (J x))(t) + x0(t) for every unit at once, in a system of 400 units drawn here.
    rng, units, times, g = np.random.default_rng(1), 400, 4, 0.6
    unit_response = np.tril(rng.normal(size=(times, times)), -1) / 2
    one = rng.normal(size=(units, units))
    root = np.arctanh(tau) if tau else 0.0
    coupling = g / np.sqrt(units) * (np.cosh(root / 2) * one + np.sinh(root / 2) * one.T)
    coupling /= np.std(coupling) * np.sqrt(units) / g
    free = rng.normal(size=(times, units))
    states = np.zeros((times, units))
    for t in range(times):
        states[t] = free[t] + unit_response[t, :t] @ (states[:t] @ coupling.T)
    expected = coupled_two_time(unit_response, np.eye(times), g, tau).correlation
    np.testing.assert_allclose(states @ states.T / units, expected, atol=5 * np.sqrt(2 / units))
