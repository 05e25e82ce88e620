"""Is what refutes a statement a model of its own definition, the smallest there is, and said in words?"""

import pytest

from solv.data.pita.countermodels import CounterModel, counter_model
from solv.data.pita.formulas import parse

EXCLUDED_MIDDLE = parse("p1 ∨ ¬p1")


def test_forcing_is_that_of_the_definition() -> None:
    # p1 is learnt later: at the root neither p1 nor its negation is forced.
    later = CounterModel(2, ((0, 1),), {"p1": (1,)})
    assert not later.forces(EXCLUDED_MIDDLE)
    assert later.forces(EXCLUDED_MIDDLE, world=1)
    assert later.forces(parse("¬¬p1"))
    assert not later.forces(parse("¬¬p1 → p1"))
    assert later.forces(parse("True ∧ (False → p2)"))


@pytest.mark.parametrize(
    ("source", "worlds"),
    [
        ("p1", 1),
        ("p1 ∨ p2 → p1 ∧ p2", 1),
        ("p1 ∨ ¬p1", 2),
        ("((p1 → p2) → p1) → p1", 2),
        ("¬p1 ∨ ¬¬p1", 3),
        ("(p1 → p2) ∨ (p2 → p1)", 3),
        ("(¬p1 → p2 ∨ p3) → (¬p1 → p2) ∨ (¬p1 → p3)", 4),
    ],
)
def test_the_smallest_model_against_a_statement_is_found(source: str, worlds: int) -> None:
    statement = parse(source)
    model = counter_model(statement)
    assert model is not None
    assert model.worlds == worlds
    assert not model.forces(statement)
    for name, at in model.forced.items():  # what is forced stays forced above
        assert all(high in at for low, high in model.above if low in at), name


@pytest.mark.parametrize("source", ["p1 → p1", "¬¬(p1 ∨ ¬p1)", "True"])
def test_a_theorem_has_no_model_against_it(source: str) -> None:
    assert counter_model(parse(source)) is None


def test_many_atoms_are_refuted_by_a_valuation() -> None:
    names = [f"p{number}" for number in range(1, 16)]
    statement = parse(" ∧ ".join(names[:-1]) + f" → {names[-1]}")
    model = counter_model(statement)
    assert model is not None
    assert model.worlds == 1
    assert {name for name, at in model.forced.items() if at} == set(names[:-1])
    assert counter_model(parse(" ∧ ".join(names) + " → p7")) is None


def test_a_model_says_what_it_is() -> None:
    assert str(counter_model(parse("p1 → p2"))) == "classical valuation, true atoms: p1"
    assert str(counter_model(parse("p1"))) == "classical valuation, true atoms: none"
    assert str(CounterModel(2, ((0, 1),), {"p1": (1,)})) == "2 worlds, 0 < 1; forced: p1 in {1}"
    assert str(CounterModel(2, ((0, 1),), {"p1": ()})) == "2 worlds, 0 < 1; forced: no atom is forced anywhere"
