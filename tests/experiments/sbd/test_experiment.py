"""Do the claims of sbd follow from the curves alone, and does every branch give curves of its panels?"""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from solv.experiments.sbd.experiment import (
    ALIGNMENT,
    ALONG,
    EXPANDED,
    EXPERIMENT,
    FROZEN_IS_DFA,
    TEACHER,
    gain_panel,
    points,
)
from solv.experiments.sbd.settings import (
    ARENAS,
    BP,
    CONVOLUTION,
    DIGITS,
    EBD,
    FROZEN,
    LOCAL,
    PERCEPTRON,
    RULES,
    SBD,
    Images,
    Ladders,
    Orthogonality,
    Probes,
    SbdConfig,
    Training,
)
from solv.experiments.sbd.training import Data, Plan, digits, network, train_rules
from solv.harness.contract import Context
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves

SMALL = SbdConfig(
    orthogonality=Orthogonality(examples=(300, 1000), repeats=2),
    images=Images(train=60, test=30, side=8, classes=3),
    training=Training(seeds=2, epochs=1, image_epochs=1, batch=200, image_batch=30, random_features=3),
    probes=Probes(looks=3, descent_steps=30),
    ladders=Ladders(depth=(2,), width=(8,), memory=(0.9, 0.999), start=(0.01, 0.1), features=(1, 3), epochs=1),
)


class Silent:
    def task(self, description, total):
        return nullcontext(self)

    def advance(self, count=1, note=""):
        pass


def context(folder, unit=None):
    compute = unit or (lambda name, make: dict(make()))
    return Context("cpu", Seeds(0), compute, lambda name: TrainingCheckpoint(folder / f"{name}.pt"), Silent())


@pytest.fixture(scope="module")
def ideal():
    """Theory with measurements on it, and trainings as the paper would have them."""
    theory = EXPERIMENT.predict(SbdConfig())
    on_it = theory.assign(source="simulation", y_err=0.02, n=16)
    parts = [theory, on_it]
    rank = np.arange(len(RULES))
    gains = np.array([-0.1, -0.05, -0.03, 0.0, 0.02, 0.03, 0.1, 0.1])
    for arena in ARENAS:
        place = gain_panel(arena), "minus SBD", "trained", "rule", rank
        parts.append(points(*place, "difference", gains, y_err=0.002, n=10))
    steps, fall = [0, 10, 100], [1.0, 10.0, 1.2]
    for layer in (1, 2):
        own = {"rule": BP, "layer": layer}
        parts.append(
            points(ALONG, f"BP, layer {layer}", "trained", "step", steps, "c", fall, y_err=0.2, n=5, params=own)
        )
        rise = [0.01, 0.1, 0.5]
        parts.append(points(ALIGNMENT, f"layer {layer}", "trained", "step", steps, "cosine", rise, y_err=0.02, n=5))
    parts.append(points(FROZEN_IS_DFA, "largest difference", "trained", "step", steps, "difference", 1e-7, n=5))
    return join_curves(parts)


def verdicts(curves):
    return {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves)}


def test_every_claim_holds_on_curves_as_the_paper_has_them(ideal):
    found = verdicts(ideal)
    assert len(found) == 9
    assert {name for name, verdict in found.items() if verdict is not Verdict.HOLDS} == set()


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    assert set(verdicts(ideal[ideal["panel"] == "no such panel"]).values()) == {Verdict.UNDECIDED}


@pytest.mark.parametrize(
    ("claim", "panel", "spoil"),
    [
        ("score-orthogonal-when-admissible", TEACHER, lambda rows: rows.assign(y=rows["y"] + 2)),
        ("not-when-inadmissible", TEACHER, lambda rows: rows.assign(y=1.2 * rows["y"])),
        ("expansion-preserves-orthogonality", EXPANDED, lambda rows: rows.assign(y=rows["y"] + 2)),
        ("correlation-falls-under-bp", ALONG, lambda rows: rows.assign(y=1 + rows["x"])),
        ("sbd-learns-without-weight-transport", gain_panel(DIGITS), lambda rows: rows.assign(y=0.1)),
        ("sbd-beats-dfa-and-ebd", gain_panel(LOCAL), lambda rows: rows.assign(y=-rows["y"])),
        ("expansion-helps", gain_panel(PERCEPTRON), lambda rows: rows.assign(y=-rows["y"])),
        ("dfa-is-frozen-sbd", FROZEN_IS_DFA, lambda rows: rows.assign(y=0.01)),
        ("alignment-grows", ALIGNMENT, lambda rows: rows.assign(y=-rows["y"])),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, spoil):
    rows = (ideal["panel"] == panel) & (ideal["source"] != "theory")
    assert rows.any()
    spoilt = pd.concat([ideal[~rows], spoil(ideal[rows])], ignore_index=True)
    assert verdicts(spoilt)[claim] is Verdict.FAILS


def test_two_seeds_decide_no_ranking(ideal):
    few = ideal.assign(n=ideal["n"].where(ideal["source"] != "trained", 2))
    found = verdicts(few)
    assert found["sbd-beats-dfa-and-ebd"] is found["expansion-helps"] is Verdict.UNDECIDED


def test_every_curve_has_a_panel_and_a_repeated_run_the_same_bits(tmp_path):
    curves = EXPERIMENT.measure(SMALL, context(tmp_path))
    assert set(curves["panel"]) == {panel.name for panel in EXPERIMENT.panels(SMALL)}
    assert len(EXPERIMENT.claims(join_curves([EXPERIMENT.predict(SMALL), curves]))) == 9
    again = tmp_path / "again"
    again.mkdir()
    only = replace(SMALL, arenas=(CONVOLUTION,))
    first = EXPERIMENT.measure(only, context(again))
    pd.testing.assert_frame_equal(first, EXPERIMENT.measure(only, context(again)))
    frozen = first[(first["panel"] == CONVOLUTION) & (first["series"] == "accuracy")]
    assert RULES[int(frozen["x"].iloc[0])] == FROZEN
    descent = curves[(curves["panel"] == "descent")].groupby("series")["y"]
    assert (descent.last() < 0.5 * descent.first()).all()


def test_a_killed_training_goes_on_from_its_checkpoint_with_the_same_bits(tmp_path, monkeypatch):
    import solv.experiments.sbd.training as training

    monkeypatch.setattr(training, "SAVE_EVERY", 2)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    settings = replace(SMALL, arenas=(LOCAL,), training=replace(SMALL.training, image_batch=10))
    whole = EXPERIMENT.measure(settings, context(tmp_path / "a"))

    class KilledError(Exception):
        pass

    apply = training.Ensemble.apply

    def dying(self, gradients):
        apply(self, gradients)
        saved, died = tmp_path / "b" / f"{LOCAL} broadcast.pt", tmp_path / "died"
        if self.step == 5 and saved.exists() and not died.exists():
            died.touch()
            raise KilledError

    monkeypatch.setattr(training.Ensemble, "apply", dying)
    with pytest.raises(KilledError):
        EXPERIMENT.measure(settings, context(tmp_path / "b"))
    pd.testing.assert_frame_equal(whole, EXPERIMENT.measure(settings, context(tmp_path / "b")))


def test_regularisers_reach_the_updates(tmp_path):
    accuracies = []
    for changes in ({}, {"power": 0.1, "entropy": 1e-3, "sparsity": 1e-3, "forward": 0.1, "weight_decay": 0.1}):
        folder = tmp_path / str(len(changes))
        folder.mkdir()
        settings = replace(SMALL, training=replace(SMALL.training, **changes))
        world = context(folder)
        data = digits(world)
        architecture = network(settings, DIGITS, data)
        accuracies.append(
            train_rules(
                settings, world, "regularised", architecture, data, Plan((SBD, EBD)), epochs=2, batch=50, rate=1e-3
            )
        )
    assert not np.array_equal(*accuracies)
    assert accuracies[1].min() > 0.3  # chance is 0.1


@pytest.mark.parametrize("arena", [PERCEPTRON, CONVOLUTION, LOCAL])
def test_the_paper_s_networks_fit_their_images(arena):
    import torch

    for source, side, classes in (("cifar10", 32, 10), ("tiny-imagenet", 64, 200)):
        config = replace(SMALL, images=Images(source=source, size="paper"))
        x, labels = torch.zeros(1, 3, side, side), torch.tensor([classes - 1])
        layers = network(config, arena, Data(x, labels, x, labels)).layers
        assert layers[-1][0].output_shape(layers[-1][1]) == (classes,)


def test_a_set_of_images_that_is_not_there_is_one_line(tmp_path):
    settings = replace(SMALL, images=Images(source="cifar10", folder=str(tmp_path)))
    with pytest.raises(ConfigurationError, match=r"solv data cifar10 fetch.*images\.source=synthetic") as raised:
        EXPERIMENT.measure(settings, context(tmp_path))
    assert "\n" not in str(raised.value)
