"""Does the counted work follow what the settings make a run do?"""

import pytest

from solv.experiments.jailbreak import counted_work, language_model
from solv.experiments.jailbreak.counted_work import edge_fits, enumerated_glasses, jackknifed, sampled_powers
from solv.experiments.jailbreak.experiment import EXPERIMENT
from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.compose import settings_for
from solv.harness.settings import replace

USUAL = JailbreakConfig()


def work(part, config):
    [found] = EXPERIMENT.chosen([part])
    return found.work(config)


@pytest.mark.parametrize("clusters", ["overlap", "basins"])
def test_twice_the_glasses_are_twice_the_work_and_no_more_memory(clusters):
    once, twice = (enumerated_glasses(14, disorders, 8, clusters) for disorders in (500, 1000))
    assert (twice.flops, twice.calls) == pytest.approx((2 * once.flops, 2 * once.calls))
    assert twice.memory == once.memory


def test_a_spin_more_doubles_the_states():
    few, many = (enumerated_glasses(spins, 1000, 8) for spins in (18, 19))
    assert many.flops == pytest.approx(
        2 * few.flops, rel=0.05
    )  # beside the bits of the states, which fewer glasses share
    picked = [enumerated_glasses(18, 1000, picks).flops for picks in (4, 8, 12)]
    assert picked[2] - picked[1] == pytest.approx(picked[1] - picked[0])


def test_the_largest_glasses_are_held_one_at_a_time_in_a_few_tables():
    _, config = settings_for("jailbreak", "paper", [])
    assert work("spin-glass", config).memory == counted_work.TABLES * 8 * 2**config.glass.spins


def test_more_samples_see_more_k_and_those_that_are_lost_take_longer():
    many = replace(USUAL, clusters=replace(USUAL.clusters, samples=10 * USUAL.clusters.samples))
    few, more = (sampled_powers(config, 0.3, 2) for config in (USUAL, many))
    assert more.flops > 10 * few.flops
    assert more.memory == 10 * few.memory
    assert sampled_powers(USUAL, 0.3, 2, field=3).flops < few.flops


def test_errors_and_fits_are_as_many_as_are_asked_for():
    assert jackknifed(14, 100, 8, times=3).flops == 3 * jackknifed(14, 100, 8).flops
    assert edge_fits(100, 400, fits=6).flops == 6 * edge_fits(100, 400, fits=1).flops


def test_twice_the_steps_are_twice_the_training():
    def of(steps):
        trained = replace(USUAL.language.trained, steps=steps)
        return work("language-model", replace(USUAL, language=replace(USUAL.language, trained=trained))).flops

    assert of(3000) - of(2000) == pytest.approx(of(2000) - of(1000))


def test_models_of_the_user_are_not_counted():
    verdicts = replace(USUAL.language, pretrained=replace(USUAL.language.pretrained, verdicts="verdicts.csv"))
    assert work("language-model", replace(USUAL, language=verdicts)).flops == 0


def test_numbers_that_need_torch_where_they_are_used_are_the_same_here():
    from solv.experiments.jailbreak import glasses, language_training
    from solv.models.jailbreak import spin_glass_clusters

    assert (counted_work.GLASSES_AT_ONCE, counted_work.STATES_AT_ONCE) == (
        glasses.GLASSES_AT_ONCE,
        glasses.STATES_AT_ONCE,
    )
    assert spin_glass_clusters.HEAVIEST == counted_work.HEAVIEST
    assert language_model.PROMPTS_AT_ONCE == language_training.PROMPTS_AT_ONCE
