"""Do simulated regressions start where they must, repeat by repeat, and meet theory?"""

import numpy as np
import pytest

from solv.experiments.dmft.regression_problems import RegressionCell, read_steps
from solv.experiments.dmft.regression_simulation import descent_losses, inputs_called, stochastic_losses
from solv.experiments.dmft.settings import DmftConfig, Repeats
from solv.theory.dmft.random_feature_dynamics import gradient_descent_losses
from tests.experiments.scaffold import Units, context

CONFIG = DmftConfig(dimension=60, steps=30, noise=0.1, repeats=Repeats(regression=3, random_features=8, sgd=4))


@pytest.mark.parametrize("name", ["isotropic", "power-law"])
def test_inputs_have_a_target_of_power_one_with_the_largest_direction_first(name):
    eigenvalues, teacher = inputs_called(name, 40, "cpu")
    assert float((eigenvalues * teacher**2).sum()) == pytest.approx(1)
    assert bool((eigenvalues.diff() <= 0).all())


def test_descent_meets_theory_from_its_start(tmp_path):
    cell, own = RegressionCell(1.5, 0.8), context(tmp_path)
    with own.progress.task("t", 1) as step:
        found = descent_losses(CONFIG, own, step, cell, 8)
    theory, read = gradient_descent_losses(cell.model(60, 0.1), CONFIG.eta, 30), read_steps(30)
    for name, expected in (("test", theory.test), ("train", theory.train)):
        assert found[name].shape == (8, len(read))
        error = found[name].std(axis=0, ddof=1) / np.sqrt(8)
        assert np.all(np.abs(found[name].mean(axis=0) - expected[read]) < 5 * error + 0.02)


def test_units_are_named_by_what_decides_them_and_infinitely_many_features_are_linear_regression(tmp_path):
    units = Units()
    own = context(tmp_path, unit=units)
    with own.progress.task("t", 9) as step:
        descent_losses(CONFIG, own, step, RegressionCell(1.5, np.inf), 3)
        descent_losses(CONFIG, own, step, RegressionCell(1.5, 0.8), 3)
        stochastic_losses(CONFIG, own, step, 5)
        stochastic_losses(CONFIG, own, step, 6)
    assert len(set(units.computed)) == 4
    assert units.computed[0].startswith("E2 ")
    assert units.computed[1].startswith("E3 ")


def test_one_pass_sgd_is_read_at_its_steps_from_power_one(tmp_path):
    own = context(tmp_path)
    with own.progress.task("t", 1) as step:
        loss = stochastic_losses(CONFIG, own, step, 20)
    assert loss.shape == (4, len(read_steps(30)))
    np.testing.assert_allclose(loss[:, 0], 1, rtol=1e-9)
    assert loss[:, -1].mean() < loss[:, 0].mean()
