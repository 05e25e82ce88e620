"""Are formulas read and written as Lean does, taken apart and put together, and texts that are none refused?"""

import pytest

from solv.data.pita.formulas import (
    atom,
    atoms,
    canonical,
    conjunction,
    disjunction,
    implication,
    is_formula,
    leaves,
    negation,
    parse,
    split,
    text,
)

P1, P2, P3 = atom(1), atom(2), atom(3)


@pytest.mark.parametrize(
    ("source", "formula", "lean"),
    [
        ("p1 ∧ p2 → p3", implication(conjunction(P1, P2), P3), "p1 ∧ p2 → p3"),
        ("p1 and (p2 -> p3)", conjunction(P1, implication(P2, P3)), "p1 ∧ (p2 → p3)"),
        ("p1 -> p2 -> p3", implication(P1, implication(P2, P3)), "p1 → p2 → p3"),
        ("(p1 -> p2) -> p3", implication(implication(P1, P2), P3), "(p1 → p2) → p3"),
        ("p1 | p2 & p3", disjunction(P1, conjunction(P2, P3)), "p1 ∨ p2 ∧ p3"),
        ("(p1 ∨ p2) ∨ p3", disjunction(disjunction(P1, P2), P3), "(p1 ∨ p2) ∨ p3"),
        ("¬p1 ∧ ⊤", conjunction(negation(P1), ("True",)), "(p1 → False) ∧ True"),
        ("~~⊥", negation(negation(("False",))), "(False → False) → False"),
        (r" ((p1)) /\ p2 \/ p3 ", disjunction(conjunction(P1, P2), P3), "p1 ∧ p2 ∨ p3"),
    ],
)
def test_a_text_is_read_by_precedence_and_written_with_no_parenthesis_too_many(source, formula, lean) -> None:
    assert parse(source) == formula
    assert text(formula) == lean
    assert parse(lean) == formula


@pytest.mark.parametrize(
    ("source", "column"),
    [("", 1), ("p", 1), ("p1 p2", 3), ("p1 ∧", 5), ("(p1", 4), ("p1)", 3), ("p1x", 1), ("∧ p1", 1), ("p1 ¬p2", 3)],
)
def test_what_is_no_formula_says_where(source: str, column: int) -> None:
    with pytest.raises(ValueError, match=rf"is not a formula \(column {column}\)"):
        parse(source)


def test_a_compound_splits_into_its_parts_and_a_leaf_does_not() -> None:
    left, right = implication(P1, P2), conjunction(P2, P3)
    assert split(disjunction(left, right)) == (left, right)
    with pytest.raises(ValueError, match="has no parts"):
        split(P1)


def test_counts_and_names() -> None:
    formula = parse("p7 → p2 ∧ (p7 → False)")
    assert atoms(formula) == ("p7", "p2")
    assert leaves(formula) == 4
    assert text(canonical(formula)) == "p1 → p2 ∧ (p1 → False)"


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        (("p1",), True),
        (("p1", "True", "∧"), True),
        ((), False),
        (("p1", "p2"), False),
        (("∧",), False),
        (("p1", "∧", "p2"), False),
        (("q1",), False),
    ],
)
def test_only_one_whole_postfix_is_a_formula(symbols, expected) -> None:
    assert is_formula(symbols) is expected
