"""Are the defaults of icl-alignment its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("icl-alignment", "quick")), as_dictionary(IclAlignmentConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dimension": 3}, "dimension = 3"),
        ({"alpha": [0]}, "alpha = 0"),
        ({"rho": [-0.1]}, "rho = -0.1"),
        ({"simulation": {"repeats": 1}}, "simulation\\.repeats = 1"),
        ({"train": ["flat"]}, "train"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        IclAlignmentConfig(**change)
