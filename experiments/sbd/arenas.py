"""On what are the rules compared? Data sets, and the network that learns each."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from solv.data.sbd.image_sets import ImageSet, ImageSetError, load_image_set
from solv.data.sbd.packaged_digits import load_packaged_digits
from solv.experiments.sbd.ebd_tables import recipe
from solv.experiments.sbd.settings import (
    CIFAR100,
    CONVOLUTION,
    DFA,
    DIGITS,
    EBD_TABLES,
    MNIST,
    PERCEPTRON,
    SYNTHETIC,
    TINY,
    Images,
    Ranking,
    SbdConfig,
)
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.harness.settings import replace as replaced
from solv.models.sbd.broadcast_layers import Convolution, Correlation, Dropout, Layer, Linear, LocallyConnected, Pool
from solv.models.sbd.score_broadcast import Network

LEARNED = 1400  # of the 1797 digits; the others are for the test


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
    paper = setting.size == "paper" and arena != DIGITS
    layers = _paper_layers(setting, arena) if paper else _small_layers(setting, arena)
    layers = (*layers, Linear(data.classes))
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
    hidden = Linear(setting.width), Linear(setting.width)
    if name == DIGITS:
        data = digits(context)
        return Problem(Network(tuple(data.x.shape[1:]), (*hidden, Linear(data.classes))), data)
    if name == MNIST:
        own = Images(source=MNIST, train=setting.mnist_train, test=1000)
        data = images(own, context)
        return Problem(Network(tuple(data.x.shape[1:]), (*hidden, Linear(data.classes))), data)
    made = replaced(config.images, source=SYNTHETIC, side=setting.side, train=setting.train, test=setting.test)
    data = images(made, context)
    maps = Convolution(setting.channels, 5, 1, 2), Pool(2, stride=2), Convolution(setting.channels, 3, 1, 1)
    return Problem(Network(tuple(data.x.shape[1:]), (*maps, Pool(2, stride=2), Linear(data.classes))), data)


def _small_layers(setting: Images, arena: str) -> tuple[Layer | Pool, ...]:
    if arena == DIGITS:
        return Linear(128), Linear(128)
    if arena == PERCEPTRON:
        return Linear(256), Linear(128)
    first, second = (8, 8) if arena == CONVOLUTION else (4, 4)
    pool = Pool(2, stride=2)  # not the paper's stride of 1: a quarter of the work
    return _maps(setting, arena, first, 5, 1, 2), pool, _maps(setting, arena, second, 3, 1, 1), pool, Linear(64)


def _paper_layers(setting: Images, arena: str) -> tuple[Layer | Pool, ...]:
    """Return the hidden layers of arXiv:2504.11558, tables 4, 5 and 7; every pool has the stride 1."""
    mnist = setting.source == MNIST
    if arena == PERCEPTRON:
        return (Linear(1024), Linear(512)) if mnist else (Linear(1024), Linear(512), Linear(512))
    if mnist:
        channels = (64, 32) if arena == CONVOLUTION else (32, 32)
        small = [_maps(setting, arena, count, 3, 1, 1) for count in channels]
        return small[0], Pool(), small[1], Pool(), Linear(1024)
    if setting.source in (CIFAR100, TINY):  # Tiny ImageNet's network is CIFAR-100's: SBD's own is not public
        pool = Pool(kind="maximum", stride=2 if setting.source == TINY else 1)
        wide = [_maps(setting, arena, count, 5, 1, 2) for count in (96, 128, 256)]
        return wide[0], pool, wide[1], pool, wide[2], pool, Linear(2048)
    (first, second, third), width = ((128, 64, 64), 1024) if arena == CONVOLUTION else ((64, 32, 32), 512)
    maps = _maps(setting, arena, first, 5, 1, 2), Pool(), _maps(setting, arena, second, 5, 1, 2), Pool()
    return (*maps, _maps(setting, arena, third, 2, 2, 0), Linear(width))


def _maps(
    setting: Images, arena: str, channels: int, kernel: int, stride: int, padding: int
) -> Convolution | LocallyConnected:
    if arena == CONVOLUTION:
        correlation: Correlation = "pooled" if setting.correlation == "pooled" else "positions"
        return Convolution(channels, kernel, stride, padding, correlation=correlation)
    return LocallyConnected(channels, kernel, stride, padding)


def _without_bias(layer: Layer | Pool) -> Layer | Pool:
    return replace(layer, bias=False) if isinstance(layer, Linear) else layer
