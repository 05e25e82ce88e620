"""Which chain tasks does pita train, and are their models the same whatever is trained beside them?"""

from dataclasses import replace as changed

import numpy as np
import pytest

from solv.experiments.pita.answers import ANSWERS, TRACE
from solv.experiments.pita.chain import Cell, plane_cells, span
from solv.experiments.pita.chain import tested_hops as hops_of
from solv.experiments.pita.chain_training import accuracies
from solv.experiments.pita.settings import PitaConfig, Training
from solv.harness.settings import replace
from tests.experiments.scaffold import context


def test_the_plane_leaves_out_tasks_of_too_many_nodes():
    cells = plane_cells(PitaConfig(), TRACE)
    assert {(cell.arms, cell.depth) for cell in cells} == {(2, 4), (8, 4), (2, 8), (8, 8), (2, 24)}
    assert [cell.hops for cell in cells] == [2, 2, 3, 3, 9]


def test_a_part_of_the_levels_is_at_least_one_hop_and_fits():
    assert [span(part, 4) for part in (0.01, 0.5, 0.99)] == [1, 2, 3]


def test_at_most_seven_numbers_of_hops_are_tested_from_one_to_all():
    assert hops_of(4) == (1, 2, 3)
    assert (len(hops_of(24)), hops_of(24)[0], hops_of(24)[-1]) == (7, 1, 23)


def test_another_width_or_seed_changes_no_other_one(tmp_path):
    training = Training(seeds=2, steps=5, tests=40)
    for answer in ANSWERS:
        folders = [tmp_path / f"{answer} {name}" for name in ("many", "few")]
        for folder in folders:
            folder.mkdir()
        cell = Cell(answer, 3, 4, 1, (4, 9, 40))
        many = accuracies(replace(training, seeds=3), context(folders[0]), cell, (1, 3))["accuracy"]
        few = accuracies(training, context(folders[1]), changed(cell, widths=(4, 40)), (1, 3))["accuracy"]
        assert many.shape == (3, 3, 2)
        np.testing.assert_array_equal(many[::2, :2], few)


def test_a_killed_training_goes_on_from_its_checkpoint_with_the_same_bits(tmp_path, monkeypatch):
    import solv.experiments.pita.chain_training as module

    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
    cell, training = Cell(TRACE, 2, 4, 2, (4,)), Training(seeds=2, steps=40, tests=20)
    whole = accuracies(training, context(tmp_path / "whole"), cell, (2,))
    plain = module.train

    class KilledError(Exception):
        pass

    def dying(*arguments, save, **rest):
        def save_and_die(state):
            save(state)
            raise KilledError

        plain(*arguments, save=save_and_die, save_every=15, **rest)

    world = context(tmp_path / "killed")
    monkeypatch.setattr(module, "train", dying)
    with pytest.raises(KilledError):
        accuracies(training, world, cell, (2,))
    assert list((tmp_path / "killed").glob("*.pt"))
    monkeypatch.setattr(module, "train", plain)
    for key, values in accuracies(training, world, cell, (2,)).items():
        np.testing.assert_array_equal(values, whole[key])
