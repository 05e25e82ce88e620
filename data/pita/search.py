"""Is a statement provable, and what does looking for the proof look like? Focused search, depth first, with every step.

The calculus is the focused sequent calculus for intuitionistic propositional logic of arXiv:2404.07382, used by
arXiv:2602.14404:

inversion   →R, ∧R, True R on the goal; then ∨L, False L, ∧L on the hypotheses just met, newest first; atoms and
            implications are set aside as *stable*;
choice      the goal is an atom, ∨ or False: focus on it (unless a negative atom), then on each stable hypothesis,
            newest first;
focus       right: ∨ chooses a side, ∧ splits, a positive atom must be a stable hypothesis, all else ends the focus;
            left: → asks for its premise, ∧ chooses a side, a negative atom must be the goal, all else ends the focus.

Contraction is built in (a focused hypothesis stays), so a sequent met again on its own branch is refused. The formulas
of the stable hypotheses only ever grow along a branch: an earlier equal sequent must have the same ones, and the loop
check is one bit mask of the goals tried since they last grew.

Two searches find the same verdicts in the same order of choices and differ in what a failure ends:

paper    the search behind the published data set. ∨L and →L walk through *both* halves although the first has failed
         (a conjunction stops at the first failure), so that a block may end with its goal given up; and a hypothesis
         that is held already is held again under its new name, to be focused on once more.
pruned   a failure ends all that needs what failed, and a hypothesis that is held already is not held twice.

The search is a machine whose phases are functions: each goes on with the sequent at hand and says which phase is next.
What remains to be done, and which alternatives a choice has left, is one stack of frames (`rest`), which the verdict of
a finished part walks down. No recursion, hence no limit on depth.
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

#: Which search: that of the published data set, or one that stops at the first failure.
SEARCHES = ("paper", "pruned")

#: A phase says which one is next; none is once the search is over.
_Phase = Callable[["_Machine"], "_Phase | None"]

# What remains to be done with a verdict: the first word of a frame.
_CHOICE = 0  # state, alternatives, stable, goal: try the next alternative after a failure
_OTHER_GOAL = 1  # stable, unstable, subformula: the right part of ∧, to be inverted
_OTHER_PART = 2  # stable, subformula: the right part of ∧, in focus
_OTHER_CASE = 3  # stable, unstable, goal, subformula: case inr
_LAST_CASE = 4  # verdict of case inl
_AFTER_PREMISE = 5  # stable, goal, name, premise, subformula: the conclusion of →, in focus
_PREMISE_FAILED = 6  # whatever becomes of the conclusion
_UNSEEN = 7  # steps, backtracks: what they were before the part that is not written down

# Steps that say no more than their operation.
_SPLIT_GOAL, _TRIVIAL, _GO_LEFT, _GO_RIGHT, _CLOSE_BLOCK = (
    (operation, 0, 0, 0) for operation in (SPLIT_GOAL, TRIVIAL, GO_LEFT, GO_RIGHT, CLOSE)
)

#: A hypothesis: subformula and name. Among the alternatives of a choice the name 0 stands for the right side of a goal
#: ∨, and -n for the right part of hypothesis n, an ∧.
_Held = tuple[int, int]

#: Stable hypotheses, newest last: their subformulas as a bit mask, those that can be focused on, the positive atoms,
#: and the goals tried since the mask last grew.
_Stable = tuple[int, tuple[_Held, ...], tuple[_Held, ...], int]
_NOTHING: _Stable = (0, (), (), 0)


@dataclass(slots=True)  # not frozen: making that takes a tenth as long as a short search
class Search:
    """Outcome of a search: `proved` is None when it was given up after `state_limit` states."""

    proved: bool | None
    steps: list[Step]
    states: int


def search(formulas: Subformulas, state_limit: int, *, pruned: bool = False) -> Search:
    """Search for a proof of the statement.

    Args:
        formulas: the statement's subformulas.
        state_limit: the search is given up once it has made more states than this.
        pruned: whether the first failure ends all that needs what failed (see the module).

    Returns:
        The verdict, every step (failed ones and backtracking included) and the highest state number.

    Cost: 0.2 to 0.5 microseconds a step; the number of steps can be exponential in the statement.
    """
    machine = _start(formulas, state_limit, pruned)
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
        backtracks: how many steps went back; all others made a state.
        stable: the stable hypotheses.
        goal: what is to be proved once its inversion is over.
        unstable: hypotheses not yet inverted, (subformula, hypothesis, next) or None.
        rest: frames of what remains to be done, the next one last.
        current, name: the subformula that a phase works on, and the hypothesis that it is (in a focus on one).
        verdict: of the part that was finished last.
        proved: the verdict on the statement, None until there is one.
    """

    kind: list[int]
    left: list[int]
    right: list[int]
    state_limit: int
    pruned: bool
    steps: list[Step]
    emit: Callable[[Step], None]
    fresh: int
    backtracks: int
    stable: _Stable
    goal: int
    unstable: Any
    rest: list[Any]
    current: int
    name: int
    verdict: bool
    proved: bool | None


def _start(formulas: Subformulas, state_limit: int, pruned: bool) -> _Machine:
    """The machine before its first step. (A constructor would be called by way of C, for 2 % of a short search.)"""
    machine = _Machine()
    machine.kind, machine.left, machine.right = formulas.kind, formulas.left, formulas.right
    machine.state_limit, machine.pruned = state_limit, pruned
    steps: list[Step] = []
    machine.steps = steps
    machine.emit = steps.append
    machine.fresh = machine.backtracks = 0
    machine.stable = _NOTHING
    machine.current = formulas.root
    machine.rest = []
    machine.unstable = machine.proved = None
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
            machine.rest.append((_OTHER_GOAL, machine.stable, unstable, machine.right[current]))
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
    mask, usable, atoms, seen = machine.stable
    while unstable is not None:
        current, name, unstable = unstable
        sort = kind[current]
        if sort == IS_OR:
            machine.fresh = fresh = machine.fresh + 1
            left, right = machine.left[current], machine.right[current]
            emit((CASES, name, 0, 0))
            emit((CASE_LEFT, fresh, 0, left))
            machine.rest.append((_OTHER_CASE, (mask, usable, atoms, seen), unstable, machine.goal, right))
            unstable = (left, fresh, unstable)
        elif sort == IS_AND:
            machine.fresh = fresh = machine.fresh + 2
            emit((TAKE_LEFT, fresh - 1, name, 0))
            emit((TAKE_RIGHT, fresh, name, 0))
            unstable = (machine.left[current], fresh - 1, (machine.right[current], fresh, unstable))
        elif sort == IS_FALSE:
            emit((ABSURD, name, 0, 0))
            return _succeed
        elif sort != IS_TRUE:
            if not mask >> current & 1:
                mask |= 1 << current
                seen = 0
            elif machine.pruned:
                continue
            if sort == IS_POSITIVE_ATOM:
                atoms = (*atoms, (current, name))
            else:
                usable = (*usable, (current, name))
    goal = machine.goal
    if seen >> goal & 1:
        return _fail
    machine.stable = (mask, usable, atoms, seen | 1 << goal)
    return _choose


def _choose(machine: _Machine) -> _Phase | None:
    """Focus on the goal, unless it is a negative atom; if that fails, on each stable hypothesis, newest first."""
    state = len(machine.steps) - machine.backtracks
    if state > machine.state_limit:
        return None
    goal = machine.goal
    sort = machine.kind[goal]
    if sort == IS_POSITIVE_ATOM and machine.stable[0] >> goal & 1:
        return _exact(machine, goal)
    alternatives = [*machine.stable[1]]
    if sort == IS_OR:
        alternatives.append((machine.right[goal], 0))
        machine.rest.append((_CHOICE, state, alternatives, machine.stable, goal))
        machine.emit(_GO_LEFT)
        machine.current = machine.left[goal]
        return _focus_goal
    machine.rest.append((_CHOICE, state, alternatives, machine.stable, goal))
    phase = _next_alternative(machine, alternatives)
    if phase is None:
        machine.rest.pop()
        return _fail
    return phase


def _exact(machine: _Machine, atom: int) -> _Phase:
    """Close the goal with the newest hypothesis that says it."""
    for held, name in reversed(machine.stable[2]):
        if held == atom:
            machine.emit((EXACT, name, 0, 0))
            break
    return _succeed


def _focus_goal(machine: _Machine) -> _Phase | None:
    """∨R chooses a side, ∧R splits, a positive atom must be a stable hypothesis, all else ends the focus."""
    kind = machine.kind
    current = machine.current
    while True:
        sort = kind[current]
        if sort == IS_POSITIVE_ATOM:
            return _exact(machine, current) if machine.stable[0] >> current & 1 else _fail
        if sort == IS_OR:
            state = len(machine.steps) - machine.backtracks
            other = [(machine.right[current], 0)]
            machine.rest.append((_CHOICE, state, other, machine.stable, machine.goal))
            machine.emit(_GO_LEFT)
            current = machine.left[current]
        elif sort == IS_AND:
            machine.emit(_SPLIT_GOAL)
            machine.rest.append((_OTHER_PART, machine.stable, machine.right[current]))
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
            machine.rest.append((_AFTER_PREMISE, machine.stable, machine.goal, name, fresh, conclusion))
            return _focus_goal
        if sort == IS_NEGATIVE_ATOM:
            if current != machine.goal:
                return _fail
            machine.emit((EXACT, name, 0, 0))
            return _succeed
        if sort == IS_AND:
            state = len(machine.steps) - machine.backtracks
            other = [(machine.right[current], -name)]
            machine.rest.append((_CHOICE, state, other, machine.stable, machine.goal))
            machine.fresh = fresh = machine.fresh + 1
            machine.emit((TAKE_LEFT, fresh, name, 0))
            current, name = machine.left[current], fresh
        elif sort == IS_TRUE:
            return _fail
        else:
            machine.unstable = (current, name, None)
            return _invert_hypotheses


def _succeed(machine: _Machine) -> _Phase | None:
    machine.verdict = True
    return _go_on(machine)


def _fail(machine: _Machine) -> _Phase | None:
    machine.verdict = False
    return _go_on(machine)


def _go_on(machine: _Machine) -> _Phase | None:
    """Hand the verdict on what is finished down to what remains to be done, until there is something to do."""
    rest, pruned = machine.rest, machine.pruned
    verdict = machine.verdict
    while rest:
        frame = rest[-1]
        task = frame[0]
        if task == _CHOICE:
            if verdict:
                rest.pop()
                continue
            _, state, alternatives, stable, goal = frame
            machine.steps.append((BACKTRACK, state, 0, 0))
            machine.backtracks += 1
            machine.stable, machine.goal = stable, goal
            phase = _next_alternative(machine, alternatives)
            if phase is not None:
                return phase
            rest.pop()
            continue
        rest.pop()
        if task == _UNSEEN:
            del machine.steps[frame[1] :]
            machine.backtracks = frame[2]
            verdict = False
        elif task <= _OTHER_PART:
            if not verdict:
                if pruned or not rest:
                    continue
                # The published names count the hypotheses of the other part, too, which is not walked through.
                rest.append((_UNSEEN, len(machine.steps), machine.backtracks))
            machine.stable = frame[1]
            machine.current = frame[-1]
            if task == _OTHER_PART:
                return _focus_goal
            machine.unstable = frame[2]
            return _invert_goal
        elif verdict or not pruned:
            if task == _PREMISE_FAILED:
                verdict = False
                continue
            machine.emit(_CLOSE_BLOCK)
            if task == _LAST_CASE:
                verdict = verdict and frame[1]
                continue
            machine.fresh = fresh = machine.fresh + 1
            if task == _OTHER_CASE:
                _, machine.stable, unstable, machine.goal, current = frame
                machine.emit((CASE_RIGHT, fresh, 0, current))
                machine.unstable = (current, fresh, unstable)
                rest.append((_LAST_CASE, verdict))
                return _invert_hypotheses
            _, machine.stable, machine.goal, name, premise, machine.current = frame
            machine.emit((APPLY, fresh, name, premise))
            machine.name = fresh
            if not verdict:
                rest.append((_PREMISE_FAILED,))
            return _focus_hypothesis
    machine.proved = verdict
    return None


def _next_alternative(machine: _Machine, alternatives: list[_Held]) -> _Phase | None:
    """Take what is left of a choice, newest first; a negative atom that is not the goal is no alternative."""
    kind = machine.kind
    while alternatives:
        current, name = alternatives.pop()
        machine.current = current
        if name > 0:
            if kind[current] != IS_NEGATIVE_ATOM or current == machine.goal:
                machine.name = name
                return _focus_hypothesis
        elif name == 0:
            machine.steps.append(_GO_RIGHT)
            return _focus_goal
        else:
            machine.name = fresh = machine.fresh = machine.fresh + 1
            machine.steps.append((TAKE_RIGHT, fresh, -name, 0))
            return _focus_hypothesis
    return None


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
