"""Is the work of the networks counted from what they do?"""

import pytest

from solv.experiments.sbd.architectures import Units, hidden_layers
from solv.experiments.sbd.experiment import EXPERIMENT
from solv.experiments.sbd.network_work import FLOAT, TESTED_AT_ONCE, evaluation_work, layers, training_work
from solv.experiments.sbd.settings import DIGITS, LOCAL
from solv.harness.compose import settings_for
from solv.models.sbd.score_broadcast import MOST_TESTED

WORK = {part.name: part.work for part in EXPERIMENT.parts}


def settings(*overrides, preset="quick"):
    return settings_for("sbd", preset, list(overrides))[1]


@pytest.mark.parametrize(
    ("part", "doubled"),
    [
        ("ranking", ["ranking.steps=600"]),
        ("accuracy", ["training.epochs=12", "training.image_epochs=6"]),
        ("depth-and-width", ["ladders.epochs=6"]),
        ("memory-and-expansion", ["ladders.epochs=6", "ladders.memory_epochs=[2,6,18]"]),
    ],
)
def test_twice_the_steps_are_twice_the_work_but_for_the_tests(part, doubled):
    once, twice = WORK[part](settings()), WORK[part](settings(*doubled))
    assert twice.flops == pytest.approx(2 * once.flops, rel=0.1)
    assert twice.calls == pytest.approx(2 * once.calls, rel=0.1)
    assert twice.memory == once.memory


def test_looks_and_seeds_are_counted_along_training():
    given = [[], ["probes.seeds=10"], ["probes.looks=24"]]
    once, seeds, looks = (WORK["along-training"](settings(*overrides)) for overrides in given)
    assert seeds.flops == pytest.approx(2 * once.flops)
    assert once.flops < looks.flops < 2 * once.flops


def test_a_wider_layer_costs_its_weights_and_an_expanded_score_its_correlations():
    narrow, wide = (layers((64,), [Units(width)], DIGITS, 10) for width in (100, 200))
    assert sum(each.weights for each in wide) == 2 * sum(each.weights for each in narrow) == 2 * (64 * 100 + 100 * 10)
    plain, expanded = (training_work(narrow, 5, 20, 100, broadcast=count) for count in (10, 110))
    assert expanded.flops > plain.flops
    assert expanded.memory - plain.memory == FLOAT * 5 * 3 * 100 * 100


def test_the_most_memory_is_that_of_testing_local_connections_whose_patches_are_made_twice():
    config = settings(preset="paper")
    second = layers((3, 32, 32), hidden_layers(config.images, LOCAL), LOCAL, 10)[1]
    assert second.patches == 31 * 31 * 64 * 5 * 5
    expected = FLOAT * TESTED_AT_ONCE * (64 * 31 * 31 + 2 * second.patches + 2 * 32 * 31 * 31)
    assert WORK["accuracy"](config).memory == pytest.approx(expected)
    assert TESTED_AT_ONCE == MOST_TESTED


def test_few_tests_are_held_as_a_whole():
    assert evaluation_work(layers((64,), [], DIGITS, 10), 2, 100).memory == FLOAT * 200 * (64 + 2 * 10)
