"""Has the replica-symmetric rate its closed limits?"""

import math

import numpy as np
import pytest

from solv.theory.jailbreak.spin_glass_field import magnetization, overlap_rate


@pytest.mark.parametrize(("beta", "h", "overlap"), [(1.3, 0.7, 0.2), (0.5, 2.0, -0.4), (3.0, 0.3, 0.6)])
def test_free_spins_have_the_binomial_rate(beta, h, overlap):
    m = math.tanh(beta * h)
    expected = sum((1 + s * overlap) / 2 * math.log((1 + s * overlap) / (1 + s * m)) for s in (-1, 1))
    assert overlap_rate(beta, h, overlap, j0=0.0) == pytest.approx(expected, rel=1e-9)
    assert magnetization(beta, h, j0=0.0) == pytest.approx(m, rel=1e-12)


def test_the_rate_is_zero_above_the_magnetization_and_convex_below():
    m = magnetization(1.0, 1.0)
    assert overlap_rate(1.0, 1.0, m + 1e-6) == 0
    overlaps = np.linspace(-0.5, m - 1e-3, 12)
    rates = np.array([overlap_rate(1.0, 1.0, overlap) for overlap in overlaps])
    assert np.all(np.diff(rates) < 0)
    assert np.all(np.diff(rates, 2) > 0)
    assert rates[-1] < 1e-5


def test_the_slope_of_the_rate_is_the_field_that_it_takes():
    """dI/dM = beta (h' - h), with h' the field whose magnetization is M."""
    beta, h, other = 1.2, 1.5, 0.4
    overlap, step = magnetization(beta, other), 1e-5
    slope = (overlap_rate(beta, h, overlap + step) - overlap_rate(beta, h, overlap - step)) / (2 * step)
    assert slope == pytest.approx(beta * (other - h), rel=1e-5)


def test_high_temperature_without_field_has_no_overlap():
    assert magnetization(0.5, 0.0) == 0


@pytest.mark.parametrize("call", [lambda: overlap_rate(0.0, 1.0, 0.0), lambda: overlap_rate(1.0, 1.0, 1.0)])
def test_numbers_out_of_range_are_refused(call):
    with pytest.raises(ValueError, match="valid"):
        call()
