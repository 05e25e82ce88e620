"""Are the layers of a network without backpropagation those of autograd, and what they tell their units a transpose?"""

import pytest
import torch

from solv.models.sbd.broadcast_layers import Convolution, Linear, LocallyConnected, Pool
from solv.models.sbd.score_broadcast import (
    Network,
)

COPIES, BATCH, CLASSES = 2, 6, 3


NETWORKS = {
    "perceptron": Network((5,), (Linear(8), Linear(7), Linear(CLASSES))),
    "convolution": Network(
        (2, 9, 9),
        (Convolution(4, 3, padding=1), Pool(2), Convolution(3, 2, stride=2, bias=True), Linear(6), Linear(CLASSES)),
    ),
    "locally connected": Network(
        (2, 8, 8), (LocallyConnected(3, 3, padding=1), Pool(2, "maximum"), LocallyConnected(2, 2), Linear(CLASSES))
    ),
}


def made(network):
    generator = torch.Generator().manual_seed(0)
    return network.initial(COPIES, generator), torch.randn(COPIES, BATCH, *network.input_shape, generator=generator)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_layer_s_weight_gradient_is_autograd_s(name):
    """Each layer alone: what its units are told, times their derivative to its weights."""
    network = NETWORKS[name]
    parameters, x = made(network)
    _, inputs, _ = network.run(parameters, x)
    for number, (layer, shape) in enumerate(network.layers):
        weight = parameters[f"weight {number}"].clone().requires_grad_()
        u = layer.forward(weight, parameters.get(f"bias {number}"), inputs[number])
        assert tuple(u.shape[2:]) == layer.output_shape(shape)
        theta = torch.randn_like(u)
        [expected] = torch.autograd.grad((u * theta).sum(), weight)
        found, bias = layer.gradient(inputs[number], theta)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        assert bias.shape == (COPIES, theta.shape[2])


LAYERS = [
    Linear(7),
    Convolution(4, 3, padding=1),
    Convolution(3, 2, stride=2, correlation="pooled"),
    LocallyConnected(3, 3, stride=2),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_what_is_spread_is_the_transpose_of_what_is_correlated(layer):
    generator = torch.Generator().manual_seed(1)
    shape = layer.output_shape((2, 9, 9))
    h = torch.randn(COPIES, BATCH, *shape, generator=generator, dtype=torch.float64)
    q = torch.randn(layer.correlated(h).shape, generator=generator, dtype=torch.float64)
    torch.testing.assert_close((layer.correlated(h) * q).sum(), (h * layer.spread(q, shape)).sum())


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_shapes_and_fan_in_are_those_of_the_weights(layer):
    shape = (2, 9, 9)
    weight = torch.zeros(COPIES, *layer.weight_shape(shape))
    bias = torch.ones(COPIES, layer.output_shape(shape)[0]) if layer.bias else None
    u = layer.forward(weight, bias, torch.zeros(COPIES, BATCH, *shape))
    assert tuple(u.shape) == (COPIES, BATCH, *layer.output_shape(shape))
    assert layer.fan_in(shape) == (162 if isinstance(layer, Linear) else 2 * layer.kernel**2)
    assert weight[0].numel() % layer.fan_in(shape) == 0
    assert float(u.min()) == float(u.max()) == (1 if layer.bias else 0)


def test_a_locally_connected_layer_of_equal_weights_is_a_convolution():
    generator = torch.Generator().manual_seed(2)
    local, shared = LocallyConnected(4, 3, 2, 1), Convolution(4, 3, 2, 1)
    h = torch.randn(COPIES, BATCH, 2, 9, 9, generator=generator)
    weight = torch.randn(COPIES, *shared.weight_shape((2, 9, 9)), generator=generator)
    flat = weight.flatten(2).transpose(1, 2)[:, None]
    repeated = flat.expand(COPIES, *local.weight_shape((2, 9, 9))).contiguous()
    torch.testing.assert_close(local.forward(repeated, None, h), shared.forward(weight, None, h), rtol=1e-4, atol=1e-5)


def test_a_convolution_is_correlated_at_every_position_unless_its_positions_are_pooled():
    h = torch.randn(COPIES, BATCH, 3, 4, 5)
    assert torch.equal(Convolution(3, 3).correlated(h), h.flatten(2))
    torch.testing.assert_close(Convolution(3, 3, correlation="pooled").correlated(h), h.mean((3, 4)))
    assert Convolution(3, 3).correlated(h).shape == LocallyConnected(3, 3).correlated(h).shape


def test_a_pool_of_stride_one_leaves_maps_one_smaller_and_drops_what_is_left_over():
    h = torch.arange(9.0).view(1, 1, 1, 3, 3)
    assert Pool(2).output_shape((1, 3, 3)) == (1, 2, 2)
    assert Pool(2).forward(h).flatten().tolist() == [2, 3, 5, 6]
    assert Pool(2, "maximum").forward(h).flatten().tolist() == [4, 5, 7, 8]
    assert Pool(2, stride=2).output_shape((1, 3, 3)) == (1, 1, 1)
    assert float(Pool(2, stride=2).forward(h)) == 2  # mean of 0, 1, 3, 4
