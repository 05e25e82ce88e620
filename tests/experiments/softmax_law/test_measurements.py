"""Does softmax-law measure what its panels show, and can it go on from the units that a killed run left?"""

import math
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from solv.experiments.softmax_law import measurements as softmax_law_measurements
from solv.experiments.softmax_law.experiment import EXPERIMENT
from solv.experiments.softmax_law.language import LanguageSettings, TrainedHere
from solv.experiments.softmax_law.settings import Controls, Networks, SoftmaxLawConfig, teacher_samples
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.theory.softmax_law.loss import aligned_flow
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.curves import select

SIZES = SoftmaxLawConfig(
    beta=(2.0, 8.0, 16.0, math.inf),
    classes=(4, 2),
    dimension=(4, 5),
    horizon=1000.0,
    short_horizon=200.0,
    window=50.0,
    batch=128,
    small_batch=64,
    samples=2000,
    repeats=2,
    theory_points=2000,
    population_points=20_000,
    controls=Controls(steps=40, samples=500),
    networks=Networks(hidden=8, batch=64, plain_horizon=60.0, tokens=8, width=8, bigram_horizon=100.0),
    language=LanguageSettings(
        fit_from=20, trained=TrainedHere(bytes=100_000, width=8, layers=1, heads=2, context=8, steps=100, batch=2)
    ),
)


class Reporter:
    @contextmanager
    def task(self, name, total):
        yield SimpleNamespace(advance=lambda count=1, note="": None)


class KilledError(Exception):
    """The run ends here."""


def measure(folder, kept):
    """Measure with units that are kept in a dictionary; a name that two units share is an error."""
    asked = set()

    def unit(name, compute):
        assert name not in asked
        asked.add(name)
        if name not in kept:
            kept[name] = {key: np.asarray(value) for key, value in compute().items()}
        return {key: value.copy() for key, value in kept[name].items()}

    place = Context(
        device="cpu",
        seeds=Seeds(0),
        unit=unit,
        checkpoint=lambda name: TrainingCheckpoint(folder / name.replace(" ", "-")),
        progress=Reporter(),
    )
    return EXPERIMENT.measure(SIZES, place)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    kept = {}
    return measure(tmp_path_factory.mktemp("softmax-law"), kept), kept


def test_every_panel_has_what_was_measured(measured):
    curves, _ = measured
    assert set(curves["panel"]) == {panel.name for panel in EXPERIMENT.panels(SIZES)}
    assert set(curves["source"]) == {"trained"}


def test_a_run_that_goes_on_computes_only_the_units_that_are_missing_and_ends_with_the_same_bits(measured, tmp_path):
    curves, kept = measured
    missing = {"network bigram", "descent d=4 batch=128", "controls"}
    assert missing < set(kept)
    left = {name: values for name, values in kept.items() if name not in missing}
    again = dict(left)
    assert measure(tmp_path, again).equals(curves)
    assert set(again) == set(kept)


def test_a_training_of_students_that_is_killed_goes_on_with_the_same_bits(measured, tmp_path, monkeypatch):
    curves, kept = measured
    monkeypatch.setattr(softmax_law_measurements, "SAVE_EVERY", 25)
    left = {name: values for name, values in kept.items() if name != "descent d=4 batch=128"}
    save = TrainingCheckpoint.save

    def save_twice(place, state):
        save(place, state)
        if state["step"] == 50:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(TrainingCheckpoint, "save", save_twice)
        with pytest.raises(KilledError):
            measure(tmp_path, dict(left))
    assert len(list(tmp_path.iterdir())) == 1
    assert measure(tmp_path, dict(left)).equals(curves)
    assert not list(tmp_path.iterdir())


def test_students_lie_near_the_aligned_theory_even_when_small(measured):
    one_hot = select(measured[0], panel="loss", series="one-hot")
    flows = [aligned_flow(one_hot["x"], math.inf, sample).loss for sample in teacher_samples(SIZES, 4)]
    one_hot = one_hot.assign(theory=np.exp(np.mean(np.log(flows), axis=0)))
    late = one_hot[one_hot["x"] > 100]
    assert len(late) > 5
    # 2000 inputs and 2000 points of theory for each of 2 teachers: some 5 % each in the boundary layer
    np.testing.assert_allclose(late["y"] / late["theory"], 1, atol=0.15)


def test_the_correction_for_the_inputs_drawn_changes_the_one_hot_loss_by_their_noise_alone(measured):
    factor = measured[1]["one-hot loss over all inputs"]["factor"]
    assert factor.shape == (2, len(np.unique(select(measured[0], panel="loss", series="one-hot")["x"])))
    assert 0 < np.abs(np.log(factor)).max() < 0.3
