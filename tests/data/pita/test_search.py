"""Does the search take the steps that its calculus allows, in its order? Traces derived by hand, and what all obey."""

import pytest

from solv.data.pita.formulas import parse
from solv.data.pita.search import (
    APPLY,
    BACKTRACK,
    CASE_LEFT,
    CASE_RIGHT,
    CASES,
    CLOSE,
    EXACT,
    GO_LEFT,
    GO_RIGHT,
    INTRO,
    PREMISE,
    SPLIT_GOAL,
    TAKE_LEFT,
    TAKE_RIGHT,
    TRIVIAL,
    Search,
    search,
)
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas


def searched(statement: str, state_limit: int = 1000, *, pruned: bool = False) -> Search:
    return search(Subformulas(parse(statement)), state_limit, pruned=pruned)


def outline(found: Search) -> list[tuple[int, int]]:
    """Every operation with the hypothesis that it makes or uses, or with the state that it goes back to."""
    return [step[:2] for step in found.steps]


def test_a_hypothesis_proves_itself_in_two_states() -> None:
    found = searched("p1 → p1")
    assert outline(found) == [(INTRO, 1), (EXACT, 1)]
    assert (found.proved, found.states) == (True, 2)


def test_an_atom_without_hypotheses_is_refuted_in_no_step() -> None:
    assert searched("p1") == Search(False, [], 0)


def test_each_side_of_a_disjunction_is_tried_from_the_same_state() -> None:
    found = searched("p1 ∨ p2")
    assert outline(found) == [(GO_LEFT, 0), (BACKTRACK, 0), (GO_RIGHT, 0), (BACKTRACK, 0)]
    assert (found.proved, found.states) == (False, 2)


def test_a_failure_in_one_of_two_goals_abandons_the_choices_of_the_other() -> None:
    found = searched("(True ∨ True) ∧ p1")
    assert outline(found) == [(SPLIT_GOAL, 0), (GO_LEFT, 0), (TRIVIAL, 0)]
    assert found.proved is False


def test_the_same_hypothesis_has_a_name_of_its_own_in_each_case() -> None:
    found = searched("p1 ∨ p1 → p1")
    left = [(CASES, 1), (CASE_LEFT, 2), (EXACT, 2), (CLOSE, 0)]
    right = [(CASE_RIGHT, 3), (EXACT, 3), (CLOSE, 0)]
    assert outline(found) == [(INTRO, 1), *left, *right]


def test_a_hypothesis_keeps_its_name_after_a_branch_that_failed() -> None:
    """p2 is looked for in vain before h2 : p3, and again before h5 : p1."""
    found = searched("p3 ∧ p1 → (p2 ∨ p3) ∧ (p2 ∨ p1)")
    given = [(INTRO, 1), (SPLIT_GOAL, 0), (TAKE_LEFT, 2), (TAKE_RIGHT, 3)]
    again = [(TAKE_LEFT, 4), (TAKE_RIGHT, 5)]  # each goal of ∧ inverts the hypotheses itself
    assert outline(found) == [
        *given,
        *[(GO_LEFT, 0), (BACKTRACK, 4), (GO_RIGHT, 0), (EXACT, 2)],
        *again,
        *[(GO_LEFT, 0), (BACKTRACK, 9), (GO_RIGHT, 0), (EXACT, 5)],
    ]


def test_peirces_law_is_refuted_where_its_goal_comes_round_again() -> None:
    """With h1 : (p1 → p2) → p1 the goal p2 leads to p2 under the same hypotheses: refused at state 5."""
    found = searched("((p1 → p2) → p1) → p1", pruned=True)
    assert outline(found) == [
        *[(INTRO, 1), (PREMISE, 2), (INTRO, 3), (PREMISE, 4), (INTRO, 5)],
        *[(BACKTRACK, 3), (BACKTRACK, 1)],
    ]
    assert (found.proved, found.states) == (False, 5)


def test_both_cases_are_walked_through_although_the_first_has_failed() -> None:
    """p1 does not prove False, and neither does p2; every end of a block is a state, which makes six."""
    found = searched("p1 ∨ p2 → False")
    assert outline(found) == [
        *[(INTRO, 1), (CASES, 1), (CASE_LEFT, 2), (CLOSE, 0)],
        *[(CASE_RIGHT, 3), (CLOSE, 0)],
    ]
    assert (found.proved, found.states) == (False, 6)
    assert searched("p1 ∨ p2 → False", pruned=True).states == 3


def test_the_conclusion_is_looked_at_although_its_premise_has_failed() -> None:
    """p1 → p2 is focused on for p2: p1 cannot be shown, yet p2 is taken from it in vain, h3."""
    found = searched("(p1 → p2) → p2")
    assert outline(found) == [
        *[(INTRO, 1), (PREMISE, 2), (CLOSE, 0), (APPLY, 3)],
        *[(EXACT, 3), (BACKTRACK, 1)],
    ]
    assert (found.proved, found.states) == (False, 5)


def test_a_conjunction_stops_at_the_first_failure_but_its_other_part_takes_names() -> None:
    """h3, which p2 → p2 would introduce, is not written: the next hypothesis is h4."""
    found = searched("((p1 ∧ (p2 → p2)) → p3) → False")
    assert [step[:2] for step in found.steps if step[0] == APPLY] == [(APPLY, 4)]


@pytest.mark.parametrize(("limit", "proved"), [(1, None), (2, True)])
def test_a_search_is_given_up_where_its_states_exceed_the_limit(limit: int, proved: bool | None) -> None:
    """Two hypotheses are introduced, state 2, before the one choice is made."""
    found = searched("p1 → p2 → p1", limit)
    assert found.proved is proved
    assert found.states == (3 if proved else 2)


def test_a_statement_may_be_deeper_than_pythons_stack() -> None:
    depth = 3000
    found = search(Subformulas(("p1",) * (depth + 1) + ("→",) * depth), 2 * depth)
    assert outline(found) == [*((INTRO, number) for number in range(1, depth + 1)), (EXACT, 1)]  # h1 is set aside last


@pytest.mark.parametrize(("name", "leaves"), [("full", 7), ("imply", 9), ("or", None), ("php", None)])
@pytest.mark.parametrize("pruned", [False, True])
def test_every_step_makes_the_next_state_or_goes_back_to_another_one(
    name: str, leaves: int | None, pruned: bool
) -> None:
    split = open_split(SplitSpec(name, leaves))
    place = bijection(split.count, 0)
    backtracks = 0
    for row in range(60):
        found = search(Subformulas(split[place(row)]), 2000, pruned=pruned)
        states = at = 0
        for operation, target, _, _ in found.steps:
            if operation == BACKTRACK:
                assert 0 <= target < states
                assert target != at
                at = target
                backtracks += 1
            else:
                states += 1
                at = states
        assert found.states == states
    assert backtracks > 60
