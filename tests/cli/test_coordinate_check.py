"""Are sizes and rates read from the command line, and what cannot be said in one sentence?"""

import math

import pytest

from solv.cli.coordinate_check import _json, _rates, _sizes
from solv.harness.settings import ConfigurationError


def test_sizes_are_sorted_and_each_once():
    assert _sizes("128,64, 64", None) == ("width", [64, 128])
    assert _sizes(None, "depth=8,2,4") == ("depth", [2, 4, 8])
    assert _sizes(None, None) == ("width", [64, 128, 256])


@pytest.mark.parametrize("widths", ["64", "64,64", "0,64", "a,b", "", "64,1.5"])
def test_widths_that_make_no_slope_are_refused(widths):
    with pytest.raises(ConfigurationError, match=f"--widths {widths}"):
        _sizes(widths, None)


@pytest.mark.parametrize("size", ["", "depth", "depth=", "=2,4", "my depth=2,4", "depth=2"])
def test_a_size_needs_a_name_and_two_integers(size):
    with pytest.raises(ConfigurationError, match=f"--size {size}"):
        _sizes(None, size)


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("2**-3:2**-1", [0.125, 0.25, 0.5]),
        ("2^-3:0.5", [0.125, 0.25, 0.5]),
        ("2**(-3):2**-1", [0.125, 0.25, 0.5]),
        ("0.001:0.1:10", [1e-3, 1e-2, 1e-1]),
        ("1e-1, 1e-3,0.01", [1e-3, 1e-2, 1e-1]),
        ("1:9:2", [1, 2, 4, 8]),
    ],
)
def test_rates_are_a_range_or_a_list(text, rates):
    assert _rates(text) == pytest.approx(rates)


@pytest.mark.parametrize(
    "text", ["", "1", "1:2", "2:1", "0:1", "-1:1", "1:8:1", "1:8:0.5", "1:2:3:4", "nan:1", "1:inf"]
)
def test_what_are_no_rates_is_refused_with_an_example(text):
    with pytest.raises(ConfigurationError, match="such as"):
        _rates(text)


def test_json_has_no_infinity():
    assert [_json(value) for value in (1.5, math.inf, -math.inf, math.nan)] == [1.5, "inf", "-inf", None]
