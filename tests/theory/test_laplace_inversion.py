"""Are functions of one and two times recovered from their transforms?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.theory.laplace_inversion import invert_z, invert_z_equal_times, talbot_rule, z_circle


@given(time=st.floats(0.01, 100), rate=st.floats(0, 30))
def test_talbot_rule_inverts_a_decaying_exponential(time: float, rate: float) -> None:
    nodes, weights = talbot_rule(time)
    assert np.real(weights @ (1 / (nodes + rate))) == pytest.approx(np.exp(-rate * time), abs=1e-8)


def test_talbot_nodes_and_weights_are_closed_under_conjugation() -> None:
    nodes, weights = talbot_rule(1.7, order=12)
    assert nodes.shape == weights.shape == (23,)
    assert np.sum(nodes).imag == pytest.approx(0, abs=1e-10)
    assert np.sum(weights).imag == pytest.approx(0, abs=1e-6)


def test_double_transform_needs_the_mixed_conjugate_pairs() -> None:
    # 1/((s+1)(s'+1) - 1/4) is the transform of the sum over n of 4^-n (t t')^n / n!^2 e^-(t+t').
    time = 2.0
    nodes, weights = talbot_rule(time)
    transform = 1 / (np.multiply.outer(nodes + 1, nodes + 1) - 0.25)
    expected = np.exp(-2 * time) * np.i0(time)
    assert np.real(weights @ transform @ weights) == pytest.approx(expected, abs=1e-8)
    upper = slice(0, 24)
    doubled = np.where(np.arange(24) == 0, 1, 2) * weights[upper]
    shortcut = np.real(doubled @ transform[upper, upper] @ doubled)
    assert abs(shortcut - expected) > 1e-3


def test_rows_over_half_the_nodes_suffice_when_doubled() -> None:
    nodes, weights = talbot_rule(2.0)
    transform = 1 / (np.multiply.outer(nodes + 1, nodes + 1) - 0.25)
    half = weights[:24] * np.where(np.arange(24) == 0, 1, 2)
    assert np.real(half @ transform[:24] @ weights) == pytest.approx(np.real(weights @ transform @ weights), abs=1e-8)


def test_z_inversion_recovers_a_geometric_sequence() -> None:
    steps = 60
    z = z_circle(steps)[: steps + 1]
    np.testing.assert_allclose(invert_z(z / (z - 0.9)), 0.9 ** np.arange(steps), atol=2e-7)


def test_z_inversion_recovers_equal_times_of_a_two_time_function() -> None:
    steps = 50
    z = z_circle(steps)
    times = np.arange(2 * steps)
    exact = np.minimum.outer(times, times) + 1.0
    # The transform of a sequence that ends is a plain sum.
    powers = z[:, None] ** -times.astype(float)
    transform = powers[: steps + 1] @ exact @ powers.T
    np.testing.assert_allclose(invert_z_equal_times(transform), 1.0 + np.arange(steps), rtol=1e-6)


@pytest.mark.parametrize(("time", "order"), [(0, 24), (-1, 24), (np.nan, 24), (1, 3), (1, 41), (1, 8.5)])
def test_talbot_rule_refuses_bad_arguments(time: float, order: int) -> None:
    with pytest.raises(ValueError, match=r"time|order"):
        talbot_rule(time, order)


def test_z_circle_refuses_no_steps() -> None:
    with pytest.raises(ValueError, match="steps = 0"):
        z_circle(0)
