"""Does the checker refuse what is not a proof?"""

import random
import re

import pytest

from solv.data.pita.checker import TraceError, check
from solv.data.pita.formulas import Formula, parse
from solv.data.pita.search import search
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.subformulas import Subformulas
from solv.data.pita.traces import render

SYLLOGISM = "(p1 -> p2) -> (p2 -> p3) -> p1 -> p3"


def written(statement: Formula) -> str:
    formulas = Subformulas(statement)
    found = search(formulas, 100_000)
    assert found.proved is not None
    return render(formulas, found.steps, found.proved).proof


def test_a_proof_by_hand_is_accepted() -> None:
    proof = (
        '<tactic>intro h1</tactic><state id="1"><if>h1 : p1</if><then>p1</then></state>'
        '<tactic>exact h1</tactic><state id="2"><complete /></state><success />'
    )
    checked = check(parse("p1 -> p1"), proof)
    assert (checked.proved, checked.length, checked.backtracks) == (True, 2, 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exact h1", "exact h2"),
        ("<success />", "<failure />"),
        ("<success />", ""),
        ('id="2"', 'id="3"'),
        ("h1 : p1", "h1 : p2"),
    ],
)
def test_a_changed_word_is_refused(old: str, new: str) -> None:
    statement = parse("p1 -> p1")
    proof = written(statement)
    assert old in proof
    with pytest.raises(TraceError):
        check(statement, proof.replace(old, new, 1))


def test_the_proof_of_another_statement_is_refused() -> None:
    with pytest.raises(TraceError):
        check(parse("(p1 -> p2) -> (p2 -> p3) -> p1 -> p2"), written(parse(SYLLOGISM)))


def test_success_with_a_goal_left_is_refused() -> None:
    proof = '<tactic>intro h1</tactic><state id="1"><if>h1 : p1</if><then>p2</then></state><success />'
    with pytest.raises(TraceError, match="goal left"):
        check(parse("p1 -> p2"), proof)


def test_closing_a_goal_with_a_hypothesis_that_says_something_else_is_refused() -> None:
    proof = (
        '<tactic>intro h1</tactic><state id="1"><if>h1 : p1</if><then>p2</then></state>'
        '<tactic>exact h1</tactic><state id="2"><complete /></state><success />'
    )
    with pytest.raises(TraceError, match="h1 is not the goal"):
        check(parse("p1 -> p2"), proof)


def test_no_single_step_can_be_left_out_doubled_or_replaced() -> None:
    stream = random.Random(0)
    split = open_split(SplitSpec("full", 6))
    tried = 0
    for _ in range(150):
        statement = split[stream.randrange(split.count)]
        proof = written(statement)
        steps = re.findall(r"(?:<tactic>[^<]*</tactic>|<backtrack[^>]*>)?<state .*?</state>", proof)
        if len(steps) < 2:
            continue
        place = stream.randrange(len(steps) - 1)
        ending = proof[len("".join(steps)) :]
        for changed in (
            [*steps[:place], *steps[place + 1 :]],
            [*steps[:place], steps[place], *steps[place:]],
            [*steps[:place], steps[-1], *steps[place + 1 :]],
        ):
            # Going back twice in a row, or leaving out a return that changes nothing, is harmless and legal.
            if changed == steps or "<backtrack" in steps[place] or "<backtrack" in steps[-1]:
                continue
            tried += 1
            with pytest.raises(TraceError):
                check(statement, "".join(changed) + ending)
    assert tried > 100
