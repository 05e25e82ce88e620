"""Is a sweep's block checked, and does its metric read the number that is meant?"""

import math

import pytest

from solv.harness.settings import ConfigurationError
from solv.harness.sweep.plan import Metric, SweepBlock, read_block
from solv.tracking.curves import join_curves
from tests.made_curves import Panels, points
from tests.own_experiment import OwnConfig

CURVES = join_curves([
    points("theory", [9.0]),
    points("simulation", [3.0, 1.0, 2.0], 0.1, 4, w=1),
    points("simulation", [7.0], 0.1, 4, panel=Panels.A, w=2),
])  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, 1.0),
        ({"take": "max"}, 7.0),
        ({"panel": "p", "take": "mean"}, 2.0),
        ({"panel": "p", "take": "last"}, 2.0),
        ({"source": "theory"}, 9.0),
        ({"params": '*"w": 2*'}, 7.0),
    ],
)
def test_a_metric_is_a_number_of_the_rows_meant(keys, expected):
    assert Metric(**{"panel": "*", "params": "*", "source": "simulation", "y_name": "*", "take": "min", **keys}).of(
        CURVES
    ) == pytest.approx(expected)


def test_a_metric_of_no_row_names_the_panels():
    with pytest.raises(ConfigurationError, match=r"no simulation curve has panel 'q'.*there are panels a, p"):
        Metric(panel="q", params="*", source="simulation", y_name="*", take="min").of(CURVES)


def test_axes_become_overrides_without_those_that_are_fixed():
    block = SweepBlock({"a": [1, 2.5, math.inf, -math.inf, None, True], "b": "range(1,5)", "c": [[1, 2], [3]]}, None)
    assert block.overrides(fixed=["b"]) == ["a=choice(1,2.5,inf,-inf,null,true)", "c=choice([1,2],[3])"]
    assert "b=range(1,5)" in block.overrides()


def test_a_block_is_read_with_its_metric():
    block = read_block({"axes": {"a": [[1], [2]]}, "metric": {"panel": "law", "take": "max"}}, OwnConfig)
    assert block.axes == {"a": [[1], [2]]}
    assert (block.metric.panel, block.metric.take, block.metric.source) == ("law", "max", "simulation")
    assert read_block(None, OwnConfig) == SweepBlock({}, None)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("a", "must hold `axes` and `metric` alone"),
        ({"axis": {}}, "must hold"),
        ({"axes": [1]}, "is not a table"),
        ({"axes": {"b": [1]}}, "unknown key b"),
        ({"axes": {"a": []}}, "is not a list of values"),
        ({"axes": {"a": 3}}, "is not a list of values"),
        ({"metric": {"take": "median"}}, r"sweep\.metric\.take"),
        ({"metric": {"panels": "p"}}, "panels"),
    ],
)
def test_a_mistake_in_a_block_is_named(block, said):
    with pytest.raises(ConfigurationError, match=said):
        read_block(block, OwnConfig)
