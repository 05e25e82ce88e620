"""Does a refused argument name parameter, value and valid range?"""

import math

import numpy as np
import pytest

from solv.theory.validation import require_integer, require_real


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2)])
def test_numbers_of_every_kind_are_accepted(value):
    assert require_real("tau", value, above=1) == 2.0
    assert require_integer("depth", value, least=0) == 2


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (1, {"above": 1}, "tau = 1 is out of range; valid: > 1"),
        (0, {"least": 1, "most": 3}, "tau = 0 is out of range; valid: >= 1 and <= 3"),
        (3, {"below": 3}, "tau = 3 is out of range; valid: < 3"),
        (math.inf, {"above": 1}, "tau = inf is out of range"),
        (math.nan, {"infinite": True, "above": 1}, "tau = nan is out of range; valid: > 1, or inf"),
        ("2", {"above": 1}, "tau = '2' is not a number"),
        (True, {"above": 0}, "tau = True is not a number"),
        (None, {"above": 0}, "tau = None is not a number"),
    ],
)
def test_a_refused_number_names_parameter_value_and_range(value, bounds, message):
    with pytest.raises(ValueError, match="tau") as caught:
        require_real("tau", value, **bounds)
    assert str(caught.value).startswith(message)


def test_a_fraction_is_no_integer():
    with pytest.raises(ValueError, match=r"depth = 1.5 is not an integer"):
        require_integer("depth", 1.5, least=0)
