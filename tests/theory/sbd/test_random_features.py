"""Are the kernels those of random features, and the unexplained part that of a projection on their span?"""

import numpy as np
import pytest

from solv.theory.sbd.random_features import linear_kernel, rectifier_kernel, unexplained

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(size=(300, 4)), np.ones((300, 1))], axis=1)
F = np.stack([np.tanh(2 * X[:, 0] * X[:, 1]), np.abs(X[:, 2])], axis=1)


def test_the_rectifier_s_kernel_is_the_mean_over_features():
    h = np.maximum(X[:20] @ RNG.normal(size=(5, 200_000)), 0)
    np.testing.assert_allclose(rectifier_kernel(X[:20]), h @ h.T / 200_000, atol=0.15)
    np.testing.assert_allclose(np.diag(rectifier_kernel(X)), (X**2).sum(axis=1) / 2)


def test_random_layers_leave_what_is_predicted():
    """The mean over 40 layers of 64 units; its standard error is 2 %, and features are not quite Gaussian."""
    left = []
    for _ in range(40):
        h = np.maximum(X @ RNG.normal(size=(5, 64)), 0)
        left.append(np.square(F - h @ np.linalg.lstsq(h, F, rcond=None)[0]).sum(axis=1).mean())
    [expected] = unexplained(rectifier_kernel(X), F, [64])
    assert np.mean(left) == pytest.approx(expected, rel=0.12)


def test_linear_features_leave_all_that_is_not_linear_from_their_rank_on():
    residual = F - X @ np.linalg.lstsq(X, F, rcond=None)[0]
    floor = np.square(residual).sum(axis=1).mean()
    np.testing.assert_allclose(unexplained(linear_kernel(X), F, [5, 50]), floor)
    assert unexplained(linear_kernel(X), F, [2])[0] > floor


def test_more_features_leave_less_and_as_many_as_inputs_leave_nothing():
    left = unexplained(rectifier_kernel(X), F, [1, 4, 16, 64, 256, 300])
    assert np.all(np.diff(left) < 0)
    assert left[0] < np.square(F).sum(axis=1).mean()
    assert left[-1] == pytest.approx(0, abs=1e-6)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="widths"):
        unexplained(linear_kernel(X), F, [0])
    with pytest.raises(ValueError, match="zero"):
        rectifier_kernel(np.zeros((2, 3)))
