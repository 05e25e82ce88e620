"""Does softmax-law measure what its panels show, and go on from what a killed run left?"""

import math

import numpy as np
import pytest

from solv.experiments.softmax_law import descent, networks, one_third_law
from solv.experiments.softmax_law.experiment import EXPERIMENT
from solv.experiments.softmax_law.settings import Controls, LanguageSettings, Networks, SoftmaxLawConfig, TrainedHere
from solv.experiments.softmax_law.teachers import teacher_samples
from solv.theory.softmax_law.loss import aligned_flow
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.curves import select
from tests.experiments.scaffold import Units, context, measured

SIZES = SoftmaxLawConfig(
    parts=("one-third-law", "crossover", "controls", "universality", "networks", "language"),
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
SHOWN = {"descent d=4 batch=128", "descent d=4 batch=0", "one-hot loss over all inputs"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    units = Units()
    return measured(EXPERIMENT, SIZES, context(tmp_path_factory.mktemp("softmax-law"), unit=units)), units


def without(units, *names):
    """Return units that lack those called `names`, which were computed once."""
    left = Units()
    left.kept = {name: values for name, values in units.kept.items() if name not in names}
    assert len(left.kept) == len(units.kept) - len(names)
    return left


def test_every_panel_has_what_was_measured(whole):
    curves, _ = whole
    assert set(curves["panel"]) == {panel.name for panel in EXPERIMENT.panels(SIZES)}
    assert set(curves["source"]) == {"trained"}


def test_parts_share_the_students_that_see_the_same_inputs(whole, tmp_path):
    curves, units = whole
    assert len(units.computed) == len(set(units.computed))
    for part in ("one-third-law", "crossover", "universality"):
        alone, again = SoftmaxLawConfig(**{**dict(SIZES), "parts": [part]}), Units()
        again.kept = dict(units.kept)
        rows = measured(EXPERIMENT, alone, context(tmp_path, unit=again))
        assert rows.equals(curves[curves["part"] == part].reset_index(drop=True))
        assert not again.computed
    fresh = Units()
    rows = measured(EXPERIMENT, alone.model_copy(update={"parts": ("crossover",)}), context(tmp_path, unit=fresh))
    assert set(fresh.computed) == SHOWN
    assert rows.equals(curves[curves["part"] == "crossover"].reset_index(drop=True))


def test_a_run_that_goes_on_computes_only_the_units_that_are_missing_and_ends_with_the_same_bits(whole, tmp_path):
    curves, units = whole
    missing = {"network bigram", "descent d=4 batch=128", "controls"}
    left = without(units, *missing)
    assert measured(EXPERIMENT, SIZES, context(tmp_path, unit=left)).equals(curves)
    assert set(left.computed) == missing


def test_a_training_of_students_that_is_killed_goes_on_with_the_same_bits(whole, tmp_path, monkeypatch):
    curves, units = whole
    monkeypatch.setattr(descent, "SAVE_EVERY", 25)
    save = TrainingCheckpoint.save

    def save_twice(place, state):
        save(place, state)
        if state["step"] == 50:
            raise KeyboardInterrupt

    def place(name):
        return TrainingCheckpoint(tmp_path / name.replace(" ", "-"))

    def go_on():
        left = without(units, "descent d=4 batch=128")
        return measured(EXPERIMENT, SIZES, context(tmp_path, unit=left, checkpoint=place))

    with monkeypatch.context() as patch:
        patch.setattr(TrainingCheckpoint, "save", save_twice)
        with pytest.raises(KeyboardInterrupt):
            go_on()
    assert len(list(tmp_path.iterdir())) == 1
    assert go_on().equals(curves)
    assert not list(tmp_path.iterdir())


def test_students_lie_near_the_aligned_theory_even_when_small(whole):
    one_hot = select(whole[0], panel=one_third_law.Panels.LOSS, classes=4, beta=math.inf)
    flows = [aligned_flow(one_hot["x"], math.inf, sample).loss for sample in teacher_samples(SIZES, 4)]
    one_hot = one_hot.assign(theory=np.exp(np.mean(np.log(flows), axis=0)))
    late = one_hot[one_hot["x"] > 100]
    assert len(late) > 5
    # 2000 inputs and 2000 points of theory for each of 2 teachers: some 5 % each in the boundary layer
    np.testing.assert_allclose(late["y"] / late["theory"], 1, atol=0.15)


def test_the_correction_for_the_inputs_drawn_changes_the_one_hot_loss_by_their_noise_alone(whole):
    curves, units = whole
    factor = units.kept["one-hot loss over all inputs"]["factor"]
    one_hot = select(curves, panel=one_third_law.Panels.LOSS, classes=4, beta=math.inf)
    assert factor.shape == (2, len(np.unique(one_hot["x"])))
    assert 0 < np.abs(np.log(factor)).max() < 0.3


def test_the_bigram_language_of_a_finite_target_is_shown_and_has_no_exponent(whole):
    shown, fits = (select(whole[0], panel=panel) for panel in (networks.Panels.LOSS, networks.Panels.EXPONENT))
    assert len(select(shown, network=networks.BIGRAM, beta=8.0))
    assert not len(select(fits, beta=8.0))
