import math

import numpy as np
import pytest

from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import power_law_spectrum, spectrum_of
from solv.theory.anytime.stability import critical_rate, noise_feedback, stationary_risk

SMALL = power_law_spectrum(1.5, 3, 1000, exact=1000)


def test_the_critical_multipliers_of_the_small_case_have_their_reference_values():
    assert SMALL.trace == pytest.approx(2.549145602917575)
    assert critical_rate(SMALL) * SMALL.trace == pytest.approx(1.344891, rel=1e-6)
    assert critical_rate(SMALL, 4) * SMALL.trace == pytest.approx(3.197015, rel=1e-6)


@pytest.mark.parametrize(
    ("a", "batch", "multiplier"),
    [
        (1.1, 1, 1.894),
        (1.3, 1, 1.630),
        (1.5, 1, 1.364),
        (1.9, 1, 1.052),
        (1.1, 4, 6.75),
        (1.3, 4, 4.51),
        (1.5, 4, 3.26),
        (1.9, 4, 2.27),
    ],
)
def test_the_critical_multipliers_of_half_a_million_dimensions_are_those_of_the_spec(a, batch, multiplier):
    spectrum = power_law_spectrum(a, 2 * a, 500_000)
    assert critical_rate(spectrum, batch) * spectrum.trace == pytest.approx(multiplier, abs=6e-3 if batch > 1 else 6e-4)


@pytest.mark.parametrize("batch", [1, 4])
def test_the_recursion_decays_just_below_the_threshold_and_explodes_just_above(batch):
    spectrum = spectrum_of(np.arange(1.0, 21) ** -1.5, np.ones(20))
    rates = np.outer(np.ones(6000), critical_rate(spectrum, batch) * np.array([0.97, 1.03]))
    risks = excess_risk(spectrum, 0.0, rates, [3000, 6000], batch=batch).last
    assert risks[1, 0] < risks[0, 0]
    assert risks[1, 1] > risks[0, 1]


@pytest.mark.parametrize("batch", [1, 4])
def test_the_last_iterate_stalls_on_the_stationary_risk(batch):
    spectrum = spectrum_of(np.arange(1.0, 11) ** -1.5, np.ones(10))
    eta = 0.4 / spectrum.trace
    late = excess_risk(spectrum, 0.3, np.full((4000, 1), eta), [4000], batch=batch).last[0, 0]
    assert late == pytest.approx(stationary_risk(spectrum, 0.3, eta, batch), rel=1e-10)


def test_there_is_no_floor_above_the_threshold_and_none_without_noise():
    critical = critical_rate(SMALL)
    assert stationary_risk(SMALL, 0.1, 1.01 * critical) == math.inf
    assert noise_feedback(SMALL, 1.5) == math.inf  # the first direction alone diverges
    assert stationary_risk(SMALL, 0.0, 0.9 * critical) == 0


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: noise_feedback(SMALL, 0.0), "eta = 0.0"),
        (lambda: critical_rate(SMALL, 0), "batch = 0"),
        (lambda: stationary_risk(SMALL, -0.1, 0.1), "sigma2 = -0.1"),
    ],
)
def test_a_value_out_of_range_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
