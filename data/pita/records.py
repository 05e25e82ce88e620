"""What is one row of the data set? A statement by its index, with its verdict and its written search."""

from contextlib import suppress
from typing import Any

from solv.data.pita.search import search, successful_path
from solv.data.pita.splits import Split
from solv.data.pita.subformulas import Subformulas
from solv.data.pita.traces import Trace, TraceTooLongError, prompt, render

#: Changes whenever the same settings would give other rows.
VERSION = 3


def record(
    split: Split, index: int, state_limit: int, *, simplest: bool = False, pruned: bool = False
) -> dict[str, Any]:
    """Prove statement `index` and write the search down.

    Args:
        split: where the statement is from.
        index: 0 .. split.count - 1.
        state_limit: states after which the search is given up, >= 1; then `is_true` and `completion` are None, as they
            are for a trace of more than `traces.MOST_CHARACTERS`.
        simplest: for a provable statement, only the successful path.
        pruned: whether the search ends at the first failure (see `search`).

    Returns:
        split, index, stratum, statement, prompt, is_true, completion, length and ops.

    Raises:
        ValueError: `index` or `state_limit` is out of range.
    """
    if state_limit < 1:
        raise ValueError(f"state_limit = {state_limit} is out of range; valid: an integer >= 1")
    statement = split[index]
    formulas = Subformulas(statement)
    found = search(formulas, state_limit, pruned=pruned)
    steps = successful_path(found) if simplest and found.proved else found.steps
    trace: Trace | None = None
    if found.proved is not None:
        with suppress(TraceTooLongError):
            trace = render(formulas, steps, found.proved)
    said = formulas.text(formulas.root)
    return {
        "split": split.spec.name,
        "index": str(index),  # an index of the or split has more digits than a machine integer
        "stratum": split.strata[split.locate(index)[0]].label,
        "statement": said,
        "prompt": prompt(said),
        "is_true": found.proved if trace else None,
        "completion": trace.proof if trace else None,
        "length": trace.length if trace else None,
        "ops": list(trace.ops) if trace else [],
    }
