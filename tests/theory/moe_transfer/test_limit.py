"""Is the limit of a residual network of experts the one of the spec's reference values, section 3.5?"""

import numpy as np
import pytest

from solv.theory.moe_transfer.limit import MoeDescent, MoeNetwork, MoeTask, Quadrature, moe_limit, moe_linear_limit

NUMBERS = np.arange(1, 4)[:, None]
TASK = MoeTask(np.sqrt(2) * np.cos(1.3 * NUMBERS * np.arange(1, 3) + 0.4 * NUMBERS), np.array([1, -0.7, 0.5]))
TIMES = [0, 2, 5, 10, 20, 30]


@pytest.mark.parametrize(
    ("network", "quadrature", "loss", "tolerance"),
    [
        (MoeNetwork("linear", 1), Quadrature(16384), [0.58, 0.205154, 0.072970, 0.042800, 0.027746, 0.021910], 1e-5),
        (
            MoeNetwork("linear", 1, norm=True),
            Quadrature(16384),
            [0.58, 0.213173, 0.075804, 0.044052, 0.030809, 0.025253],
            1e-5,
        ),
        (
            MoeNetwork("linear", 1, router_std=0),
            Quadrature(16),
            [0.58, 0.207973, 0.075514, 0.044895, 0.029028, 0.023398],
            2e-6,
        ),
        (MoeNetwork("linear", 0.25), Quadrature(65536), [0.58, 0.18799, 0.05885, 0.03053, 0.01660, 0.00970], 1e-4),
        (MoeNetwork("linear", 0.5, 2, 2), Quadrature(65536), [0.58, 0.16790, 0.05141, 0.02943, 0.01660, 0.00967], 1e-4),
        (MoeNetwork("tanh", 1), Quadrature(512, 1024), [0.58, 0.2369, 0.0889, 0.0483, 0.0317, 0.0250], 2e-4),
        (MoeNetwork("relu", 1), Quadrature(512, 1024), [0.58, 0.2380, 0.0880, 0.0464, 0.0304, 0.0240], 6e-4),
        (MoeNetwork("relu", 0.25), Quadrature(1024, 256), [0.58, 0.2210, 0.0768, 0.0391, 0.0231, 0.0160], 2e-3),
        (MoeNetwork("relu", 0.25, 0.5), Quadrature(1024, 256), [0.58, 0.2299, 0.0824, 0.0419, 0.0255, 0.0184], 2e-3),
        (MoeNetwork("relu", 0.25, 4), Quadrature(1024, 256), [0.58, 0.1743, 0.0527, 0.0279, 0.0146, 0.0079], 2e-3),
    ],
)
def test_loss_is_the_reference(network, quadrature, loss, tolerance):
    found = moe_limit(TASK, network, MoeDescent(), quadrature).loss[TIMES]
    np.testing.assert_allclose(found, loss, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("layers", "loss"), [(1, 0.08138), (2, 0.08136), (4, 0.08150)])
def test_loss_hardly_depends_on_depth(layers, loss):
    found = moe_limit(TASK, MoeNetwork("tanh", 0.25, 1, layers), MoeDescent(steps=5)).loss[5]
    assert found == pytest.approx(loss, abs=3e-4)


def test_router_and_loads_are_the_reference():
    free = moe_limit(TASK, MoeNetwork("tanh"), MoeDescent(), Quadrature(2048))
    steered = moe_limit(TASK, MoeNetwork("tanh", select="logit"), MoeDescent(balance_rate=0.3), Quadrature(2048))
    np.testing.assert_allclose(free.router_std[TIMES], [1.116, 1.130, 1.167, 1.195, 1.205, 1.209], atol=4e-3)
    np.testing.assert_allclose(free.load_std[[0, 30]], [0.253, 0.256], atol=3e-3)
    np.testing.assert_allclose(steered.load_std[TIMES], [0.253, 0.234, 0.203, 0.172, 0.159, 0.162], atol=4e-3)


def test_moments_give_the_same_curve_as_hidden_units():
    """At equal router vectors the two ways differ by rounding alone."""
    network, descent = MoeNetwork("linear", 0.25, 2), MoeDescent(balance_rate=0.1)
    by_units = moe_limit(TASK, network, descent, Quadrature(512, seed=3)).loss
    np.testing.assert_allclose(moe_linear_limit(TASK, network, descent, 512, seed=3000), by_units, rtol=1e-8)


@pytest.mark.parametrize("alpha", [0.5, 1, 4])
def test_with_the_papers_w2_the_limit_is_the_same_for_every_size_of_the_experts(alpha):
    network, one = (MoeNetwork("relu", 0.25, each, down="mean-field") for each in (alpha, 1))
    found, reference = (moe_limit(TASK, each, MoeDescent(), Quadrature(512, 128)).loss for each in (network, one))
    np.testing.assert_allclose(found, reference, rtol=1e-9)
    np.testing.assert_allclose(found[TIMES], [0.58, 0.2210, 0.0768, 0.0391, 0.0231, 0.0160], rtol=0, atol=3e-3)


def test_a_bias_on_the_gate_steers_more_than_one_on_the_logit():
    """Near r = 0 the gate moves by a quarter of the logit, so that the same bias weighs four times as much."""
    loads = [
        moe_limit(TASK, MoeNetwork("tanh", select=select), MoeDescent(balance_rate=0.1), Quadrature(1024)).load_std
        for select in ("logit", "gate")
    ]
    assert loads[0][0] == loads[1][0]  # all biases are 0
    assert loads[1][5] < loads[0][5]


def test_routing_may_start_from_biases_and_a_router_at_0():
    """Gates are then 1/2 at first, the same experts are selected at every point, and no logit is spread."""
    found = moe_limit(TASK, MoeNetwork("linear", router_std=0, bias_std=1), MoeDescent(), Quadrature(1024))
    assert found.router_std[0] == 0
    assert found.load_std[0] == pytest.approx(np.sqrt(0.25 * 0.75), abs=1e-12)
    assert found.router_std[-1] > 0
    assert found.loss[-1] < found.loss[0]


def test_learning_rate_curve_has_its_optimum_and_edge_where_the_reference_has():
    losses = {}
    for power in range(-6, 2):
        descent = MoeDescent(2.0**power, 2.0**power, steps=20)
        losses[power] = moe_limit(TASK, MoeNetwork("tanh"), descent, Quadrature(1024)).loss[-1]
    expected = {-6: 0.163, -5: 0.068, -4: 0.037, -3: 0.022, -2: 0.0107, -1: 0.0031, 0: 0.0053, 1: np.inf}
    assert min(losses, key=losses.get) == -1
    assert losses[1] == np.inf
    finite = [power for power in expected if power < 0]
    np.testing.assert_allclose([losses[p] for p in finite], [expected[p] for p in finite], rtol=0.1)


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
@pytest.mark.parametrize("norm", [False, True])
def test_the_step_is_the_gradient(activation, norm):
    """A small rate lowers the loss as much as the squared gradient says, which finite differences know."""
    network = MoeNetwork(activation, 1, layers=2, norm=norm)
    drops = []
    for rate in (1e-4, 2e-4):
        loss = moe_limit(TASK, network, MoeDescent(rate, rate, steps=1), Quadrature(64, 64)).loss
        drops.append(loss[0] - loss[1])
    assert drops[0] > 0
    assert drops[1] / drops[0] == pytest.approx(2, rel=2e-3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: MoeNetwork("gelu"), "activation"),
        (lambda: MoeNetwork(active_fraction=0), "active_fraction"),
        (lambda: MoeNetwork(hidden_ratio=0), "hidden_ratio"),
        (lambda: MoeNetwork(router_std=-1), "router_std"),
        (lambda: MoeNetwork(bias_std=-1), "bias_std"),
        (lambda: MoeNetwork(router_std=0), "tied"),
        (lambda: MoeNetwork(down="up"), "down"),
        (lambda: MoeNetwork(select="none"), "select"),
        (lambda: moe_linear_limit(TASK, MoeNetwork(down="mean-field"), MoeDescent()), "fan-in"),
        (lambda: MoeDescent(rate=0), "rate"),
        (lambda: MoeTask(np.ones((3, 0)), np.ones(3)), "inputs"),
        (lambda: Quadrature(100), "power of 2"),
        (lambda: moe_limit(TASK, MoeNetwork(active_fraction=0.1), MoeDescent(), Quadrature(16)), "active_fraction"),
        (lambda: moe_linear_limit(TASK, MoeNetwork("tanh"), MoeDescent()), "linear"),
    ],
)
def test_wrong_values_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
