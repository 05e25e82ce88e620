"""Are trees and arrangements numbered in the order that is promised?"""

from itertools import permutations

import pytest

from solv.data.pita.trees import arrangement, arrangement_count, catalan, fill, tree, tree_count


def test_catalan_numbers_are_the_known_ones() -> None:
    assert [catalan(n) for n in range(9)] == [1, 1, 2, 5, 14, 42, 132, 429, 1430]
    assert [tree_count(leaves) for leaves in (1, 2, 3, 4)] == [1, 1, 2, 5]


def test_trees_come_by_the_size_of_their_left_part() -> None:
    # With three leaves: first a leaf on the left, then on the right.
    assert tree(3, 0) == (False, False, False, True, True)
    assert tree(3, 1) == (False, False, True, False, True)
    sizes = [left_leaves(tree(6, rank)) for rank in range(tree_count(6))]
    assert sizes == sorted(sizes)
    assert [sizes.count(left) for left in range(1, 6)] == [14, 5, 4, 5, 14]


def left_leaves(template: tuple[bool, ...]) -> int:
    open_parts, position = 1, len(template) - 1
    while open_parts:  # walk over the right part, from behind
        position -= 1
        open_parts += 1 if template[position] else -1
    return template[:position].count(False)


def test_large_trees_are_made_without_a_list() -> None:
    last = tree(400, tree_count(400) - 1)
    assert last.count(False) == 400
    assert left_leaves(last) == 399
    assert left_leaves(tree(400, 0)) == 1


def test_leaves_and_operators_fill_a_tree() -> None:
    assert fill(tree(3, 1), [("p1",), ("p2", "p3", "∧"), ("p4",)], "∨") == ("p1", "p2", "p3", "∧", "∨", "p4", "∨")


@pytest.mark.parametrize(("names", "length"), [(4, 2), (4, 4), (5, 1), (3, 0)])
def test_arrangements_are_all_permutations_in_their_order(names: int, length: int) -> None:
    made = [tuple(arrangement(names, length, rank)) for rank in range(arrangement_count(names, length))]
    assert sorted(made) == sorted(permutations(range(names), length))
