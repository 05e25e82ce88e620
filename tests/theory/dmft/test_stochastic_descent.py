"""Does the theory of one-pass SGD have the reference values and limits?"""

import numpy as np
import pytest

from solv.theory.dmft.random_feature_dynamics import gradient_descent_losses
from solv.theory.dmft.random_features import RandomFeatures, isotropic, power_law
from solv.theory.dmft.stochastic_descent import stochastic_descent_loss


def test_power_law_sgd_has_the_reference_values() -> None:
    model = RandomFeatures(power_law(400, 1.2, 2.2), np.inf, 80, 0.05)
    loss = stochastic_descent_loss(model, 20, 0.3, 200)
    np.testing.assert_allclose(loss[[5, 30, 100, 199]], [0.588549, 0.157557, 0.0751171, 0.0563950], rtol=1e-5)


def test_large_batches_give_the_population_descent() -> None:
    model = RandomFeatures(power_law(100, 1.2, 2.2), np.inf, 40, 0.05)
    population = gradient_descent_losses(model, 0.3, 50).test
    np.testing.assert_allclose(stochastic_descent_loss(model, np.inf, 0.3, 50), population, rtol=1e-5)
    assert stochastic_descent_loss(model, 1000, 0.3, 50)[-1] > population[-1]


def test_isotropic_sgd_without_features_is_a_geometric_sequence() -> None:
    # N = inf: L <- L ((1 - eta)^2 + eta^2 D/B) + eta^2 sigma2 D/B.
    eta, ratio, noise = 0.2, 500 / 100, 0.3
    loss = stochastic_descent_loss(RandomFeatures(isotropic(500), np.inf, np.inf, noise), 100, eta, 40)
    expected = [1.0]
    for _ in range(39):
        expected.append(expected[-1] * ((1 - eta) ** 2 + eta**2 * ratio) + eta**2 * ratio * noise)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_noise_of_small_batches_hurts() -> None:
    model = RandomFeatures(power_law(100, 1.2, 2.2), np.inf, 40, 0.05)
    losses = [stochastic_descent_loss(model, batch, 0.3, 60)[-1] for batch in (5, 20, 80)]
    assert losses[0] > losses[1] > losses[2]


@pytest.mark.parametrize(
    ("batch", "eta", "steps", "name"), [(0, 0.1, 9, "batch"), (5, 0, 9, "eta"), (5, 0.1, 1, "steps")]
)
def test_bad_arguments_are_refused(batch: float, eta: float, steps: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = "):
        stochastic_descent_loss(RandomFeatures(isotropic(10), np.inf, 10), batch, eta, steps)
