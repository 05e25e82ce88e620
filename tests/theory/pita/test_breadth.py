"""Are statements up to symmetry counted as brute force counts them?"""

from itertools import permutations

import pytest

from solv.data.pita.formulas import OPERATORS, Formula, symmetric
from solv.data.pita.splits import SplitSpec, open_split
from solv.theory.pita.breadth import full_breadth, imply_breadth, or_breadth, paper_breadth, pigeonhole_paper_breadth


def shape(formula: Formula) -> tuple[object, ...]:
    """The formula as nested tuples, ∧ and ∨ flat and sorted."""
    stack: list[tuple[object, ...]] = []
    for symbol in formula:
        if symbol not in OPERATORS:
            stack.append((symbol,))
            continue
        right, left = stack.pop(), stack.pop()
        if symbol == "→":
            stack.append(("→", left, right))
            continue
        parts = [part for side in (left, right) for part in (side[1:] if side[0] == symbol else (side,))]
        stack.append((symbol, *sorted(parts, key=repr)))
    return stack[0]


def orbits(name: str, leaves: int) -> int:
    split = open_split(SplitSpec(name, leaves))
    renamings = [dict(zip(("p1", "p2", "p3"), images, strict=True)) for images in permutations(("p1", "p2", "p3"))]
    return len(
        {
            min(repr(shape(tuple(names.get(symbol, symbol) for symbol in split[index]))) for names in renamings)
            for index in range(split.count)
        }
    )


@pytest.mark.parametrize("leaves", [1, 2, 3])
def test_breadth_of_full_is_the_number_of_orbits(leaves: int) -> None:
    assert full_breadth(leaves) == orbits("full", leaves)


@pytest.mark.parametrize("leaves", [1, 2, 3])
def test_breadth_of_imply_is_the_number_of_words_up_to_renaming(leaves: int) -> None:
    assert imply_breadth(leaves) == orbits("imply", leaves)


def test_the_count_of_the_paper_approaches_the_orbits_as_few_statements_have_few_atoms() -> None:
    for exact, operators in ((full_breadth, 3), (imply_breadth, 1)):
        ratios = [paper_breadth(leaves, operators=operators) / exact(leaves) for leaves in (1, 4, 12, 30)]
        assert ratios[0] == pytest.approx(5 / 9)  # three leaves up to renaming, of which 5 / 3 are counted
        assert abs(ratios[-1] - 1) < 0.01
    assert full_breadth(10) < 5**10 * 3**9 * 4862 / 6


def test_numbers_out_of_range_are_named() -> None:
    with pytest.raises(ValueError, match="leaves = 0"):
        full_breadth(0)
    with pytest.raises(ValueError, match="operators = 2"):
        paper_breadth(3, operators=2)


@pytest.mark.parametrize("leaves", [3, 4, 5])
def test_or_has_two_statements_of_each_size_up_to_symmetry(leaves):
    opened = open_split(SplitSpec("or", leaves - 1, leaves + 1))
    written = {symmetric(opened[index]) for index in range(opened.count)}
    assert len(written) == or_breadth(leaves) == 2


def test_an_atom_and_a_disjunction_are_three_leaves():
    with pytest.raises(ValueError, match="leaves"):
        or_breadth(2)


def test_the_papers_count_of_pigeonholes_is_that_of_its_code():
    assert [pigeonhole_paper_breadth(m) for m in (1, 2, 3, 4)] == [1, 1, 2, 2 * (2 + 2)]
    assert pigeonhole_paper_breadth(5) == 4 * (3 + 6) + 1 * (1 + 0 + 0 + 0)
    assert pigeonhole_paper_breadth(10) == 25_224
    with pytest.raises(ValueError, match="leaves"):
        pigeonhole_paper_breadth(0)
