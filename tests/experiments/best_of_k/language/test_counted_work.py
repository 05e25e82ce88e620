"""Do the models trained here and the selections cost what the settings make of them?"""

import pytest

from solv.experiments.best_of_k.language.counted_work import (
    VALIDATION,
    of_models_trained_here,
    of_selections,
)
from solv.experiments.best_of_k.language.part import LANGUAGE
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.settings import replace

USUAL = BestOfKConfig()


def of(steps):
    trained = replace(USUAL.language.trained, steps=steps)
    return of_models_trained_here(replace(USUAL.language, trained=trained)).flops


def test_twice_the_steps_are_twice_the_training():
    assert of(3000) - of(2000) == pytest.approx(of(2000) - of(1000))
    assert of(10_000) > 1.8 * of(5000)


def test_twice_the_orders_are_twice_the_selections():
    more = replace(USUAL.language, orders=2 * USUAL.language.orders)
    once, twice = (of_selections(each, questions=100, judges=4) for each in (USUAL.language, more))
    assert twice.flops == pytest.approx(2 * once.flops)
    assert (twice.calls, twice.memory) == (once.calls, once.memory)


def test_models_of_the_user_are_not_trained():
    own = replace(USUAL.language, pretrained=replace(USUAL.language.pretrained, generator="model"))
    found = LANGUAGE.work(replace(USUAL, language=own))
    assert found == of_selections(own, USUAL.language.questions, judges=1)
    assert 0 < found.flops < LANGUAGE.work(USUAL).flops


def test_as_many_sums_are_looked_at_as_in_training():
    from solv.experiments.best_of_k.language import trained_models

    assert VALIDATION == trained_models.VALIDATION
