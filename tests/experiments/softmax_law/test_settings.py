"""Are the defaults of softmax-law its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("softmax-law", "quick")), as_dictionary(SoftmaxLawConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"classes": [1]}, "classes = 1"),
        ({"horizon": 999}, "horizon = 999"),
        ({"repeats": 1}, "repeats = 1"),
        ({"controls": {"short_memory": 1}}, "controls\\.short_memory = 1"),
        ({"span": 1}, "span = 1"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        SoftmaxLawConfig(**change)
