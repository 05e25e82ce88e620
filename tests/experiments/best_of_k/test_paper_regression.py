"""What theory knows of the paper's regression, and the simulation that its parts share."""

import numpy as np
import pytest

from solv.experiments.best_of_k.paper_regression import (
    EXTRAPOLATE,
    MIS,
    SCALE,
    Judge,
    judged,
    own_t,
    params,
    regression,
    simulate_paper,
    temperature,
)
from solv.experiments.best_of_k.settings import BestOfKConfig, PaperRegression
from solv.theory.best_of_k.selection import selection_error
from tests.experiments.scaffold import Units, context

CONFIG = BestOfKConfig(paper=PaperRegression(repeats=6, points=2000))


def test_the_regression_is_that_of_the_paper_in_its_units():
    setup = regression(CONFIG)
    assert (setup.d_over_n, setup.sigma, setup.gamma, setup.signal) == (1e-3, 1e-4, 1e-3, 4)
    assert regression(CONFIG, 20_000).d_over_n == 5e-4
    assert temperature(CONFIG) == pytest.approx(20e-8)
    assert temperature(CONFIG, 1.0) == pytest.approx(2e-8)
    assert own_t(CONFIG, setup.equivalents()) == pytest.approx(10 / 1.001, rel=1e-4)
    assert params(CONFIG, c=5) == {"dimension": 10, "sigma": 1e-4, "gamma": 1e-3, "signal": 4, "c": 5}


def test_families_of_judges_have_their_variances():
    teacher = regression(CONFIG).equivalents()
    d2 = teacher.bias_variance
    assert judged(CONFIG, Judge(EXTRAPOLATE, 5)).judge_variance == pytest.approx(36 * d2)
    assert judged(CONFIG, Judge(MIS, 1e-4)).judge_variance == pytest.approx(d2 + 1e-8)
    assert judged(CONFIG, Judge(MIS, 1e-4)).covariance == pytest.approx(d2)
    # along the teacher: nearly c times what m is short of, for the noise in m is no part of it
    unit = teacher.kappa / (1 + teacher.kappa)
    along = judged(CONFIG, Judge(SCALE, 5 * unit))
    assert along.covariance == pytest.approx(6 * d2, rel=0.03)
    assert along.judge_variance == pytest.approx(36 * d2, rel=0.05)


def test_samples_of_the_real_posterior_have_the_error_of_theory_for_every_family(tmp_path):
    judges = [Judge(EXTRAPOLATE, 10), Judge(SCALE, 5e-5), Judge(MIS, 1e-4)]
    drawn = simulate_paper(CONFIG, context(tmp_path), "test", judges, [1, 16], [temperature(CONFIG), 0.0])
    assert drawn.shape == (6, 3, 2, 2)
    mean, error = drawn.mean(0), drawn.std(0, ddof=1) / 6**0.5
    for row, judge in enumerate(judges):
        for column, heat in enumerate((temperature(CONFIG), 0.0)):
            theory = selection_error(judged(CONFIG, judge), [1, 16], heat) / 1e-8
            assert np.all(np.abs(mean[row, column] - theory) < 4 * error[row, column] + 2e-3 * theory)


def test_a_simulation_is_one_unit_of_its_name(tmp_path):
    units = Units()
    own = context(tmp_path, unit=units)
    first = simulate_paper(CONFIG, own, "again", [Judge(EXTRAPOLATE, 0)], [2], [0.0])
    np.testing.assert_array_equal(first, simulate_paper(CONFIG, own, "again", [Judge(EXTRAPOLATE, 0)], [2], [0.0]))
    assert units.computed == ["again"]
