"""Are the defaults of cot-depth its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.cot_depth.settings import CotDepthConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("cot-depth", "quick")), as_dictionary(CotDepthConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"alpha": [-1]}, "alpha = -1"),
        ({"tau": [1]}, "tau = 1"),
        ({"rho": [float("inf")]}, "rho = inf"),
        ({"depth": [1.5]}, "depth = 1.5"),
        ({"simulation": {"repeats": 1}}, "simulation\\.repeats = 1"),
        ({"alpha": [1, 1]}, "twice"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        CotDepthConfig(**change)
