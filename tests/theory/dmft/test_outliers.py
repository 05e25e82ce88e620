"""Do the outlier singular values have the reference values, and solve the determinant they come from?"""

import numpy as np
import pytest

from solv.theory.dmft.deep_linear import DeepLinear, DeepLinearDynamics, deep_linear_dynamics
from solv.theory.dmft.outliers import _large_eigenvalues, bulk_edge, outlier_singular_values


@pytest.fixture(scope="module")
def rich() -> DeepLinearDynamics:
    return deep_linear_dynamics(DeepLinear(1, 6, 1, 2, 0.005, 0), 201)


def test_square_matrix_has_the_reference_outliers(rich: DeepLinearDynamics) -> None:
    for step, outlier in ((50, 2.17466), (100, 2.39999), (200, 2.50365)):
        np.testing.assert_allclose(outlier_singular_values(rich, 0, step), [outlier], rtol=1e-5)
    assert bulk_edge(rich, 0) == 2


def test_nothing_detaches_early(rich: DeepLinearDynamics) -> None:
    assert outlier_singular_values(rich, 0, 10).size == 0


def test_narrow_network_has_the_reference_outliers() -> None:
    dynamics = deep_linear_dynamics(DeepLinear(1, 10, 0.5, 1, 0.002, 0), 301)
    assert bulk_edge(dynamics, 0) == pytest.approx(1.70711, rel=1e-5)
    for step, outlier in ((75, 1.89879), (150, 2.09636), (300, 2.19029)):
        np.testing.assert_allclose(outlier_singular_values(dynamics, 0, step), [outlier], rtol=1e-5)


def test_only_the_second_layer_of_two_has_one() -> None:
    dynamics = deep_linear_dynamics(DeepLinear(2, 5, 1, 2, 0.004, 0.1), 151)
    assert outlier_singular_values(dynamics, 0, 150).size == 0
    np.testing.assert_allclose(outlier_singular_values(dynamics, 1, 150), [2.05364], rtol=1e-5)


@pytest.mark.parametrize(
    ("network", "step", "layer", "correlated", "independent"),
    [
        (DeepLinear(1, 5, 3, 3, 0.01, 0), 200, 0, [3.9647], [3.625]),
        (DeepLinear(1, 6, 0.3, 0.7, 0.005, 0), 300, 0, [1.5507], [1.686]),
        (DeepLinear(1, 4, 1, 4, 0.02, 0), 200, 0, [2.1783], [2.269]),
        (DeepLinear(2, 6, 1, 2, 0.004, 0), 200, 0, [2.0187], [2.096]),
        (DeepLinear(2, 6, 1, 2, 0.004, 0), 200, 1, [2.1112], []),
    ],
)
def test_correlation_with_the_initial_weights_moves_the_spikes(
    network: DeepLinear, step: int, layer: int, correlated: list[float], independent: list[float]
) -> None:
    dynamics = deep_linear_dynamics(network, step + 1)
    np.testing.assert_allclose(outlier_singular_values(dynamics, layer, step), correlated, atol=1e-4)
    without = outlier_singular_values(dynamics, layer, step, independent_spikes=True)
    np.testing.assert_allclose(without, independent, atol=1e-3)


@pytest.mark.parametrize("richness", [3, 4, 5, 6])
def test_richer_networks_spike_more(richness: float) -> None:
    expected = {3: [2.0011, 2.0074], 4: [2.1228, 2.1694], 5: [2.2698, 2.3578], 6: [2.4000, 2.5363]}[richness]
    dynamics = deep_linear_dynamics(DeepLinear(1, richness, 1, 2, 0.18 / richness**2, 0), 301)
    spikes = [outlier_singular_values(dynamics, 0, step) for step in (100, 300)]
    np.testing.assert_allclose(np.concatenate(spikes), expected, atol=1e-4)


def test_outlier_is_a_zero_of_the_full_determinant() -> None:
    network = DeepLinear(1, 5, 2, 3, 0.01, 0.1)
    t, n, e = 60, 2.0, 0.05
    d = deep_linear_dynamics(network, t + 1)
    cg, rg = d.forward[0][:t, :t], d.forward_response[0][:t, :t]
    ca, ra = d.backward[0][:t, :t], d.backward_response[0][:t, :t]
    zero = np.zeros((t, t))

    def sign(z: float) -> float:
        a = (z - n + 1 - np.sqrt((z - n + 1) ** 2 - 4 * z)) / (2 * z)
        b = 1 / (1 - a)
        matrix = np.block(
            [
                [zero, a * n * (e * cg + rg), zero, a * n * cg],
                [b * (e * ca + ra), zero, b * ca, zero],
                [zero, a * n * e * rg.T, zero, a * n * rg.T],
                [b * e * ra.T, zero, b * ra.T, zero],
            ]
        )
        return float(np.linalg.slogdet(np.eye(4 * t) - matrix)[0])

    (outlier,) = outlier_singular_values(d, 0, t)
    assert outlier > bulk_edge(d, 0)
    assert sign((outlier * (1 - 1e-7)) ** 2) != sign((outlier * (1 + 1e-7)) ** 2)


@pytest.mark.parametrize(
    ("layer", "step", "name"), [(-1, 5, "layer"), (1, 5, "layer"), (0, 0, "step"), (0, 201, "step")]
)
def test_layers_and_steps_out_of_range_are_refused(rich: DeepLinearDynamics, layer: int, step: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = "):
        outlier_singular_values(rich, layer, step)


def test_infinite_width_is_refused() -> None:
    dynamics = deep_linear_dynamics(DeepLinear(1, 1, np.inf, 2, 0.02), 10)
    with pytest.raises(ValueError, match="width = inf"):
        outlier_singular_values(dynamics, 0, 5)


def test_large_eigenvalues_are_those_of_the_whole_matrix_and_many_of_them_too() -> None:
    generator = np.random.default_rng(2)
    for large in (3, 20):  # more than the subspace holds
        values = np.concatenate([np.linspace(3, 1.2, large), 0.05 * generator.random(80 - large)])
        basis = generator.standard_normal((80, 80))
        matrix = basis @ np.diag(values) @ np.linalg.inv(basis)
        found = np.sort(_large_eigenvalues(matrix, 1.0).real)[::-1]
        np.testing.assert_allclose(found[:large], values[:large], rtol=1e-7)
