"""Do drawn linear systems have the shapes, starts and spectra that E1 reads?"""

import numpy as np
import pytest

from solv.experiments.dmft.elliptic_systems import FREQUENCIES, EllipticCell, elliptic_times, euler_times
from solv.experiments.dmft.linear_simulation import ginibre_and_normal, small_systems, two_time_functions
from solv.experiments.dmft.settings import DmftConfig, Elliptic
from solv.theory.dmft.elliptic import elliptic_correlation, power_spectrum
from tests.experiments.scaffold import context

CONFIG = DmftConfig(
    elliptic=Elliptic(size=80, repeats=4, time_step=0.5, until=2, small_size=60, small_repeats=4, normal_g=0.7)
)
CELL = EllipticCell(0.45, 0.3)


@pytest.fixture
def call(tmp_path):
    own = context(tmp_path)

    def run(function, *cell):
        with own.progress.task("t", 1) as step:
            return function(CONFIG, own, step, *cell)

    return run


def test_two_time_functions_begin_at_one_and_meet_theory(call):
    found, times = call(two_time_functions, CELL), elliptic_times(CONFIG)
    assert found["response"].shape == found["correlation"].shape == (4, len(times))
    np.testing.assert_allclose(found["ratio"][:, 0], 1)
    np.testing.assert_allclose(found["response"][:, 0], 1)
    theory = elliptic_correlation(times, times, CELL.g, CELL.tau)
    np.testing.assert_allclose(found["correlation"].mean(axis=0), theory, atol=0.05)
    eigenvalues = found["spectrum"].reshape(4, -1, 2)
    assert eigenvalues.shape[1] == 80
    assert np.abs(eigenvalues[..., 0].mean() + 1) < 0.05  # of J - 1


def test_power_is_measured_only_of_a_stationary_state(call):
    found = call(small_systems, CELL)
    assert found["euler"].shape == (4, len(euler_times(CONFIG)))
    assert found["power"].shape == (4, len(FREQUENCIES))
    theory = power_spectrum(np.array(FREQUENCIES), CELL.g, CELL.tau)
    np.testing.assert_allclose(found["power"].mean(axis=0), theory, rtol=0.15)
    assert "power" not in call(small_systems, EllipticCell(0.8, 0.5))


def test_a_normal_partner_lies_below_its_ginibre_matrix(call):
    found = call(ginibre_and_normal)
    assert np.all(found["Ginibre"][:, 1:] > found["normal"][:, 1:])
    np.testing.assert_allclose(found["normal"][:, 0], 1)
