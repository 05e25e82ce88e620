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

The search is a machine of six phases, each a function that goes on with the sequent at hand and says which phase is
next. It has two stacks: what remains to be done after a success (`rest`, a linked list shared between alternatives) and
the alternatives after a failure (`choices`). A choice is committed once its goal is proved (`_CUT`), and a failure in
one of two goals abandons both. No recursion, hence no limit on depth.
"""

from collections.abc import Callable
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

#: A phase says which one is next; none is once the search is over.
_Phase = Callable[["_Machine"], "_Phase | None"]

# What remains to be done after a success ...
_CUT, _CLOSE, _OTHER_GOAL, _OTHER_CASE, _OTHER_PART, _AFTER_PREMISE = range(6)
# ... and which alternatives a choice has after a failure.
_HYPOTHESES, _RIGHT_SIDE, _RIGHT_PART = range(3)

# Steps that say no more than their operation.
_SPLIT_GOAL, _TRIVIAL, _GO_LEFT, _GO_RIGHT, _CLOSE_BLOCK = (
    (operation, 0, 0, 0) for operation in (SPLIT_GOAL, TRIVIAL, GO_LEFT, GO_RIGHT, CLOSE)
)

#: Stable hypotheses: their bit mask, those that can be focused on, and the goals tried since they last grew.
_Stable = tuple[int, tuple[int, ...], int]
_NOTHING: _Stable = (0, (), 0)


@dataclass(slots=True)  # not frozen: making that takes a tenth as long as a short search
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

    Cost: 0.2 to 0.5 microseconds a step; the number of steps can be exponential in the statement.
    """
    machine = _start(formulas, state_limit)
    phase: _Phase | None = _invert_goal
    while phase is not None:
        phase = phase(machine)
    return Search(machine.proved, machine.steps, len(machine.steps) - machine.backtracks)


@dataclass(slots=True, init=False)
class _Machine:
    """The sequent at hand and what is still to be done. Subformulas and hypotheses are numbers.

    Attributes:
        steps, emit: every step so far, and its `append`.
        fresh: the highest hypothesis.
        backtracks, returned: how many steps went back (all others made a state), and how many steps there were after
            the last of these (-1: none).
        stable: the stable hypotheses, (mask, usable, seen): as a bit mask; those that can be focused on (all but
            positive atoms), newest last; the goals tried on this branch under this mask.
        names: hypothesis that a stable subformula is. One entry a subformula is enough: whoever comes back to a sequent
            has left it for larger ones alone, in which it kept its hypotheses and their names.
        goal: what is to be proved once its inversion is over.
        unstable: hypotheses not yet inverted, (subformula, hypothesis, next) or None.
        rest: (task, stable, what the task needs, goal, subformula, next), or for what changes no sequent (task, next).
        choices: (state, alternatives, way, name, stable, goal, rest), one for each `_CUT` in `rest`.
        current, name: the subformula that a phase works on, and the hypothesis that it is (in a focus on one).
        proved: the verdict, None until there is one.
    """

    kind: list[int]
    left: list[int]
    right: list[int]
    state_limit: int
    steps: list[Step]
    emit: Callable[[Step], None]
    fresh: int
    backtracks: int
    returned: int
    stable: _Stable
    names: list[int]
    goal: int
    unstable: Any
    rest: Any
    choices: list[Any]
    current: int
    name: int
    proved: bool | None


def _start(formulas: Subformulas, state_limit: int) -> _Machine:
    """The machine before its first step. (A constructor would be called by way of C, for 2 % of a short search.)"""
    machine = _Machine()
    machine.kind, machine.left, machine.right = formulas.kind, formulas.left, formulas.right
    machine.state_limit = state_limit
    steps: list[Step] = []
    machine.steps = steps
    machine.emit = steps.append
    machine.fresh = machine.backtracks = 0
    machine.returned = -1
    machine.stable = _NOTHING
    machine.names = [0] * len(formulas.kind)
    machine.current = formulas.root
    machine.choices = []
    machine.unstable = machine.rest = machine.proved = None
    return machine


def _invert_goal(machine: _Machine) -> _Phase | None:
    """→R, ∧R, True R, until the goal is an atom, ∨ or False."""
    kind, emit = machine.kind, machine.emit
    current, unstable = machine.current, machine.unstable
    while True:
        sort = kind[current]
        if sort == IS_IMPLIES:
            machine.fresh = fresh = machine.fresh + 1
            emit((INTRO, fresh, 0, 0))
            unstable = (machine.left[current], fresh, unstable)
            current = machine.right[current]
        elif sort == IS_AND:
            emit(_SPLIT_GOAL)
            machine.rest = (_OTHER_GOAL, machine.stable, unstable, 0, machine.right[current], machine.rest)
            current = machine.left[current]
        elif sort == IS_TRUE:
            emit(_TRIVIAL)
            return _succeed
        else:
            machine.goal = current
            machine.unstable = unstable
            return _invert_hypotheses


def _invert_hypotheses(machine: _Machine) -> _Phase | None:
    """∨L, False L, ∧L on the hypotheses just met, newest first; what cannot be inverted becomes stable."""
    kind, emit = machine.kind, machine.emit
    unstable = machine.unstable
    mask, usable, seen = machine.stable
    while unstable is not None:
        current, name, unstable = unstable
        sort = kind[current]
        if sort == IS_OR:
            machine.fresh = fresh = machine.fresh + 1
            left, right = machine.left[current], machine.right[current]
            emit((CASES, name, 0, 0))
            emit((CASE_LEFT, fresh, 0, left))
            machine.rest = (_OTHER_CASE, (mask, usable, seen), unstable, machine.goal, right, machine.rest)
            unstable = (left, fresh, unstable)
        elif sort == IS_AND:
            machine.fresh = fresh = machine.fresh + 2
            emit((TAKE_LEFT, fresh - 1, name, 0))
            emit((TAKE_RIGHT, fresh, name, 0))
            unstable = (machine.left[current], fresh - 1, (machine.right[current], fresh, unstable))
        elif sort == IS_FALSE:
            emit((ABSURD, name, 0, 0))
            return _succeed
        elif sort != IS_TRUE and not mask >> current & 1:
            mask |= 1 << current
            machine.names[current] = name
            seen = 0
            if sort != IS_POSITIVE_ATOM:
                usable = (*usable, current)
    goal = machine.goal
    if seen >> goal & 1:
        return _fail
    machine.stable = (mask, usable, seen | 1 << goal)
    return _choose(machine, goal, usable)


def _choose(machine: _Machine, goal: int, usable: tuple[int, ...]) -> _Phase | None:
    """Focus on the goal, unless it is a negative atom; if that fails, on each stable hypothesis, newest first."""
    steps = machine.steps
    state = (count := len(steps)) - machine.backtracks
    if state > machine.state_limit:
        return None
    if count == machine.returned:
        state = steps[-1][1]
    alternatives = [*usable]
    phase: _Phase = _focus_goal
    if machine.kind[goal] != IS_NEGATIVE_ATOM:
        machine.current = goal
    elif alternatives:
        machine.current = newest = alternatives.pop()
        machine.name = machine.names[newest]
        phase = _focus_hypothesis
    else:
        return _fail
    machine.rest = rest = (_CUT, machine.rest)
    machine.choices.append((state, alternatives, _HYPOTHESES, 0, machine.stable, goal, rest))
    return phase


def _offer(machine: _Machine, way: int, alternative: int, name: int) -> None:
    """Come back to this focus for the alternative if what is tried now fails."""
    steps = machine.steps
    state = len(steps)
    state = steps[-1][1] if state == machine.returned else state - machine.backtracks
    machine.rest = rest = (_CUT, machine.rest)
    machine.choices.append((state, [alternative], way, name, machine.stable, machine.goal, rest))


def _focus_goal(machine: _Machine) -> _Phase | None:
    """∨R chooses a side, ∧R splits, a positive atom must be a stable hypothesis, all else ends the focus."""
    kind = machine.kind
    current = machine.current
    while True:
        sort = kind[current]
        if sort == IS_POSITIVE_ATOM:
            if not machine.stable[0] >> current & 1:
                return _fail
            machine.emit((EXACT, machine.names[current], 0, 0))
            return _succeed
        if sort == IS_OR:
            _offer(machine, _RIGHT_SIDE, machine.right[current], 0)
            machine.emit(_GO_LEFT)
            current = machine.left[current]
        elif sort == IS_AND:
            machine.emit(_SPLIT_GOAL)
            machine.rest = (_OTHER_PART, machine.stable, None, machine.goal, machine.right[current], machine.rest)
            current = machine.left[current]
        elif sort == IS_FALSE:
            return _fail
        else:
            machine.unstable = None
            machine.current = current
            return _invert_goal


def _focus_hypothesis(machine: _Machine) -> _Phase | None:
    """→L asks for its premise, ∧L chooses a side, a negative atom must be the goal, all else ends the focus."""
    kind = machine.kind
    current, name = machine.current, machine.name
    while True:
        sort = kind[current]
        if sort == IS_IMPLIES:
            machine.current = premise = machine.left[current]
            machine.fresh = fresh = machine.fresh + 1
            machine.emit((PREMISE, fresh, 0, premise))
            conclusion = machine.right[current]
            machine.rest = (_AFTER_PREMISE, machine.stable, (name, fresh), machine.goal, conclusion, machine.rest)
            return _focus_goal
        if sort == IS_NEGATIVE_ATOM:
            if current != machine.goal:
                return _fail
            machine.emit((EXACT, name, 0, 0))
            return _succeed
        if sort == IS_AND:
            _offer(machine, _RIGHT_PART, machine.right[current], name)
            machine.fresh = fresh = machine.fresh + 1
            machine.emit((TAKE_LEFT, fresh, name, 0))
            current, name = machine.left[current], fresh
        elif sort == IS_TRUE:
            return _fail
        else:
            machine.unstable = (current, name, None)
            return _invert_hypotheses


def _succeed(machine: _Machine) -> _Phase | None:
    """A goal is proved: go on with what remains to be done."""
    rest = machine.rest
    while rest is not None:
        task = rest[0]
        if task == _CUT:
            machine.choices.pop()
        elif task == _CLOSE:
            machine.emit(_CLOSE_BLOCK)
        else:
            break
        rest = rest[1]
    else:
        machine.proved = True
        return None
    _, machine.stable, more, machine.goal, current, machine.rest = rest
    machine.current = current
    if task == _AFTER_PREMISE:
        name, premise = more
        machine.name = machine.fresh = fresh = machine.fresh + 1
        machine.emit(_CLOSE_BLOCK)
        machine.emit((APPLY, fresh, name, premise))
        return _focus_hypothesis
    if task == _OTHER_CASE:
        machine.fresh = fresh = machine.fresh + 1
        machine.emit(_CLOSE_BLOCK)
        machine.emit((CASE_RIGHT, fresh, 0, current))
        machine.unstable = (current, fresh, more)
        machine.rest = (_CLOSE, machine.rest)
        return _invert_hypotheses
    machine.unstable = more
    return _invert_goal if task == _OTHER_GOAL else _focus_goal


def _fail(machine: _Machine) -> _Phase | None:
    """Go back to the last choice that has an alternative left, and try it."""
    choices, steps = machine.choices, machine.steps
    state = len(steps)  # every step made a state, but for those that went back to one
    state = steps[-1][1] if state == machine.returned else state - machine.backtracks
    while choices:
        origin, alternatives, way, name, stable, goal, rest = choices[-1]
        if state != origin:
            state = origin
            machine.backtracks += 1
            steps.append((BACKTRACK, origin, 0, 0))
            machine.returned = len(steps)
        if alternatives:
            break
        choices.pop()
    else:
        machine.proved = False
        return None
    machine.stable, machine.goal, machine.rest = stable, goal, rest
    machine.current = current = alternatives.pop()
    if way == _HYPOTHESES:
        machine.name = machine.names[current]
        return _focus_hypothesis
    if way == _RIGHT_SIDE:
        steps.append(_GO_RIGHT)
        return _focus_goal
    machine.name = machine.fresh = fresh = machine.fresh + 1
    steps.append((TAKE_RIGHT, fresh, name, 0))
    return _focus_hypothesis


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
