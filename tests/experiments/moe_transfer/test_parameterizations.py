"""Do moe-transfer's tables say what they should?"""

import pytest

from solv.experiments.moe_transfer.parameterizations import GROWTH, TABLES, Shape, exponents, numbers, predicted_shift

BASE = Shape(16, 1, 16)


def test_at_the_base_shape_the_transferring_table_is_one_over_fan_in():
    found = numbers(TABLES["transfer"], BASE, BASE)
    assert set(found.factors.values()) == {1.0}
    assert found.branch == 1
    assert found.logit_scale == 16**-0.5
    assert {name: found.stds[name] for name in ("attention", "router", "up", "down")} == dict.fromkeys(
        ("attention", "router", "up", "down"), 0.25
    )


def test_the_transferring_table_scales_as_in_the_spec():
    found = numbers(TABLES["transfer"], Shape(64, 4, 128), BASE)
    assert found.factors == {
        "embedding": 1, "attention": 0.25, "router": 0.25, "up": 0.25, "down": 0.125, "unembedding": 1,
    }  # fmt: skip
    assert found.branch == 0.25
    assert found.logit_scale == 0.25 * 16**-0.5
    assert found.stds["router"] == 64**-0.5
    assert found.stds["down"] == 128**-0.5


def test_the_papers_table_has_its_own_down_projection():
    """Standard deviation sqrt(N)/H: alpha^-1 N^-1/2, not one over the root of the fan-in; router 1/N."""
    found = numbers(TABLES["paper"], Shape(64, 1, 128), BASE)
    assert found.stds["down"] == pytest.approx(0.25 * 2 * 1 / 8)
    assert found.stds["router"] == pytest.approx(0.25 / 4)


def test_the_standard_table_has_one_rate_and_no_multiplier():
    found = numbers(TABLES["standard"], Shape(64, 4, 128), BASE)
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
