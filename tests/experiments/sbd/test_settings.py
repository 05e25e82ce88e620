"""Are the defaults of sbd its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.sbd.settings import SbdConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("sbd", "quick")), as_dictionary(SbdConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"training": {"memory": 1}}, "training\\.memory = 1"),
        ({"images": {"side": 7}}, "images\\.side = 7"),
        ({"training": {"seeds": 1}}, "training\\.seeds = 1"),
        ({"orthogonality": {"examples": [99]}}, "orthogonality\\.examples = 99"),
        ({"ladders": {"depth": [1]}}, "ladders\\.depth = 1"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        SbdConfig(**change)
