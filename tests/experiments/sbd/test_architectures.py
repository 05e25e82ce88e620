"""Are the networks those that their architectures say, and is what is counted what is built?"""

from math import prod

import pytest
import torch

from solv.experiments.sbd.architectures import OF_DIGITS, hidden_layers, images_of, ranked_layers
from solv.experiments.sbd.arenas import Data, network
from solv.experiments.sbd.network_work import layers
from solv.experiments.sbd.settings import CONVOLUTION, DIGITS, LOCAL, PERCEPTRON, SYNTHETIC
from solv.harness.compose import settings_for


def settings(*overrides, preset="quick"):
    return settings_for("sbd", preset, list(overrides))[1]


@pytest.mark.parametrize("arena", [DIGITS, PERCEPTRON, CONVOLUTION, LOCAL])
@pytest.mark.parametrize("size", ["small", "paper"])
def test_weights_and_units_are_those_of_the_network_that_is_built(arena, size):
    config = settings("images.size=" + size, "images.source=cifar10")
    shape, classes = OF_DIGITS if arena == DIGITS else images_of(config.images)
    built = network(config, arena, Data(torch.zeros(1, *shape), *(torch.tensor([classes - 1]),) * 3))
    found = [
        (prod(layer.weight_shape(given)), prod(given), prod(layer.output_shape(given))) for layer, given in built.layers
    ]
    counted = layers(shape, hidden_layers(config.images, arena), arena, classes)
    assert [(layer.weights, layer.inputs, layer.units) for layer in counted] == found


def test_the_ranked_network_is_that_of_its_architecture():
    setting = settings().ranking
    counted = layers((3, setting.side, setting.side), ranked_layers(setting, SYNTHETIC), CONVOLUTION, 5)
    assert [layer.units for layer in counted] == [4 * 8 * 8, 4 * 4 * 4, 5]
