"""Do the closed-form losses of linear regression under gradient flow have the reference values and limits?"""

import numpy as np
import pytest

from solv.theory.dmft.random_feature_dynamics import (
    gradient_flow_losses,
)
from solv.theory.dmft.random_features import RandomFeatures, isotropic
from solv.theory.dmft.regression_flow import regression_flow_losses


@pytest.mark.parametrize(
    ("phi", "test", "train"),
    [
        (0.5, [0.468905, 0.210761, 0.210838], [0.465324, 0.180389, 0.126763]),
        (2, [0.674137, 0.657731, 0.738251], [0.186129, 0.0224106, 0.000188750]),
    ],
)
def test_linear_regression_has_the_reference_values_in_both_formulas(
    phi: float, test: list[float], train: list[float]
) -> None:
    times = [0.5, 2, 10]
    closed = regression_flow_losses(phi, 0.25, times)
    np.testing.assert_allclose(closed.test, test, rtol=1e-5)
    np.testing.assert_allclose(closed.train, train, rtol=1e-5)
    transformed = gradient_flow_losses(RandomFeatures(isotropic(1000), 1000 / phi, np.inf, 0.25), times)
    np.testing.assert_allclose(transformed.test, closed.test, atol=4e-9)
    np.testing.assert_allclose(transformed.train, closed.train, atol=4e-9)


@pytest.mark.parametrize(("phi", "noise"), [(0, 0), (-1, 0), (1, -1)])
def test_bad_regressions_are_refused(phi: float, noise: float) -> None:
    with pytest.raises(ValueError, match=r"phi = |label_noise = "):
        regression_flow_losses(phi, noise, [1.0])


@pytest.mark.parametrize("phi", [0.5, 1, 2])
def test_noiseless_regression_falls_for_every_amount_of_data(phi: float) -> None:
    losses = regression_flow_losses(phi, 0, np.geomspace(0.01, 300, 40))
    assert np.all(np.diff(losses.test) <= 0)
    assert np.all(np.diff(losses.train) <= 0)


@pytest.mark.parametrize("times", [[-1.0], [np.nan], [np.inf], 3.0])
def test_bad_times_are_refused(times: object) -> None:
    with pytest.raises(ValueError, match="times = "):
        regression_flow_losses(1, 0, times)


def test_training_starts_at_the_power_of_target_and_noise_and_ends_at_least_squares() -> None:
    # L(0) = 1, Lhat(0) = 1 + sigma2; with P > D the end is ordinary least squares: sigma2 phi / (1 - phi) and
    # sigma2 (1 - phi).
    losses = regression_flow_losses(0.25, 0.3, [0.0, 1000.0])
    np.testing.assert_allclose(losses.test, [1, 0.3 * 0.25 / 0.75], rtol=1e-9)
    np.testing.assert_allclose(losses.train, [1.3, 0.3 * 0.75], rtol=1e-9)
