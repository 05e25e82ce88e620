"""Which images are hard for a linear reader, of any size and difficulty, and made here? Textures named by a random net.

An image is a smooth Gaussian field. A random convolutional teacher - filters, rectifier, mean over regions, a linear
read-out - names it: labels are drawn from a softmax of its standardised outputs times `sharpness`, so that P(y | x),
and with it the best accuracy that any classifier can have, is known.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve


@dataclass(frozen=True)
class Images:
    """Images with labels.

    Attributes:
        x: shape (examples, channels, side, side), mean 0 and variance 1.
        labels: shape (examples,).
        chances: P(y | x) where it is known, shape (examples, classes), else None.
    """

    x: Float[np.ndarray, "examples channels side side"]
    labels: Int[np.ndarray, "examples"]
    chances: Float[np.ndarray, "examples classes"] | None = None


def draw_images(
    examples: int,
    rng: np.random.Generator,
    *,
    side: int = 16,
    channels: int = 3,
    classes: int = 10,
    filters: int = 32,
    kernel: int = 5,
    regions: int = 2,
    smoothness: float = 1.0,
    sharpness: float = 4.0,
    teacher: np.random.Generator | None = None,
) -> Images:
    """Draw images and labels.

    Args:
        examples: how many.
        rng: source of images and labels.
        side, channels: of an image.
        classes: >= 2.
        filters, kernel: of the teacher.
        regions: the teacher averages its rectified maps over regions x regions parts; >= 1.
        smoothness: width of the images' smoothing, in pixels; 0: white noise.
        sharpness: how far the teacher's outputs decide; 0: labels are coins.
        teacher: source of the teacher's weights; None: one that is always the same.

    Raises:
        ValueError: a number is out of range.
    """
    if min(examples, channels, filters, regions) < 1 or classes < 2 or not regions <= side - kernel + 1:
        raise ValueError(
            f"examples = {examples}, channels = {channels}, classes = {classes}, filters = {filters}, regions = "
            f"{regions}, side = {side}, kernel = {kernel}; valid: at least 1 (classes 2), regions <= side - kernel + 1"
        )
    if smoothness < 0 or sharpness < 0:
        raise ValueError(f"smoothness = {smoothness}, sharpness = {sharpness}; valid: >= 0")
    x = gaussian_filter(rng.normal(size=(examples, channels, side, side)), (0, 0, smoothness, smoothness), mode="wrap")
    x /= x.std()
    drawn = np.random.default_rng(0) if teacher is None else teacher
    weights = drawn.normal(size=(filters, channels, kernel, kernel)) / np.sqrt(channels * kernel**2)
    read_out = drawn.normal(size=(filters * regions**2, classes))
    outputs = np.concatenate([_pooled(part, weights, regions) for part in np.array_split(x, -(-examples // 500))])
    outputs = (outputs - outputs.mean(axis=0)) / outputs.std(axis=0) @ read_out / np.sqrt(len(read_out))
    logits = sharpness * (outputs - outputs.mean(axis=0)) / outputs.std(axis=0)
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    labels = np.minimum((rng.random((examples, 1)) > chances.cumsum(axis=1)).sum(axis=1), classes - 1)
    return Images(x.astype(np.float32), labels, chances)


def _pooled(x: np.ndarray, weights: np.ndarray, regions: int) -> Float[np.ndarray, "examples features"]:
    maps = np.stack(
        [np.maximum(fftconvolve(x, each[None], mode="valid", axes=(2, 3)).sum(axis=1), 0) for each in weights], axis=1
    )
    rows = [part.mean(axis=2) for part in np.array_split(maps, regions, axis=2)]
    cells = [part.mean(axis=2) for row in rows for part in np.array_split(row, regions, axis=2)]
    return np.stack(cells, axis=2).reshape(len(x), -1)
