"""Are the counts those of statements written out by brute force, and those of the spec?"""

from itertools import product

import pytest

from solv.theory.pita.statement_counts import catalan, full_count, pigeonhole_count


def trees(leaves):
    """Every binary tree as nested pairs."""
    if leaves == 1:
        return [()]
    return [(left, right) for size in range(1, leaves) for left in trees(size) for right in trees(leaves - size)]


def test_catalan_numbers_count_binary_trees():
    assert [catalan(n) for n in range(8)] == [len(trees(n + 1)) for n in range(8)]


def test_full_and_implies_are_the_counts_of_the_spec():
    assert [full_count(m) for m in range(1, 6)] == [5, 75, 2250, 84375, 3543750]
    assert [full_count(m, operators=1) for m in range(1, 7)] == [5, 25, 250, 3125, 43750, 656250]


def test_full_counts_every_choice_of_leaves_operators_and_tree():
    listed = list(product(trees(3), product("pTF", repeat=3), product("+*", repeat=2)))
    assert full_count(3, atoms=1, operators=2) == len(listed)


def test_pigeonholes_count_the_bracketings_of_each_part():
    assert [pigeonhole_count(2, holes) for holes in (1, 2, 3)] == [1, 5, 168]
    homes, clashes = len(trees(3)), len(trees(6))
    assert pigeonhole_count(3, 1) == homes * clashes


def test_numbers_out_of_range_are_named():
    with pytest.raises(ValueError, match="leaves = 0"):
        full_count(0)
    with pytest.raises(ValueError, match="pigeons = 1"):
        pigeonhole_count(1, 1)
