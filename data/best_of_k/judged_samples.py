"""Which answers did the user's own judge score, and which were right? A CSV or JSONL table, an answer a row."""

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

COLUMNS = ("question", "sample", "score", "correct")
_SHOWN = 5  # bad lines named in a message
_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class JudgedSamplesError(ValueError):
    """A table of judged answers cannot be read; the message names the file and the lines, and never a question."""


@dataclass(frozen=True)
class JudgedSamples:
    """The judged answers to one question, in the order of the rows.

    Attributes:
        scores: the judge's score of each answer; larger is better.
        correct: whether each answer is right.
    """

    scores: Float[np.ndarray, "samples"]
    correct: Bool[np.ndarray, "samples"]


def read_judged_samples(path: Path | str, *, skip_bad: bool = False) -> tuple[list[JudgedSamples], list[str]]:
    """Return the answers of every question, and what is wrong with the lines that were skipped.

    Args:
        path: a file in UTF-8: JSONL, one object a line, if its name ends in .jsonl or .json, else CSV with a header. It
            has question and sample (any text or number, a pair at most once), score (a finite number) and correct (1/0,
            true/false or yes/no); whatever else it has is ignored.
        skip_bad: whether rows that cannot be read are left out; otherwise they are an error.

    Raises:
        JudgedSamplesError: no such file, a missing column, a bad row (without `skip_bad`), or no row at all.
    """
    path = Path(path)
    found: dict[str, tuple[list[float], list[bool]]] = {}
    faults: list[str] = []
    seen: set[tuple[str, str]] = set()
    try:
        rows = _objects(path) if path.suffix in (".jsonl", ".json") else _cells(path)
        for number, row in rows:
            fault = row if isinstance(row, str) else _fault(row, seen)
            if isinstance(row, str) or fault:
                faults.append(f"line {number}: {fault}")
                continue
            seen.add((row["question"], row["sample"]))
            scores, correct = found.setdefault(row["question"], ([], []))
            scores.append(float(row["score"]))
            correct.append(_TRUTH[row["correct"].strip().lower()])
    except OSError as error:
        raise JudgedSamplesError(f"judged answers {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise JudgedSamplesError(f"judged answers {path}: not a table in UTF-8 ({error})") from None
    if faults and not skip_bad:
        more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise JudgedSamplesError(
            f"judged answers {path}: {'; '.join(faults[:_SHOWN])}{more}; language.skip_bad=true leaves them out"
        )
    if not found:
        raise JudgedSamplesError(f"judged answers {path}: no row holds {', '.join(COLUMNS)}")
    return [JudgedSamples(np.array(scores), np.array(correct)) for scores, correct in found.values()], faults


def _cells(path: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise JudgedSamplesError(
                f"judged answers {path}: no column {', '.join(missing)}; needed: {', '.join(COLUMNS)}"
            )
        for row in reader:
            whole = None not in row and all(row[name] is not None for name in COLUMNS)
            yield reader.line_num, row if whole else "has not as many cells as the header"


def _objects(path: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _object(line)


def _object(line: str) -> dict[str, str] | str:
    try:
        value: Any = json.loads(line)
    except ValueError:
        return "is not JSON"
    if not isinstance(value, dict):
        return "is not an object"
    if missing := [name for name in COLUMNS if name not in value]:
        return f"has no {', '.join(missing)}"
    if not all(isinstance(value[name], str | int | float) for name in COLUMNS):
        return "holds something else than texts, numbers and flags"
    return {name: str(value[name]) for name in COLUMNS}


def _fault(row: dict[str, str], seen: set[tuple[str, str]]) -> str:
    if not row["question"].strip() or not row["sample"].strip():
        return "has no question or no sample"
    try:
        finite = math.isfinite(float(row["score"]))
    except ValueError:
        finite = False
    if not finite:
        return "score is not a finite number"
    if row["correct"].strip().lower() not in _TRUTH:
        return "correct is not a verdict (1/0, true/false, yes/no)"
    if (row["question"], row["sample"]) in seen:
        return "repeats a question and sample"
    return ""
