"""Is the work of the language models counted from what they do?"""

import pytest

from solv.experiments.pita.language_work import language_work
from solv.experiments.pita.settings import PitaConfig
from solv.harness.settings import replace


def test_language_models_are_counted_by_repeats_and_a_pretrained_one_is_left_out():
    settings = PitaConfig().language
    once, twice = (language_work(replace(settings, repeats=repeats)) for repeats in (2, 4))
    assert (twice.flops, twice.calls) == pytest.approx((2 * once.flops, 2 * once.calls))
    unknown = language_work(replace(settings, pretrained=replace(settings.pretrained, model="folder")))
    assert unknown.flops == 0
    assert 0 < unknown.calls < once.calls


def test_longer_traces_and_more_layers_are_more_work():
    settings = PitaConfig().language
    usual = language_work(settings)
    longer = language_work(replace(settings, deep=replace(settings.deep, threshold=12)))
    deeper = language_work(replace(settings, decoder=replace(settings.decoder, layers=2)))
    assert longer.flops > usual.flops
    assert longer.memory > usual.memory
    assert 1.5 * usual.flops < deeper.flops < 2 * usual.flops


def test_direct_answers_on_as_many_tokens_are_work_of_the_splits_that_have_them():
    settings = PitaConfig().language
    none, broad, deep, both = (
        language_work(replace(settings, equal_tokens=roles)).flops
        for roles in ((), ("broad",), ("deep",), ("broad", "deep"))
    )
    assert none < broad < deep < both
    assert both - none == pytest.approx(broad + deep - 2 * none)


def test_repeats_of_the_deep_split_are_its_own():
    settings = PitaConfig().language
    two, of_deep, of_both = (
        language_work(replace(settings, repeats=every, deep=replace(settings.deep, repeats=deep))).flops
        for every, deep in ((2, 0), (2, 4), (4, 0))
    )
    of_broad = of_both - of_deep + two
    assert two < of_deep < of_both
    assert two == pytest.approx(of_both / 2)
    assert two < of_broad < of_both
