"""Is each distinct subformula one number, after its parts, with the polarity of its first appearance?"""

import pytest

from solv.data.pita.formulas import parse, text
from solv.data.pita.subformulas import IS_AND, IS_FALSE, IS_IMPLIES, IS_NEGATIVE_ATOM, IS_POSITIVE_ATOM, Subformulas


def test_a_subformula_that_appears_twice_is_one_number() -> None:
    formulas = Subformulas(parse("p1 ∧ p2 → p1 ∧ p2"))
    assert len(formulas.kind) == 4  # p1, p2, their conjunction, the whole
    assert formulas.root == 3
    assert formulas.left[3] == formulas.right[3] == 2
    assert [formulas.kind[number] for number in (2, 3)] == [IS_AND, IS_IMPLIES]


def test_parts_come_before_the_whole_and_say_what_they_are() -> None:
    statement = parse("(p1 → False) ∨ (p2 → p1 ∧ p2) → p3")
    formulas = Subformulas(statement)
    assert formulas.text(formulas.root) == text(statement)
    said = [formulas.text(number) for number in range(len(formulas.kind))]
    assert len(set(said)) == len(said)
    assert set(said) == {
        "p1", "False", "p1 → False", "p2", "p1 ∧ p2", "p2 → p1 ∧ p2", "(p1 → False) ∨ (p2 → p1 ∧ p2)", "p3",
        text(statement),
    }  # fmt: skip
    for number, kind in enumerate(formulas.kind):
        if kind in (IS_AND, IS_IMPLIES):
            assert max(formulas.left[number], formulas.right[number]) < number
    assert formulas.kind[said.index("False")] == IS_FALSE


@pytest.mark.parametrize(
    ("source", "negative"),
    [
        ("p1", {"p1"}),
        ("p1 → p2", {"p2"}),
        ("p1 ∧ p2", {"p1", "p2"}),
        ("p1 ∨ p2", set()),
        ("(p1 → p2) → p3", {"p2", "p3"}),
        ("p1 → p1", set()),  # by its first appearance, in the premise
        ("(p2 → p1) → p1 ∧ p2", {"p1"}),
    ],
)
def test_polarity_is_that_of_the_first_appearance_in_a_goal(source: str, negative: set[str]) -> None:
    formulas = Subformulas(parse(source))
    found = {formulas.symbol[n]: kind for n, kind in enumerate(formulas.kind) if formulas.symbol[n][0] == "p"}
    assert {name for name, kind in found.items() if kind == IS_NEGATIVE_ATOM} == negative
    assert all(kind in (IS_NEGATIVE_ATOM, IS_POSITIVE_ATOM) for kind in found.values())
