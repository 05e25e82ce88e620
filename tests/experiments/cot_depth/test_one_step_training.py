"""Does the paper's training of attention learn, survive a kill at every unit, and keep its streams apart?"""

from dataclasses import replace

import numpy as np
import pytest

from solv.experiments.cot_depth.one_step_training import Training, train_and_test, train_grid
from solv.experiments.cot_depth.settings import AttentionGrid
from tests.experiments.scaffold import Units, context

SMALL = Training("linear", 4, 40, 200, steps=1200, batch=64, penalty=1e-4, tested=256, depth=8)


def test_a_trained_block_refines_a_random_estimate_step_by_step(tmp_path):
    trained = [train_and_test(SMALL, seed, context(tmp_path)) for seed in range(3)]
    found = min(trained, key=lambda each: each["mean"][8])  # the others may have reflected a direction
    assert found["mean"].shape == found["typical"].shape == (9,)
    assert found["mean"][0] == pytest.approx(2, abs=0.2)  # of the task and of the estimate
    assert found["mean"][4] < 0.7 * found["mean"][1] < 0.7
    assert np.all(found["typical"] <= found["mean"] * (1 + 1e-12))
    assert (found["V"].shape, found["W"].shape) == ((4, 5), (5, 5))


@pytest.mark.parametrize("kind", ["linear", "softmax"])
def test_a_cell_is_a_unit_that_no_other_cell_changes(tmp_path, kind):
    grid = AttentionGrid(
        dimension=3, context=[4, 8], pretraining=[5, 9], seeds=2, steps=5, batch=6, test_contexts=7, depth=2
    )
    units = Units()
    whole = train_grid(kind, grid, context(tmp_path, unit=units))
    assert whole.shape == (2, 2, 2, 3)
    assert len(set(units.computed)) == 8
    alone = AttentionGrid(**{**dict(grid), "context": [8], "pretraining": [9]})
    cell = train_grid(kind, alone, context(tmp_path))
    np.testing.assert_array_equal(cell[:, 0, 0], whole[:, 1, 1])
    killed = Units(dies_after=3)
    with pytest.raises(KeyboardInterrupt):
        train_grid(kind, grid, context(tmp_path, unit=killed))
    killed.dies_after = None
    np.testing.assert_array_equal(train_grid(kind, grid, context(tmp_path, unit=killed)), whole)
    assert len(killed.computed) == 8


@pytest.mark.parametrize("other", [{"depth": 5}, {"batch": 32}, {"tested": 64}])
def test_a_training_that_is_tested_or_drawn_otherwise_is_another_unit(tmp_path, other):
    units, short = Units(), replace(SMALL, steps=2)
    once = train_and_test(short, 0, context(tmp_path, unit=units))
    again = train_and_test(replace(short, **other), 0, context(tmp_path, unit=units))
    assert len(units.computed) == 2
    assert again["mean"].shape == (replace(short, **other).depth + 1,)
    assert not np.array_equal(once["mean"][:5], again["mean"][:5]) or "depth" in other


def test_tests_of_many_contexts_are_the_same_in_one_piece_and_in_several(tmp_path, monkeypatch):
    monkeypatch.setattr("solv.experiments.cot_depth.one_step_training.TESTED_AT_ONCE", 4 * 40 * 100)
    pieces = train_and_test(SMALL.__class__(**{**SMALL.__dict__, "steps": 1}), 0, context(tmp_path))
    assert pieces["mean"][0] == pytest.approx(2, abs=0.2)
