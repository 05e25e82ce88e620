"""Does the count of the work of anytime grow as its recursions, runs of SGD and trainings do?"""

import pytest

from solv.data.anytime.character_language import CharacterLanguage
from solv.experiments.anytime import work
from solv.experiments.anytime.experiment import EXPERIMENT
from solv.experiments.anytime.language_training import HELD_TOKENS
from solv.experiments.anytime.regression import problem
from solv.experiments.anytime.settings import AnytimeConfig, LanguageModel, LanguageSettings, Nodes
from solv.models.anytime.simulation import AT_ONCE
from solv.models.language.decoder import Decoder, DecoderConfig

OF = {part.name: part.work for part in EXPERIMENT.parts if part.work}


def test_constants_are_those_of_the_modules_that_need_torch():
    assert work.AT_ONCE == AT_ONCE
    assert work.HELD_TOKENS == HELD_TOKENS
    assert work.VOCABULARIES["character"] == CharacterLanguage.symbols


@pytest.mark.parametrize(("exact", "ratio"), [(16, 1.5), (30, 1.2), (100, 1.05)])
def test_the_spectrum_has_about_as_many_nodes_as_are_counted(exact, ratio):
    config = AnytimeConfig(nodes=Nodes(exact=exact, ratio=ratio))
    assert work.nodes(config, config.dimension) == pytest.approx(
        len(problem(config, 1.5, 3.0).spectrum.eigenvalue), rel=0.05
    )


@pytest.mark.parametrize("part", ["regret", "uniform-averages", "floor"])
def test_a_horizon_twice_as_long_is_twice_the_recursion(part):
    one, two = (OF[part](AnytimeConfig(horizon=horizon)) for horizon in (100_000, 200_000))
    assert two.flops == pytest.approx(2 * one.flops, rel=0.2)


def test_twice_the_replicas_are_twice_the_sgd_but_no_more_memory():
    one, two = (work.descent(100, 500, 4, 3, replicas=replicas, batch=1) for replicas in (640, 1280))
    assert two.flops == 2 * one.flops
    assert two.calls == 2 * one.calls
    assert two.memory == one.memory


def test_twice_the_seeds_are_twice_the_trainings():
    one, two = (work.language(LanguageSettings(seeds=seeds, batch=256)) for seeds in (4, 8))
    assert two.flops == pytest.approx(2 * one.flops)


def test_models_that_train_together_cost_the_calls_of_one():
    one, two = (work.language(LanguageSettings(seeds=seeds, symbols=1000)).calls for seeds in (4, 8))
    assert two == pytest.approx(one, rel=0.01)
    alone = [work.language(LanguageSettings(seeds=seeds, symbols=1000, together=False)).calls for seeds in (4, 8)]
    assert alone[1] == pytest.approx(2 * alone[0])


def test_layers_are_held_with_their_gradients_moments_and_averages():
    parameters, memory = [], []
    for layers in (2, 6):
        size = LanguageModel(layers=layers, width=128, context=1)
        settings = LanguageSettings(together=False, batch=1, labels=(6.25, 12.5), model=size)
        model = Decoder(DecoderConfig(27, 1, 128, layers, heads=2, norm="layer", positions="learned"))
        parameters.append(sum(each.numel() for each in model.parameters()))
        memory.append(work.language(settings).memory)
    bytes_of_each = 4 + 4 + 2 * 4 + 2 * 4
    assert memory[1] - memory[0] == pytest.approx(bytes_of_each * (parameters[1] - parameters[0]), rel=0.02)


def test_nothing_is_trained_without_text():
    assert work.language(LanguageSettings(data="none")).flops == 0
