"""Does a simulated chain start at the variance of its task, keep its repeats apart, and refuse too little data?"""

import math

import numpy as np
import pytest

from solv.experiments.cot_depth.chain import simulate
from solv.experiments.cot_depth.settings import CotDepthConfig, Simulation
from solv.harness.settings import ConfigurationError
from tests.experiments.scaffold import Units, context

CONFIG = CotDepthConfig(simulation=Simulation(dimension=12, repeats=4, contexts=3))


def test_every_average_has_its_shape_and_lies_between(tmp_path):
    found = simulate(CONFIG, context(tmp_path), "test", 2.0, [2.0, math.inf], 0.0, 5)
    assert set(found) == {"mean", "median", "typical", "last"}
    assert all(found[name].shape == (4, 2, 6) for name in ("mean", "median", "typical"))
    assert found["last"].shape == (4, 2, 3)
    np.testing.assert_allclose(found["last"].mean(axis=2), found["mean"][..., -1])
    assert np.all(found["typical"] <= found["mean"] * (1 + 1e-12))


def test_amounts_of_pretraining_share_their_contexts_and_change_no_other(tmp_path):
    both = simulate(CONFIG, context(tmp_path), "test", 2.0, [2.0, math.inf], 0.1, 3)
    alone = simulate(CONFIG, context(tmp_path), "test", 2.0, [math.inf], 0.1, 3)
    np.testing.assert_allclose(both["mean"][:, 1], alone["mean"][:, 0])
    np.testing.assert_allclose(both["mean"][:, 0, 0], both["mean"][:, 1, 0])  # before the first step


def test_a_chain_is_a_unit_named_by_its_cell(tmp_path):
    units = Units()
    own = context(tmp_path, unit=units)
    simulate(CONFIG, own, "test", 2.0, [math.inf], 0.0, 2)
    simulate(CONFIG, own, "test", 2.0, [math.inf], 0.1, 2)
    simulate(CONFIG, own, "test", 2.0, [math.inf], 0.0, 2, dimension=13)
    assert len(set(units.computed)) == 3


def test_contexts_that_do_not_fit_are_simulated_in_pieces(tmp_path, monkeypatch):
    whole = simulate(CONFIG, context(tmp_path), "test", 2.0, [2.0, math.inf], 0.0, 3)
    monkeypatch.setattr("solv.experiments.cot_depth.chain.contexts_at_once", lambda d: 2)
    pieces = simulate(CONFIG, context(tmp_path), "test", 2.0, [2.0, math.inf], 0.0, 3)
    assert pieces["last"].shape == whole["last"].shape == (4, 2, 3)
    assert len(np.unique(pieces["last"])) == pieces["last"].size  # no context twice
    np.testing.assert_allclose(pieces["last"].mean(axis=2), pieces["mean"][..., -1])


def test_noise_of_test_contexts_is_that_of_the_test_contexts_alone(tmp_path):
    own = context(tmp_path)
    clean = simulate(CONFIG, own, "test", 20.0, [8.0], 0.5, 40)["typical"][..., -1]
    noisy = simulate(CONFIG, own, "test", 20.0, [8.0], 0.5, 40, rho_test=0.5)["typical"][..., -1]
    assert np.all(clean < 1e-6)
    assert np.all(noisy > 1e-3)


def test_data_that_does_not_exceed_the_dimension_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"tau = 1\.01 is too close to 1: n = 12 is not > d = 12"):
        simulate(CONFIG, context(tmp_path), "test", 2.0, [1.01], 0.0, 2)
