"""Is a written trace right? Replayed from the statement alone, every printed state compared, without the prover.

Shares only the formula type with the search and the writing of traces: tactics are read from the text, applied to a
stack of goals by Lean's rules, and the state that must follow is printed and compared character by character. A
block that ends with goals left gives them up, as Lean does after an error; what follows is no proof until the trace
goes back. A `<success />` is a proof: it is accepted only with no goal left and none given up. A `<failure />` says
that every step tried was legal and that none of them ended in a proof; that the search was exhausted is for a second
prover to say.

The states of the published data set were printed by Lean itself: `printed_by_lean` compares what they say, whatever the
spelling. Hypotheses of one type may stand in one line, long lines are broken, the atoms have lines of their own, and
behind a block that was given up Lean prints what its recovery from the error left: what differs there is counted.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from solv.data.pita.formulas import AND, FALSE, IMPLIES, OR, TRUE, Formula, parse, split, text

Hypotheses = dict[str, Formula]

_EVENT = re.compile(
    r'(?:<tactic>(?P<tactic>[^<]*)</tactic>|<backtrack to="(?P<back>[0-9]{1,12})" ?/>)?'
    r'<state id="(?P<number>[0-9]{1,12})">(?P<body>(?:<if>[^<]*</if>)*<then>[^<]*</then>|<complete ?/>)</state>'
)
_HYPOTHESIS = re.compile(r"<if>([^<]*)</if>")
_GOAL = re.compile(r"<then>([^<]*)</then>")
_KIND = re.compile(r"Prop|Sort\b.*|Type\b.*")
_NAME = r"h[1-9][0-9]*"
_UNNAMED = "h✝"


class TraceError(ValueError):
    """A trace does not follow the rules; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What an accepted trace says: proved or not, its highest state, how often it went back, states that differ."""

    proved: bool
    length: int
    backtracks: int
    differing: int = 0


@dataclass(frozen=True, slots=True)
class _Goal:
    hypotheses: Hypotheses
    target: Formula
    case: str = ""  # inl or inr until `case` names the new hypothesis


_said = lru_cache(maxsize=1024)(text)  # a hypothesis is printed in every state that has it

# Goals still open, a linked list (goal, rest); a goal of None is the end of a block.
_Open = Any


def check(statement: Formula, proof: str, *, printed_by_lean: bool = False) -> Checked:
    """Replay a trace.

    Args:
        statement: what it claims to prove or to have searched.
        proof: the completion, from the first tactic to `<success />` or `<failure />`.
        printed_by_lean: whether states are compared by what they say instead of by their characters.

    Raises:
        TraceError: a step is not allowed, a printed state is not the one that follows, or the ending is wrong.

    Cost: linear in the text times the number of hypotheses.
    """
    states: list[tuple[_Open, bool]] = [((_Goal({}, statement), None), False)]  # and whether a goal was given up
    current, given_up = states[0]
    position = backtracks = differing = 0
    while match := _EVENT.match(proof, position):
        tactic, back, number, body = match.group("tactic", "back", "number", "body")
        if back is not None:
            if back != number or int(back) >= len(states):
                raise TraceError(f"column {position + 1}: back to state {back}, which is not there")
            current, given_up = states[int(back)]
            backtracks += 1
        else:
            if current is None:
                raise TraceError(f"column {position + 1}: a step after the proof is complete")
            if number != str(len(states)):
                raise TraceError(f"column {position + 1}: state {number} where {len(states)} follows")
            try:
                if tactic is None:
                    current, left = _close(current)
                    given_up = given_up or left
                else:
                    current = _apply(tactic, current)
            except (TraceError, KeyError, ValueError) as error:
                raise TraceError(
                    f"column {position + 1}: {tactic or 'end of a block'!r} is not allowed ({error})"
                ) from None
            states.append((current, given_up))
        if body != (expected := _shown(current)):
            if not printed_by_lean:
                raise TraceError(f"state {number} should read {expected}")
            if not _says(body, current):
                if not given_up:
                    raise TraceError(f"state {number} should say {expected}")
                differing += 1
        position = match.end()
    ending = proof[position:]
    proved = ending in ("<success />", "<success/>")
    if not proved and ending not in ("<failure />", "<failure/>"):
        raise TraceError(f"column {position + 1}: neither a step nor an ending: {ending[:40]!r}")
    if proved and (current is not None or given_up):
        raise TraceError("the trace says success with a goal left")
    if not proved and (None, False) in states:
        raise TraceError("the trace says failure although a proof was complete")
    return Checked(proved, len(states) - 1, backtracks, differing)


def _shown(here: _Open) -> str:
    if here is None or here[0] is None:
        return "<complete />"
    goal = here[0]
    held = "".join(f"<if>{name} : {_said(formula)}</if>" for name, formula in goal.hypotheses.items())
    return f"{held}<then>{_said(goal.target)}</then>"


def _says(body: str, here: _Open) -> bool:
    """Whether Lean's print of a state says the same as ours; the lines of the atoms say nothing."""
    if here is None or here[0] is None:
        return body.startswith("<complete")
    found = _GOAL.search(body)
    if found is None:
        return False
    lines: list[str] = []
    for line in _HYPOTHESIS.findall(body):
        if lines and (line[:1].isspace() or lines[-1].endswith(":")):  # a long line, broken
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line.strip())
    hypotheses: Hypotheses = {}
    for line in lines:
        names, _, said = line.partition(":")
        if not names.strip() or _KIND.fullmatch(said.strip()):
            continue
        with suppress(ValueError):  # what cannot be read says nothing
            hypotheses.update(dict.fromkeys(names.split(), parse(said)))
    goal: _Goal = here[0]
    with suppress(ValueError):
        return hypotheses == goal.hypotheses and parse(found[1]) == goal.target
    return False


def _close(here: _Open) -> tuple[_Open, bool]:
    """What follows the block, and whether goals of the block were given up."""
    left = here[0] is not None
    while here[0] is not None:
        here = here[1]
        if here is None:
            raise TraceError("no block is open")
    return here[1], left


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
