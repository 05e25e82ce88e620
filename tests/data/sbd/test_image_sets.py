"""Are the published archive formats read right, and hostile or damaged archives refused by file and record?"""

import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from solv.data.sbd import image_sets
from solv.data.sbd.image_sets import ImageSetError, check_image_set, load_image_set

BINARY = [*(f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)), "cifar-10-batches-bin/test_batch.bin"]
PYTHON = [*(f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)), "cifar-10-batches-py/test_batch"]


def batch(number, examples=4):
    rng = np.random.default_rng(number)
    return rng.integers(256, size=(examples, 3072), dtype=np.uint8), rng.integers(10, size=examples)


def binary(number):
    pixels, labels = batch(number)
    return np.concatenate([labels[:, None].astype(np.uint8), pixels], axis=1).tobytes()


def pickled(number):
    pixels, labels = batch(number)
    return pickle.dumps({b"data": pixels, b"labels": labels.tolist()}, protocol=2)


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def whole(make, names):
    return [(name, make(number)) for number, name in enumerate(names)]


@pytest.mark.parametrize(
    ("archive", "make", "names"),
    [("cifar-10-binary.tar.gz", binary, BINARY), ("cifar-10-python.tar.gz", pickled, PYTHON)],
)
def test_both_forms_of_cifar10_give_the_same_arrays(tmp_path, archive, make, names):
    write_tar(tmp_path / archive, whole(make, names))
    found = load_image_set("cifar10", str(tmp_path))
    pixels, labels = batch(5)
    order = np.random.default_rng(1).permutation(4)
    np.testing.assert_array_equal(found.test, pixels.reshape(-1, 3, 32, 32)[order])
    np.testing.assert_array_equal(found.test_labels, labels[order])
    assert found.train.shape == (20, 3, 32, 32)
    assert found.train.dtype == np.uint8
    few = load_image_set("cifar10", str(tmp_path), train=7, test=2)
    np.testing.assert_array_equal(few.train, found.train[:7])
    assert len(few.test) == 2


def hundred(examples, number, label=99):
    rows = np.random.default_rng(number).integers(256, size=(examples, 2 + 3072), dtype=np.uint8)
    rows[:, 0], rows[:, 1] = 255, np.arange(examples) % 100
    rows[-1, 1] = label
    return rows


def test_cifar100_has_two_labels_a_record_and_the_second_is_its_class(tmp_path):
    train, test = hundred(7, 0), hundred(5, 1)
    members = [("cifar-100-binary/train.bin", train.tobytes()), ("cifar-100-binary/test.bin", test.tobytes())]
    write_tar(tmp_path / "cifar-100-binary.tar.gz", members)
    found = load_image_set("cifar100", str(tmp_path))
    order = np.random.default_rng(1).permutation(5)
    np.testing.assert_array_equal(found.test, test[order, 2:].reshape(-1, 3, 32, 32))
    np.testing.assert_array_equal(found.test_labels, test[order, 1])
    assert found.train.shape == (7, 3, 32, 32)
    members[1] = ("cifar-100-binary/test.bin", hundred(5, 1, label=100).tobytes())
    write_tar(tmp_path / "cifar-100-binary.tar.gz", members)
    with pytest.raises(ImageSetError, match=r"test\.bin: record 4 is of class 100; valid: 0 to 99"):
        load_image_set("cifar100", str(tmp_path))


def test_a_check_says_what_is_there_and_whether_it_is_the_published_archive(tmp_path):
    write_tar(tmp_path / "cifar-10-binary.tar.gz", whole(binary, BINARY))
    line = check_image_set("cifar10", str(tmp_path))
    assert "20 training and 4 test images of 32 x 32" in line
    assert "not the published one" in line


class Hostile:
    def __reduce__(self):
        return (print, ("code of the pickle has run",))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (whole(binary, BINARY)[:-1], "test_batch.bin is missing"),
        ([*whole(binary, BINARY)[:-1], (BINARY[-1], binary(5)[:-1])], "record 3 has 3072 bytes"),
        ([*whole(binary, BINARY)[:-1], (BINARY[-1], b"\x0b" + bytes(3072))], "record 0 is of class 11"),
        ([("../outside", b"x")], "lies outside the archive"),
        ([("/etc/outside", b"x")], "lies outside the archive"),
        ([("C:\\outside", b"x")], "lies outside the archive"),
    ],
)
def test_damaged_and_hostile_binary_archives_are_refused(tmp_path, members, said):
    write_tar(tmp_path / "cifar-10-binary.tar.gz", members)
    with pytest.raises(ImageSetError, match=said) as raised:
        load_image_set("cifar10", str(tmp_path))
    assert "cifar-10-binary.tar.gz" in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["cifar-10-binary.tar.gz"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps(Hostile()), "builtins.print"),
        (pickle.dumps({b"data": np.zeros((2, 5), np.uint8), b"labels": [0, 1]}), "no 2 x 3072 bytes"),
        (pickle.dumps({b"labels": [0]}), "is not a batch"),
        (pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}), "outside 0 to 9"),
        (b"no pickle", "is not a batch"),
    ],
)
def test_no_code_of_a_pickle_runs_and_bad_batches_are_named(tmp_path, capsys, content, said):
    write_tar(tmp_path / "cifar-10-python.tar.gz", [(name, content) for name in PYTHON])
    with pytest.raises(ImageSetError, match=said):
        load_image_set("cifar10", str(tmp_path))
    assert "has run" not in capsys.readouterr().out


def test_a_set_that_is_not_there_names_the_command_that_fetches_it(tmp_path):
    with pytest.raises(ImageSetError, match="solv data cifar10 fetch"):
        load_image_set("cifar10", str(tmp_path))
    with pytest.raises(ImageSetError, match="valid: cifar10, cifar100, tiny-imagenet"):
        load_image_set("cifar", str(tmp_path))
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ImageSetError, match="is damaged"):
        load_image_set("cifar10", str(tmp_path))


def picture(value, size=(64, 64), kind="JPEG", mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, value).save(file, kind)
    return file.getvalue()


def tiny(path, changes=None):
    root = "tiny-imagenet-200"
    members = {
        f"{root}/train/n01/images/n01_0.JPEG": picture((10, 20, 30)),
        f"{root}/train/n02/images/n02_0.JPEG": picture(200, mode="L"),
        f"{root}/val/images/val_0.JPEG": picture((90, 90, 90)),
        f"{root}/val/val_annotations.txt": b"val_0.JPEG\tn02\t0\t0\t62\t62\n",
        **(changes or {}),
    }
    with zipfile.ZipFile(path / "tiny-imagenet-200.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_tiny_imagenet_is_decoded_once_and_read_from_its_arrays_after(tmp_path, monkeypatch):
    tiny(tmp_path)
    found = load_image_set("tiny-imagenet", str(tmp_path))
    assert found.train.shape == (2, 3, 64, 64)
    first = found.train[list(found.train_labels).index(0)]
    assert np.abs(first.mean((1, 2)) - [10, 20, 30]).max() < 3
    assert found.test_labels.tolist() == [1]
    monkeypatch.setattr(image_sets, "Zip", None)
    again = load_image_set("tiny-imagenet", str(tmp_path))
    np.testing.assert_array_equal(again.train, found.train)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"../outside": b"x"}, "lies outside"),
        ({"tiny-imagenet-200/val/val_annotations.txt": b"val_0.JPEG\tn99\n"}, "line 1 names no known class"),
        ({"tiny-imagenet-200/val/images/val_0.JPEG": b"none"}, "is not a picture"),
        ({"tiny-imagenet-200/val/images/val_0.JPEG": picture(0, kind="PNG")}, "is not a picture"),
        ({"tiny-imagenet-200/val/images/val_0.JPEG": picture(0, size=(64, 65))}, "64 x 65"),
    ],
)
def test_damaged_and_hostile_pictures_are_refused(tmp_path, changes, said):
    tiny(tmp_path, changes)
    with pytest.raises(ImageSetError, match=said):
        load_image_set("tiny-imagenet", str(tmp_path))
