"""Which layers have the networks of sbd? As data, from which networks are built and their work is counted."""

from typing import NamedTuple, TypeAlias

from solv.experiments.sbd.settings import (
    CIFAR10,
    CIFAR100,
    CONVOLUTION,
    DIGITS,
    MNIST,
    PERCEPTRON,
    SYNTHETIC,
    TINY,
    Images,
    Ranking,
)

LEARNED, TESTED = 1400, 397  # of the 1797 digits
OF_DIGITS = ((64,), 10)
STORED = {  # shape of an image, and classes
    MNIST: ((1, 28, 28), 10),
    CIFAR10: ((3, 32, 32), 10),
    CIFAR100: ((3, 32, 32), 100),
    TINY: ((3, 64, 64), 200),
}


class Units(NamedTuple):
    """A fully connected layer of so many units."""

    width: int


class Maps(NamedTuple):
    """A convolution, or its locally connected kind."""

    channels: int
    kernel: int
    stride: int
    padding: int


class Pooled(NamedTuple):
    """Averages or maxima over squares of side 2, this far apart."""

    stride: int = 1
    maximum: bool = False


Part: TypeAlias = Units | Maps | Pooled


def hidden_layers(setting: Images, arena: str) -> tuple[Part, ...]:
    """Return all of an arena's network but its output layer; the paper's (spec section 1) or a small one of the kind.

    The paper's are those of arXiv:2504.11558, tables 4, 5 and 7, whose pools have the stride 1.
    """
    if arena == DIGITS:
        return Units(128), Units(128)
    if setting.size != "paper":
        return _small(arena)
    mnist = setting.source == MNIST
    if arena == PERCEPTRON:
        return (Units(1024), Units(512)) if mnist else (Units(1024), Units(512), Units(512))
    if mnist:
        first, second = (64, 32) if arena == CONVOLUTION else (32, 32)
        return Maps(first, 3, 1, 1), Pooled(), Maps(second, 3, 1, 1), Pooled(), Units(1024)
    if setting.source in (CIFAR100, TINY):  # Tiny ImageNet's network is CIFAR-100's: SBD's own is not public
        pool = Pooled(2 if setting.source == TINY else 1, maximum=True)
        wide = [Maps(count, 5, 1, 2) for count in (96, 128, 256)]
        return wide[0], pool, wide[1], pool, wide[2], pool, Units(2048)
    (first, second, third), width = ((128, 64, 64), 1024) if arena == CONVOLUTION else ((64, 32, 32), 512)
    return Maps(first, 5, 1, 2), Pooled(), Maps(second, 5, 1, 2), Pooled(), Maps(third, 2, 2, 0), Units(width)


def _small(arena: str) -> tuple[Part, ...]:
    if arena == PERCEPTRON:
        return Units(256), Units(128)
    count = 8 if arena == CONVOLUTION else 4
    pool = Pooled(2)  # not the paper's stride of 1: a quarter of the work
    return Maps(count, 5, 1, 2), pool, Maps(count, 3, 1, 1), pool, Units(64)


def ranked_layers(setting: Ranking, name: str) -> tuple[Part, ...]:
    """Return the hidden layers of the network by which rules are ranked on some images."""
    if name != SYNTHETIC:
        return Units(setting.width), Units(setting.width)
    pool = Pooled(2)
    return Maps(setting.channels, 5, 1, 2), pool, Maps(setting.channels, 3, 1, 1), pool


def images_of(setting: Images) -> tuple[tuple[int, ...], int]:
    """Return the shape of an image, and the number of classes."""
    return STORED.get(setting.source, ((3, setting.side, setting.side), setting.classes))
