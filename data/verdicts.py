"""Which answers were judged unsafe (or right)? Counts a prompt, from any log of judged answers.

A log is a table with a judged answer a row (columns prompt, sample, unsafe), a prompt a row with counts (prompt, n,
unsafe) or a list of verdicts, or what an evaluation tool writes (`judged_logs`). No prompt is ever part of a message.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from solv.data.judged_logs import Answer, Fault, LeftOut, LogError, Reading, Record, Tallied, tool_answers
from solv.data.tables import Table, TableError, missing, open_table, real

COLUMNS = ("prompt", "sample", "unsafe")
NO_COLUMN = "none"  # said instead of a sample column where each row is another answer
_SHOWN = 5  # lines named in a message
_YES = {"1", "true", "yes", "y", "t", "on", "unsafe", "harmful", "jailbroken", "broken"}
_NO = {"0", "false", "no", "n", "f", "off", "safe", "harmless", "refused"}
_RIGHT = {"1", "true", "yes", "y", "t", "on", "correct", "right", "pass", "passed", "solved", "c"}
_WRONG = {"0", "false", "no", "n", "f", "off", "incorrect", "wrong", "fail", "failed", "unsolved", "i"}
_PROMPT = (
    *("prompt", "prompt_id", "id", "task_id", "orig_dset_idx", "problem_id", "question_id", "task", "problem"),
    *("question", "behavior", "behavior_id", "behaviour", "goal", "doc_id", "item", "query", "instance_id"),
)
_SAMPLE = (
    *("sample", "sample_id", "sample_index", "sample_idx", "epoch", "attempt", "trial", "try", "completion_id"),
    *("generation_id", "repeat", "seed", "k"),
)
_UNSAFE = (
    *("unsafe", "is_unsafe", "jailbroken", "is_jailbroken", "jailbreak", "harmful", "is_harmful", "broken"),
    *("attack_success", "success", "successful", "label"),
)
_SOLVED = ("solved", "is_solved", "correct", "is_correct", "passed", "pass", "success", "label")
_N = ("n", "samples", "num_samples", "n_samples", "answers", "attempts", "num_attempts", "total", "tries")
_SCORES = ("score", "judge_score", "harm_score", "probability", "rating")
_LISTS = ("is_corrects", "corrects", "verdicts", "labels", "results", "is_unsafe", "unsafe", "correct", "passed")
_OF_EVENT = {
    "unsafe": ("unsafe", "c", "n_unsafe", "num_unsafe", "successes", "hits", "broken", "jailbroken", "correct"),
    "solved": ("solved", "c", "correct", "n_correct", "num_correct", "passes", "passed", "successes", "hits"),
}


class VerdictsError(ValueError):
    """A file of verdicts cannot be read; the message names the file and the lines, and never a prompt."""


@dataclass(frozen=True)
class Verdicts:
    """The counts of a file, a prompt each, in the order of the prompts' first rows.

    Attributes:
        answers: judged answers of each prompt, >= 1.
        unsafe: how many of them were unsafe (or right).
        first: place of the first unsafe one among the prompt's answers, from 1; 0 where there is none or its place is
            not known.
        categories: of each prompt, "" where unknown.
        notes: what was taken for granted, a sentence each.
    """

    answers: Int[np.ndarray, "prompts"]
    unsafe: Int[np.ndarray, "prompts"]
    first: Int[np.ndarray, "prompts"]
    categories: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def with_at_least(self, least: int) -> "Verdicts":
        """Return the prompts that have at least so many answers."""
        kept = self.answers >= least
        categories = tuple(each for each, keep in zip(self.categories, kept, strict=True) if keep)
        return Verdicts(self.answers[kept], self.unsafe[kept], self.first[kept], categories, self.notes)


@dataclass
class _Prompt:
    """What is known of a prompt while a file is read."""

    answers: int = 0
    unsafe: int = 0
    first: int = 0
    category: str = ""
    verdicts: dict[Any, bool] = field(default_factory=dict)


def read_verdicts(
    path: Path | str, *, skip_bad: bool = False, reading: Reading | None = None
) -> tuple[Verdicts, list[str]]:
    """Return the counts of a file and what is wrong with the rows that were left out, a sentence a kind of fault.

    Args:
        path: the log.
        skip_bad: whether rows that cannot be read are left out; otherwise they are an error.
        reading: which columns, and what counts as the event; None: the usual.

    Raises:
        VerdictsError: no such file, a missing column, a bad row (without `skip_bad`), or no row at all.
    """
    reading = reading or Reading()
    try:
        notes, records = _records(Path(path), reading)
        found = _collect(records, _judge(reading))
    except (TableError, LogError) as error:
        raise VerdictsError(f"verdicts {error}") from None
    said = [f"{_lines(lines)}: {fault}" for fault, lines in found.faults.items()]
    if found.repeats and not skip_bad:
        raise VerdictsError(f"verdicts {path}: {_repeated(found.repeats, found.contradictions)}")
    if said and not skip_bad:
        raise VerdictsError(f"verdicts {path}: {'; '.join(said)}; --skip-bad leaves such rows out")
    if found.repeats:
        said.append(
            f"{_lines(found.repeats)}: {len(found.repeats)} rows repeat a prompt and sample, {found.contradictions} of "
            "them with another verdict; the first of each counts"
        )
    if not found.prompts:
        raise VerdictsError(f"verdicts {path}: no row holds a prompt, a sample and a verdict")
    notes += [f"{len(lines)} {said} and are left out ({_lines(lines)})" for said, lines in found.left_out.items()]
    each = list(found.prompts.values())
    for prompt in each:
        if prompt.verdicts:
            prompt.answers, prompt.unsafe = len(prompt.verdicts), sum(prompt.verdicts.values())
            prompt.first = _place_of_first(prompt.verdicts)
    answers, unsafe, first = (np.array([getattr(p, name) for p in each]) for name in ("answers", "unsafe", "first"))
    return Verdicts(answers, unsafe, first, tuple(p.category for p in each), tuple(notes)), said


def _records(path: Path, reading: Reading) -> tuple[list[str], Iterator[Record]]:
    """Return what is taken for granted and the answers of a log, in whatever form it has."""
    table = open_table(path, reading.encoding)
    if (found := tool_answers(table, reading)) is not None:
        return found
    verdict_names = _SOLVED if reading.event == "solved" else _UNSAFE
    prompt = _column(table, reading.prompt, _PROMPT)
    listed = reading.verdict or _first_of(table, _LISTS)
    if prompt and listed and _holds_lists(table, listed):
        return [_taken(prompt=prompt, verdicts=listed)], _lists(table, prompt, listed, reading)
    sample = None if reading.sample == NO_COLUMN else _column(table, reading.sample, _SAMPLE)
    answers = _column(table, reading.answers, () if sample or reading.sample else _N)
    if answers:
        counted = _column(table, reading.verdict, _OF_EVENT[reading.event])
        if prompt and counted:
            taken = _taken(prompt=prompt, answers=answers, **{reading.event: counted})
            return [taken], _counts(table, prompt, answers, counted, reading)
    verdict = _column(table, reading.verdict, verdict_names)
    wanted = {"prompt": prompt, "sample": sample or reading.sample == NO_COLUMN, reading.event: verdict}
    if lacking := [name for name, found in wanted.items() if not found]:
        raise TableError(f"{path}: {_way_out(table, lacking, reading)}")
    assert prompt is not None
    assert verdict is not None
    notes = []
    if (prompt.lower(), (sample or "").lower(), verdict.lower()) != ("prompt", "sample", reading.event):
        notes.append(_taken(**{"prompt": prompt, "sample": sample or "each row", reading.event: verdict}))
    return notes, _rows(table, prompt, sample, verdict, reading)


def _rows(table: Table, prompt: str, sample: str | None, verdict: str, reading: Reading) -> Iterator[Record]:
    category = None if reading.category is None else _column(table, reading.category, ())
    names = [prompt, verdict, *([sample] if sample else []), *([category] if category else [])]
    for line, cells in table.rows(names):
        if isinstance(cells, str):
            yield Fault(line, cells)
            continue
        name = _name(cells[0])
        number = _sample(cells[2]) if sample else line
        if name == "" or number == "":
            yield Fault(line, "has no prompt or no sample")
            continue
        yield Answer(line, name, number, cells[1], str(cells[-1]).strip() if category else "")


def _counts(table: Table, prompt: str, answers: str, counted: str, reading: Reading) -> Iterator[Record]:
    category = None if reading.category is None else _column(table, reading.category, ())
    for line, cells in table.rows([prompt, answers, counted, *([category] if category else [])]):
        if isinstance(cells, str):
            yield Fault(line, cells)
            continue
        try:
            n, events = real(cells[1]), real(cells[2])
            whole = n == int(n) and events == int(events)
        except (ValueError, OverflowError):
            whole = False
        if not whole or _name(cells[0]) == "":
            yield Fault(line, f"{answers} and {counted} are not whole numbers of a prompt")
        elif not 0 <= events <= n or n < 1:
            yield Fault(line, f"does not hold 0 <= {counted} <= {answers}, {answers} >= 1")
        else:
            # of a prompt that was sampled until it broke the last answer is the event
            yield Tallied(line, _name(cells[0]), int(n), int(events), 0, str(cells[3]).strip() if category else "")


def _lists(table: Table, prompt: str, listed: str, reading: Reading) -> Iterator[Record]:
    judge = _judge(reading)
    for line, cells in table.rows([prompt, listed]):
        if isinstance(cells, str):
            yield Fault(line, cells)
            continue
        verdicts = _list(cells[1])
        if verdicts is None or _name(cells[0]) == "":
            yield Fault(line, f"{listed} is no list of verdicts")
            continue
        known = [each for each in verdicts if not missing(each)]
        try:
            judged = known if all(type(each) is bool for each in known) else [judge(each) for each in known]
        except ValueError as error:
            yield Fault(line, f"{listed}: a verdict {error}")
            continue
        if len(known) < len(verdicts):
            yield LeftOut(line, f"lists of {listed} have {len(verdicts) - len(known)} verdicts missing")
        if not judged:
            yield Fault(line, f"{listed} holds no verdict")
            continue
        first = judged.index(True) + 1 if True in judged else 0
        yield Tallied(line, _name(cells[0]), len(judged), sum(judged), first)


@dataclass
class _Collected:
    """What the records of a file come to."""

    prompts: dict[Any, _Prompt] = field(default_factory=dict)
    faults: dict[str, list[int]] = field(default_factory=dict)
    left_out: dict[str, list[int]] = field(default_factory=dict)
    repeats: list[int] = field(default_factory=list)
    contradictions: int = 0

    def take(self, record: Tallied) -> None:
        """Take the counts of a prompt."""
        if record.prompt in self.prompts:
            old = self.prompts[record.prompt]
            self.repeats.append(record.line)
            self.contradictions += (old.answers, old.unsafe) != (record.answers, record.unsafe)
        else:
            self.prompts[record.prompt] = _Prompt(record.answers, record.unsafe, record.first, record.category)


def _collect(records: Iterator[Record], judge: Callable[[Any], bool]) -> _Collected:
    """Return the prompts, the lines of each kind of fault, the lines that repeat, and how many contradict."""
    found = _Collected()
    prompts = found.prompts
    for record in records:
        if isinstance(record, Fault):
            found.faults.setdefault(record.said, []).append(record.line)
        elif isinstance(record, LeftOut):
            found.left_out.setdefault(record.said, []).append(record.line)
        elif isinstance(record, Tallied):
            found.take(record)
        else:
            try:
                verdict = judge(record.verdict)
            except ValueError as error:
                found.faults.setdefault(str(error), []).append(record.line)
                continue
            prompt = prompts.get(record.prompt)
            if prompt is None:
                prompt = prompts[record.prompt] = _Prompt(category=record.category)
            if record.sample in prompt.verdicts:
                found.repeats.append(record.line)
                found.contradictions += prompt.verdicts[record.sample] != verdict
            else:
                prompt.verdicts[record.sample] = verdict
    return found


def _judge(reading: Reading) -> Callable[[Any], bool]:
    """Return what says whether a cell is the event; it raises `ValueError` with a sentence about the cell's row."""
    name = reading.verdict or reading.event
    if reading.value is not None:
        wanted = reading.value.strip().lower()
        as_number = _number(wanted)

        def is_value(cell: Any) -> bool:
            if missing(cell):
                raise ValueError(f"{name} holds no verdict")
            text = str(cell).strip().lower()
            return text == wanted or (as_number is not None and _number(text) == as_number)

        return is_value
    if reading.threshold is not None:
        least = reading.threshold

        def is_high(cell: Any) -> bool:
            if missing(cell):
                raise ValueError(f"{name} holds no score")
            score = _number(cell)
            if score is None:
                raise ValueError(f"{name} is not a score")
            return score >= least

        return is_high
    yes, no = (_RIGHT, _WRONG) if reading.event == "solved" else (_YES, _NO)
    known: dict[Any, bool] = {True: True, False: False, **dict.fromkeys(yes, True), **dict.fromkeys(no, False)}

    def is_yes(cell: Any) -> bool:
        try:
            return known[cell]
        except (KeyError, TypeError):
            pass
        if missing(cell):
            raise ValueError(f"{name} holds no verdict")
        text = str(cell).strip().lower()
        if text in known:
            return known[text]
        number = _number(cell)
        if number in (0, 1):
            return bool(number)
        if number is not None:
            raise ValueError(f"{name} is a score and not a verdict; --threshold 0.5 says what counts")
        raise ValueError(f"{name} is not a verdict (1/0, true/false, yes/no); --unsafe-value WORD says which counts")

    return is_yes


def _column(table: Table, asked: str | None, usual: Sequence[str]) -> str | None:
    """Return the column that was asked for, or the first of the usual ones; None where there is none.

    Raises:
        TableError: the one that was asked for is not there.
    """
    names = {name.lower(): name for name in reversed(table.columns)}
    if asked is not None:
        found = asked if asked in table.columns else names.get(" ".join(asked.split()).lower())
        if found is None:
            raise TableError(f"{table.path}: no column {asked}")
        return found
    return next((names[name] for name in usual if name in names), None)


def _first_of(table: Table, names: Sequence[str]) -> str | None:
    return next((name for name in table.columns if name.lower() in names), None)


def _holds_lists(table: Table, name: str) -> bool:
    if name not in table.columns:
        return False
    first = next((cells for _, cells in table.rows([name]) if not isinstance(cells, str)), None)
    return first is not None and _list(first[0]) is not None


def _list(cell: Any) -> list[Any] | None:
    if isinstance(cell, list):
        return cell
    if isinstance(cell, str) and cell.strip().startswith("["):
        text = cell.strip().replace("None", "null").replace("nan", "null").lower().replace("'", '"')
        try:
            found = json.loads(text)
        except ValueError:
            return None
        return found if isinstance(found, list) else None
    return None


def _name(cell: Any) -> str:
    """Return the name of a prompt without the blanks around it; "" where there is none."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    return json.dumps(cell, sort_keys=True) if isinstance(cell, dict | list) else str(cell)


def _sample(cell: Any) -> Any:
    """Return the name of a sample: a whole number where it is one, so that 1 and 1.0 and 01 are the same."""
    text = cell.strip() if isinstance(cell, str) else cell
    if text is None or text == "":
        return ""
    try:
        return int(text)
    except (TypeError, ValueError):
        number = _number(text)
        return int(number) if number is not None and number == number // 1 else text


def _number(cell: Any) -> float | None:
    try:
        number = real(cell)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _place_of_first(verdicts: dict[Any, bool]) -> int:
    """Return the place of the first event: in the order of the samples' numbers, else in that of the file."""
    if not any(verdicts.values()):
        return 0
    if all(isinstance(each, int) for each in verdicts):
        first = min(sample for sample, event in verdicts.items() if event)
        return sum(sample <= first for sample in verdicts)
    return next(place for place, event in enumerate(verdicts.values(), start=1) if event)


def _repeated(lines: Sequence[int], contradictions: int) -> str:
    one = len(lines) == 1
    return (
        f"{len(lines)} {'row repeats' if one else 'rows repeat'} a prompt and sample, {contradictions} of them with "
        f"another verdict ({_lines(lines)}): two runs in one file? make samples unique, e.g. run1-0, run2-0, or give "
        "each run a file of its own"
    )


def _lines(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:_SHOWN]))
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {shown}{more}"


def _taken(**columns: str) -> str:
    return "columns taken: " + ", ".join(f"{meaning} = {name}" for meaning, name in columns.items())


def _way_out(table: Table, lacking: list[str], reading: Reading) -> str:
    count = len(table.columns)
    what = f"no column {', '.join(lacking)} among {count}" if count != 1 else f"one column, no {', '.join(lacking)}"
    options = {"prompt": "--prompt-column", "sample": "--sample-column"}
    ways = ", ".join(f"{options.get(name, '--unsafe-column')} NAME" for name in lacking)
    none = "; --sample-column none if each row is another answer" if "sample" in lacking else ""
    if lacking == [reading.event] and (score := _column(table, None, _SCORES)):
        return f"no column {reading.event}, but {score}: --unsafe-column {score} --threshold 0.5 takes it for a score"
    header = "; is the first line a header?" if len(lacking) == len(COLUMNS) and table.kind == "csv" else ""
    return (
        f"{what}; needed: {', '.join((*COLUMNS[:2], reading.event))} (an answer a row) or prompt, n, {reading.event} "
        f"(counts); name them with {ways}{none}{header}"
    )


def first_events(verdicts: Verdicts) -> tuple[Verdicts, int]:
    """Return each prompt up to its first event, as if sampling had stopped there, and how many answers that leaves out.

    Raises:
        VerdictsError: of counts, with more than one event of a prompt: nobody knows which came first.
    """
    happened = verdicts.unsafe > 0
    if np.any(happened & (verdicts.first == 0) & (verdicts.unsafe > 1)):
        raise VerdictsError("--until-success: counts with two events of a prompt do not say when the first came")
    place = np.where(happened & (verdicts.first > 0), verdicts.first, verdicts.answers)
    dropped = int(np.sum(verdicts.answers - place))
    return replace(verdicts, answers=place, unsafe=happened.astype(int)), dropped
