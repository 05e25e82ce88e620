"""Does the grid of models give what two have in common, and the loss of means of any number?"""

import numpy as np
import pytest

from solv.experiments.dmft.model_grid import train_grid
from solv.experiments.dmft.regression_problems import RegressionCell, read_steps
from solv.experiments.dmft.settings import DmftConfig, Ensembles
from solv.experiments.dmft.shared_disorder import ONE_MODEL, SAME_FEATURES, SHARED, Averaged, Shared
from tests.experiments.scaffold import context

CONFIG = DmftConfig(steps=12, noise=0.1, overlap=[0.5], ensembles=Ensembles(dimension=24, sets=3, bags=3, repeats=3))


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    own = context(tmp_path_factory.mktemp("grid"))
    with own.progress.task("t", 1) as step:
        return train_grid(CONFIG, own, step, RegressionCell(0.5, 0.8), [1, 2, 3])


def test_everything_that_can_be_shared_is_there_once(grid):
    shared, means = grid
    assert set(shared) == {*SHARED, Shared(True, 0.5)}
    assert set(means) == {Averaged(False), Averaged(True, 0.5)}
    assert all(each.shape == (3, len(read_steps(12))) for each in shared.values())
    assert all(each.shape == (3, 3) for each in means.values())


def test_two_models_start_alike_and_share_less_than_one_has(grid):
    shared, _ = grid
    for kind, values in shared.items():
        np.testing.assert_allclose(values[:, 0], 1, err_msg=str(kind))
    assert shared[SAME_FEATURES][:, -1].mean() < shared[ONE_MODEL][:, -1].mean()


def test_a_mean_of_more_models_loses_less_and_of_one_as_much_as_a_model(grid):
    shared, means = grid
    for losses in means.values():
        assert np.all(np.diff(losses.mean(axis=0)) < 0)
    np.testing.assert_allclose(means[Averaged(False)][:, 0], shared[ONE_MODEL][:, -1], rtol=1e-9)
