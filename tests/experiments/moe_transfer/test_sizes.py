"""Which models does work name, how do they grow along a direction, and are sizes that no model has refused?"""

import math

import pytest

from solv.experiments.moe_transfer.experiment import EXPERIMENT
from solv.experiments.moe_transfer.settings import CoordinateSettings, MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import (
    architecture,
    coordinate_models,
    expert_count_models,
    large_expert_models,
    models,
    rates_of,
    remarks,
    seeds_of,
    sparse_models,
    trained,
    trainings,
)
from solv.harness.settings import ConfigurationError
from solv.models.moe_transfer import transformer
from solv.models.moe_transfer.transformer import MoeShape
from solv.theory.moe_transfer.parameter_tables import GROUPS, GROWTH


def test_work_names_parameterizations_and_their_sizes():
    assert trained(["limit", "standard", "transfer/0", "transfer/2"]) == {"standard": None, "transfer": {0, 2}}
    assert trained(["paper/1", "paper"]) == {"paper": None}
    assert trained(["settings"]) == {}


def test_models_grow_along_one_direction():
    settings = TransferSettings()
    assert [(m.width, m.layers) for m in models(settings, "ladder")] == [(32, 2), (64, 4), (128, 8)]
    assert [(m.experts, m.active) for m in models(settings, "experts")] == [(4, 1), (8, 2)]
    assert [m.hidden for m in models(settings, "hidden")] == [32, 64]
    assert [m.layers for m in coordinate_models(settings, CoordinateSettings(), "depth")] == [2, 4, 8]
    assert seeds_of(settings, models(settings, "ladder")[-1]) == settings.large_seeds


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"active_fraction": 0.3}, "active_fraction"),
        ({"ladder_layers": (2, 4)}, "ladder_width"),
        ({"width": (24, 48)}, "head_width"),
        ({"alpha": (0.01,)}, "alpha"),
    ],
)
def test_wrong_sizes_are_named(settings, said):
    with pytest.raises(ConfigurationError, match=said):
        [models(TransferSettings(**settings), direction) for direction in GROWTH]


def test_a_direction_is_trained_at_the_sizes_that_work_names():
    config = MoeTransferConfig(work=("transfer/0", "standard"))
    found = [(each.table, each.model.width) for each in trainings(config, ["width"])]
    assert found == [("transfer", 32), ("standard", 32), ("standard", 64)]
    assert {each.direction for each in trainings(config)} == set(GROWTH)


def test_a_run_refuses_sizes_that_no_model_has_before_it_trains():
    with pytest.raises(ConfigurationError, match="head_width"):
        EXPERIMENT.require(MoeTransferConfig(coordinates=CoordinateSettings(width=(24, 48))))


def test_the_standard_table_has_rates_of_its_own():
    settings = TransferSettings(standard_rates=(-9, -10), rates=(-5, -6))
    assert rates_of(settings, "standard") == (-10, -9)
    assert rates_of(settings, "transfer") == (-6, -5)


def test_models_are_told_apart_by_name_and_params():
    every = {model for direction in GROWTH for model in models(TransferSettings(), direction)}
    assert len({model.name for model in every}) == len({tuple(model.params.items()) for model in every})


@pytest.mark.parametrize("kind", ["ours", "paper"])
def test_a_model_is_counted_as_its_parameters_are(kind):
    settings = TransferSettings(model=kind)
    model = models(settings, "ladder")[0]
    shape = MoeShape(
        model.width, model.layers, model.experts, model.active, model.hidden, context=settings.context, model=kind
    )
    balance = model.layers * model.experts
    counted = architecture(settings, model)
    assert counted.total == sum(math.prod(size) for size in shape.sizes().values()) + balance
    assert counted.acting < counted.total


def test_the_groups_of_the_tables_are_those_of_the_model():
    assert GROUPS == transformer.GROUPS


def test_what_follows_from_the_settings_begins_with_the_papers_base():
    first, *rest = remarks(MoeTransferConfig())
    assert first == "the paper's base: 51504672 parameters, 38897184 active"
    assert len(rest) == 5
    assert rest[0].startswith("largest of the ladder, N=128 L=8 E=4 H=128 K=1: ")


def test_more_experts_at_fixed_active_parameters_are_smaller_ones():
    found = expert_count_models(TransferSettings(expert_counts=[4, 8, 16]))
    assert [(m.experts, m.active, m.hidden) for m in found] == [(4, 1, 32), (8, 2, 16), (16, 4, 8)]
    assert {m.active * m.hidden for m in found} == {32}


def test_the_control_adds_experts_and_no_active_ones():
    found = sparse_models(TransferSettings(sparse_experts=[4, 16]))
    assert [(m.experts, m.active, m.along) for m in found] == [(4, 1, 4), (16, 1, 16)]
    assert len({m.name for m in found}) == 2


def test_large_experts_have_many_hidden_units():
    assert [m.hidden for m in large_expert_models(TransferSettings(large_alpha=[16, 1]))] == [32, 512]


def test_the_model_that_every_way_to_grow_begins_with_may_have_more_initialisations():
    settings = TransferSettings(seeds=2, large_seeds=1, first_seeds=8)
    for direction in ("ladder", "width", "depth", "experts", "hidden"):
        first, *_, last = models(settings, direction)
        assert seeds_of(settings, first) == 8
        assert seeds_of(settings, last) == (1 if direction == "ladder" else 2)
    assert seeds_of(TransferSettings(seeds=2), models(settings, "depth")[0]) == 2
