import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.theory.anytime.weight_averaging import (
    Average,
    anneal_weights,
    ema,
    equivalent_decay,
    merge,
    polynomial_average,
    sample_weights,
    tail,
    uniform,
    weights_of,
)


@given(st.integers(1, 300), st.floats(0.1, 100), st.floats(1, 30))
def test_the_explicit_weights_of_every_average_sum_to_one(steps, label, c):
    for average in (uniform(), ema(label), polynomial_average(c), tail(steps // 2)):
        assert weights_of(average, steps).sum() == pytest.approx(1)


def test_the_explicit_weights_are_those_that_the_averages_are_named_after():
    assert weights_of(uniform(), 8) == pytest.approx(np.full(8, 1 / 8))
    assert weights_of(tail(5), 8) == pytest.approx([0, 0, 0, 0, 0, 1 / 3, 1 / 3, 1 / 3])
    assert weights_of(tail(20), 8) == pytest.approx([0] * 7 + [1])
    linear = weights_of(polynomial_average(2), 400)  # w_t weighs about t^(c - 1)
    assert linear[300] / linear[100] == pytest.approx(3, rel=0.02)
    assert weights_of(merge([2, 5], [0.25, 0.75]), 8) == pytest.approx([0, 0.25, 0, 0, 0.75, 0, 0, 0])


def test_the_past_of_an_ema_halves_in_a_fixed_fraction_of_the_age():
    label, age = 25.0, 40_000
    rho = ema(label).rates(age + round(age / label))
    assert np.prod(1 - rho[age:]) == pytest.approx(0.5, rel=0.02)  # the age grows by 4 % meanwhile


def test_the_polynomial_average_matches_the_ema_of_its_label():
    steps, label = 5000, 6.25
    gap = weights_of(ema(label), steps) - weights_of(polynomial_average(label * np.log(2)), steps)
    assert np.abs(gap).sum() < 0.005


def test_a_linear_anneal_is_a_uniform_merge_and_a_cosine_has_its_reference_weights():
    assert anneal_weights(np.linspace(1, 0, 5)) == pytest.approx([0.25] * 4)
    cosine = (1 + np.cos(np.pi * np.arange(7) / 6)) / 2
    cosine[-1] = 0
    expected = [0.0669873, 0.1830127, 0.25, 0.25, 0.1830127, 0.0669873]
    assert anneal_weights(cosine) == pytest.approx(expected, abs=5e-8)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: tail(-1), "start = -1"),
        (lambda: ema(0), "label = 0"),
        (lambda: polynomial_average(0.5), "c = 0.5"),
        (lambda: merge([5, 2], [0.5, 0.5]), "checkpoints = "),
        (lambda: merge([0, 2], [0.5, 0.5]), "checkpoints = "),
        (lambda: merge([1, 2], [0.5, 0.6]), "weights sum to 1.1"),
        (lambda: merge([1, 2], [1.5, -0.5]), "weights = "),
        (lambda: merge([1, 2], [1.0]), "weights = "),
        (lambda: anneal_weights([1, 0.5]), "factors = "),
        (lambda: anneal_weights([1, 0.2, 0.5, 0]), "factors = "),
        (lambda: weights_of(uniform(), 0), "steps = 0"),
        (lambda: weights_of(Average("mine", lambda t: 3 / t), 3), "rate of mine"),
    ],
)
def test_a_value_out_of_range_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()


@pytest.mark.parametrize("average", [uniform(), tail(40), ema(6.25), polynomial_average(4)], ids=lambda each: each.name)
@pytest.mark.parametrize("rate", [0.01, 0.3, 1.0])
def test_on_a_quadratic_in_one_dimension_an_average_is_a_decay(average, rate):
    """Sample by sample: any data and any start give the same number."""
    rng = np.random.default_rng(0)
    samples, decay = rng.normal(1, 3, 100), equivalent_decay(average, rate, 100)
    averaged = mean = decayed = 0.7
    for sample, eta, rho in zip(samples, decay, average.rates(100), strict=True):
        averaged += rate * (sample - averaged)
        mean += rho * (averaged - mean)
        decayed += eta * (sample - decayed)
    assert decayed == pytest.approx(mean, rel=1e-12)
    assert np.all((decay >= 0) & (decay <= 1 + 1e-12))
    assert decay[-1] < rate or rate == 1


def test_the_weights_of_samples_are_those_of_the_paper():
    """(1 - (1 - rate)^(N - k + 1)) / N of a uniform average; what is missing to 1 is the weight of the start."""
    k = np.arange(1, 51)
    assert sample_weights(uniform(), 0.1, 50) == pytest.approx((1 - 0.9 ** (51 - k)) / 50)
    assert sample_weights(uniform(), 1.0, 50) == pytest.approx(np.full(50, 1 / 50))
    assert equivalent_decay(uniform(), 1.0, 50) == pytest.approx(1 / k)
    for call in (sample_weights, equivalent_decay):
        with pytest.raises(ValueError, match=r"rate = 1\.5"):
            call(uniform(), 1.5, 10)
