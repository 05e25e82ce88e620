import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.theory.anytime.rates import best_schedule_exponent, risk_exponent, stable_decay_exponent
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import power_law_spectrum
from solv.theory.anytime.weight_averaging import tail, uniform
from solv.theory.schedules import polynomial

GAMMAS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def slopes(a, b, gammas, low, high, averages, multiplier=0.5, sigma2=1.0, dimension=10**7):
    """Return the exponents of the averaged risk between two numbers of steps; averages: one for each of them."""
    spectrum = power_law_spectrum(a, b, dimension, exact=30, ratio=1.1)
    t = np.arange(1, high + 1)
    rates = np.stack([polynomial(t, gamma) for gamma in gammas], axis=1) * multiplier / spectrum.trace
    risks = excess_risk(spectrum, sigma2, rates, [low, high], averages).averaged
    return np.log(risks[1, 1] / risks[0, 0]) / np.log(high / low)


@pytest.mark.parametrize(
    ("a", "b", "measured"),
    [
        (1.5, 3.0, [-0.328, -0.408, -0.476, -0.552, -0.634, -0.646, -0.550, -0.424]),
        (1.5, 1.5, [-0.340, -0.312, -0.275, -0.239, -0.204, -0.170, -0.137, -0.106]),
    ],
)
def test_the_recursion_has_the_predicted_slopes(a, b, measured):
    found = slopes(a, b, GAMMAS, 16_000, 64_000, [tail(8000), tail(32_000)])
    assert found == pytest.approx(measured, abs=2e-3)
    assert found == pytest.approx(risk_exponent(a, b, GAMMAS), abs=0.06)


@pytest.mark.parametrize(("a", "multiplier", "measured"), [(1.1, 3, -0.557), (1.5, 2, -0.686), (1.9, 1, -0.753)])
def test_the_inverse_square_root_has_the_minimax_rate_at_twice_the_capacity(a, multiplier, measured):
    """The multipliers are those of least mean risk over the checkpoints of figure 3."""
    found = slopes(a, 2 * a, [0.5], 5000, 20_000, [uniform(), uniform()], multiplier, 0.01, 500_000)
    assert found == pytest.approx([measured], abs=2e-3)
    assert found == pytest.approx([-(1 - 1 / (2 * a))], abs=0.03)


@given(st.floats(1.01, 5), st.floats(1.01, 5), st.floats(0, 0.99))
def test_no_exponent_beats_the_best_one(a, b, gamma):
    best = float(risk_exponent(a, b, best_schedule_exponent(a, b)))
    assert best <= float(risk_exponent(a, b, gamma)) + 1e-12
    assert best == pytest.approx(-(1 - 1 / b) if b >= a else -(b - 1) / a)


def test_a_constant_rate_is_best_up_to_the_capacity():
    assert best_schedule_exponent(1.5, 1.2) == 0
    assert best_schedule_exponent(1.5, 3) == 0.5


def test_warmup_stable_decay_has_the_exponents_of_a_constant_rate_with_an_average():
    assert stable_decay_exponent(1.5, 1.2) == pytest.approx(-0.2 / 1.5)
    assert stable_decay_exponent(1.5, 1.5) == pytest.approx(-(1 - 1 / 1.5))
    assert stable_decay_exponent(1.5, 3) == pytest.approx(-(1 - 1 / 1.5))  # the noise, however easy the target


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: risk_exponent(1.0, 2, 0), "a = 1.0"),
        (lambda: risk_exponent(2, 1.0, 0), "b = 1.0"),
        (lambda: risk_exponent(2, 2, [0, 1.0]), "gamma = "),
        (lambda: best_schedule_exponent(0.5, 2), "a = 0.5"),
        (lambda: stable_decay_exponent(2.0, 2), "a = 2.0"),
        (lambda: stable_decay_exponent(1.5, 1.0), "b = 1.0"),
    ],
)
def test_a_value_out_of_range_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
