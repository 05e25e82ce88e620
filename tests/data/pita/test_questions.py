"""Is a typed statement read as it is meant, and answered with a proof or a model that hold?"""

import pytest

from solv.data.pita.formulas import parse
from solv.data.pita.questions import answer, read

PEIRCE = "((p -> q) -> p) -> p"


@pytest.mark.parametrize(
    "source",
    [
        PEIRCE,
        "((p → q) → p) → p",
        "theorem peirce (p q : Prop) : ((p → q) → p) → p := by",
        "example {p q : Prop} : ((p → q) → p) → p",
        "lemma peirce (p : Prop) (q : Prop) : ((p -> q) -> p) -> p := by sorry",
        "∀ (p q : Prop), ((p → q) → p) → p",
        "∀ p q : Prop, ((p → q) → p) → p",
    ],
)
def test_peirces_law_is_read_in_every_spelling_and_fails_in_two_worlds(source: str) -> None:
    question = read(source)
    assert question.formula == parse("((p1 -> p2) -> p1) -> p1")
    assert question.names == ("p", "q")
    found = answer(question)
    assert not found.proved
    assert found.model is not None
    assert found.model.worlds == 2
    assert not found.model.forces(question.formula)
    assert question.said(str(found.model)) == "2 worlds, 0 < 1; forced: p in {1}"


def test_ascii_and_lean_mean_the_same() -> None:
    plain, lean = read(r"a /\ b \/ ~c -> not d and True"), read("a ∧ b ∨ ¬c → ¬d ∧ ⊤")
    assert plain == lean
    assert str(plain) == "a ∧ b ∨ (c → False) → (d → False) ∧ True"


def test_a_proof_is_told_step_by_step_in_the_names_of_the_question() -> None:
    found = answer(read("rain -> rain or sun"))
    assert [(step.tactic, step.depth, step.hypotheses, step.goal) for step in found.steps] == [
        ("intro h1", 0, ("h1 : rain",), "rain ∨ sun"),
        ("apply Or.inl", 0, ("h1 : rain",), "rain"),
        ("exact h1", 0, (), ""),
    ]


def test_blocks_are_indented() -> None:
    found = answer(read("a ∨ b → b ∨ a"))
    assert [step.depth for step in found.steps] == [0, 0, 0, 1, 1, 0, 1, 1]


def test_a_theorem_keeps_its_name_and_its_atoms() -> None:
    found = answer(read("theorem twice (x y : Prop) : x → y → x := by"))
    assert found.lean == "theorem twice (x y : Prop) : x → y → x := by\n  intro h1\n  intro h2\n  exact h1\n"


def test_eleven_atoms_keep_their_names() -> None:
    names = [f"x{letter}" for letter in "abcdefghijk"]
    question = read(" -> ".join([*names, names[10]]))
    assert str(question) == " → ".join([*names, names[10]])
    assert answer(question).steps[-1].tactic == "exact h11"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "is not a formula"),
        ("a ->", "column 5"),
        ("a b", "is not a formula"),
        ("h1 -> h1", "atom h1 has the name of a hypothesis"),
        ("a ? b", "is not a formula"),
    ],
)
def test_what_is_no_statement_is_refused(source: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(source)


def test_a_search_that_is_given_up_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="larger --state-limit"):
        answer(read("(a -> b) -> (b -> c) -> a -> c"), state_limit=1)
