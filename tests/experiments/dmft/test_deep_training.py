"""Are trained networks a unit of work whose repeats have streams of their own?"""

import numpy as np

from solv.experiments.dmft.deep_training import scan_rates, train
from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics
from tests.experiments.scaffold import Units, context

NETWORK = DeepLinear(1, 1.0, 1.0, 1.5, 0.03, 0.1)


def trained(own, *, repeats=3, dimension=12, steps=8, record=(0, 7)):
    with own.progress.task("t", 1) as step:
        return train(own, step, "deep", NETWORK, dimension, repeats, steps, record)


def test_losses_and_singular_values_have_the_shapes_that_are_promised(tmp_path):
    arrays = trained(context(tmp_path))
    assert arrays["test"].shape == arrays["train"].shape == (3, 8)
    assert arrays["0/0"].shape == (3, 12)
    assert set(arrays) == {"test", "train", "0/0", "7/0"}
    assert np.all(np.diff(arrays["7/0"], axis=1) <= 1e-12)  # largest first


def test_repeats_that_are_added_change_none(tmp_path):
    few, more = trained(context(tmp_path), repeats=2), trained(context(tmp_path), repeats=4)
    np.testing.assert_array_equal(few["test"], more["test"][:2])


def test_a_unit_is_named_by_everything_that_decides_it(tmp_path):
    units = Units()
    own = context(tmp_path, unit=units)
    for keys in ({}, {"dimension": 13}, {"steps": 9}, {"record": (0,)}):
        trained(own, **keys)
    assert len(set(units.computed)) == 4


def test_large_networks_lose_what_theory_says(tmp_path):
    found = trained(context(tmp_path), repeats=6, dimension=80, steps=20, record=())
    theory = deep_linear_dynamics(NETWORK, 20)
    for name, expected in (("test", theory.test_loss), ("train", theory.train_loss)):
        error = found[name].std(axis=0, ddof=1) / np.sqrt(6)
        assert np.all(np.abs(found[name].mean(axis=0) - expected) < 5 * error + 0.02)


def test_the_same_networks_are_trained_at_every_rate_and_diverge_to_infinity(tmp_path):
    own = context(tmp_path)
    with own.progress.task("t", 1) as step:
        losses = scan_rates(own, step, DeepLinear(1, 2, 1, 2, 0.1), 20, 3, 60, np.array([0.02, 0.04, 50.0]))
    assert losses.shape == (3, 3)
    assert np.all(losses[:, 1] < losses[:, 0])
    assert np.all(np.isinf(losses[:, 2]))
