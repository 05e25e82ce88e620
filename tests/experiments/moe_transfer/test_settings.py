"""Are the defaults of moe-transfer its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("moe-transfer", "quick")), as_dictionary(MoeTransferConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"transfer": {"active_fraction": 1.5}}, "transfer\\.active_fraction = 1.5"),
        ({"limit": {"size": [2]}}, "limit\\.size = 2"),
        ({"transfer": {"steps": 19}}, "transfer\\.steps = 19"),
        ({"work": ["nothing"]}, "work"),
        ({"coordinates": {"rate": 11}}, "coordinates\\.rate = 11"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        MoeTransferConfig(**change)
