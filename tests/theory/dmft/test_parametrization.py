"""Are the two parametrizations one network where they should be, and does widening do to each what it must?"""

import math
from dataclasses import replace

import numpy as np
import pytest

from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from solv.theory.dmft.parametrization import Parametrization, loss_after, widened

NARROW = DeepLinear(1, 4, 1, 2, 0.03)


def test_both_agree_at_the_width_they_start_from() -> None:
    assert {widened(NARROW, 1, kind) for kind in Parametrization} == {NARROW}


def test_an_output_of_ntk_keeps_its_size_and_one_of_mean_field_does_not() -> None:
    """L(0) = 1 + 1/(g0^2 nu): the variance of an untrained output."""
    for width in (2.0, 8.0):
        ntk = deep_linear_dynamics(widened(NARROW, width, Parametrization.NTK), 2).test_loss[0]
        mean_field = deep_linear_dynamics(widened(NARROW, width, Parametrization.MEAN_FIELD), 2).test_loss[0]
        assert ntk - 1 == pytest.approx(1 / 16)
        assert mean_field - 1 == pytest.approx(1 / 16 / width)


def test_rate_of_ntk_does_not_depend_on_width() -> None:
    """eta g0^2 N at fixed eta is that of the narrow network."""
    wide = widened(NARROW, 9, Parametrization.NTK)
    assert wide.eta * wide.richness**2 * wide.width == pytest.approx(NARROW.eta * NARROW.richness**2 * NARROW.width)


def test_the_best_rate_stays_in_mean_field_and_rises_in_ntk() -> None:
    rates = 2.0 ** np.arange(-4, -1.4, 0.25)
    best = {
        (kind, width): rates[np.argmin(loss_after(widened(NARROW, width, kind), rates, 12))]
        for kind in Parametrization
        for width in (1.0, 16.0)
    }
    assert best[Parametrization.MEAN_FIELD, 1.0] == best[Parametrization.MEAN_FIELD, 16.0]
    assert best[Parametrization.NTK, 16.0] >= 2**0.5 * best[Parametrization.NTK, 1.0]


def test_a_rate_that_diverges_has_an_infinite_or_huge_loss() -> None:
    low, high = loss_after(NARROW, [0.05, 0.5], 12)
    assert low < 0.1
    assert high > 1e3
    assert low == pytest.approx(deep_linear_dynamics(replace(NARROW, eta=0.05), 13).train_loss[-1])


def test_widths_out_of_range_are_refused() -> None:
    assert math.isinf(widened(NARROW, math.inf, Parametrization.MEAN_FIELD).width)
    for width in (0.0, math.inf):
        with pytest.raises(ValueError, match="width"):
            widened(NARROW, width, Parametrization.NTK)
