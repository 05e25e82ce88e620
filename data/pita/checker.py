"""Is a written trace right? Replayed from the statement alone, every printed state compared, without the prover.

Shares only the formula type with the search and the writing of traces: tactics are read from the text, applied to a
stack of goals by Lean's rules, and the state that must follow is printed and compared character by character. A
`<success/>` is a proof: it is accepted only with no goal left. A `<failure/>` says that every step tried was legal and
that none of them ended in a proof; that the search was exhausted is for a second prover to say.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from solv.data.pita.formulas import AND, FALSE, IMPLIES, OR, TRUE, Formula, parse, split, text

Hypotheses = dict[str, Formula]

_EVENT = re.compile(
    r'(?:<tactic>(?P<tactic>[^<]*)</tactic>|<backtrack to="(?P<back>[0-9]{1,12})"/>)?'
    r'<state id="(?P<number>[0-9]{1,12})">(?P<body>(?:<if>[^<]*</if>)*<then>[^<]*</then>|<complete/>)</state>'
)
_NAME = r"h[1-9][0-9]*"
_UNNAMED = "h✝"


class TraceError(ValueError):
    """A trace does not follow the rules; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What an accepted trace says: proved or not, its highest state, how often it went back."""

    proved: bool
    length: int
    backtracks: int


@dataclass(frozen=True, slots=True)
class _Goal:
    hypotheses: Hypotheses
    target: Formula
    case: str = ""  # inl or inr until `case` names the new hypothesis


_said = lru_cache(maxsize=1024)(text)  # a hypothesis is printed in every state that has it

# Goals still open, a linked list (goal, rest); a goal of None is the end of a block.
_Open = Any


def check(statement: Formula, proof: str) -> Checked:
    """Replay a trace.

    Args:
        statement: what it claims to prove or to have searched.
        proof: the completion, from the first tactic to `<success/>` or `<failure/>`.

    Raises:
        TraceError: a step is not allowed, a printed state is not the one that follows, or the ending is wrong.

    Cost: linear in the text times the number of hypotheses.
    """
    states: list[_Open] = [(_Goal({}, statement), None)]
    current = states[0]
    position = backtracks = 0
    while match := _EVENT.match(proof, position):
        tactic, back, number, body = match.group("tactic", "back", "number", "body")
        if back is not None:
            if back != number or int(back) >= len(states):
                raise TraceError(f"column {position + 1}: back to state {back}, which is not there")
            current = states[int(back)]
            backtracks += 1
        else:
            if current is None:
                raise TraceError(f"column {position + 1}: a step after the proof is complete")
            if number != str(len(states)):
                raise TraceError(f"column {position + 1}: state {number} where {len(states)} follows")
            try:
                current = _close(current) if tactic is None else _apply(tactic, current)
            except (TraceError, KeyError, ValueError) as error:
                raise TraceError(
                    f"column {position + 1}: {tactic or 'end of a block'!r} is not allowed ({error})"
                ) from None
            states.append(current)
        if body != (expected := _shown(current)):
            raise TraceError(f"state {number} should read {expected}")
        position = match.end()
    ending = proof[position:]
    proved = ending == "<success/>"
    if not proved and ending != "<failure/>":
        raise TraceError(f"column {position + 1}: neither a step nor an ending: {ending[:40]!r}")
    if proved and current is not None:
        raise TraceError("the trace says success with a goal left")
    if not proved and any(state is None for state in states):
        raise TraceError("the trace says failure although a proof was complete")
    return Checked(proved, len(states) - 1, backtracks)


def _shown(here: _Open) -> str:
    if here is None or here[0] is None:
        return "<complete/>"
    goal = here[0]
    held = "".join(f"<if>{name} : {_said(formula)}</if>" for name, formula in goal.hypotheses.items())
    return f"{held}<then>{_said(goal.target)}</then>"


def _close(here: _Open) -> _Open:
    if here[0] is not None:
        raise TraceError("the block has a goal left")
    return here[1]


def _apply(tactic: str, here: _Open) -> _Open:
    goal, rest = here
    if goal is None:
        raise TraceError("the block is complete")
    for pattern, rule in _RULES:
        if match := pattern.fullmatch(tactic):
            if goal.case and rule is not _case:
                raise TraceError("the case is not named yet")
            return rule(goal, rest, *match.groups())
    raise TraceError("no such tactic")


def _parts(formula: Formula, operator: str) -> tuple[Formula, Formula]:
    if formula[-1] != operator:
        raise TraceError(f"{text(formula)} is no {operator}")
    return split(formula)


def _with(goal: _Goal, name: str, formula: Formula) -> _Goal:
    if name in goal.hypotheses:
        raise TraceError(f"{name} is taken")
    return _Goal({**goal.hypotheses, name: formula}, goal.target)


def _intro(goal: _Goal, rest: _Open, name: str) -> _Open:
    premise, conclusion = _parts(goal.target, IMPLIES)
    return _with(_Goal(goal.hypotheses, conclusion), name, premise), rest


def _and_intro(goal: _Goal, rest: _Open) -> _Open:
    one, other = _parts(goal.target, AND)
    return _Goal(goal.hypotheses, one), (_Goal(goal.hypotheses, other), rest)


def _true_intro(goal: _Goal, rest: _Open) -> _Open:
    if goal.target != (TRUE,):
        raise TraceError("the goal is not True")
    return rest


def _cases(goal: _Goal, rest: _Open, name: str) -> _Open:
    one, other = _parts(goal.hypotheses[name], OR)
    others = {key: formula for key, formula in goal.hypotheses.items() if key != name}
    left = _Goal({**others, _UNNAMED: one}, goal.target, "inl")
    return left, (_Goal({**others, _UNNAMED: other}, goal.target, "inr"), rest)


def _case(goal: _Goal, rest: _Open, side: str, name: str) -> _Open:
    if goal.case != side:
        raise TraceError(f"the goal is not case {side}")
    held = dict(goal.hypotheses)
    formula = held.pop(_UNNAMED)
    return _with(_Goal(held, goal.target), name, formula), (None, rest)


def _absurd(goal: _Goal, rest: _Open, name: str) -> _Open:
    if goal.hypotheses[name] != (FALSE,):
        raise TraceError(f"{name} is not False")
    return rest


def _project(goal: _Goal, rest: _Open, new: str, name: str, side: str) -> _Open:
    return _with(goal, new, _parts(goal.hypotheses[name], AND)[side == "right"]), rest


def _or_intro(goal: _Goal, rest: _Open, side: str) -> _Open:
    return _Goal(goal.hypotheses, _parts(goal.target, OR)[side == "inr"]), rest


def _premise(goal: _Goal, rest: _Open, name: str, said: str) -> _Open:
    formula = parse(said)
    return _Goal(goal.hypotheses, formula), (None, (_with(goal, name, formula), rest))


def _modus_ponens(goal: _Goal, rest: _Open, new: str, function: str, argument: str) -> _Open:
    premise, conclusion = _parts(goal.hypotheses[function], IMPLIES)
    if goal.hypotheses[argument] != premise:
        raise TraceError(f"{argument} is not the premise of {function}")
    return _with(goal, new, conclusion), rest


def _exact(goal: _Goal, rest: _Open, name: str) -> _Open:
    if goal.hypotheses[name] != goal.target:
        raise TraceError(f"{name} is not the goal")
    return rest


_RULES: tuple[tuple[re.Pattern[str], Callable[..., _Open]], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (rf"intro ({_NAME})", _intro),
        (rf"exact ({_NAME})", _exact),
        (r"apply Or\.(inl|inr)", _or_intro),
        (rf"have ({_NAME}) := ({_NAME})\.(left|right)", _project),
        (rf"have ({_NAME}) := ({_NAME}) ({_NAME})", _modus_ponens),
        (rf"have ({_NAME}) : (.+) := by", _premise),
        (r"apply And\.intro", _and_intro),
        (rf"cases ({_NAME})", _cases),
        (rf"case (inl|inr) ({_NAME}) =>", _case),
        (r"apply True\.intro", _true_intro),
        (rf"apply False\.elim ({_NAME})", _absurd),
    )
)
