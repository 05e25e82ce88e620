"""What does a paper state, and does a run show it? A claim is data and a judge; what the judge finds is a finding."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from solv.tracking.curves import Curves

CONTRADICTED = 2.81  # standard errors by which a true claim is missed by the chance .0025, if they are known


class Verdict(StrEnum):
    """The outcome of checking one claim against the curves of one run."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"  # the run was too small to tell
    NOT_RUN = "not run"  # what the claim reads was switched off


@dataclass(frozen=True)
class Judgement:
    """What a judge says of a claim.

    Attributes:
        verdict: computed from the curves of the run and from nothing else; never `not run`, which is not a judge's.
        predicted: what theory says (a number, or words where the claim is qualitative).
        measured: what this run's curves show.
        error: standard error of `measured`, where it is a number that has one.
        tolerance: how far measured may lie from predicted, and why (in words).
        needs: what would decide, where it is no size (`alpha includes 1`); the claim's own `needs` count else.
    """

    verdict: Verdict
    predicted: float | str
    measured: float | str
    error: float | None = None
    tolerance: str = ""
    needs: str = ""


@dataclass(frozen=True)
class Claim:
    """One statement of a paper, and how it is judged.

    Attributes:
        id: short name, unique within the experiment.
        statement: one sentence.
        reads: the panels whose curves the judge is given. One that the run declares and that is empty is a fault.
        judge: returns the judgement from the curves of these panels.
        figure: the paper's figure, table or equation that states it; empty if it is ours.
        needs: setting -> the size from which on it can be decided, e.g. {"simulation.repeats": 32}.
    """

    id: str
    statement: str
    reads: tuple[StrEnum, ...]
    judge: Callable[[Curves], Judgement]
    figure: str = ""
    needs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What one run says of one claim.

    Attributes:
        id, statement, figure: the claim's.
        verdict, predicted, measured, error, tolerance: the judgement's.
        needs: for an undecided claim, what would decide it, beyond what the run had; for one not run, what runs it.
        at: the values of a sweep's axes for which it was judged; empty in a single run.
    """

    id: str
    statement: str
    verdict: Verdict
    predicted: float | str
    measured: float | str
    error: float | None = None
    tolerance: str = ""
    needs: str = ""
    figure: str = ""
    at: str = ""

    def __post_init__(self) -> None:
        if self.verdict in (Verdict.UNDECIDED, Verdict.NOT_RUN) and not self.needs:
            raise ValueError(f"claim {self.id}: {self.verdict.value} without what would decide it (needs)")


def read(claim: Claim, curves: Curves) -> Curves:
    """Return the curves of the panels that a claim reads.

    Raises:
        MissingCurvesError: one of them has no curve.
    """
    names = [panel.value for panel in claim.reads]
    rows = curves[curves["panel"].isin(names)]
    if empty := sorted(set(names) - set(rows["panel"]), key=names.index):
        raise MissingCurvesError(
            f"claim {claim.id} reads {', '.join(empty)}, which this run should have measured and has no curve of"
        )
    return rows


def judge(
    claim: Claim,
    curves: Curves,
    sizes: Mapping[str, object],
    usual: Mapping[str, object] | None = None,
    most: Mapping[str, float] | None = None,
) -> Finding:
    """Return what a run's curves say of a claim.

    A run that is smaller than the usual one in a size, and than the claim needs it, may confirm the claim, but not
    refute it: the laws are those of large systems, and what a small one lacks is not told from what is wrong.

    Args:
        claim: the claim.
        curves: all curves of the run; the judge is given those of the panels that the claim reads.
        sizes: the run's settings by full key: an undecided claim needs more than these.
        usual: the settings by full key of a run of the usual size; None: every run may refute.
        most: the largest valid value of settings by full key; no size beyond it is asked for.

    Raises:
        MissingCurvesError: a panel that the claim reads has no curve.
    """
    said = claim.judge(read(claim, curves))
    if said.verdict is Verdict.FAILS and any(
        _largest(sizes, key) < min(_largest(usual, key), least)
        for key, least in claim.needs.items()
        if usual is not None
    ):
        said = replace(said, verdict=Verdict.UNDECIDED)
    needs = said.needs or more_than(claim.needs, sizes, most or {}) if said.verdict is Verdict.UNDECIDED else ""
    return Finding(
        claim.id,
        claim.statement,
        said.verdict,
        said.predicted,
        said.measured,
        said.error,
        said.tolerance,
        needs,
        claim.figure,
    )


def not_run(claim: Claim, needs: str) -> Finding:
    """Return the finding of a claim whose panels were switched off; `needs` says what switches them on."""
    return Finding(claim.id, claim.statement, Verdict.NOT_RUN, "-", "-", needs=needs, figure=claim.figure)


def missing(needs: str) -> Judgement:
    """Return the judgement where the panel lacks the curve that the claim is about, e.g. that of alpha = 1."""
    return Judgement(Verdict.UNDECIDED, "-", "not among the settings of this run", needs=needs)


def more_than(needs: Mapping[str, float], sizes: Mapping[str, object], most: Mapping[str, float]) -> str:
    """Return which sizes would decide, beyond those a run had: the claim's, or twice the run's where it had them.

    Twice a size that cannot be set is left out.
    """
    short, had = [], []
    for key, least in needs.items():
        largest = _largest(sizes, key)
        if largest < least:
            short.append(f"{key} >= {least:g}")
        elif 2 * largest <= most.get(key, math.inf):
            had.append(f"{key} >= {2 * largest:g}")
    return ", ".join(short or had) or "a larger run"


def _largest(sizes: Mapping[str, object], key: str) -> float:
    """Return a setting, the largest of several; minus infinity where it is no number."""
    own = sizes.get(key)
    largest = max(own, default=0) if isinstance(own, Sequence) and not isinstance(own, str) else own
    return largest if isinstance(largest, int | float) else -math.inf


class MissingCurvesError(RuntimeError):
    """A run lacks curves that it should have measured: a fault of the experiment, not an opinion on its claim."""


def within(
    measured: float, predicted: float, tolerance: float, error: float | None = 0.0, *, sigmas: float = 2.0
) -> Verdict:
    """Judge |measured - predicted| <= tolerance when `measured` is known to `sigmas` standard errors.

    The interval measured +- sigmas error decides: inside the tolerance band it holds, across its edge (or with an
    error that is not known: None or NaN) the run was too small to tell. It fails where an interval of at least
    `CONTRADICTED` standard errors lies outside. A number that is exact, such as one of theory, has the error 0.
    """
    if error is None or math.isnan(measured) or math.isnan(error):
        return Verdict.UNDECIDED
    distance = 0.0 if measured == predicted else abs(measured - predicted)
    if distance + sigmas * error <= tolerance:
        return Verdict.HOLDS
    return Verdict.FAILS if distance - max(sigmas, CONTRADICTED) * error > tolerance else Verdict.UNDECIDED


def exceeds(measured: float, threshold: float, error: float | None = 0.0, *, sigmas: float = 2.0) -> Verdict:
    """Judge measured > threshold when `measured` is known to `sigmas` standard errors, as `within` does."""
    if error is None or math.isnan(measured) or math.isnan(error):
        return Verdict.UNDECIDED
    if measured - sigmas * error > threshold:
        return Verdict.HOLDS
    return Verdict.FAILS if measured + max(sigmas, CONTRADICTED) * error <= threshold else Verdict.UNDECIDED


def known(error: float, n: float) -> float:
    """Return the standard error over `n` repeats of a measurement, or NaN where equal repeats made it vanish.

    A scatter of exactly 0 over a few repeats is not certainty: a verdict that rests on it would be an accident.
    """
    return math.nan if n > 1 and error == 0 else error


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on a conjunction: fails if a part fails, else undecided if a part is (or none is given)."""
    found = set(verdicts)
    if Verdict.FAILS in found:
        return Verdict.FAILS
    return Verdict.HOLDS if found == {Verdict.HOLDS} else Verdict.UNDECIDED


def findings_to_json(findings: Iterable[Finding]) -> str:
    """Return the findings as a JSON list (infinities and NaN as strings)."""
    rows = [
        {
            key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in map(asdict, findings)
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def findings_from_json(text: str) -> list[Finding]:
    """Return the findings that `findings_to_json` wrote, also those of earlier versions.

    Raises:
        ValueError: the text is not such a list.
    """
    try:
        rows = [{**row, "verdict": Verdict(row["verdict"])} for row in json.loads(text)]
        decided = (Verdict.HOLDS, Verdict.FAILS)  # earlier versions said there, too, what would decide
        return [Finding(**{**row, **({"needs": ""} if row["verdict"] in decided else {})}) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a list of findings: {error}") from None
