"""Is the order of a sample a permutation that looks like chance, another one for every key?"""

import numpy as np

from solv.data.pita.shuffle import bijection


def test_the_key_selects_the_permutation() -> None:
    def order(*key):
        return list(map(bijection(500, *key), range(500)))

    assert order(1) == order(1)
    assert order(1) != order(2) != order(1, 2)


def test_neighbours_are_scattered() -> None:
    size = 10_000
    order = np.array(list(map(bijection(size, 7), range(size))))
    # Ranks of a random permutation: correlation of neighbours within 5 / sqrt(size) of 0.
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 5 / np.sqrt(size)
    # Each tenth of the rows falls evenly over the range.
    counts = np.histogram(order[:1000], bins=10, range=(0, size))[0]
    assert np.sum((counts - 100) ** 2 / 100) < 30


def test_a_range_of_hundreds_of_digits_is_sampled_without_repetition() -> None:
    size = 10**300
    shuffle = bijection(size, 0)
    found = {shuffle(row) for row in range(200)}
    assert len(found) == 200
    assert all(0 <= number < size for number in found)
    assert max(found) > size // 2
