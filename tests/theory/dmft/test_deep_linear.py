"""Does the theory of deep linear networks have the reference values, limits and laws?"""

import numpy as np
import pytest

from solv.theory.dmft.deep_linear import DeepLinear, deep_linear_dynamics

REFERENCE = [
    (
        DeepLinear(1, 1, 1, 1.5, 0.03, 0.1),
        100,
        [2, 0.857243, 0.527092, 0.342972, 0.226498],
        [2.1, 0.509222, 0.210459, 0.103135, 0.0573352],
    ),
    (
        DeepLinear(1, 2, 0.5, 0.8, 0.02, 0),
        80,
        [1.5, 0.901985, 0.714941, 0.591075, 0.523002],
        [1.5, 0.405373, 0.149359, 0.0551819, 0.0268039],
    ),
    (
        DeepLinear(2, 1, 1, 1.5, 0.03, 0.1),
        80,
        [2, 0.723311, 0.462980, 0.307546, 0.235310],
        [2.1, 0.398265, 0.173083, 0.0872129, 0.0591742],
    ),
    (
        DeepLinear(3, 0.7, 1.5, 2, 0.02, 0),
        80,
        [2.36054, 0.773501, 0.436094, 0.233202, 0.131680],
        [2.36054, 0.459688, 0.185549, 0.0724775, 0.0329007],
    ),
]


@pytest.mark.parametrize(("network", "steps", "test", "train"), REFERENCE)
def test_losses_have_the_reference_values(
    network: DeepLinear, steps: int, test: list[float], train: list[float]
) -> None:
    dynamics = deep_linear_dynamics(network, steps)
    times = [0, 10, 25, 50, steps - 1]
    np.testing.assert_allclose(dynamics.test_loss[times], test, rtol=1e-5)
    np.testing.assert_allclose(dynamics.train_loss[times], train, rtol=1e-5)


@pytest.mark.parametrize(
    ("width", "at_30", "at_99"),
    [
        (0.25, 0.763099, 0.401430),
        (1, 0.390642, 0.138890),
        (4, 0.257320, 0.101690),
        (50, 0.215324, 0.0930762),
    ],
)
def test_width_scan_has_the_reference_values(width: float, at_30: float, at_99: float) -> None:
    dynamics = deep_linear_dynamics(DeepLinear(1, 1.5, width, 2, 0.02, 0.1), 100)
    np.testing.assert_allclose(dynamics.test_loss[[30, 99]], [at_30, at_99], rtol=1e-5)


def test_wider_is_better_and_the_excess_falls_as_one_over_width() -> None:
    scan = [deep_linear_dynamics(DeepLinear(1, 1.5, width, 2, 0.02, 0.1), 100) for width in (4, 8, 16, np.inf)]
    for losses in ([d.test_loss[-1] for d in scan], [d.train_loss[-1] for d in scan]):
        assert losses == sorted(losses, reverse=True)
    excess = [d.test_loss[-1] - scan[-1].test_loss[-1] for d in scan[:-1]]
    assert excess[0] / excess[1] == pytest.approx(2, rel=0.1)
    assert excess[1] / excess[2] == pytest.approx(2, rel=0.1)


def test_kernels_solve_the_equations_they_came_from() -> None:
    network = DeepLinear(2, 1.3, 0.8, 1.2, 0.02, 0.2)
    d = deep_linear_dynamics(network, 45)
    one, past, step = np.eye(45), np.tri(45, k=-1), 0.02 * 1.3
    for layer in (1, 2):
        p = d.forward_response[layer - 1] + step * past * d.forward[layer - 1]
        q = d.backward_response[layer] + step * past * d.backward[layer]
        a, b = np.linalg.inv(one - p @ q), np.linalg.inv(one - q @ p)
        np.testing.assert_allclose(d.forward_response[layer], a @ p, atol=1e-8)
        np.testing.assert_allclose(d.backward_response[layer - 1], b @ q, atol=1e-8)
        forward = a @ (d.forward[layer - 1] + p @ d.backward[layer] @ p.T) @ a.T
        np.testing.assert_allclose(d.forward[layer], forward, atol=1e-8)
        backward = b @ (d.backward[layer] + q @ d.forward[layer - 1] @ q.T) @ b.T
        np.testing.assert_allclose(d.backward[layer - 1], backward, atol=1e-8)
    np.testing.assert_array_equal(d.backward[2], np.ones((45, 45)))
    np.testing.assert_allclose(d.error, d.error.T, atol=1e-9)


def test_a_shorter_training_is_the_beginning_of_a_longer_one() -> None:
    network = DeepLinear(2, 1, 1, 1.5, 0.03, 0.1)
    short, long = deep_linear_dynamics(network, 33), deep_linear_dynamics(network, 70)
    np.testing.assert_allclose(short.error, long.error[:33, :33], rtol=1e-8)
    np.testing.assert_allclose(short.teacher_error, long.teacher_error[:33], rtol=1e-8)


def test_unlimited_width_and_data_follow_the_two_layer_recursion() -> None:
    # One direction, no noise: with error e, kernel 1 + forward growth, beta obeys the exact mean-field recursion.
    eta, g0 = 0.02, 1.5
    dynamics = deep_linear_dynamics(DeepLinear(1, g0, np.inf, np.inf, eta), 60)
    # All hidden units are equal in law: b = a, h = W g. Track the mean kernel <a a>, <a u>, <u u>, u = W beta*/sqrt(D).
    weight, readout = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    errors = []
    for _ in range(60):
        error = 1 - weight @ readout / g0
        errors.append(error)
        weight, readout = weight + eta * g0 * error * readout, readout + eta * g0 * error * weight
    np.testing.assert_allclose(dynamics.teacher_error, errors, rtol=1e-9)
    np.testing.assert_allclose(dynamics.test_loss, np.square(errors), rtol=1e-8)
    np.testing.assert_allclose(dynamics.alignment[1:], 1, rtol=1e-7)


def test_alignment_starts_at_zero_and_grows() -> None:
    alignment = deep_linear_dynamics(DeepLinear(1, 1, 1, 1.5, 0.03, 0.1), 60).alignment
    assert alignment[0] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(alignment) > 0)
    assert alignment[-1] < 1


def test_initial_losses_are_those_of_a_random_predictor() -> None:
    dynamics = deep_linear_dynamics(DeepLinear(3, 0.8, 2, 1.5, 0.01, 0.3), 5)
    assert dynamics.test_loss[0] == pytest.approx(1 + 1 / (0.64 * 2))
    assert dynamics.train_loss[0] == pytest.approx(1.3 + 1 / (0.64 * 2))


def test_divergence_names_its_block() -> None:
    with pytest.raises(RuntimeError, match=r"block of times \d+\.\.\d+.*eta = 1"):
        deep_linear_dynamics(DeepLinear(2, 3, 1, 1.5, 1.0), 100)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((0, 1, 1, 1, 0.1, 0), "hidden_layers"),
        ((1, 0, 1, 1, 0.1, 0), "richness"),
        ((1, 1, 0, 1, 0.1, 0), "width"),
        ((1, 1, 1, -1, 0.1, 0), "samples"),
        ((1, 1, 1, 1, 0, 0), "eta"),
        ((1, 1, 1, 1, 0.1, -1), "label_noise"),
        ((1, 1, 1, 1, 0.1, np.nan), "label_noise"),
    ],
)
def test_networks_out_of_range_are_refused(arguments: tuple[float, ...], name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = "):
        DeepLinear(*arguments)  # type: ignore[arg-type]


def test_too_few_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="steps = 1"):
        deep_linear_dynamics(DeepLinear(1, 1, 1, 1, 0.1), 1)


def test_a_finite_solution_is_found_where_the_sweeps_of_a_block_overflow() -> None:
    """Near the edge of stability a block of 20 overflows on the way; shorter blocks meet the same equations."""
    network = DeepLinear(1, 4, 1, 2, 0.125)
    losses = deep_linear_dynamics(network, 13).train_loss
    assert np.all(np.diff(losses) < 0)
    assert losses[-1] == pytest.approx(0.005, abs=3e-4)
    short = deep_linear_dynamics(network, 3).train_loss
    np.testing.assert_allclose(losses[:3], short, rtol=1e-8)
