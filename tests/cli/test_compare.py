"""Are runs compared only where they can be, and numbers printed as a reader or a program takes them?"""

import json
import math

import pytest

from solv.cli.compare import _agreement, _by_label, _check, _finite, _settings, _text
from solv.harness.settings import ConfigurationError


def test_only_two_different_runs_of_one_experiment_are_compared(run_of):
    first, second = run_of(), run_of(key="ba9876543210", day=2)
    _check([first, second])
    with pytest.raises(ConfigurationError, match="two different runs"):
        _check([first, first])
    with pytest.raises(ConfigurationError, match=r"different experiments \(dmft, pita\)"):
        _check([first, run_of("pita")])


def test_the_place_of_runs_is_no_difference_and_old_runs_are_of_all_parts():
    assert _settings({"runs_dir": "there", "seed": 1}) == {"parts": [], "seed": 1}
    assert _settings({"parts": ["a"]}) == {"parts": ["a"]}


@pytest.mark.parametrize(
    ("median", "within", "count", "shown"),
    [
        (0.0234, 0.5, 4.0, "2.3 %, 50 % of 4"),
        (math.inf, 1.0, 2.0, "-, 100 % of 2"),
        (0.1, math.nan, 1.0, "10 %, - of 1"),
        (math.nan, math.nan, math.nan, "-"),
    ],
)
def test_agreement_is_a_deviation_and_a_share_of_points(median, within, count, shown):
    row = {"median_error A": median, "within_2_se A": within, "points A": count}
    assert _agreement(row, "A") == shown


def test_json_holds_no_number_that_it_has_not():
    found = _by_label(["A", "B"], ([1.5, math.inf], None))
    assert json.loads(json.dumps(found, allow_nan=False)) == {"A": [1.5, "inf"], "B": None}
    assert (_finite(math.inf), _finite(math.nan), _finite(2)) == (None, None, 2.0)


def test_a_setting_is_printed_as_it_is_typed():
    assert _text([1, 0.5, math.inf]) == "[1,0.5,inf]"
    assert _text(None) == "-"
    assert _text("auto") == "auto"
