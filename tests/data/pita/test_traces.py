"""Is a search written down by Lean's rules, state after state, and never as a text too long for memory?"""

import pytest

from solv.data.pita import traces
from solv.data.pita.formulas import parse
from solv.data.pita.search import search
from solv.data.pita.subformulas import Subformulas
from solv.data.pita.traces import TraceTooLongError, prompt, render


def written(source: str) -> traces.Trace:
    formulas = Subformulas(parse(source))
    found = search(formulas, 1000)
    assert found.proved is not None
    return render(formulas, found.steps, found.proved)


def test_a_prompt_is_the_first_state() -> None:
    assert prompt("p1 → p1") == '<state id="0"><then>p1 → p1</then></state>|'


def test_the_identity_is_two_steps() -> None:
    trace = written("p1 → p1")
    assert trace.proof == (
        '<tactic>intro h1</tactic><state id="1"><if>h1 : p1</if><then>p1</then></state>'
        '<tactic>exact h1</tactic><state id="2"><complete /></state><success />'
    )
    assert (trace.length, trace.ops) == (2, ("exact", "intro h"))


def test_a_truth_is_one_step_and_a_bare_atom_fails_at_once() -> None:
    truth = written("True")
    assert truth.proof == '<tactic>apply True.intro</tactic><state id="1"><complete /></state><success />'
    assert (truth.length, truth.ops) == (1, ("apply True",))
    assert written("p1").proof == "<failure />"
    assert (written("p1").length, written("p1").ops) == (0, ())


@pytest.mark.parametrize(
    ("source", "ops", "said"),
    [
        ("False → p1", {"intro h", "efq"}, "apply False.elim h1"),
        ("True ∧ True", {"apply And", "apply True"}, "True.intro"),
        ("p1 ∨ p1 → p1", {"intro h", "cases Or", "exact"}, "case inl h"),
        ("p1 → p2 ∨ p1", {"intro h", "apply Or", "exact"}, "<backtrack"),
    ],
)
def test_each_kind_of_step_is_counted_and_said(source: str, ops: set[str], said: str) -> None:
    trace = written(source)
    assert ops <= set(trace.ops)
    assert said in trace.proof
    assert trace.proof.endswith("<success />")


def test_a_text_longer_than_memory_allows_is_not_written(monkeypatch) -> None:
    proof = written("p1 → p1").proof.removesuffix("<success />")
    monkeypatch.setattr(traces, "MOST_CHARACTERS", len(proof))
    assert written("p1 → p1").length == 2
    monkeypatch.setattr(traces, "MOST_CHARACTERS", len(proof) - 1)
    with pytest.raises(TraceTooLongError, match="valid: a lower state limit"):
        written("p1 → p1")
