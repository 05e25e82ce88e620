"""Is the averaged risk below the bound of theorem 1, and is the bound the law that its corollary says?"""

import numpy as np
import pytest

from solv.theory.anytime.rates import risk_exponent
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.risk_bound import learned_directions, least_noise, noise_ratio, tail_average_bound
from solv.theory.anytime.spectrum import power_law_spectrum, power_law_targets
from solv.theory.anytime.weight_averaging import tail
from solv.theory.schedules import polynomial


@pytest.mark.parametrize("gamma", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("start", [40, 320, 2560])
def test_the_risk_is_below_the_bound_for_early_and_late_averages(gamma, start):
    """With the constant 1, at noise that satisfies assumption 1 and at noise that does not."""
    steps = 320
    targets = power_law_targets(1.5, (1.5, 3.0), 500_000, exact=16, ratio=1.5)
    eta = 0.5 / targets.trace
    rates = np.repeat(eta * polynomial(np.arange(1, start + steps + 1), gamma)[:, None], 2, axis=1)
    for sigma2 in (0.01, 4.0):
        risk = excess_risk(targets, sigma2, rates, [start + steps], [tail(start)]).averaged[0, 0]
        assert np.all(risk < tail_average_bound(targets, sigma2, eta, gamma, start, steps))


@pytest.mark.parametrize(("b", "gamma"), [(1.2, 0.0), (3.0, 0.0), (3.0, 0.5), (3.0, 0.7)])
def test_the_bound_falls_with_the_exponent_of_its_corollary(b, gamma):
    """Up to logarithms: log N / N for 1/N and its square in the noise are up to 0.1 of a slope."""
    spectrum = power_law_spectrum(1.5, b, 10**12, exact=30, ratio=1.3)
    low, high = (float(tail_average_bound(spectrum, 1.0, 0.2, gamma, steps, steps)) for steps in (10**6, 10**8))
    assert np.log(high / low) / np.log(100) == pytest.approx(float(risk_exponent(1.5, b, gamma)), abs=0.1)


def test_directions_are_learned_from_the_largest_on():
    spectrum = power_law_spectrum(1.5, 3.0, 1000, exact=1000)
    found = learned_directions(spectrum, 0.2, 0.0, 100, 100)
    assert found == int((np.log(100) / 20) ** (-1 / 1.5))  # lam_k >= log N / (eta s)
    assert learned_directions(spectrum, 0.2, 0.5, 100, 100) < found


def test_the_assumption_holds_from_a_noise_on_that_the_start_decides():
    spectrum = power_law_spectrum(1.5, 3.0, 1000, exact=1000)
    noise = float(least_noise(spectrum, 2.0))
    rates = np.full((300, 1), 0.3 / spectrum.trace)
    for factor, above in ((1.01, False), (0.99, True)):
        start = float(spectrum.multiplicity @ spectrum.signal) / 2
        risks = excess_risk(spectrum, factor * noise, rates, list(range(1, 301))).last[:, 0]
        assert bool((noise_ratio([start, *risks], factor * noise) > 2).any()) is above
    assert noise_ratio(0.0, 1.0) == 1


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda s: tail_average_bound(s, -1, 0.1, 0, 10, 10), "sigma2 = -1"),
        (lambda s: tail_average_bound(s, 1, 0, 0, 10, 10), "eta = 0"),
        (lambda s: tail_average_bound(s, 1, 0.1, 1.0, 10, 10), "gamma = 1.0"),
        (lambda s: tail_average_bound(s, 1, 0.1, 0, 0, 10), "start = 0"),
        (lambda s: learned_directions(s, 0.1, 0, 10, 1), "steps = 1"),
        (lambda s: least_noise(s, 1.0), "c = 1.0"),
        (lambda s: noise_ratio(1.0, 0), "sigma2 = 0"),
    ],
)
def test_a_value_out_of_range_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call(power_law_spectrum(1.5, 2, 10))
