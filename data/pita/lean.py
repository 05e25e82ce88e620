"""How does Lean 4 read a proof? The tactics that led to it, without states, blocks indented, under a theorem."""

import re
from collections.abc import Iterator

from solv.data.pita.checker import check
from solv.data.pita.formulas import Formula, atoms, text

_STEP = re.compile(r'(?:<tactic>([^<]*)</tactic>|<backtrack to="([0-9]+)" />)?<state id="([0-9]+)">')


def theorem(name: str, statement: Formula, proof: str) -> str:
    """A Lean 4 theorem from the trace of a proof; what was tried in vain is left out.

    Raises:
        ValueError: the trace is not a proof of the statement.
    """
    if not check(statement, proof).proved:
        raise ValueError(f"proof of {name} fails; valid: a trace that ends in success")
    binder = f" ({' '.join(names)} : Prop)" if (names := atoms(statement)) else ""
    lines = [f"theorem {name}{binder} : {text(statement)} := by"]
    depth = 1
    for tactic in tactics(proof):
        if not tactic:  # a block ends
            depth -= 1
            continue
        lines.append("  " * depth + tactic)
        depth += tactic.endswith((":= by", "=>"))
    return "\n".join(lines) + "\n"


def tactics(proof: str) -> Iterator[str]:
    """The tactics on the way to the last state of a trace, an empty one where a block ends."""
    kept: list[str] = []
    kept_at = {"0": 0}  # how many tactics lead to a state
    for tactic, back, number in _STEP.findall(proof):
        if back:
            del kept[kept_at[back] :]
        else:
            kept.append(tactic)
            kept_at[number] = len(kept)
    return iter(kept)
