"""Which questions does the user ask? A JSONL file, one object {"question": ..., "answer": ...} a line."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

_SHOWN = 5  # bad lines named in a message
_DIGITS = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+"
_NUMBER = re.compile(_DIGITS)
_MARKS = tuple(re.compile(rf"{mark}\s*\$?\s*({_DIGITS})") for mark in (r"[Tt]he answer is:?", r"####", r"\\boxed\{"))


class QuestionsError(ValueError):
    """A file of questions cannot be read; the message names the file and, where lines are at fault, their numbers."""


@dataclass(frozen=True)
class Question:
    """One question with its true answer, both as text."""

    question: str
    answer: str


def read_questions(path: Path | str, *, skip_bad: bool = False) -> tuple[list[Question], list[str]]:
    """Return the questions of a file and what is wrong with the lines that were skipped.

    Args:
        path: JSONL, UTF-8; empty lines do not count. Other keys of an object are ignored; answers may be numbers.
        skip_bad: whether lines that cannot be read are left out; otherwise they are an error.

    Raises:
        QuestionsError: no such file, a bad line (without `skip_bad`), or no question at all.
    """
    path = Path(path)
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise QuestionsError(f"questions {path}: {error.strerror or error}") from None
    questions: list[Question] = []
    faults: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        parsed = _parse(line)
        if isinstance(parsed, Question):
            questions.append(parsed)
        else:
            faults.append(f"line {number}: {parsed}")
    if faults and not skip_bad:
        more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise QuestionsError(f"questions {path}: {'; '.join(faults[:_SHOWN])}{more}; skip_bad=true leaves them out")
    if not questions:
        raise QuestionsError(f'questions {path}: no line holds {{"question": ..., "answer": ...}}')
    return questions, faults


def final_number(text: str) -> float | None:
    """Return the number that a text ends with - after "####" if it has that mark (GSM8K) -, None if it has none."""
    found = _NUMBER.findall(text.rsplit("####", 1)[-1])
    return _value(found[-1]) if found else None


def stated_number(text: str) -> float | None:
    r"""Return the number that a text states as its answer, None if it states none.

    The first of "The answer is 18", "#### 18" (both as in GSM8K, in this order) and "\boxed{18}"; or the whole text,
    if that is a number. A text that merely contains numbers states none.
    """
    for mark in _MARKS:
        if found := mark.search(text):
            return _value(found.group(1))
    whole = _NUMBER.fullmatch(text.strip())
    return _value(whole.group()) if whole else None


def is_correct(answer: str, truth: str, *, stated: bool = False) -> bool:
    """Return whether an answer has the number of the truth; texts are compared where the truth has no number.

    Args:
        answer: what a model wrote.
        truth: the right answer; its number is the stated or else the last one.
        stated: whether the answer has to state its number (`stated_number`), or its last number counts.
    """
    number = stated_number(truth)
    number = final_number(truth) if number is None else number
    if number is None:
        return answer.strip() == truth.strip()
    return (stated_number(answer) if stated else final_number(answer)) == number


def _value(text: str) -> float:
    return float(text.replace(",", ""))


def _parse(line: bytes) -> Question | str:
    try:
        value = json.loads(line)
    except ValueError:
        return "is not JSON"
    if not isinstance(value, dict):
        return "is not an object"
    for key in ("question", "answer"):
        if key not in value:
            return f"has no {key!r}"
        if isinstance(value[key], bool) or not isinstance(value[key], str | int | float) or value[key] == "":
            return f"{key!r} is not text"
    return Question(str(value["question"]), str(value["answer"]))
