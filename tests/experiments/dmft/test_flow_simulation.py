"""Do the exact flow and its Hermitian partner start at power one, and does only the flow rise?"""

import numpy as np

from solv.experiments.dmft.flow_simulation import flow_losses, regression_losses
from solv.experiments.dmft.regression_problems import RegressionCell
from solv.theory.dmft.random_feature_dynamics import gradient_flow_losses, hermitian_flow_loss
from tests.experiments.scaffold import Units, context


def test_both_flows_meet_theory(tmp_path):
    cell, times = RegressionCell(0.5, 0.55), np.array([0.0, 0.25, 1.0, 4.0])
    units = Units()
    own = context(tmp_path, unit=units)
    with own.progress.task("t", 1) as step:
        found = flow_losses(own, step, "flow", cell, 100, 6, times)
    model = cell.model(100, 0.0)
    expected = {
        "non-Hermitian": gradient_flow_losses(model, times).test,
        "Hermitian": hermitian_flow_loss(model, times),
    }
    assert set(found) == set(expected)
    for name, theory in expected.items():
        assert found[name].shape == (6, 4)
        error = found[name].std(axis=0, ddof=1) / np.sqrt(6)
        assert np.all(np.abs(found[name].mean(axis=0) - theory) < 5 * error + 0.03), name
    assert found["non-Hermitian"].mean(axis=0)[-1] > found["Hermitian"].mean(axis=0)[-1]
    assert units.computed == ["flow D=100 P=50 N=55 t<=4 n=4"]


def test_regression_losses_are_those_of_each_draw(tmp_path):
    own = context(tmp_path)
    with own.progress.task("t", 1) as step:
        found = regression_losses(own, step, 20, 30, 0.1, 3, np.array([0.0, 5.0]))
    assert found["test"].shape == found["train"].shape == (3, 2)
    np.testing.assert_allclose(found["test"][:, 0], 1)
    assert np.all(found["train"][:, 1] < found["train"][:, 0])
