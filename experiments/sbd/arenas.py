"""On what are the rules compared? Data sets, and the network that learns each."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from solv.data.sbd.image_sets import ImageSet, ImageSetError, load_image_set
from solv.data.sbd.packaged_digits import load_packaged_digits
from solv.experiments.sbd.architectures import LEARNED, Part, Pooled, Units, hidden_layers, ranked_layers
from solv.experiments.sbd.ebd_tables import recipe
from solv.experiments.sbd.settings import (
    CONVOLUTION,
    DFA,
    DIGITS,
    EBD_TABLES,
    MNIST,
    PERCEPTRON,
    SYNTHETIC,
    Images,
    Ranking,
    SbdConfig,
)
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.harness.settings import replace as replaced
from solv.models.sbd.broadcast_layers import Convolution, Correlation, Dropout, Layer, Linear, LocallyConnected, Pool
from solv.models.sbd.score_broadcast import Network


@dataclass(frozen=True)
class Data:
    """Examples to learn from and to test on."""

    x: Tensor
    labels: Tensor
    test_x: Tensor
    test_labels: Tensor

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(torch.cat([self.labels, self.test_labels]).max()) + 1


@dataclass(frozen=True)
class Problem:
    """A network and the examples that it learns."""

    network: Network
    data: Data


def digits(context: Context) -> Data:
    """Return scikit-learn's digits, 1400 to learn from and 397 to test on."""
    from sklearn.datasets import load_digits

    pictures = load_digits()
    order = context.seeds.numpy("digits").permutation(len(pictures.target))
    x = torch.from_numpy(pictures.data[order] / 8 - 1).float().to(context.device)
    labels = torch.from_numpy(pictures.target[order]).long().to(context.device)
    return Data(x[:LEARNED], labels[:LEARNED], x[LEARNED:], labels[LEARNED:])


def images(setting: Images, context: Context, *, standardised: bool = True) -> Data:
    """Return the images of the settings: those of a synthetic teacher, or real ones.

    Args:
        setting: which, and how many.
        context: the run.
        standardised: whether the pixels of real images have mean 0 and variance 1, a channel, or lie in [0, 1].

    Raises:
        ConfigurationError: a fetched set is not there, or is damaged.
    """
    return _synthetic(setting, context) if setting.source == SYNTHETIC else _stored(setting, context, standardised)


def _synthetic(setting: Images, context: Context) -> Data:
    from solv.data.sbd.synthetic_images import draw_images

    made = draw_images(
        setting.train + setting.test,
        context.seeds.numpy("images"),
        side=setting.side,
        classes=setting.classes,
        filters=16,
        sharpness=setting.sharpness,
        teacher=context.seeds.numpy("teacher of the images"),
    )
    x, labels = torch.from_numpy(made.x).to(context.device), torch.from_numpy(made.labels).to(context.device)
    return Data(x[: setting.train], labels[: setting.train], x[setting.train :], labels[setting.train :])


def _stored(setting: Images, context: Context, standardised: bool) -> Data:
    pictures = image_set(setting)
    mean, deviation = np.zeros(1), np.full(1, 255.0)
    if standardised:
        mean, deviation = (each((0, 2, 3), keepdims=True) for each in (pictures.train.mean, pictures.train.std))

    def scaled(part: np.ndarray, most: int) -> Tensor:
        values = torch.from_numpy(np.ascontiguousarray(part)).float()
        return ((values - torch.from_numpy(mean)) / torch.from_numpy(deviation))[:most].float().to(context.device)

    def classes(part: np.ndarray, most: int) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(part))[:most].long().to(context.device)

    most, tests = setting.train, setting.test
    return Data(
        scaled(pictures.train, most),
        classes(pictures.train_labels, most),
        scaled(pictures.test, tests),
        classes(pictures.test_labels, tests),
    )


def image_set(setting: Images) -> ImageSet:
    """Return real images as they are stored: a fetched set, or that of a package.

    Raises:
        ConfigurationError: it is not there, or is damaged.
    """
    try:
        if setting.source == MNIST:
            return load_packaged_digits(setting.train, setting.test)
        return load_image_set(setting.source, setting.folder, setting.train, setting.test)
    except ImageSetError as error:
        raise ConfigurationError(f"images: {error}; images.source=synthetic needs no file") from None


def network(config: SbdConfig, arena: str, data: Data) -> Network:
    """Return the architecture of an arena; the paper's (spec section 1) or a small one of the same kind.

    Raises:
        ConfigurationError: EBD's settings are asked for, and their tables have no such network on these images.
    """
    setting, tables = config.images, config.training.recipe == EBD_TABLES and arena != DIGITS
    correlation: Correlation = "pooled" if setting.correlation == "pooled" else "positions"
    layers = (*(_built(part, arena, correlation) for part in hidden_layers(setting, arena)), Linear(data.classes))
    if not tables:
        return Network(tuple(data.x.shape[1:]), layers)
    dropout = recipe(setting.source, arena, DFA).dropout
    layers = tuple(_without_bias(layer) if arena != PERCEPTRON else layer for layer in layers)
    dropped = (*layers[:-2], Dropout(dropout), *layers[-2:]) if dropout else layers
    return Network(tuple(data.x.shape[1:]), dropped)


def ranked(config: SbdConfig, name: str, context: Context) -> Problem:
    """Return what the rules learn when they are ranked: all images and a network of one kind.

    Digits and mnist5k are learned by a perceptron of two hidden layers, synthetic images by two convolutions.

    Raises:
        ConfigurationError: the images are not there.
    """
    setting: Ranking = config.ranking
    if name == DIGITS:
        data = digits(context)
    elif name == MNIST:
        data = images(Images(source=MNIST, train=setting.mnist_train, test=1000), context)
    else:
        made = replaced(config.images, source=SYNTHETIC, side=setting.side, train=setting.train, test=setting.test)
        data = images(made, context)
    hidden = [_built(part, CONVOLUTION, "positions") for part in ranked_layers(setting, name)]
    return Problem(Network(tuple(data.x.shape[1:]), (*hidden, Linear(data.classes))), data)


def _built(part: Part, arena: str, correlation: Correlation) -> Layer | Pool:
    """Return the layer of an architecture; in an arena of local connections, maps are locally connected."""
    if isinstance(part, Units):
        return Linear(part.width)
    if isinstance(part, Pooled):
        return Pool(kind="maximum" if part.maximum else "average", stride=part.stride)
    return Convolution(*part, correlation=correlation) if arena == CONVOLUTION else LocallyConnected(*part)


def _without_bias(layer: Layer | Pool) -> Layer | Pool:
    return replace(layer, bias=False) if isinstance(layer, Linear) else layer
