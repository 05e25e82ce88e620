import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.theory.schedules import (
    constant,
    cosine,
    inverse_sqrt,
    offset_polynomial,
    polynomial,
    warmup_stable_decay,
)

SHAPES = {
    "constant": constant,
    "polynomial": lambda t, **rest: polynomial(t, 0.4, **rest),
    "offset": lambda t, **rest: offset_polynomial(t, 0.3, 7.0, **rest),
    "inverse sqrt": lambda t, **rest: inverse_sqrt(t, 50.0, **rest),
    "cosine": lambda t, **rest: cosine(t, 200, 0.1, **rest),
    "stable": lambda t, **rest: warmup_stable_decay(t, 200, 0.9, 0.1, **rest),
}
STEPS = np.arange(1, 201)


@pytest.mark.parametrize("name", SHAPES)
def test_factors_never_rise_after_the_warm_up_and_stay_within_zero_and_one(name):
    factors = SHAPES[name](STEPS, warmup=20)
    assert factors[:20] == pytest.approx(np.arange(1, 21) / 20)
    assert np.all(np.diff(factors[20:]) <= 0)
    assert np.all((factors > 0) & (factors <= 1))


@pytest.mark.parametrize("name", SHAPES)
def test_a_vector_of_steps_is_the_steps_one_by_one(name):
    """Up to rounding: powers and cosines of a vector and of a number are computed by different instructions."""
    alone = [float(SHAPES[name](int(t), warmup=3)) for t in STEPS]
    np.testing.assert_allclose(SHAPES[name](STEPS, warmup=3), alone, rtol=1e-14)


def test_the_formulas_at_chosen_steps():
    assert polynomial(16, 0.5) == pytest.approx(0.25)
    assert inverse_sqrt(300, 100.0) == pytest.approx(0.5)
    assert inverse_sqrt(310, 100.0, warmup=10) == pytest.approx(0.5)
    assert cosine([1, 51, 101], 100, 0.2) == pytest.approx([1, 0.6, 0.2])
    assert cosine([11, 61], 110, warmup=10) == pytest.approx([1, 0.5])
    assert warmup_stable_decay([90, 95, 100, 120], 100, 0.9, 0.1) == pytest.approx([1, 0.55, 0.1, 0.1])


def test_without_an_exponent_the_power_is_constant_and_a_small_offset_is_the_pure_power():
    assert polynomial(STEPS, 0.0) == pytest.approx(constant(STEPS))
    tiny = 1e-9
    assert offset_polynomial(STEPS, 0.5, tiny) / tiny**0.5 == pytest.approx(polynomial(STEPS, 0.5), rel=1e-8)


@given(st.integers(2, 10**6), st.floats(0, 1), st.floats(0.01, 0.99))
def test_schedules_with_a_horizon_end_near_their_final_factor(horizon, final, stable):
    assert float(warmup_stable_decay(horizon, horizon, stable, final)) == pytest.approx(final, abs=1e-9)
    last = float(cosine(horizon, horizon, final))  # one step short of the cosine's minimum
    assert final - 1e-12 <= last <= final + (math.pi / horizon) ** 2 / 4 + 1e-12


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: constant(0), "t = 0"),
        (lambda: constant([1, 2.5]), "t = 2.5"),
        (lambda: constant([]), "t = "),
        (lambda: constant(1, warmup=-1), "warmup = -1"),
        (lambda: polynomial(1, 1.0), "gamma = 1.0"),
        (lambda: polynomial(1, -0.1), "gamma = -0.1"),
        (lambda: inverse_sqrt(1, 0.0), "alpha = 0.0"),
        (lambda: cosine(1, 10, 1.5), "final = 1.5"),
        (lambda: cosine(1, 10, warmup=10), "warmup = 10"),
        (lambda: cosine(1, 0), "horizon = 0"),
        (lambda: warmup_stable_decay(1, 10, 1.0), "stable = 1.0"),
        (lambda: warmup_stable_decay(1, 10, 0.0), "stable = 0.0"),
        (lambda: warmup_stable_decay(1, 10, 0.9, -0.1), "final = -0.1"),
        (lambda: warmup_stable_decay(1, 10, warmup=11), "warmup = 11"),
    ],
)
def test_a_value_out_of_range_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
