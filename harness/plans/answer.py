"""What does every plan hold? A table, a decision, what it rests on, and what would show it wrong."""

import math
from dataclasses import dataclass

Cell = float | int | str


@dataclass(frozen=True)
class Plan:
    """The answer of theory to a question.

    Attributes:
        question: what was asked.
        columns, rows: the table that the decision is read from.
        decision: what to do, a sentence each; the first is the answer.
        rests_on: what has to be true.
        falsified_by: a measurement that would show that it is not, with the number to expect.
    """

    question: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    decision: tuple[str, ...]
    rests_on: str
    falsified_by: str

    def as_dictionary(self) -> dict[str, object]:
        """Return it as JSON has it: infinity is the word "inf", what is not known is null."""
        return {
            "question": self.question,
            "decision": list(self.decision),
            "rests_on": self.rests_on,
            "falsified_by": self.falsified_by,
            "table": [dict(zip(self.columns, map(json_value, row), strict=True)) for row in self.rows],
        }


def json_value(value: Cell) -> Cell | None:
    """Return a cell as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value
