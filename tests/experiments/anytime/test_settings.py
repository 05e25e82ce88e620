"""Are the defaults of anytime its quick preset, and values that no run can have refused by their key?"""

import pytest

from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.harness.settings import ConfigurationError, as_dictionary
from tests.experiments.scaffold import preset_of


def test_the_defaults_are_the_quick_preset():
    composed, own = as_dictionary(preset_of("anytime", "quick")), as_dictionary(AnytimeConfig())
    assert {**composed, "runs_dir": ""} == {**own, "runs_dir": ""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"a": [1]}, "a = 1"),
        ({"horizon": 99}, "horizon = 99"),
        ({"sigma2": -0.1}, "sigma2 = -0.1"),
        ({"nodes": {"ratio": 1}}, "nodes\\.ratio = 1"),
        ({"rates": {"gamma": [1]}}, "rates\\.gamma = 1"),
    ],
)
def test_a_value_out_of_range_is_named(change, said):
    with pytest.raises(ConfigurationError, match=said):
        AnytimeConfig(**change)


def test_every_pair_of_exponents_is_a_case_and_a_source_without_a_limit_is_refused():
    assert cases(AnytimeConfig(a=[1.5, 2], b=[3], b_in_units_of_a=False)) == [(1.5, 3), (2, 3)]
    assert cases(AnytimeConfig(a=[1.5], b=[2], b_in_units_of_a=True)) == [(1.5, 3)]
    with pytest.raises(ConfigurationError, match=r"b = 0\.9 at a = 1\.5 is out of range; valid: > 1"):
        cases(AnytimeConfig(a=[1.5], b=[0.9], b_in_units_of_a=False))
