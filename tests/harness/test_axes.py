"""Is a sweep the values that were typed, each once?"""

import pytest

from solv.harness.axes import distinct_axis, distinct_values
from solv.harness.settings import ConfigurationError


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("range(0.7,1.0,0.1)", ["0.7", "0.8", "0.9"]),
        ("range(0,0.3,0.1)", ["0.0", "0.1", "0.2"]),
        ("range(1,4)", ["1", "2", "3"]),
        ("range(3,0,-1)", ["3", "2", "1"]),
        ("range(0.5,1.5,0.25)", ["0.50", "0.75", "1.00", "1.25"]),
        ("1,1.0,1e0", ["1"]),
        ("0.1,1e-1,1.0e-1", ["0.1"]),
        ("2,1,2.0", ["2", "1"]),
        ("inf,2,inf", ["inf", "2"]),
        ("choice(1,1.0)", ["1"]),
        ("a,b,a", ["a", "b"]),
        ("[1,2],[3]", ["[1,2]", "[3]"]),
        ("true,1", ["True", "1"]),
    ],
)
def test_values_are_spelled_as_typed_and_are_there_once(typed, values):
    assert distinct_values(f"x={typed}") == values
    assert [_number(value) for value in distinct_values(distinct_axis(f"x={typed}"))] == list(map(_number, values))


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_an_axis_without_repeats_stays_as_it_was_typed():
    for text in ("x=1,2", "x=range(1,4)", "x=[1,2],[3]", "x=a,b"):
        assert distinct_axis(text) == text
    assert distinct_axis("x=1,1.0,2") == "x=choice(1,2)"


def test_an_interval_cannot_be_listed_and_stays_what_it_is():
    assert distinct_values("x=interval(0,1)") is None
    assert distinct_axis("x=interval(0,1)") == "x=interval(0,1)"


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("range(1,1)", "no value"),
        ("range(0,1,0)", "step"),
        ("glob(*)", "names files"),
        ("range(0,inf)", "more than 10000"),
        ("range(nan,1)", "more than 10000"),
        ("range(0,1,1e-12)", "more than 10000"),
        ("choice(2,2.0),4", "sweep within a sweep"),
    ],
)
def test_a_sweep_whose_values_cannot_be_told_is_refused(typed, word):
    with pytest.raises(ConfigurationError, match=word):
        distinct_axis(f"x={typed}")
