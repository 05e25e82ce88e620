"""Do branches add at first what their number of independent terms says?"""

import numpy as np
import pytest

from solv.theory.moe_transfer.initial_branches import initial_branch_variance
from solv.theory.moe_transfer.limit import MoeNetwork, MoeTask

TASK = MoeTask(np.array([[1.0, 2.0], [0.5, -1.0]]), np.zeros(2))


def variance(width=32, experts=32, ratio=1.0, layers=1, **choices):
    choices = {"activation": "relu", "down": "mean-field", **choices}
    return initial_branch_variance(TASK, MoeNetwork(hidden_ratio=ratio, layers=layers, **choices), width, experts)


def test_the_papers_w2_gives_the_powers_of_its_law():
    one = variance()
    assert variance(layers=2) == pytest.approx(one / 2)
    assert variance(ratio=2) == pytest.approx(one / 2)
    assert variance(width=64) == pytest.approx(one)
    assert variance(experts=64) == pytest.approx(one / 2, rel=0.02)  # but for which are the largest of few


def test_with_fan_in_the_size_of_an_expert_does_not_count():
    assert variance(ratio=4, down="fan-in") == pytest.approx(variance(ratio=1))


def test_where_all_experts_are_active_and_gates_are_a_half_it_is_known():
    """Linear experts pass on the mean square of the input, 2.5 and 0.625; sigmoid(0)^2 = 1/4."""
    network = MoeNetwork("linear", active_fraction=1, router_std=0)
    assert initial_branch_variance(TASK, network, 8, 4) == pytest.approx((2.5 + 0.625) / 2 / 4 / 4)
    normed = MoeNetwork("linear", active_fraction=1, router_std=0, norm=True)
    assert initial_branch_variance(TASK, normed, 8, 4) == pytest.approx(1 / 4 / 4)


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
def test_the_average_over_the_selected_is_that_of_drawn_networks(activation):
    rng = np.random.default_rng(0)
    means = np.mean(TASK.inputs**2, axis=1)
    squares = []
    for m in means:
        logits = np.sort(np.sqrt(m) * rng.standard_normal((20000, 8)), axis=1)[:, -2:]
        k = np.sqrt(m) * rng.standard_normal(400_000)
        phi = {"linear": k, "tanh": np.tanh(k), "relu": np.maximum(k, 0)}[activation]
        squares.append(np.mean(1 / (1 + np.exp(-logits)) ** 2) * np.mean(phi**2))
    expected = np.mean(squares) / 2
    assert variance(experts=8, activation=activation) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: variance(width=0), "width"),
        (lambda: variance(experts=0), "experts"),
        (lambda: variance(experts=6), "active_fraction"),
        (lambda: variance(bias_std=1), "bias_std"),
    ],
)
def test_wrong_values_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
