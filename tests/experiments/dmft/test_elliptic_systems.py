"""Which systems and times does E1 look at: the largest stable coupling, an even grid, one eigenvalue per real part?"""

import numpy as np
import pytest

from solv.experiments.dmft.elliptic_systems import (
    EllipticCell,
    elliptic_cells,
    elliptic_times,
    euler_times,
    measured_lags,
    times_of_theory,
    upper_half,
)
from solv.experiments.dmft.settings import DmftConfig, Elliptic
from solv.theory.dmft.elliptic import LARGEST_SCALED_TIME


def config(**changes):
    return DmftConfig(**changes)


def test_each_symmetry_takes_its_largest_stable_coupling_or_else_the_least():
    cells = elliptic_cells(config(g=[0.45, 0.7, 1.4], tau=[-0.5, 0, 1]))
    assert [(cell.g, cell.tau) for cell in cells] == [(1.4, -0.5), (0.7, 0), (0.45, 1)]
    assert [cell.stable for cell in cells] == [True, True, True]
    assert EllipticCell(0.5, 1).stable is False  # g (1 + tau) = 1 is the edge
    [lost] = elliptic_cells(config(g=[0.9, 0.8], tau=[1]))
    assert (lost.g, lost.stable) == (0.8, False)
    assert lost.params == {"g": 0.8, "tau": 1}


@pytest.mark.parametrize(("until", "step", "count"), [(6, 0.5, 12), (1, 0.3, 4), (0.1, 1, 2)])
def test_measured_times_are_an_even_number_of_steps(until, step, count):
    settings = config(elliptic=Elliptic(until=until, time_step=step))
    times = elliptic_times(settings)
    assert len(times) == count + 1
    np.testing.assert_allclose(np.diff(times), step)
    lags = measured_lags(settings)
    np.testing.assert_allclose(lags, 2 * step * np.arange(count // 2 + 1))
    assert lags[-1] == pytest.approx(times[-1])  # t = latest, s = 0


def test_theory_has_the_measured_times_and_those_asked_for_that_the_series_reaches():
    settings = config(time=[0.25, 100.0, 1000.0])
    times = times_of_theory(settings, 0.9)
    assert set(elliptic_times(settings)) <= set(times)
    assert {0.25, 100.0} <= set(times)
    assert 1000.0 not in times
    assert LARGEST_SCALED_TIME < 0.9 * 1000
    assert np.all(np.diff(times) > 0)


def test_the_euler_grid_has_at_least_one_step():
    np.testing.assert_allclose(euler_times(config(time_step=0.2, elliptic=Elliptic(until=1))), 0.2 * np.arange(6))
    assert len(euler_times(config(time_step=1, elliptic=Elliptic(until=0.1)))) == 2


def test_one_eigenvalue_of_each_mirrored_pair_is_kept():
    values = np.array([1 + 2j, 1 - 2j, -3 + 0j, 0.5 - 1j, 0.5 + 1j])
    np.testing.assert_array_equal(upper_half(values), [-3, 0.5 + 1j, 1 + 2j])
