"""Do the simulated critical systems have the shapes and starts that `critical-dynamics` reads?"""

import numpy as np
import pytest

from solv.experiments.dmft.critical_simulation import critical_systems, shifted_systems
from solv.experiments.dmft.settings import Critical, DmftConfig
from solv.theory.dmft.critical import finite_response
from solv.theory.dmft.elliptic import elliptic_correlation, elliptic_response
from tests.experiments.scaffold import context

CONFIG = DmftConfig(critical=Critical(repeats=40, size=100, size_repeats=6, doublings=3))


@pytest.fixture
def call(tmp_path):
    own = context(tmp_path)

    def run(function, *arguments):
        with own.progress.task("t", 1) as step:
            return function(CONFIG, own, step, *arguments)

    return run


def test_shifted_systems_begin_at_one_and_have_the_mean_of_their_size(call):
    times = np.array([0.0, 1.0, 2.0])
    found = call(shifted_systems, 50, times, times[:2])
    assert found["tail"].shape == (40, 3)
    assert found["norm"].shape == (40, 2)
    expected = finite_response(times, 50)
    np.testing.assert_allclose(found["tail"].mean(axis=0), expected.mean, atol=4 * expected.spread.max() / 40**0.5)


def test_critical_systems_are_read_at_doubled_times(call):
    found, times = call(critical_systems, 0.3, 0.25), 0.25 * 2.0 ** np.arange(4)
    assert found["response"].shape == found["correlation"].shape == (6, 4)
    g = 1 / 1.3
    np.testing.assert_allclose(found["response"].mean(axis=0), elliptic_response(times, g, 0.3), atol=0.03)
    with pytest.warns(UserWarning, match="not stationary"):
        theory = elliptic_correlation(times, times, g, 0.3)
    np.testing.assert_allclose(found["correlation"].mean(axis=0), theory, atol=0.05)
