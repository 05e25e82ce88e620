"""What is one row of the data set? A statement by its index, with its verdict and its written search."""

from typing import Any

from data.pita.formulas import text
from data.pita.search import search, successful_path
from data.pita.splits import Split
from data.pita.subformulas import Subformulas
from data.pita.traces import prompt, render

#: Changes whenever the same settings would give other rows.
VERSION = 1


def record(split: Split, index: int, state_limit: int, *, simplest: bool = False) -> dict[str, Any]:
    """Prove statement `index` and write the search down.

    Args:
        split: where the statement is from.
        index: 0 .. split.count - 1.
        state_limit: states after which the search is given up; then `is_true` and `proof` are None.
        simplest: for a provable statement, only the successful path.

    Returns:
        index, stratum, statement, input, is_true, proof, length and ops.

    Raises:
        ValueError: `index` is out of range.
    """
    statement = split[index]
    formulas = Subformulas(statement)
    found = search(formulas, state_limit)
    steps = successful_path(found) if simplest and found.proved else found.steps
    trace = None if found.proved is None else render(formulas, steps, found.proved)
    said = text(statement)
    return {
        "index": str(index),  # an index of the or split has more digits than a machine integer
        "stratum": split.strata[split.locate(index)[0]].label,
        "statement": said,
        "input": prompt(said),
        "is_true": found.proved,
        "proof": trace.proof if trace else None,
        "length": trace.length if trace else None,
        "ops": list(trace.ops) if trace else [],
    }
