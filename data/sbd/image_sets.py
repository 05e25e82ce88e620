"""CIFAR-10, CIFAR-100 and Tiny ImageNet as arrays, read from the archives that their authors publish.

| set | archive | format |
|---|---|---|
| cifar10 | cifar-10-binary.tar.gz | records of 1 + 3072 bytes |
| | or cifar-10-python.tar.gz | pickled arrays, read by a restricted unpickler |
| cifar100 | cifar-100-binary.tar.gz | records of 2 + 3072 bytes: coarse class, class, pixels |
| tiny-imagenet | tiny-imagenet-200.zip | train/<wnid>/images/*.JPEG, val/images/*.JPEG, val/val_annotations.txt |

The pictures of Tiny ImageNet are decoded once and kept as arrays beside the archive.
"""

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int, UInt8

from solv.data.archives import ArchiveError, Zip, digest, fetch, read_tar

PIXELS = 3 * 32 * 32
TINY_SIDE = 64
MOST_MEMBER = 64 << 20
MOST_PICTURE = 1 << 20


class ImageSetError(ValueError):
    """A set is not there or is damaged; the message is one line that names the file, the member and what to do."""


@dataclass(frozen=True)
class Source:
    """Where a set comes from."""

    archive: str
    url: str
    algorithm: str
    digest: str


SOURCES = {
    "cifar10": Source(
        "cifar-10-binary.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "md5",
        "c32a1d4ab5d03f1284b67883e8d87530",
    ),
    "cifar100": Source(
        "cifar-100-binary.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        "md5",
        "03b5dce01913d631647c71ecec9e9cb8",
    ),
    "tiny-imagenet": Source(
        "tiny-imagenet-200.zip",
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        "md5",
        "90528d7ca1a48142e341f4ef8d21d0de",
    ),
}
CIFAR_PYTHON = "cifar-10-python.tar.gz"


@dataclass(frozen=True)
class ImageSet:
    """Images as bytes, shape (examples, channels, side, side), and their classes."""

    train: UInt8[np.ndarray, "train channels side side"]
    train_labels: Int[np.ndarray, "train"]
    test: UInt8[np.ndarray, "test channels side side"]
    test_labels: Int[np.ndarray, "test"]

    def first(self, train: int | None, test: int | None) -> "ImageSet":
        """Return the first images of both parts in an order that mixes classes; None: all."""
        order = np.random.default_rng(0).permutation(len(self.train))[:train]
        tests = np.random.default_rng(1).permutation(len(self.test))[:test]
        return ImageSet(self.train[order], self.train_labels[order], self.test[tests], self.test_labels[tests])


def default_folder(name: str) -> Path:
    """Return where a set lies unless the user says otherwise."""
    return Path.home() / ".cache" / "solv" / name


def fetch_image_set(name: str, folder: str | None, told: Callable[[int, int], None]) -> bool:
    """Download a set's archive; return whether anything was downloaded.

    Raises:
        ImageSetError: unknown set, no network, or a wrong digest.
    """
    source = _source(name)
    try:
        return fetch(source.url, _folder(name, folder) / source.archive, source.algorithm, source.digest, told)
    except ArchiveError as error:
        raise ImageSetError(str(error)) from None


def check_image_set(name: str, folder: str | None) -> str:
    """Read the whole set and return a line about it: sizes, classes, and whether the archive is the published one.

    Raises:
        ImageSetError: as `load_image_set`.
    """
    source, found = _source(name), load_image_set(name, folder)
    archive = _folder(name, folder) / source.archive
    published = archive.exists() and digest(archive, source.algorithm) == source.digest
    classes = len(np.unique(found.train_labels))
    return (
        f"{len(found.train)} training and {len(found.test)} test images of {found.train.shape[2]} x "
        f"{found.train.shape[3]}, {classes} classes; the archive is {'' if published else 'not '}the published one"
    )


def load_image_set(name: str, folder: str | None = None, train: int | None = None, test: int | None = None) -> ImageSet:
    """Return a set, or its first `train` and `test` images in an order that mixes classes.

    Args:
        name: cifar10, cifar100 or tiny-imagenet.
        folder: where the archive lies; None: ~/.cache/solv/<name>.
        train, test: most images of either part; None: all.

    Raises:
        ImageSetError: unknown set, no archive, a damaged one (the message names file and record).
    """
    _source(name)
    where = _folder(name, folder)
    try:
        found = _readers()[name](where)
    except ArchiveError as error:
        hint = f"; `solv data {name} fetch` downloads it" if not any(where.glob("*")) else ""
        raise ImageSetError(f"{error}{hint}") from None
    return found.first(train, test)


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise ImageSetError(f"unknown set {name!r}; valid: {', '.join(SOURCES)}")
    return SOURCES[name]


def _folder(name: str, folder: str | None) -> Path:
    return default_folder(name) if folder is None else Path(folder).expanduser()


def _readers() -> dict[str, Callable[[Path], ImageSet]]:
    return {"cifar10": _cifar10, "cifar100": _cifar100, "tiny-imagenet": _tiny_imagenet}


# -- CIFAR ---------------------------------------------------------------------------------------------------------


def _cifar10(folder: Path) -> ImageSet:
    binary, pickled = folder / SOURCES["cifar10"].archive, folder / CIFAR_PYTHON
    if not binary.exists() and pickled.exists():
        return _cifar10_pickled(pickled)
    names = [*(f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)), "cifar-10-batches-bin/test_batch.bin"]
    members = read_tar(binary, names, MOST_MEMBER)
    parts = [_records(binary, name, members[name], classes=10) for name in names]
    return _joined(parts[:-1], parts[-1])


def _cifar100(folder: Path) -> ImageSet:
    archive, names = folder / SOURCES["cifar100"].archive, ["cifar-100-binary/train.bin", "cifar-100-binary/test.bin"]
    members = read_tar(archive, names, 4 * MOST_MEMBER)
    train, test = (_records(archive, name, members[name], classes=100, skipped=1) for name in names)
    return _joined([train], test)


def _records(path: Path, name: str, content: bytes, *, classes: int, skipped: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels and labels of records: bytes that are skipped, the class, the pixels."""
    record = skipped + 1 + PIXELS
    whole, rest = divmod(len(content), record)
    if rest or not whole:
        raise ArchiveError(f"{path}: {name}: record {whole} has {rest} bytes; valid: {record}")
    rows = np.frombuffer(content, dtype=np.uint8).reshape(whole, record)
    labels = rows[:, skipped].astype(np.int64)
    if labels.max() >= classes:
        bad = int(np.argmax(labels >= classes))
        raise ArchiveError(f"{path}: {name}: record {bad} is of class {labels[bad]}; valid: 0 to {classes - 1}")
    return rows[:, skipped + 1 :].reshape(whole, 3, 32, 32), labels


def _cifar10_pickled(path: Path) -> ImageSet:
    names = [*(f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)), "cifar-10-batches-py/test_batch"]
    members = read_tar(path, names, MOST_MEMBER)
    parts = [_batch(path, name, members[name]) for name in names]
    return _joined(parts[:-1], parts[-1])


class _Arrays(pickle.Unpickler):
    """Admits the types of an array of numbers and no others: no code of a pickle runs."""

    ADMITTED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs")
        return super().find_class(module, name)


def _batch(path: Path, name: str, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    try:
        found = _Arrays(io.BytesIO(content), encoding="bytes").load()
        pixels, labels = found[b"data"], np.array(found[b"labels"], dtype=np.int64)
    except Exception as error:  # a damaged pickle may raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ArchiveError(f"{path}: {name} is not a batch ({reason})") from None
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape != (len(labels), PIXELS):
        raise ArchiveError(f"{path}: {name}: {len(labels)} labels, but no {len(labels)} x {PIXELS} bytes")
    if not len(labels) or not 0 <= labels.min() <= labels.max() <= 9:
        raise ArchiveError(f"{path}: {name}: labels lie outside 0 to 9")
    return pixels.reshape(-1, 3, 32, 32), labels


def _joined(train: list[tuple[np.ndarray, np.ndarray]], test: tuple[np.ndarray, np.ndarray]) -> ImageSet:
    images, labels = (np.concatenate(part) for part in zip(*train, strict=True))
    return ImageSet(images, labels, *test)


# -- Tiny ImageNet -------------------------------------------------------------------------------------------------


def _tiny_imagenet(folder: Path) -> ImageSet:
    """Read the pictures once and keep them as arrays beside the archive."""
    path = folder / SOURCES["tiny-imagenet"].archive
    kept = path.with_suffix(".npz")
    if kept.exists() and path.exists() and kept.stat().st_mtime >= path.stat().st_mtime:
        try:
            with np.load(kept, allow_pickle=False) as arrays:
                return ImageSet(*(arrays[key] for key in ("train", "train_labels", "test", "test_labels")))
        except (OSError, ValueError, KeyError, EOFError):
            kept.unlink()
    archive = Zip(path, MOST_PICTURE)
    root = "tiny-imagenet-200"
    train_names = [name for name in archive.names if name.startswith(f"{root}/train/") and name.endswith(".JPEG")]
    if not train_names:
        raise ArchiveError(f"{path}: {root}/train holds no picture")
    words = sorted({name.split("/")[2] for name in train_names})
    classes = {word: number for number, word in enumerate(words)}
    test_names, test_words = [], []
    annotations = archive.read(f"{root}/val/val_annotations.txt").decode("utf-8", "replace")
    for number, line in enumerate(annotations.splitlines(), start=1):
        cells = line.split("\t")
        if len(cells) < 2 or cells[1] not in classes:
            raise ArchiveError(f"{path}: {root}/val/val_annotations.txt: line {number} names no known class")
        test_names.append(f"{root}/val/images/{cells[0]}")
        test_words.append(cells[1])
    found = ImageSet(
        np.stack([_picture(path, name, archive.read(name)) for name in train_names]),
        np.array([classes[name.split("/")[2]] for name in train_names]),
        np.stack([_picture(path, name, archive.read(name)) for name in test_names]),
        np.array([classes[word] for word in test_words]),
    )
    beside = kept.with_suffix(".partial.npz")
    np.savez(beside, train=found.train, train_labels=found.train_labels, test=found.test, test_labels=found.test_labels)
    beside.replace(kept)
    return found


def _picture(path: Path, name: str, content: bytes) -> UInt8[np.ndarray, "3 side side"]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            if picture.size != (TINY_SIDE, TINY_SIDE):
                raise ArchiveError(f"{path}: {name} is {picture.size[0]} x {picture.size[1]}; valid: 64 x 64")
            pixels = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"{path}: {name} is not a picture ({error})") from None
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
