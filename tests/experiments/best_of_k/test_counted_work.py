"""Does the counted work follow what the settings make a run do?"""

import pytest

from solv.experiments.best_of_k import counted_work
from solv.experiments.best_of_k.experiment import EXPERIMENT
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.compose import settings_for
from solv.harness.settings import replace

USUAL = BestOfKConfig()


def work(part, config):
    [found] = EXPERIMENT.chosen([part])
    return found.work(config)


@pytest.mark.parametrize("part", ["extrapolating-judges", "zero-temperature", "best-judge"])
def test_twice_the_training_sets_are_twice_the_samples(part):
    more = {n: work(part, replace(USUAL, paper=replace(USUAL.paper, repeats=n))) for n in (100, 200, 300)}
    assert more[300].flops - more[200].flops == pytest.approx(more[200].flops - more[100].flops)
    assert more[200].memory == more[100].memory


def test_every_judge_and_temperature_has_samples_of_its_own():
    once, twice = (counted_work.drawn_samples(USUAL, 2.0, judges, 3, [1, 16]) for judges in (2, 4))
    assert twice.flops == pytest.approx(2 * once.flops)
    shared = counted_work.drawn_samples(USUAL, 2.0, 4, 3, [1, 16], paired=True)
    assert shared.flops < once.flops


def test_the_largest_preset_holds_the_features_of_its_largest_training_set():
    _, config = settings_for("best-of-k", "paper", [])
    maps = config.inference_or_data
    features = 2 * maps.dimension / min(maps.simulated) * maps.dimension
    assert work("inference-or-data", config).memory == pytest.approx(2 * 8 * features, rel=0.1)  # as drawn, and scaled


def test_the_number_that_needs_torch_where_it_is_used_is_the_same_here():
    from solv.models.best_of_k.simulation import SCORED_AT_ONCE

    assert counted_work.SCORED_AT_ONCE == SCORED_AT_ONCE
