"""Do finite residual networks start at the limit's loss, and are sizes that no network has refused?"""

import numpy as np
import pytest

from solv.experiments.moe_transfer.residual_networks import descend, limit_of, middle_size, params_of, task
from solv.experiments.moe_transfer.settings import LimitSettings
from solv.harness.settings import ConfigurationError
from tests.experiments.scaffold import Units, context

SETTINGS = LimitSettings(size=[8, 16, 32], steps=6, quadrature_experts=256, quadrature_hidden=32)
ACTIVATION = SETTINGS.activation[0]


def test_the_task_is_three_points_of_the_plane_of_norm_about_root_two():
    given = task()
    assert given.inputs.shape == (3, 2)
    np.testing.assert_allclose(given.inputs[0], np.sqrt(2) * np.cos([1.7, 3.0]))
    assert given.targets.tolist() == [1, -0.7, 0.5]


def test_the_middle_size_is_that_of_the_sorted_sizes():
    assert middle_size(LimitSettings(size=[64, 16, 32])) == 32
    assert middle_size(LimitSettings(size=[8, 16])) == 16


def test_large_networks_follow_the_limit(tmp_path):
    found = descend(SETTINGS, context(tmp_path), ACTIVATION, 64, 64, 6)
    limit = limit_of(SETTINGS, ACTIVATION)
    assert found["loss"].shape == (6, 7)
    assert found["outputs"].shape == (6, 7, 3)
    error = found["loss"].std(axis=0, ddof=1) / np.sqrt(6)
    assert np.all(np.abs(found["loss"].mean(axis=0) - limit.loss) < 5 * error + 0.05)


def test_each_network_is_a_unit_of_its_own_and_repeats_that_are_added_change_none(tmp_path):
    units = Units()
    own = context(tmp_path, unit=units)
    few = descend(SETTINGS, own, ACTIVATION, 8, 8, 2)
    more = descend(SETTINGS, own, ACTIVATION, 8, 8, 3)
    descend(SETTINGS, own, ACTIVATION, 8, 8, 2, layers=2)
    descend(SETTINGS, own, ACTIVATION, 8, 8, 2, rate=0.5)
    assert len(set(units.computed)) == 4
    np.testing.assert_allclose(few["loss"], more["loss"][:2])


@pytest.mark.parametrize(("width", "experts", "said"), [(8, 3, "active_fraction"), (8, 2, "active_fraction")])
def test_sizes_that_no_network_has_are_named(tmp_path, width, experts, said):
    with pytest.raises(ConfigurationError, match=f"limit.{said}.* is not an integer >= 1"):
        descend(SETTINGS, context(tmp_path), ACTIVATION, width, experts, 2)


def test_params_name_what_all_networks_share_and_what_is_said_of_one():
    params = params_of(SETTINGS, ACTIVATION, width=8)
    assert (params["activation"], params["width"]) == (ACTIVATION, 8)
    assert {"active_fraction", "hidden_ratio", "router_std", "norm"} <= set(params)
