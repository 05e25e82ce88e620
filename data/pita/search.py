"""Is a statement provable, and what does looking for the proof look like? Focused search, depth first, with every step.

The calculus is the focused sequent calculus for intuitionistic propositional logic of arXiv:2404.07382, used by
arXiv:2602.14404:

inversion   →R, ∧R, True R on the goal; then ∨L, False L, ∧L on the hypotheses just met, newest first; atoms and
            implications are set aside as *stable*;
choice      the goal is an atom, ∨ or False: focus on it (unless a negative atom), then on each stable hypothesis,
            newest first;
focus       right: ∨ chooses a side, ∧ splits, a positive atom must be a stable hypothesis, all else ends the focus;
            left: → asks for its premise, ∧ chooses a side, a negative atom must be the goal, all else ends the focus.

Contraction is built in (a focused hypothesis stays), so a sequent met again on its own branch is refused. Stable
hypotheses only ever grow along a branch: an earlier equal sequent must have the same hypotheses, and the loop check is
one bit mask of the goals tried since the hypotheses last grew.

The search is a machine with two stacks, one of what remains to be done after a success (`rest`, a linked list shared
between alternatives) and one of alternatives after a failure (`choices`). A choice is committed once its goal is
proved (`_CUT`), and a failure in one of two goals abandons both. No recursion, hence no limit on depth.
"""

from dataclasses import dataclass
from typing import Any

from solv.data.pita.subformulas import (
    IS_AND,
    IS_FALSE,
    IS_IMPLIES,
    IS_NEGATIVE_ATOM,
    IS_OR,
    IS_POSITIVE_ATOM,
    IS_TRUE,
    Subformulas,
)

# A step is (operation, a, b, c): hypotheses are numbers in order of appearance, states are numbered from 0. Every
# operation but BACKTRACK makes a new state.
INTRO = 0  # intro a
SPLIT_GOAL = 1  # apply And.intro
TRIVIAL = 2  # apply True.intro
CASES = 3  # cases a
CASE_LEFT = 4  # case inl a => (c: what a says)
CASE_RIGHT = 5  # case inr a => (c: what a says)
ABSURD = 6  # apply False.elim a
TAKE_LEFT = 7  # have a := b.left
TAKE_RIGHT = 8  # have a := b.right
GO_LEFT = 9  # apply Or.inl
GO_RIGHT = 10  # apply Or.inr
PREMISE = 11  # have a : c := by
APPLY = 12  # have a := b c
EXACT = 13  # exact a
CLOSE = 14  # a block is complete, the enclosing one goes on
BACKTRACK = 15  # back to state a

Step = tuple[int, int, int, int]

# What remains to be done after a success ...
_CUT, _RIGHT_INVERSION, _OTHER_CASE, _CLOSE, _RIGHT_FOCUS, _AFTER_PREMISE = range(6)
# ... and the alternatives after a failure.
_TRY_GOAL, _TRY_HYPOTHESIS, _TRY_RIGHT_SIDE, _TRY_RIGHT_PART = range(4)
# Where the machine is.
_IN_RIGHT_INVERSION, _IN_LEFT_INVERSION, _IN_RIGHT_FOCUS, _IN_LEFT_FOCUS, _SUCCEED, _FAIL = range(6)


@dataclass(frozen=True, slots=True)
class Search:
    """Outcome of a search: `proved` is None when it was given up after `state_limit` states."""

    proved: bool | None
    steps: list[Step]
    states: int


def search(formulas: Subformulas, state_limit: int) -> Search:
    """Search for a proof of the statement.

    Args:
        formulas: the statement's subformulas.
        state_limit: the search is given up once it has made more states than this.

    Returns:
        The verdict, every step (failed ones and backtracking included) and the highest state number.

    Cost: about 1 microsecond a step; the number of steps can be exponential in the statement.
    """
    kind, left, right = formulas.kind, formulas.left, formulas.right
    steps: list[Step] = []
    emit = steps.append
    last = 0  # highest state so far
    state = 0  # the state the search is in
    fresh = 0  # highest hypothesis so far
    choices: list[Any] = []
    rest: Any = None

    mask = 0  # the stable hypotheses as a bit mask ...
    stable: tuple[tuple[int, int], ...] = ()  # ... and as (subformula, hypothesis), newest first
    seen = 0  # goals tried on this branch under this mask
    unstable: Any = None  # hypotheses not yet inverted: (subformula, hypothesis, next)
    goal = current = formulas.root
    name = 0
    at = _IN_RIGHT_INVERSION

    while True:
        if at == _IN_RIGHT_INVERSION:
            match kind[current]:
                case 0:  # IS_IMPLIES
                    fresh += 1
                    last += 1
                    state = last
                    emit((INTRO, fresh, 0, 0))
                    unstable = (left[current], fresh, unstable)
                    current = right[current]
                case 1:  # IS_AND
                    last += 1
                    state = last
                    emit((SPLIT_GOAL, 0, 0, 0))
                    rest = (_RIGHT_INVERSION, mask, stable, seen, unstable, right[current], rest)
                    current = left[current]
                case 3:  # IS_TRUE
                    last += 1
                    state = last
                    emit((TRIVIAL, 0, 0, 0))
                    at = _SUCCEED
                case _:
                    goal = current
                    at = _IN_LEFT_INVERSION

        elif at == _IN_LEFT_INVERSION:
            at = _FAIL  # until a choice is found
            while unstable is not None:
                current, name, unstable = unstable
                sort = kind[current]
                if sort == IS_OR:
                    fresh += 1
                    last += 2
                    state = last
                    emit((CASES, name, 0, 0))
                    emit((CASE_LEFT, fresh, 0, left[current]))
                    rest = (_OTHER_CASE, mask, stable, seen, (unstable, goal), right[current], rest)
                    unstable = (left[current], fresh, unstable)
                elif sort == IS_AND:
                    fresh += 2
                    last += 2
                    state = last
                    emit((TAKE_LEFT, fresh - 1, name, 0))
                    emit((TAKE_RIGHT, fresh, name, 0))
                    unstable = (left[current], fresh - 1, (right[current], fresh, unstable))
                elif sort == IS_FALSE:
                    last += 1
                    state = last
                    emit((ABSURD, name, 0, 0))
                    at = _SUCCEED
                    break
                elif sort != IS_TRUE and not mask >> current & 1:
                    mask |= 1 << current
                    stable = ((current, name), *stable)
                    seen = 0
            if at == _SUCCEED or seen >> goal & 1:
                continue
            if last > state_limit:
                return Search(None, steps, last)
            seen |= 1 << goal
            alternatives = [
                (_TRY_HYPOTHESIS, held, held_name)
                for held, held_name in reversed(stable)
                if kind[held] != IS_POSITIVE_ATOM
            ]
            if kind[goal] != IS_NEGATIVE_ATOM:
                alternatives.append((_TRY_GOAL, goal, 0))
            rest = (_CUT, 0, 0, 0, 0, len(choices), rest)
            choices.append((state, alternatives, mask, stable, seen, goal, rest))

        elif at == _IN_RIGHT_FOCUS:
            sort = kind[current]
            if sort == IS_OR:
                rest = (_CUT, 0, 0, 0, 0, len(choices), rest)
                choices.append((state, [(_TRY_RIGHT_SIDE, right[current], 0)], mask, stable, seen, goal, rest))
                last += 1
                state = last
                emit((GO_LEFT, 0, 0, 0))
                current = left[current]
            elif sort == IS_POSITIVE_ATOM:
                at = _FAIL
                if mask >> current & 1:
                    for held, held_name in stable:
                        if held == current:
                            last += 1
                            state = last
                            emit((EXACT, held_name, 0, 0))
                            at = _SUCCEED
                            break
            elif sort == IS_AND:
                last += 1
                state = last
                emit((SPLIT_GOAL, 0, 0, 0))
                rest = (_RIGHT_FOCUS, mask, stable, seen, goal, right[current], rest)
                current = left[current]
            elif sort == IS_FALSE:
                at = _FAIL
            else:
                unstable = None
                at = _IN_RIGHT_INVERSION

        elif at == _IN_LEFT_FOCUS:
            sort = kind[current]
            if sort == IS_IMPLIES:
                fresh += 1
                last += 1
                state = last
                emit((PREMISE, fresh, 0, left[current]))
                rest = (_AFTER_PREMISE, mask, stable, seen, (goal, name, fresh), right[current], rest)
                current = left[current]
                at = _IN_RIGHT_FOCUS
            elif sort == IS_NEGATIVE_ATOM:
                at = _FAIL
                if current == goal:
                    last += 1
                    state = last
                    emit((EXACT, name, 0, 0))
                    at = _SUCCEED
            elif sort == IS_AND:
                rest = (_CUT, 0, 0, 0, 0, len(choices), rest)
                choices.append((state, [(_TRY_RIGHT_PART, right[current], name)], mask, stable, seen, goal, rest))
                fresh += 1
                last += 1
                state = last
                emit((TAKE_LEFT, fresh, name, 0))
                current, name = left[current], fresh
            elif sort == IS_TRUE:
                at = _FAIL
            else:
                unstable = (current, name, None)
                at = _IN_LEFT_INVERSION

        elif at == _SUCCEED:
            if rest is None:
                return Search(True, steps, last)
            task, mask, stable, seen, more, current, rest = rest
            if task == _CUT:
                del choices[current:]
            elif task == _CLOSE:
                last += 1
                state = last
                emit((CLOSE, 0, 0, 0))
            elif task == _OTHER_CASE:
                fresh += 1
                last += 2
                state = last
                emit((CLOSE, 0, 0, 0))
                emit((CASE_RIGHT, fresh, 0, current))
                unstable, goal = more
                unstable = (current, fresh, unstable)
                rest = (_CLOSE, 0, 0, 0, 0, 0, rest)
                at = _IN_LEFT_INVERSION
            elif task == _AFTER_PREMISE:
                goal, name, premise = more
                fresh += 1
                last += 2
                state = last
                emit((CLOSE, 0, 0, 0))
                emit((APPLY, fresh, name, premise))
                name = fresh
                at = _IN_LEFT_FOCUS
            elif task == _RIGHT_INVERSION:
                unstable = more
                at = _IN_RIGHT_INVERSION
            else:
                goal = more
                at = _IN_RIGHT_FOCUS

        else:  # _FAIL
            if not choices:
                return Search(False, steps, last)
            origin, alternatives, mask, stable, seen, goal, rest = choices[-1]
            if state != origin:
                state = origin
                emit((BACKTRACK, origin, 0, 0))
            if not alternatives:
                choices.pop()
                continue
            way, current, name = alternatives.pop()
            if way == _TRY_GOAL:
                at = _IN_RIGHT_FOCUS
            elif way == _TRY_HYPOTHESIS:
                at = _IN_LEFT_FOCUS
            elif way == _TRY_RIGHT_SIDE:
                last += 1
                state = last
                emit((GO_RIGHT, 0, 0, 0))
                at = _IN_RIGHT_FOCUS
            else:
                fresh += 1
                last += 1
                state = last
                emit((TAKE_RIGHT, fresh, name, 0))
                name = fresh
                at = _IN_LEFT_FOCUS


def successful_path(found: Search) -> list[Step]:
    """The steps of the proof alone: failed tries dropped, hypotheses numbered anew in order of appearance."""
    kept: list[Step] = []
    length_at = [0]  # how many steps were kept when a state was made
    for step in found.steps:
        if step[0] == BACKTRACK:
            del kept[length_at[step[1]] :]
        else:
            kept.append(step)
            length_at.append(len(kept))
    names = {0: 0}
    renamed: list[Step] = []
    for operation, first, second, third in kept:
        new = names.setdefault(first, len(names))
        if operation in (PREMISE, CASE_LEFT, CASE_RIGHT):
            renamed.append((operation, new, 0, third))
        else:
            renamed.append((operation, new, names[second], names[third]))
    return renamed
