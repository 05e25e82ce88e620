"""Does a finite residual network of experts approach its limit, and is it trained as the model says?"""

import numpy as np
import pytest
import torch

from solv.models.moe_transfer.residual import ResidualShape, descend, draw_residual, initial_branches
from solv.theory.moe_transfer.limit import MoeDescent, MoeNetwork, MoeTask, Quadrature, moe_limit

NUMBERS = np.arange(1, 4)[:, None]
TASK = MoeTask(np.sqrt(2) * np.cos(1.3 * NUMBERS * np.arange(1, 3) + 0.4 * NUMBERS), np.array([1, -0.7, 0.5]))
INPUTS, TARGETS = torch.from_numpy(TASK.inputs), torch.from_numpy(TASK.targets)


def generators(count):
    return [torch.Generator().manual_seed(seed) for seed in range(count)]


def train(shape, copies, steps=20, balance=0.0, whiten=True):
    drawn = draw_residual(shape, 2, generators(copies), whiten)
    rates = torch.full((copies,), 0.1, dtype=torch.float64)
    return descend(shape, drawn, INPUTS, TARGETS, rates, 10 * rates, balance, steps)


@pytest.mark.parametrize(
    ("network", "balance"),
    [
        (MoeNetwork("linear"), 0.0),
        (MoeNetwork("tanh", layers=2, norm=True), 0.0),
        (MoeNetwork("relu", select="logit"), 0.3),
        (MoeNetwork("relu"), 0.1),
        (MoeNetwork("relu", hidden_ratio=0.5, down="mean-field"), 0.0),
        (MoeNetwork("tanh", router_std=0, bias_std=1), 0.0),
    ],
)
def test_the_mean_over_copies_is_the_limit(network, balance):
    size, copies = 48, 16
    choices = {name: getattr(network, name) for name in ("router_std", "bias_std", "down", "select")}
    hidden = round(network.hidden_ratio * size)
    shape = ResidualShape(size, size, hidden, size // 4, network.layers, network.activation, network.norm, **choices)
    found = train(shape, copies, balance=balance)
    limit = moe_limit(TASK, network, MoeDescent(balance_rate=balance, steps=20), Quadrature(2048))
    for measured, predicted in ((found.loss, limit.loss), (found.load_std, limit.load_std)):
        mean, error = measured.mean(0).numpy(), measured.std(0).numpy() / copies**0.5
        outside = np.abs(mean - predicted) > 3 * error + 0.03 * np.abs(predicted).max()
        assert not outside.any()


def test_a_layer_whose_experts_say_nothing_adds_nothing():
    shape = ResidualShape(16, 8, 8, 2, layers=2)
    drawn = draw_residual(shape, 2, generators(2))
    assert (initial_branches(shape, drawn, INPUTS) > 0).all()
    silent = {name: 0 * value if name.startswith("down") else value for name, value in drawn.items()}
    assert (initial_branches(shape, silent, INPUTS) == 0).all()


def test_biases_are_drawn_only_where_routing_starts_from_them():
    shape = ResidualShape(16, 8, 8, 2, router_std=0, bias_std=2)
    drawn = draw_residual(shape, 2, generators(64))
    assert float(drawn["bias0"].std()) == pytest.approx(2, rel=0.15)
    assert float(drawn["router0"].abs().max()) == 0
    assert "bias0" not in draw_residual(ResidualShape(16, 8, 8, 2), 2, generators(1))


def test_whitening_makes_the_first_vectors_orthogonal():
    basis = draw_residual(ResidualShape(16, 8, 8, 2), 2, generators(1))
    joined = torch.cat([basis["read"][..., None], basis["embedding"]], -1)[0]
    torch.testing.assert_close(joined.T @ joined, 16 * torch.eye(3, dtype=torch.float64))


def test_copies_do_not_feel_each_other():
    shape = ResidualShape(8, 4, 8, 1, activation="tanh")
    together = train(shape, 3)
    alone = train(shape, 1)
    torch.testing.assert_close(together.loss[:1], alone.loss)


def test_a_divergence_is_infinite():
    shape = ResidualShape(8, 4, 8, 1)
    drawn = draw_residual(shape, 2, generators(2))
    rates = torch.tensor([0.1, 50.0], dtype=torch.float64)
    found = descend(shape, drawn, INPUTS, TARGETS, rates, rates, 0.0, 30)
    assert torch.isfinite(found.loss[0]).all()
    assert torch.isinf(found.loss[1, -1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"active": 9}, "more than experts"),
        ({"hidden": 0}, "hidden"),
        ({"activation": "x"}, "valid"),
        ({"router_std": 0}, "tied"),
    ],
)
def test_wrong_shapes_are_named(change, said):
    with pytest.raises(ValueError, match=said):
        ResidualShape(**{"width": 8, "experts": 8, "hidden": 4, "active": 2, **change})


def test_whitening_needs_room():
    with pytest.raises(ValueError, match="D \\+ 1"):
        draw_residual(ResidualShape(2, 4, 4, 1), 2, generators(1))
