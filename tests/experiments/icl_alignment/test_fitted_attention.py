"""Do the fits of icl-alignment survive a kill, and depend on nothing but their own sizes?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.fitted_attention import FittedAttention
from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import Descent, FiniteSize, IclAlignmentConfig, Simulation
from solv.harness.settings import ConfigurationError
from solv.tracking.progress import SilentReporter
from tests.experiments.scaffold import Units, context, measured

TINY = IclAlignmentConfig(
    dimension=6,
    train=["half"],
    kappa=[1, 2],
    test_alpha=[1, 2],
    simulation=Simulation(repeats=2),
    descent=Descent(tau=(0.5, 2), alpha=(1, 2)),
    finite_size=FiniteSize(dimension=(4, 6), repeats=2),
    parts=["diversity", "double-descent", "context-length", "finite-size"],
)
AT = Sizes(tau=2.0, alpha=2.0, kappa=1.0, rho=0.01)


@pytest.fixture
def attention(tmp_path):
    with SilentReporter().task("", 0) as step:
        return FittedAttention(TINY, context(tmp_path), step)


def test_a_run_killed_between_two_fits_ends_with_the_same_bits(tmp_path):
    whole, killed = Units(), Units(dies_after=5)
    expected = measured(EXPERIMENT, TINY, context(tmp_path, unit=whole))
    with pytest.raises(KeyboardInterrupt):
        measured(EXPERIMENT, TINY, context(tmp_path, unit=killed))
    assert killed.computed == whole.computed[:5]
    killed.dies_after = None
    resumed = measured(EXPERIMENT, TINY, context(tmp_path, unit=killed))
    pd.testing.assert_frame_equal(expected, resumed, check_exact=True)
    assert killed.computed == whole.computed  # each once


def test_repeats_and_tests_that_are_added_change_no_error(attention):
    train, other = np.ones(6), np.array([2.0, 2, 2, 0, 0, 0])
    few = attention.errors("few", train, [train], AT, repeats=2)
    many = attention.errors("many", train, [train, other], AT, test_alphas=[2.0, 4.0], repeats=3)
    assert few.shape == (2, 1, 1)
    assert many.shape == (3, 2, 2)
    np.testing.assert_allclose(many[:2, 0, 0], few[:, 0, 0], rtol=1e-9)
    assert (many[:, 1] < many[:, 0]).all()  # given a fit, longer contexts at the test help


def test_the_peak_is_refused(attention):
    with pytest.raises(ConfigurationError, match="tau = 1 is the interpolation peak"):
        attention.errors("peak", np.ones(6), [np.ones(6)], Sizes(1, 2, 1, 0.01))
