"""Do the parts of the loss add up, stay positive and bound ensembles?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.dmft.bias_variance import averaged_loss, descent_bias_variance, flow_bias_variance
from solv.theory.dmft.random_feature_dynamics import Sharing, gradient_descent_losses
from solv.theory.dmft.random_features import RandomFeatures, isotropic


def test_parts_have_the_reference_values_and_add_up() -> None:
    parts = descent_bias_variance(RandomFeatures(isotropic(1000), 500, 800, 0.1), 0.05, 200)
    late = np.array([parts.full[-1], parts.same_data[-1], parts.same_features[-1], parts.bias[-1], parts.noise[-1]])
    np.testing.assert_allclose(late, [1.25275, 0.579554, 0.393143, 0.283325, 1.25275 - 1.08460], rtol=1e-4)
    total = parts.bias + parts.feature_variance + parts.data_variance + parts.joint_variance
    np.testing.assert_allclose(total, parts.full, rtol=1e-12)


@settings(max_examples=10)
@given(samples=st.floats(0.2, 3), features=st.floats(0.2, 3), noise=st.floats(0, 1), time=st.floats(0.1, 20))
def test_variances_are_never_negative(samples: float, features: float, noise: float, time: float) -> None:
    model = RandomFeatures(isotropic(1000), 1000 * samples, 1000 * features, noise)
    parts = flow_bias_variance(model, [time])
    for variance in (parts.feature_variance, parts.data_variance, parts.joint_variance, parts.noise):
        assert variance[0] >= -1e-7


def test_data_alone_varies_when_features_are_unlimited() -> None:
    parts = flow_bias_variance(RandomFeatures(isotropic(1000), 500, np.inf, 0.1), [0.5, 5])
    np.testing.assert_allclose(parts.feature_variance, 0, atol=1e-7)
    np.testing.assert_allclose(parts.joint_variance, 0, atol=1e-7)
    assert np.all(parts.data_variance > 0.01)


def test_ensembles_and_bags_fall_to_their_floors_and_no_further() -> None:
    model = RandomFeatures(isotropic(1000), 500, 800, 0.1)
    parts = descent_bias_variance(model, 0.05, 100)
    for floor in (parts.same_data, parts.same_features):
        ensembles = [averaged_loss(parts.full, floor, members)[-1] for members in (1, 2, 8, 10**6)]
        assert ensembles[0] == pytest.approx(parts.full[-1])
        assert ensembles == sorted(ensembles, reverse=True)
        assert ensembles[-1] == pytest.approx(floor[-1], rel=1e-5)
        assert ensembles[-1] >= floor[-1] >= parts.bias[-1]


def test_overlapping_bags_lie_between_independent_and_identical_ones() -> None:
    model = RandomFeatures(isotropic(1000), 500, 800, 0.1)
    cross = [gradient_descent_losses(model, 0.05, 60, Sharing(samples=o)).test[-1] for o in (0, 0.25, 0.5, 0.75, 1)]
    assert cross == sorted(cross)


def test_an_empty_ensemble_is_refused() -> None:
    with pytest.raises(ValueError, match="members = 0"):
        averaged_loss(np.ones(2), np.ones(2), 0)
