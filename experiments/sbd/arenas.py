"""On what are the rules compared? Data sets, and the network that learns each."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solv.data.sbd.image_sets import ImageSet, ImageSetError, load_image_set
from solv.experiments.sbd.settings import CONVOLUTION, DIGITS, PERCEPTRON, Images, SbdConfig
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.sbd.broadcast_layers import Convolution, Layer, Linear, LocallyConnected, Pool
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


def images(setting: Images, context: Context) -> Data:
    """Return the images of the settings: those of a synthetic teacher, or a fetched set.

    Raises:
        ConfigurationError: a fetched set is not there, or is damaged.
    """
    return _synthetic(setting, context) if setting.source == "synthetic" else _fetched(setting, context)


def _synthetic(setting: Images, context: Context) -> Data:
    from solv.data.sbd.synthetic_images import draw_images

    made = draw_images(
        setting.train + setting.test,
        context.seeds.numpy("images"),
        side=setting.side,
        classes=setting.classes,
        filters=16,
        sharpness=setting.sharpness,
    )
    x, labels = torch.from_numpy(made.x).to(context.device), torch.from_numpy(made.labels).to(context.device)
    return Data(x[: setting.train], labels[: setting.train], x[setting.train :], labels[setting.train :])


def _fetched(setting: Images, context: Context) -> Data:
    pictures = image_set(setting)
    mean, deviation = (statistic((0, 2, 3), keepdims=True) for statistic in (pictures.train.mean, pictures.train.std))

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
    """Return a fetched set as it is stored.

    Raises:
        ConfigurationError: it is not there, or is damaged.
    """
    try:
        return load_image_set(setting.source, setting.folder, setting.train, setting.test)
    except ImageSetError as error:
        raise ConfigurationError(f"images: {error}; images.source=synthetic needs no file") from None


def network(config: SbdConfig, arena: str, data: Data) -> Network:
    """Return the architecture of an arena; the paper's (spec section 1) or a small one of the same kind."""
    parts = _paper_layers if config.images.size == "paper" and arena != DIGITS else _small_layers
    layers = parts(config.images, arena)
    return Network(tuple(data.x.shape[1:]), (*layers, Linear(data.classes)))


def _small_layers(setting: Images, arena: str) -> tuple[Layer | Pool, ...]:
    if arena == DIGITS:
        return Linear(128), Linear(128)
    if arena == PERCEPTRON:
        return Linear(256), Linear(128)
    kind = _kind(arena)
    first, second = (16, 16) if arena == CONVOLUTION else (4, 8)
    return kind(first, 5, 1, 2), Pool(2), kind(second, 3, 1, 1), Pool(2), Linear(64)


def _paper_layers(setting: Images, arena: str) -> tuple[Layer | Pool, ...]:
    if arena == PERCEPTRON:
        return Linear(1024), Linear(512), Linear(512)
    kind = _kind(arena)
    if setting.source == "tiny-imagenet":
        (first, second, third), width, pool = (96, 128, 256), 2048, Pool(2, "maximum")
    elif arena == CONVOLUTION:
        (first, second, third), width, pool = (128, 64, 64), 1024, Pool(2, "average")
    else:
        (first, second, third), width, pool = (64, 32, 32), 512, Pool(2, "average")
    return kind(first, 5, 1, 2), pool, kind(second, 5, 1, 2), pool, kind(third, 2, 2, 0), Linear(width)


def _kind(arena: str) -> type[Convolution] | type[LocallyConnected]:
    return Convolution if arena == CONVOLUTION else LocallyConnected
