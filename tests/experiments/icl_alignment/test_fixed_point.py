"""Where do panels stand that vary one thing: off the peak and finite?"""

import math

import numpy as np

from solv.experiments.icl_alignment.covariances import CORE_TESTS
from solv.experiments.icl_alignment.fixed_point import OFF_THE_PEAK, core_params, core_spectra, fixed_sizes
from solv.experiments.icl_alignment.settings import Descent, IclAlignmentConfig


def config(**changes):
    return IclAlignmentConfig(**changes)


def test_tau_is_the_first_that_is_finite_and_not_the_peak():
    assert fixed_sizes(config(tau=[math.inf, 1, 2, 3])).tau == 2
    assert fixed_sizes(config(tau=[1, math.inf])).tau == OFF_THE_PEAK
    sizes = fixed_sizes(config(tau=[0.5], alpha=[2, 3], rho=[0.1], descent=Descent(kappa=5)))
    assert (sizes.tau, sizes.alpha, sizes.kappa, sizes.rho) == (0.5, 2, 5, 0.1)


def test_the_core_tests_are_permutations_or_flat():
    train, tests = core_spectra(config(train=["exponential"], dimension=20))
    assert tuple(tests) == CORE_TESTS
    np.testing.assert_array_equal(tests["same"], train)
    np.testing.assert_array_equal(tests["reversed"], train[::-1])
    np.testing.assert_array_equal(tests["isotropic"], 1)


def test_what_a_panel_varies_is_no_param_of_its_curves():
    base = config(tau=[2], train=["half"], dimension=20)
    params = core_params(base, "same", varied="tau")
    assert "tau" not in params
    assert {"alpha", "kappa", "rho", "train", "test", "dimension"} <= set(params)
    assert "p" not in params
    assert core_params(config(train=["power-law"], p=0.7), "same", varied="alpha")["p"] == 0.7
