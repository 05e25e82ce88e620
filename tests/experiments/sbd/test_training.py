"""Are the rules of sbd trained as they say: whole, resumed, regularised, and by networks that fit their images?"""

import numpy as np
import pandas as pd
import pytest
import torch

from solv.experiments.sbd import training
from solv.experiments.sbd.arenas import Data, Problem, digits, network
from solv.experiments.sbd.experiment import EXPERIMENT
from solv.experiments.sbd.rules import Plan
from solv.experiments.sbd.settings import (
    BP,
    CONVOLUTION,
    DIGITS,
    EBD,
    FROZEN,
    LOCAL,
    PERCEPTRON,
    SBD,
    Images,
    SbdConfig,
    Training,
)
from solv.experiments.sbd.training import Course, train_rules
from solv.harness.settings import replace
from tests.experiments.scaffold import context, measured

SMALL = SbdConfig(
    images=Images(train=60, test=30, side=8, classes=3),
    training=Training(seeds=2, epochs=1, image_epochs=1, batch=200, image_batch=10, random_features=3),
)


class KilledError(Exception):
    """Stands for a kill in the middle of a training."""


def test_a_killed_training_goes_on_from_its_checkpoint_with_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SAVE_EVERY", 2)
    settings = replace(SMALL, parts=("accuracy",), arenas=(LOCAL,))
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = measured(EXPERIMENT, settings, context(tmp_path / "whole"))
    apply, died = training.Ensemble.apply, []

    def dying(self, gradients):
        apply(self, gradients)
        if self.step == 5 and not died:
            died.append(self.step)
            raise KilledError

    monkeypatch.setattr(training.Ensemble, "apply", dying)
    killed = context(tmp_path / "killed")
    with pytest.raises(KilledError):
        measured(EXPERIMENT, settings, killed)
    assert killed.checkpoint(f"{LOCAL} {FROZEN}").load()["ensemble"]["step"] == 4
    pd.testing.assert_frame_equal(whole, measured(EXPERIMENT, settings, killed))


def test_a_look_sees_the_start_and_every_step_and_changes_no_bit(tmp_path):
    world = context(tmp_path)
    data = digits(world)
    problem, course = Problem(network(SMALL, DIGITS, data), data), Course(1, 500, 1e-3)
    seen = []

    def look(step, parameters, state):
        seen.append((step, state is None, float(parameters["weight 0"].detach().abs().sum())))

    for rules in ((SBD,), (BP,)):
        looked = train_rules("looked at", problem, Plan(rules), course, SMALL.training, world, look)
        np.testing.assert_array_equal(
            looked, train_rules("looked at", problem, Plan(rules), course, SMALL.training, world)
        )
    moments = [(step, backward) for step, backward, _ in seen]
    assert moments == [(step, backward) for backward in (False, True) for step in (0, 1, 2)]
    assert len({length for *_, length in seen[:3]}) == 3


def test_frozen_hidden_layers_stay_and_all_rules_of_a_seed_start_from_the_same_weights(tmp_path):
    world = context(tmp_path)
    data = digits(world)
    problem = Problem(network(SMALL, DIGITS, data), data)
    weights = []

    def look(step, parameters, state):
        weights.append({name: value.detach().clone() for name, value in parameters.items()})

    train_rules("frozen", problem, Plan((FROZEN, SBD)), Course(1, 700, 1e-3), SMALL.training, world, look)
    start, end = weights[0], weights[-1]
    for name, value in start.items():
        torch.testing.assert_close(value[:2], value[2:], rtol=0, atol=0)
        assert torch.equal(value[:2], end[name][:2]) == (name in {"weight 0", "bias 0", "weight 1", "bias 1"})
        assert not torch.equal(value[2:], end[name][2:])


def test_regularisers_reach_the_updates(tmp_path):
    accuracies = []
    for changes in ({}, {"power": 0.1, "entropy": 1e-3, "sparsity": 1e-3, "forward": 0.1, "weight_decay": 0.1}):
        settings = replace(SMALL.training, **changes)
        world = context(tmp_path / str(len(changes)))
        data = digits(world)
        problem = Problem(network(SMALL, DIGITS, data), data)
        accuracies.append(train_rules("regularised", problem, Plan((SBD, EBD)), Course(2, 50, 1e-3), settings, world))
    assert not np.array_equal(*accuracies)
    assert accuracies[1].min() > 0.3  # chance is 0.1


@pytest.mark.parametrize("arena", [PERCEPTRON, CONVOLUTION, LOCAL])
def test_the_paper_s_networks_fit_their_images(arena):
    for source, channels, side, classes in (
        ("mnist5k", 1, 28, 10),
        ("cifar10", 3, 32, 10),
        ("cifar100", 3, 32, 100),
        ("tiny-imagenet", 3, 64, 200),
    ):
        config = replace(SMALL, images=Images(source=source, size="paper"))
        x, labels = torch.zeros(1, channels, side, side), torch.tensor([classes - 1])
        layers = network(config, arena, Data(x, labels, x, labels)).layers
        assert layers[-1][0].output_shape(layers[-1][1]) == (classes,)
