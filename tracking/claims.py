"""What does a paper state, and does this run show it? Claims with a verdict: holds, fails or undecided."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of checking one claim against the curves of one run."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Claim:
    """One statement of a paper, checked.

    Attributes:
        id: short name, unique within the experiment.
        statement: one sentence.
        predicted: what theory says (a number, or words where the claim is qualitative).
        measured: what this run's curves show.
        error: standard error of `measured`, where it is a number that has one.
        tolerance: how far measured may lie from predicted, and why (in words).
        verdict: computed from the curves of this run and from nothing else.
        needs: for an undecided claim, the size of run that would decide it.
    """

    id: str
    statement: str
    predicted: float | str
    measured: float | str
    verdict: Verdict
    error: float | None = None
    tolerance: str = ""
    needs: str = ""

    def __post_init__(self) -> None:
        if self.verdict is Verdict.UNDECIDED and not self.needs:
            raise ValueError(f"claim {self.id}: an undecided claim says what would decide it (needs)")


def not_measured(name: str, statement: str, needs: str) -> Claim:
    """Return the undecided claim of a run that lacks the curves it is about; `needs` says which settings make them."""
    return Claim(name, statement, "-", "not in this run", Verdict.UNDECIDED, needs=needs)


def within(measured: float, predicted: float, tolerance: float, error: float = 0.0) -> Verdict:
    """Judge |measured - predicted| <= tolerance when `measured` is known to 2 standard errors.

    The interval measured +- 2 error decides: inside the tolerance band it holds, outside it fails, across its edge
    (or with a NaN) the run was too small to tell.
    """
    if math.isnan(measured) or math.isnan(error):
        return Verdict.UNDECIDED
    distance = 0.0 if measured == predicted else abs(measured - predicted)
    if distance + 2 * error <= tolerance:
        return Verdict.HOLDS
    return Verdict.FAILS if distance - 2 * error > tolerance else Verdict.UNDECIDED


def exceeds(measured: float, threshold: float, error: float = 0.0) -> Verdict:
    """Judge measured > threshold when `measured` is known to 2 standard errors."""
    if math.isnan(measured) or math.isnan(error):
        return Verdict.UNDECIDED
    if measured - 2 * error > threshold:
        return Verdict.HOLDS
    return Verdict.FAILS if measured + 2 * error <= threshold else Verdict.UNDECIDED


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on a conjunction: fails if a part fails, else undecided if a part is (or none is given)."""
    found = set(verdicts)
    if Verdict.FAILS in found:
        return Verdict.FAILS
    return Verdict.UNDECIDED if Verdict.UNDECIDED in found or not found else Verdict.HOLDS


def claims_to_json(claims: Iterable[Claim]) -> str:
    """Return the claims as a JSON list (infinities and NaN as strings)."""
    rows = [
        {
            key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in map(asdict, claims)
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def claims_from_json(text: str) -> list[Claim]:
    """Return the claims that `claims_to_json` wrote.

    Raises:
        ValueError: the text is not such a list.
    """
    try:
        return [Claim(**{**row, "verdict": Verdict(row["verdict"])}) for row in json.loads(text)]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a list of claims: {error}") from None
