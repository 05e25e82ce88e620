"""Are drawn errors independent from line to line unless they are paired, and near theory?"""

import numpy as np
import pytest

from solv.experiments.best_of_k.drawn_samples import simulate
from solv.experiments.best_of_k.regression import equivalents
from solv.experiments.best_of_k.settings import BestOfKConfig, Simulation
from solv.theory.best_of_k.selection import selection_error
from tests.experiments.scaffold import Units, context

CONFIG = BestOfKConfig(simulation=Simulation(dimension=40, repeats=6, points=200))


def test_errors_have_their_axes_and_meet_theory(tmp_path):
    errors = simulate(CONFIG, context(tmp_path), "test", 2.0, [(0.0, 0.0), (0.6, 0.0)], [1, 8], [0.1, 1.0])
    assert errors.shape == (6, 2, 2, 2)
    for judge, mis in enumerate((0.0, 0.6)):
        for heat, temperature in enumerate((0.1, 1.0)):
            theory = selection_error(equivalents(CONFIG, 2.0, mis), [1, 8], temperature)
            found = errors[:, judge, heat]
            error = found.std(axis=0, ddof=1) / np.sqrt(6)
            assert np.all(np.abs(found.mean(axis=0) - theory) < 5 * error + 0.05)


def test_a_line_that_is_added_changes_no_other(tmp_path):
    one = simulate(CONFIG, context(tmp_path), "test", 2.0, [(0.0, 0.0)], [4], [0.1])
    more = simulate(CONFIG, context(tmp_path), "test", 2.0, [(0.6, 0.0), (0.0, 0.0)], [4], [0.5, 0.1])
    np.testing.assert_allclose(one[:, 0, 0], more[:, 1, 1])


def test_paired_judges_score_the_same_samples(tmp_path):
    judges = [(0.0, 0.0), (0.0, 0.0)]
    paired = simulate(CONFIG, context(tmp_path), "test", 2.0, judges, [4], [0.1], paired=True)
    np.testing.assert_allclose(paired[:, 0], paired[:, 1])


def test_the_errors_are_one_unit_of_their_name_and_alpha(tmp_path):
    units = Units()
    own = context(tmp_path, unit=units)
    for alpha in (1.0, 1.0000001):
        simulate(CONFIG, own, "test", alpha, [(0.0, 0.0)], [2], [0.1], repeats=2, test_points=10)
    assert len(set(units.computed)) == 2


@pytest.mark.parametrize("repeats", [2, 3])
def test_repeats_may_be_named(tmp_path, repeats):
    errors = simulate(CONFIG, context(tmp_path), "t", 1.0, [(0.0, 0.0)], [2], [0.1], repeats=repeats, test_points=10)
    assert len(errors) == repeats
