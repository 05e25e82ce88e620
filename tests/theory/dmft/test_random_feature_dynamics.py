"""Do the loss curves of random features have the reference values, limits, symmetries and shapes?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.dmft.random_feature_dynamics import (
    Sharing,
    gradient_descent_losses,
    gradient_flow_losses,
    hermitian_descent_loss,
    hermitian_flow_loss,
)
from solv.theory.dmft.random_features import RandomFeatures, isotropic, power_law, spectral_edge

FLOW_TIMES = [0.25, 1, 4, 16]


@pytest.mark.parametrize(
    ("model", "test", "train"),
    [
        (
            RandomFeatures(isotropic(1000), 500, 550),
            [0.854265, 0.916261, 1.16680, 1.72227],
            [0.412061, 0.189685, 0.0809844, 0.0306371],
        ),
        (
            RandomFeatures(isotropic(1000), 1500, 800, 0.1),
            [0.743417, 0.603361, 0.530970, 0.507259],
            [0.645103, 0.379501, 0.236319, 0.170104],
        ),
    ],
)
def test_flow_has_the_reference_values(model: RandomFeatures, test: list[float], train: list[float]) -> None:
    losses = gradient_flow_losses(model, FLOW_TIMES)
    np.testing.assert_allclose(losses.test, test, rtol=1e-5)
    np.testing.assert_allclose(losses.train, train, rtol=1e-5)


def test_hermitian_partner_has_the_reference_values() -> None:
    partner = hermitian_flow_loss(RandomFeatures(isotropic(1000), 500, 550), FLOW_TIMES)
    np.testing.assert_allclose(partner, [0.779631, 0.660052, 0.579088, 0.532267], rtol=1e-5)


@pytest.mark.parametrize(
    ("sharing", "test"),
    [
        (Sharing(), [0.831392, 0.970054, 1.25275]),
        (Sharing(features=0), [0.673019, 0.582898, 0.579554]),
        (Sharing(samples=0), [0.627309, 0.465866, 0.393143]),
        (Sharing(features=0, samples=0), [0.575291, 0.371153, 0.283325]),
        (Sharing(label_noise=0), [0.806409, 0.887222, 1.08460]),
        (Sharing(samples=0.5), [0.722718, 0.653673, 0.634523]),
    ],
)
def test_descent_has_the_reference_values_for_every_sharing(sharing: Sharing, test: list[float]) -> None:
    model = RandomFeatures(isotropic(1000), 500, 800, 0.1)
    losses = gradient_descent_losses(model, 0.05, 200, sharing)
    np.testing.assert_allclose(losses.test[[10, 50, 199]], test, rtol=1e-5)
    if sharing == Sharing():
        np.testing.assert_allclose(losses.train[[10, 50, 199]], [0.262402, 0.0682592, 0.0114076], rtol=1e-5)


def test_linear_regression_by_descent_has_the_reference_values() -> None:
    losses = gradient_descent_losses(RandomFeatures(isotropic(1000), 2000, np.inf, 0.25), 0.05, 200)
    np.testing.assert_allclose(losses.test[[10, 40, 199]], [0.462139, 0.210057, 0.210856], rtol=1e-5)
    np.testing.assert_allclose(losses.train[[10, 40, 199]], [0.453778, 0.179114, 0.126767], rtol=1e-5)


def test_power_law_descent_has_the_reference_values() -> None:
    losses = gradient_descent_losses(RandomFeatures(power_law(400, 1.2, 2.2), 120, 80, 0.05), 0.5, 300)
    np.testing.assert_allclose(losses.test[[5, 30, 100, 299]], [0.435098, 0.120915, 0.0747904, 0.0677244], rtol=1e-5)


def test_training_starts_at_the_power_of_the_target() -> None:
    model = RandomFeatures(power_law(50, 1.5, 2.0), 20, 30, 0.3)
    flow, descent = gradient_flow_losses(model, [0.0]), gradient_descent_losses(model, 0.1, 5)
    for losses in (flow, descent):
        assert losses.test[0] == pytest.approx(1, rel=1e-6)
        assert losses.train[0] == pytest.approx(1.3, rel=1e-6)
    assert hermitian_flow_loss(model, [0.0])[0] == pytest.approx(1)


def test_first_two_steps_of_descent_are_those_of_the_moments() -> None:
    # E M = 1 and E tr M^T M = E tr (A^T A/N)^2 (X^T X/P)^2 = (1 + D/N)(1 + D/P) per direction, isotropic.
    model, eta = RandomFeatures(isotropic(1000), 500, 800), 0.1
    losses = gradient_descent_losses(model, eta, 3)
    assert losses.test[1] == pytest.approx(1 - 2 * eta + eta**2 * (1 + 1000 / 800) * (1 + 1000 / 500), rel=1e-6)


def test_unlimited_data_and_features_relax_every_mode_alone() -> None:
    spectrum = power_law(30, 1.5, 2.0)
    model, eta, t = RandomFeatures(spectrum, np.inf, np.inf), 0.7, np.arange(40)
    modes = (1 - eta * spectrum.eigenvalues) ** (2 * t[:, None])
    expected = modes @ (spectrum.eigenvalues * spectrum.teacher)
    np.testing.assert_allclose(gradient_descent_losses(model, eta, 40).test, expected, atol=1e-6)
    np.testing.assert_allclose(hermitian_descent_loss(model, eta, 40), expected, atol=1e-6)


@settings(max_examples=15)
@given(first=st.floats(0.1, 5), second=st.floats(0.1, 5), time=st.floats(0.05, 50))
def test_noiseless_isotropic_loss_is_symmetric_in_samples_and_features(
    first: float, second: float, time: float
) -> None:
    there = gradient_flow_losses(RandomFeatures(isotropic(1000), 1000 * first, 1000 * second), [time]).test
    back = gradient_flow_losses(RandomFeatures(isotropic(1000), 1000 * second, 1000 * first), [time]).test
    assert there == pytest.approx(back, rel=1e-6, abs=2e-8)


@settings(max_examples=15)
@given(samples=st.floats(0.1, 4), features=st.floats(0.1, 4))
def test_hermitian_partner_falls_and_stays_below(samples: float, features: float) -> None:
    model = RandomFeatures(isotropic(1000), 1000 * samples, 1000 * features)
    times = np.geomspace(0.1, 100, 12)
    partner = hermitian_flow_loss(model, times)
    assert np.all(np.diff(partner) < 1e-7)
    assert np.all(partner <= gradient_flow_losses(model, times).test + 1e-7)


def test_non_normal_loss_rises_where_its_partner_falls() -> None:
    model = RandomFeatures(isotropic(1000), 500, 550)
    loss, partner = gradient_flow_losses(model, FLOW_TIMES).test, hermitian_flow_loss(model, FLOW_TIMES)
    assert np.all(np.diff(loss) > 0)
    assert np.all(np.diff(partner) < 0)


@pytest.mark.parametrize(
    ("samples", "features", "late"),
    [(0.3, 0.3, 12.75), (0.3, 0.5, 1.75), (0.3, 3, 0.777778), (0.1, 3, 0.931034), (0.8, 3, 0.272678)],
)
def test_late_losses_of_the_map_have_the_reference_values(samples: float, features: float, late: float) -> None:
    losses = gradient_flow_losses(RandomFeatures(isotropic(1000), 1000 * samples, 1000 * features), [300.0])
    assert losses.test[0] == pytest.approx(late, abs=6e-3 if late > 1 else 2e-6)


def test_descent_tends_to_flow_as_its_step_vanishes() -> None:
    model = RandomFeatures(isotropic(1000), 1500, 800, 0.1)
    flow = gradient_flow_losses(model, [1.0]).test[0]
    coarse = gradient_descent_losses(model, 0.02, 51).test[-1] - flow
    fine = gradient_descent_losses(model, 0.01, 101).test[-1] - flow
    assert fine == pytest.approx(coarse / 2, rel=0.1)


def test_hermitian_descent_tends_to_its_flow() -> None:
    model = RandomFeatures(isotropic(1000), 500, 550)
    assert hermitian_descent_loss(model, 0.005, 201)[-1] == pytest.approx(
        hermitian_flow_loss(model, [1.0])[0], rel=0.01
    )


def test_unstable_learning_rate_is_warned_about() -> None:
    model = RandomFeatures(isotropic(1000), 500, 800)
    limit = 2 / spectral_edge(model)
    with pytest.warns(UserWarning, match="descent diverges"):
        diverging = gradient_descent_losses(model, 1.2 * limit, 100).test
    # The fastest mode has |1 - eta edge| = 1.4; a square-root edge thins it out by a power of t.
    assert diverging[-1] / diverging[-2] == pytest.approx(1.4**2, rel=0.05)
    first_step = 1 - 2 * 1.2 * limit + (1.2 * limit) ** 2 * (1 + 1000 / 800) * (1 + 1000 / 500)
    assert diverging[1] == pytest.approx(first_step, rel=1e-6)
    gradient_descent_losses(model, 0.9 * limit, 10)


@pytest.mark.parametrize(
    ("eta", "steps", "name"), [(0, 10, "eta"), (-1, 10, "eta"), (0.1, 1, "steps"), (0.1, 2.5, "steps")]
)
def test_bad_descents_are_refused(eta: float, steps: int, name: str) -> None:
    model = RandomFeatures(isotropic(10), 10, 10)
    for call in (gradient_descent_losses, hermitian_descent_loss):
        with pytest.raises(ValueError, match=f"{name} = "):
            call(model, eta, steps)


@pytest.mark.parametrize("times", [[-1.0], [np.nan], [np.inf], 3.0])
def test_bad_times_are_refused(times: object) -> None:
    model = RandomFeatures(isotropic(10), 10, 10)
    for call in (gradient_flow_losses, hermitian_flow_loss):
        with pytest.raises(ValueError, match="times = "):
            call(model, times)


@pytest.mark.parametrize(("features", "samples", "noise"), [(2, 1, 1), (1, 1.1, 1), (1, -0.1, 1), (1, 1, 0.5)])
def test_bad_sharings_are_refused(features: int, samples: float, noise: int) -> None:
    with pytest.raises(ValueError, match="valid: "):
        Sharing(features, samples, noise)
