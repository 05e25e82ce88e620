"""Is every word over leaves numbered once, and every canonical word a renaming of one?"""

from itertools import product

import pytest

from solv.data.pita.formulas import canonical
from solv.data.pita.words import Words


def all_words(words: Words) -> list[tuple[str, ...]]:
    return [tuple(words.unrank(rank)) for rank in range(words.count)]


def test_words_are_all_words() -> None:
    made = all_words(Words(3, 2, canonical=False))
    assert len(made) == 4**3
    assert set(made) == set(product(("False", "True", "p1", "p2"), repeat=3))
    assert made[0] == ("False", "False", "False")


@pytest.mark.parametrize(("size", "atoms"), [(1, 1), (3, 2), (3, 5), (4, 3)])
def test_canonical_words_are_those_up_to_renaming(size: int, atoms: int) -> None:
    made = all_words(Words(size, atoms, canonical=True))
    assert len(set(made)) == len(made)
    assert set(made) == {canonical(word) for word in all_words(Words(size, atoms, canonical=False))}


def test_counts_of_long_words_are_exact() -> None:
    assert Words(50, 10, canonical=False).count == 12**50
    # Without atoms there is nothing to rename.
    assert Words(50, 0, canonical=True).count == 2**50
    # Two constants and as many atoms as places: Bell-like numbers, 3 of one place and 10 of two.
    assert [Words(size, 9, canonical=True).count for size in (0, 1, 2)] == [1, 3, 10]
