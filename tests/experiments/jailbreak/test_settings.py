"""Are the defaults of jailbreak its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.jailbreak.settings import JailbreakConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("jailbreak", "quick")), as_dictionary(JailbreakConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": [1]}, "x = 1"),
        ({"m": [0]}, "m = 0"),
        ({"x": [0.3, 0.3]}, "twice"),
        ({"edge": {"nu": [0]}}, "edge\\.nu = 0"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        JailbreakConfig(**change)
