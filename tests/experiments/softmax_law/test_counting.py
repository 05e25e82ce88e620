"""Does the work that the parts of softmax-law count grow as what they do?"""

import math

import pytest

from solv.experiments.softmax_law.counting import expected_steps, growing_steps, loss_work
from solv.experiments.softmax_law.digits import DIGITS
from solv.experiments.softmax_law.language import LANGUAGE
from solv.experiments.softmax_law.one_third_law import ONE_THIRD_LAW
from solv.experiments.softmax_law.residual_stacks import EXPANSION, RESIDUAL_STACKS
from solv.experiments.softmax_law.settings import (
    Digits,
    LanguageSettings,
    Pretrained,
    SoftmaxLawConfig,
    Stacks,
    Starts,
)
from solv.experiments.softmax_law.starts import STARTS
from solv.experiments.softmax_law.students import rates, student_rates, variants
from solv.experiments.softmax_law.universality import UNIVERSALITY
from solv.harness.compose import settings_for


@pytest.mark.parametrize(
    ("part", "group", "settings"),
    [(RESIDUAL_STACKS, "stacks", Stacks), (DIGITS, "digits", Digits)],
    ids=["stacks", "digits"],
)
def test_twice_the_steps_are_twice_the_work(part, group, settings):
    once, twice = (part.work(SoftmaxLawConfig(**{group: settings(steps=steps)})) for steps in (1000, 2000))
    assert twice.flops == pytest.approx(2 * once.flops)
    assert twice.calls == pytest.approx(2 * once.calls)
    assert twice.memory == once.memory


def test_more_starts_are_more_work():
    usual = SoftmaxLawConfig()
    more = SoftmaxLawConfig(starts=Starts(ratio=(0, 0.3, 1, 2, 3, 4)))
    assert 1.2 < STARTS.work(more).flops / STARTS.work(usual).flops < 2  # half of the part is the schedule


@pytest.mark.parametrize("preset", ["smoke", "quick"])
def test_students_take_about_as_many_steps_as_are_counted(preset):
    _, config = settings_for("softmax-law", preset, [])
    for variant in variants(config):
        counted = expected_steps(config, variant, math.inf)
        assert counted == pytest.approx(len(student_rates(variant, math.inf, config)), rel=0.15)
    assert growing_steps(config, config.horizon) == pytest.approx(len(rates(math.inf, config, 8)), rel=0.01)
    finite = [(classes, beta) for classes in config.classes for beta in config.beta if math.isfinite(beta)]
    for classes, beta in finite:
        [variant, *_] = [each for each in variants(config) if each.batch]
        counted = expected_steps(config, type(variant)(classes, variant.dimension, variant.batch), beta)
        assert counted == pytest.approx(len(rates(beta, config, classes)), rel=0.35)


def test_students_that_several_parts_read_are_counted_in_the_first():
    alone = SoftmaxLawConfig(parts=("universality",))
    assert UNIVERSALITY.work(alone).flops > 5 * UNIVERSALITY.work(SoftmaxLawConfig()).flops
    assert ONE_THIRD_LAW.work(SoftmaxLawConfig()).flops > UNIVERSALITY.work(SoftmaxLawConfig()).flops


def test_of_the_users_checkpoints_no_training_is_counted():
    settings = LanguageSettings(pretrained=Pretrained(checkpoints="somewhere"))
    assert LANGUAGE.work(SoftmaxLawConfig(language=settings)).flops == 0


def test_memory_is_that_of_the_arrays_that_are_held():
    assert loss_work(10, 3000, 128).memory == 3 * 8 * 3000 * 128
    _, paper = settings_for("softmax-law", "paper", [])
    units, students = EXPANSION * paper.toy.inputs, len(paper.stacks.temperature)
    deepest = max(paper.stacks.blocks) * units * paper.stacks.batch * students * 4  # bytes of one array of hidden units
    assert 3 * deepest < RESIDUAL_STACKS.work(paper).memory < 5 * deepest
    largest = 8 * paper.repeats * max(paper.classes) * paper.samples  # bytes of the logits of a reading
    assert 3 * largest <= ONE_THIRD_LAW.work(paper).memory < 6 * largest
