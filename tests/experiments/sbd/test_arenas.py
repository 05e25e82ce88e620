"""Are digits and images split as they say, and is each arena's network of its kind?"""

import pytest
import torch

from solv.experiments.sbd.arenas import LEARNED, digits, images, network
from solv.experiments.sbd.settings import CONVOLUTION, DIGITS, LOCAL, PERCEPTRON, Images, SbdConfig
from solv.harness.settings import ConfigurationError
from solv.models.sbd.broadcast_layers import Convolution, Linear, LocallyConnected, Pool
from tests.experiments.scaffold import context

IMAGES = Images(train=40, test=20, side=8, classes=3)


def test_the_digits_are_parted_once_and_in_an_order_of_the_seed(tmp_path):
    data, other = digits(context(tmp_path)), digits(context(tmp_path, seed=1))
    assert (len(data.x), len(data.test_x)) == (LEARNED, 1797 - LEARNED)
    assert data.classes == 10
    assert float(data.x.min()) == -1
    assert float(data.x.max()) == 1
    assert not torch.equal(data.labels, other.labels)
    counts = [torch.bincount(torch.cat([each.labels, each.test_labels])) for each in (data, other)]
    assert torch.equal(*counts)


def test_synthetic_images_are_those_of_the_settings(tmp_path):
    data = images(IMAGES, context(tmp_path))
    assert tuple(data.x.shape) == (40, 3, 8, 8)
    assert len(data.test_labels) == 20
    assert data.classes == 3


def test_a_set_that_is_not_there_names_the_one_that_needs_no_file(tmp_path):
    with pytest.raises(ConfigurationError, match=r"images\.source=synthetic needs no file"):
        images(Images(source="cifar10", folder=str(tmp_path)), context(tmp_path))


@pytest.mark.parametrize(
    ("arena", "kinds"),
    [
        (DIGITS, [Linear] * 3),
        (PERCEPTRON, [Linear] * 3),
        (CONVOLUTION, [Convolution, Pool, Convolution, Pool, Linear, Linear]),
        (LOCAL, [LocallyConnected, Pool, LocallyConnected, Pool, Linear, Linear]),
    ],
)
def test_a_network_is_of_its_arenas_kind_and_ends_in_the_classes(tmp_path, arena, kinds):
    own = context(tmp_path)
    data = digits(own) if arena == DIGITS else images(IMAGES, own)
    made = network(SbdConfig(images=IMAGES), arena, data)
    assert [type(stage) for stage in made.parts] == kinds
    assert made.parts[-1].width == data.classes
    assert made.input_shape == tuple(data.x.shape[1:])
