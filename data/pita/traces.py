"""How is a search written down? The steps replayed by Lean's rules, one state after another, as one string.

    <tactic>intro h1</tactic><state id="1"><if>h1 : p1</if><then>p1</then></state>
    <tactic>exact h1</tactic><state id="2"><complete /></state><success />

A state is the first open goal of the innermost block, its hypotheses in Lean's order, or `<complete />` when the block
has no goal left; then the enclosing block's state follows under a new number, without a tactic. `cases h` removes h and
adds an unnamed `h✝`, which `case inl h2 =>` names. `<backtrack to="k" />` is followed by state k again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solv.data.pita.search import (
    ABSURD,
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
    Step,
)
from solv.data.pita.subformulas import Subformulas

#: Ends a prompt; what a model completes begins after it.
SEPARATOR = "|"

#: The kind of step behind each operation, as the paper counts them; a closed block and a backtrack are none.
KINDS = {
    INTRO: "intro h",
    SPLIT_GOAL: "apply And",
    TRIVIAL: "apply True",
    CASES: "cases Or",
    CASE_LEFT: "cases Or",
    CASE_RIGHT: "cases Or",
    ABSURD: "efq",
    TAKE_LEFT: "split And",
    TAKE_RIGHT: "split And",
    GO_LEFT: "apply Or",
    GO_RIGHT: "apply Or",
    PREMISE: "split Imply",
    APPLY: "split Imply",
    EXACT: "exact",
}


#: A worker's memory is bounded: a longer text is not written.
MOST_CHARACTERS = 1 << 26


class TraceTooLongError(ValueError):
    """A search whose text would not fit into memory beside others."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A search as text: `length` is the highest state number, `ops` the kinds of steps taken, sorted."""

    proof: str
    length: int
    ops: tuple[str, ...]


def prompt(statement: str) -> str:
    """The first state, which a trace continues."""
    return f'<state id="0"><then>{statement}</then></state>{SEPARATOR}'


def render(formulas: Subformulas, steps: list[Step], proved: bool) -> Trace:
    """Write down the steps of a search. Cost: linear in the length of the text.

    Raises:
        TraceTooLongError: the text would have more than `MOST_CHARACTERS`.
    """
    say = formulas.text
    left, right = formulas.left, formulas.right
    # A goal is (hypotheses as text, subformula, next goal of its block and beyond); a block ends with subformula -1.
    means: dict[int, int] = {}  # hypothesis -> subformula, one meaning throughout a trace
    here: Any = ("", formulas.root, None)
    states: list[Any] = [here]
    out: list[str] = []
    operations: set[int] = set()
    number = characters = 0
    for operation, first, second, third in steps:
        if operation == BACKTRACK:
            here = states[first]
            out.append(f'<backtrack to="{first}" /><state id="{first}">{_body(here, say)}')
            characters += len(out[-1])
            continue
        operations.add(operation)
        held, goal, after = here
        if operation == INTRO:
            means[first] = left[goal]
            here = (f"{held}<if>h{first} : {say(left[goal])}</if>", right[goal], after)
            tactic = f"intro h{first}"
        elif operation == EXACT:
            here = after
            tactic = f"exact h{first}"
        elif operation == GO_LEFT:
            here = (held, left[goal], after)
            tactic = "apply Or.inl"
        elif operation == GO_RIGHT:
            here = (held, right[goal], after)
            tactic = "apply Or.inr"
        elif operation == PREMISE:
            means[first] = third
            said = say(third)
            here = (held, third, ("", -1, (f"{held}<if>h{first} : {said}</if>", goal, after)))
            tactic = f"have h{first} : {said} := by"
        elif operation == APPLY:
            means[first] = right[means[second]]
            here = (f"{held}<if>h{first} : {say(means[first])}</if>", goal, after)
            tactic = f"have h{first} := h{second} h{third}"
        elif operation == CLOSE:
            while here[1] >= 0:  # goals that are given up
                here = here[2]
            here = here[2]
            tactic = ""
        elif operation == TAKE_LEFT:
            means[first] = left[means[second]]
            here = (f"{held}<if>h{first} : {say(means[first])}</if>", goal, after)
            tactic = f"have h{first} := h{second}.left"
        elif operation == TAKE_RIGHT:
            means[first] = right[means[second]]
            here = (f"{held}<if>h{first} : {say(means[first])}</if>", goal, after)
            tactic = f"have h{first} := h{second}.right"
        elif operation == SPLIT_GOAL:
            here = (held, left[goal], (held, right[goal], after))
            tactic = "apply And.intro"
        elif operation == CASES:
            whole = means[first]
            held = held.replace(f"<if>h{first} : {say(whole)}</if>", "", 1)
            one, other = left[whole], right[whole]
            here = (f"{held}<if>h✝ : {say(other)}</if>", goal, after)
            here = (f"{held}<if>h✝ : {say(one)}</if>", goal, here)
            tactic = f"cases h{first}"
        elif operation in (CASE_LEFT, CASE_RIGHT):
            means[first] = third
            side = "inl" if operation == CASE_LEFT else "inr"
            here = (held.replace("<if>h✝ :", f"<if>h{first} :", 1), goal, ("", -1, after))
            tactic = f"case {side} h{first} =>"
        elif operation == TRIVIAL:
            here = after
            tactic = "apply True.intro"
        else:
            here = after
            tactic = f"apply False.elim h{first}"
        number += 1
        states.append(here)
        said = f"<tactic>{tactic}</tactic>" if tactic else ""
        out.append(f'{said}<state id="{number}">{_body(here, say)}')
        characters += len(out[-1])
        if characters > MOST_CHARACTERS:
            raise TraceTooLongError(f"a trace of more than {MOST_CHARACTERS} characters; valid: a lower state limit")
    out.append("<success />" if proved else "<failure />")
    return Trace("".join(out), number, tuple(sorted({KINDS[operation] for operation in operations - {CLOSE}})))


def _body(here: Any, say: Callable[[int], str]) -> str:
    if here is None or here[1] < 0:
        return "<complete /></state>"
    return f"{here[0]}<then>{say(here[1])}</then></state>"
