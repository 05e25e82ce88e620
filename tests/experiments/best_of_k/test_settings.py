"""Are the defaults of best-of-k its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("best-of-k", "quick")), as_dictionary(BestOfKConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sigma0": -1}, "sigma0 = -1"),
        ({"k": [0]}, "k = 0"),
        ({"alpha": [0]}, "alpha = 0"),
        ({"k": [2, 2]}, "twice"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        BestOfKConfig(**change)
