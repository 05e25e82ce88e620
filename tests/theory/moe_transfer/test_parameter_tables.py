"""Do the tables of parameterizations say what they should, at the base and beyond?"""

import pytest

from solv.theory.moe_transfer.parameter_tables import (
    GROUPS,
    GROWTH,
    MATRICES,
    PAPER_BASE,
    PAPER_SHAPE,
    TABLES,
    Shape,
    exponents,
    fan_in_base,
    numbers,
    predicted_shift,
)

BASE = Shape(16, 1, 16)


def ours(table, *sizes):
    return numbers(TABLES[table], Shape(*sizes), fan_in_base(BASE, TABLES[table]))


def paper(*sizes):
    return numbers(TABLES["paper"], Shape(*sizes), PAPER_BASE)


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_table_has_a_row_for_every_group(table):
    assert set(table.groups) == set(GROUPS)


def test_at_the_base_shape_the_transferring_table_is_one_over_fan_in():
    found = ours("transfer", 16, 1, 16)
    assert set(found.factors.values()) == set(found.epsilons.values()) == {1.0}
    assert (found.branch, found.logit_scale) == (1, 16**-0.5)
    assert {found.stds[name] for name in MATRICES} == {0.25}


def test_the_transferring_table_scales_as_in_the_spec():
    found = ours("transfer", 64, 4, 128)
    assert {name: found.factors[name] for name in ("embedding", "unembedding", "norm", "bias")} == dict.fromkeys(
        ("embedding", "unembedding", "norm", "bias"), 1
    )
    assert {name: found.factors[name] for name in MATRICES} == {**dict.fromkeys(MATRICES, 0.25), "down": 0.125}
    assert found.branch == 0.25
    assert found.logit_scale == 0.25 * 16**-0.5
    assert found.stds["router"] == 64**-0.5
    assert found.stds["down"] == 128**-0.5


def test_a_rate_times_its_weight_decay_stays_and_norms_and_biases_do_not_decay():
    found = ours("transfer", 64, 4, 128)
    assert {found.factors[name] * found.decays[name] for name in (*MATRICES, "embedding")} == {1}
    assert found.decays["norm"] == found.decays["bias"] == 0


def test_at_its_base_the_papers_model_has_one_deviation_and_the_constants_of_its_appendix():
    found = paper(512, 8, 512)
    sixteenth = {name for name, factor in found.factors.items() if factor == 1 / 16}
    assert sixteenth == {"query_key", "value", "router", "down"}
    assert {found.factors[name] for name in set(GROUPS) - sixteenth} == {1.0}
    assert (found.stds["embedding"], found.stds["query_key"], found.stds["up"]) == (2**-6, 2**-6, 2**-6)
    assert (found.stds["value"], found.stds["down"]) == (2**-10, 2**-8)
    assert (found.branch, found.logit_scale) == (1 / 8, 1)


def test_the_papers_table_has_its_own_down_projection_router_and_epsilons():
    """Deviation sqrt(N)/H, that is alpha^-1 N^-1/2; router 1/N; of Adam's epsilon the paper's table 2."""
    found = paper(1024, 16, 4096)
    assert found.stds["down"] == pytest.approx(2**-8 * 2**0.5 / 8)
    assert found.stds["router"] == pytest.approx(2**-6 / 2)
    assert found.factors["down"] == pytest.approx(1 / 16 / 8)
    assert found.logit_scale == 0.5
    expected = {
        "embedding": 1 / 2, "query_key": 1 / 4, "output": 1 / 4, "router": 1 / 4, "up": 1 / 16, "down": 2 / 64 / 2,
        "norm": 1, "bias": 1 / 2, "unembedding": 1 / 2,
    }  # fmt: skip
    assert {name: found.epsilons[name] for name in expected} == expected
    assert Shape(512, 8, 512) == PAPER_SHAPE


def test_neither_table_knows_how_many_experts_there_are_and_ours_knows_of_the_active_in_epsilon_alone():
    few, many = (paper(512, 8, 512, active) for active in (1, 4))
    assert few == many
    one, four = (ours("transfer", 16, 1, 16, active) for active in (1, 4))
    assert (one.stds, one.factors) == (four.stds, four.factors)
    assert four.epsilons["router"] == 0.25


def test_the_standard_table_has_one_rate_and_no_multiplier():
    found = ours("standard", 64, 4, 128)
    assert set(found.factors.values()) == {1.0}
    assert (found.branch, found.logit_scale) == (1, 1)
    assert found.stds["embedding"] == 0.02


@pytest.mark.parametrize("direction", list(GROWTH))
def test_predicted_shifts(direction):
    assert predicted_shift(TABLES["transfer"], direction) == 0
    assert predicted_shift(TABLES["paper"], direction) == 0
    assert predicted_shift(TABLES["standard"], direction) == (-1 if direction in ("ladder", "width", "hidden") else 0)


def test_under_the_transferring_table_every_learned_part_is_of_order_one():
    for direction in GROWTH:
        assert all(group.learned <= 0 for group in exponents(TABLES["transfer"], direction).values())
    assert exponents(TABLES["transfer"], "width")["unembedding"].initial == -0.5


def test_a_shape_without_layers_is_none():
    with pytest.raises(ValueError, match="layers"):
        Shape(16, 0, 16)
