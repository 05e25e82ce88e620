"""How does Lean 4 read a proof? The tactics of a trace without its states, blocks indented, under a theorem."""

import re

from data.pita.checker import check
from data.pita.formulas import Formula, atoms, text

_STEP = re.compile(r"(?:<tactic>([^<]*)</tactic>)?<state ")


def theorem(name: str, statement: Formula, proof: str) -> str:
    """A Lean 4 theorem from the trace of a proof without backtracking.

    Raises:
        ValueError: the trace is not a proof of the statement, or goes back.
    """
    checked = check(statement, proof)
    if not checked.proved or checked.backtracks:
        raise ValueError(f"proof of {name} fails or goes back; valid: the successful path of a proof")
    binder = f" ({' '.join(names)} : Prop)" if (names := atoms(statement)) else ""
    lines = [f"theorem {name}{binder} : {text(statement)} := by"]
    depth = 1
    for tactic in _STEP.findall(proof):
        if not tactic:  # a block ends
            depth -= 1
            continue
        lines.append("  " * depth + tactic)
        depth += tactic.endswith((":= by", "=>"))
    return "\n".join(lines) + "\n"
