"""Are the defaults of dmft its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.dmft.settings import DmftConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("dmft", "quick")), as_dictionary(DmftConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tau": [1.1]}, "tau = 1.1"),
        ({"g": [0]}, "g = 0"),
        ({"steps": 1}, "steps = 1"),
        ({"spectrum": ["flat"]}, "spectrum"),
        ({"elliptic": {"normal_g": 1}}, "elliptic\\.normal_g = 1"),
        ({"spikes": {"networks": 6}}, "spikes\\.networks = 6"),
        ({"overlap": [1.5]}, "overlap = 1.5"),
        ({"samples": [float("inf")]}, "samples = inf"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        DmftConfig(**change)
