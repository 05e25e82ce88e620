"""Is the second calculus right: does it agree with the search, the counter-models and the checker?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.data.pita.checker import check
from solv.data.pita.contraction_free import provable
from solv.data.pita.countermodels import counter_model
from solv.data.pita.formulas import Formula, canonical, parse, text
from solv.data.pita.search import search, successful_path
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas
from solv.data.pita.traces import render

STATE_LIMIT = 20_000


def verdict_of_all(statement: Formula) -> bool | None:
    """The verdict, once everything that speaks about it agrees; None when the search was given up."""
    formulas = Subformulas(statement)
    found = search(formulas, STATE_LIMIT)
    if found.proved is None:
        return None
    trace = render(formulas, found.steps, found.proved)
    checked = check(statement, trace.proof)
    assert (checked.proved, checked.length) == (found.proved, trace.length) == (found.proved, found.states)
    assert provable(statement) == found.proved
    if found.proved:
        simplest = check(statement, render(formulas, successful_path(found), True).proof)
        assert simplest.proved
        assert simplest.backtracks == 0
        assert simplest.length <= checked.length
    shorter = search(formulas, STATE_LIMIT, pruned=True)
    assert shorter.proved == found.proved
    assert shorter.states <= found.states
    if shorter.states < found.states:
        assert check(statement, render(formulas, shorter.steps, found.proved).proof).proved == found.proved
    model = counter_model(statement)
    if found.proved:
        assert model is None
    elif model is not None:
        assert not model.forces(statement)
    return found.proved


@pytest.mark.parametrize(
    ("name", "leaves", "count"), [("full", 1, 5), ("full", 2, 75), ("full", 3, 2250), ("imply", 4, 3125)]
)
def test_every_small_statement_has_one_verdict_and_a_model_against_it_if_unprovable(
    name: str, leaves: int, count: int
) -> None:
    split = open_split(SplitSpec(name, leaves))
    assert split.count == count
    for index in range(count):
        statement = split[index]
        assert verdict_of_all(statement) != (counter_model(statement) is not None)


def test_every_statement_of_four_leaves_has_one_verdict_by_proof_and_by_model() -> None:
    split = open_split(SplitSpec("full", 4))
    assert split.count == 84375
    known: dict[Formula, bool] = {}  # verdicts do not depend on the names of atoms
    for index in range(split.count):
        statement = split[index]
        name = canonical(statement)
        if name not in known:
            verdict = verdict_of_all(name)
            assert verdict is not None
            known[name] = verdict
            assert verdict != (counter_model(name) is not None)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("p1 -> p1", True),
        ("(p1 -> p2) -> (p2 -> p3) -> p1 -> p3", True),
        ("((p1 -> False) -> False) -> False -> p1", True),
        ("((p1 or ¬p1) -> False) -> False", True),
        ("(p00 and p10) -> ((p00 and p10) or (p10 and p00))", True),
        ("((p1 -> p2) -> p1) -> p1", False),
        ("p1 or ¬p1", False),
        ("¬¬p1 -> p1", False),
    ],
)
def test_known_statements_have_their_known_verdicts(source: str, expected: bool) -> None:
    assert verdict_of_all(parse(source)) is expected


def nested(depth: int, shape: str) -> Formula:
    """p1 in `depth` nested operators, each with a leaf of its own kind."""
    formula: Formula = ("p1",)
    for _ in range(depth):
        if shape == "right":
            formula = ("p1", *formula, "→")
        elif shape == "left":
            formula = (*formula, "False", "→")
        else:
            formula = (*formula, "p1", "∧")
    return formula


@pytest.mark.parametrize(
    ("shape", "depth", "expected"), [("right", 1001, True), ("left", 41, False), ("and", 1001, False)]
)
def test_a_deep_formula_meets_no_limit_on_recursion(shape: str, depth: int, expected: bool) -> None:
    statement = nested(depth, shape)
    assert parse(text(statement)) == statement
    formulas = Subformulas(statement)
    found = search(formulas, 3000)
    assert found.proved is expected
    assert check(statement, render(formulas, found.steps, found.proved).proof).proved == found.proved
    assert provable(statement) == found.proved
    assert (counter_model(statement) is None) == found.proved


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([("full", 5), ("full", 6), ("full", 8), ("imply", 7)]), st.data())
def test_larger_statements_have_one_verdict(kind: tuple[str, int], data: st.DataObject) -> None:
    split = open_split(SplitSpec(*kind))
    statement = split[data.draw(st.integers(0, split.count - 1))]
    assert parse(text(statement)) == statement
    verdict_of_all(statement)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**60))
def test_or_statements_are_true_when_the_target_is_in_the_tree(number: int) -> None:
    split = open_split(SplitSpec("or"))
    index = number % split.count
    statement = split[index]
    label = split.strata[split.locate(index)[0]].label
    assert verdict_of_all(statement) is label.endswith("in")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("False -> p1", True),
        ("p1 -> True", True),
        ("((p1 ∧ p2) → p3) → p1 → p2 → p3", True),
        ("((p1 ∨ p2) → p3) → (p1 → p3) ∧ (p2 → p3)", True),
        ("(((p1 → p2) → p1) → p1) → False", False),
        ("((p1 → p2) → p3) → (p1 → p3)", False),
        ("¬¬(((p1 → p2) → p1) → p1)", True),
        ("(¬p1 → p2 ∨ p3) → (¬p1 → p2) ∨ (¬p1 → p3)", False),
    ],
)
def test_each_left_rule_of_implication_decides_as_the_literature_does(source: str, expected: bool) -> None:
    assert provable(parse(source)) is expected
