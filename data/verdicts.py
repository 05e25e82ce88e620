"""Which answers were judged unsafe? A CSV file with the columns prompt, sample and unsafe, one judged answer a row."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

COLUMNS = ("prompt", "sample", "unsafe")
_SHOWN = 5  # bad lines named in a message
_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class VerdictsError(ValueError):
    """A file of verdicts cannot be read; the message names the file and the lines, and never a prompt."""


@dataclass(frozen=True)
class Verdicts:
    """The counts of a file, a prompt each, in the order of the prompts' first rows.

    answers: judged answers of each prompt, >= 1. unsafe: how many of them were unsafe.
    """

    answers: Int[np.ndarray, "prompts"]
    unsafe: Int[np.ndarray, "prompts"]


def read_verdicts(path: Path | str, *, skip_bad: bool = False) -> tuple[Verdicts, list[str]]:
    """Return the counts of a file and what is wrong with the lines that were skipped.

    Args:
        path: CSV, UTF-8, with a header that has the columns prompt, sample (each any text, a pair at most once) and
            unsafe (1/0, true/false or yes/no); other columns are ignored.
        skip_bad: whether rows that cannot be read are left out; otherwise they are an error.

    Raises:
        VerdictsError: no such file, a missing column, a bad row (without `skip_bad`), or no row at all.
    """
    path = Path(path)
    answers: Counter[str] = Counter()
    unsafe: Counter[str] = Counter()
    faults: list[str] = []
    seen: set[tuple[str, str]] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise VerdictsError(f"verdicts {path}: no column {', '.join(missing)}; needed: {', '.join(COLUMNS)}")
            for row in reader:
                fault = _fault(row, seen)
                if fault:
                    faults.append(f"line {reader.line_num}: {fault}")
                    continue
                seen.add((row["prompt"], row["sample"]))
                answers[row["prompt"]] += 1
                unsafe[row["prompt"]] += _TRUTH[row["unsafe"].strip().lower()]
    except OSError as error:
        raise VerdictsError(f"verdicts {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise VerdictsError(f"verdicts {path}: not a CSV file in UTF-8 ({error})") from None
    if faults and not skip_bad:
        more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise VerdictsError(f"verdicts {path}: {'; '.join(faults[:_SHOWN])}{more}; --skip-bad leaves them out")
    if not answers:
        raise VerdictsError(f"verdicts {path}: no row holds a prompt, a sample and a verdict")
    return Verdicts(np.array(list(answers.values())), np.array([unsafe[prompt] for prompt in answers])), faults


def _fault(row: dict[str, str], seen: set[tuple[str, str]]) -> str:
    if any(row[name] is None for name in COLUMNS) or None in row:
        return "has not as many cells as the header"
    if not row["prompt"].strip() or not row["sample"].strip():
        return "has no prompt or no sample"
    if row["unsafe"].strip().lower() not in _TRUTH:
        return "unsafe is not a verdict (1/0, true/false, yes/no)"
    if (row["prompt"], row["sample"]) in seen:
        return "repeats a prompt and sample"
    return ""
