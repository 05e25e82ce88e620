"""Which real images come without a download of their own? 5000 digits of MNIST, in two parts.

Published accuracies on MNIST are for its 60 000 training images.
"""

import numpy as np

from solv.data.mnist import PACKAGED, MnistError, packaged_mnist
from solv.data.sbd.image_sets import ImageSet, ImageSetError


def load_packaged_digits(train: int, test: int) -> ImageSet:
    """Return the digits: `train` to learn from and `test` others, in an order that mixes classes.

    Args:
        train, test: images of either part, together at most 5000.

    Raises:
        ImageSetError: the package is not installed, or there are not so many.
    """
    if train + test > PACKAGED:
        raise ImageSetError(f"mnist5k has {PACKAGED} images; images.train + images.test = {train + test}")
    try:
        pixels, labels = packaged_mnist()
    except MnistError as error:
        raise ImageSetError(str(error)) from None
    order = np.random.default_rng(0).permutation(len(labels))
    images, classes = pixels[order, None], labels[order]
    learned, tested = slice(train), slice(train, train + test)
    return ImageSet(images[learned], classes[learned], images[tested], classes[tested])
