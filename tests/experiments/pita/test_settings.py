"""Are the defaults of pita its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.pita.settings import PitaConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("pita", "quick")), as_dictionary(PitaConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": -1}, "seed = -1"),
        ({"proofs": {"leaves": 0}}, "proofs\\.leaves = 0"),
        ({"proofs": {"splits": ["half"]}}, "proofs\\.splits"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        PitaConfig(**change)
