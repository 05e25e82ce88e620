"""How do evaluation tools write down judged answers? Readers of their logs, each as answers of prompts.

| tool | file | prompt | sample | verdict |
| --- | --- | --- | --- | --- |
| inspect | `samples_df` as CSV, or the JSON log | id | epoch | score_<scorer>: C or a number; I |
| lm-evaluation-harness | `samples_*.jsonl` | doc_id | place in the list | the metric, of one filter |
| garak | `*.report.jsonl` | probe and prompt | place in the list | detector_results, from 0.5 on |
| HarmBench | `results/*.json` | behaviour | place in the list | label |
| best-of-N jailbreaking | `*_search_steps.jsonl` | n | k | asr |
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from solv.data.tables import Table, missing, read_json

_NOT_METRICS = {
    *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash"),
    *("prompt_hash", "target_hash"),
}
_GARAK_DONE = 2  # status of an attempt whose outputs were judged


class LogError(ValueError):
    """A tool's log leaves open what is meant; the message is one line that says how to choose, and holds no prompt."""


@dataclass(frozen=True)
class Reading:
    """How a log is to be read.

    Attributes:
        prompt, sample, verdict, answers, category: names of columns; None: by their usual names. `sample` may be
            "none": each row is another answer. `answers` says that rows hold counts. `verdict` is also the metric,
            scorer or detector of a tool's log.
        value: which value of the verdict is the event, others are not; None: the usual words.
        threshold: a verdict is a score, and at least this much is the event; None: no scores.
        event: unsafe or solved.
        encoding: of the text; None: told from its first bytes, else UTF-8.
        filter: of lm-evaluation-harness; None: the first.
    """

    prompt: str | None = None
    sample: str | None = None
    verdict: str | None = None
    answers: str | None = None
    category: str | None = None
    value: str | None = None
    threshold: float | None = None
    event: str = "unsafe"
    encoding: str | None = None
    filter: str | None = None


class Answer(NamedTuple):
    """A judged answer; `line` is where it stands, `sample` a number or a name, `verdict` as it was written."""

    line: int
    prompt: Any
    sample: Any
    verdict: Any
    category: str = ""


class Tallied(NamedTuple):
    """The counts of a prompt; `first` is the place of the first event, 0 if there is none or it is not known."""

    line: int
    prompt: Any
    answers: int
    unsafe: int
    first: int
    category: str = ""


class Fault(NamedTuple):
    """A row that cannot be read."""

    line: int
    said: str


class LeftOut(NamedTuple):
    """An answer that its tool did not judge: no fault of the file."""

    line: int
    said: str


Record: TypeAlias = Answer | Tallied | Fault | LeftOut


def tool_answers(table: Table, reading: Reading) -> tuple[list[str], Iterator[Record]] | None:
    """Return what was taken for granted and the answers of a tool's log; None if it is no tool's that is known.

    Raises:
        LogError: it is left open which scorer, metric, filter or detector is meant.
    """
    columns = set(table.columns)
    if {"id", "epoch"} <= columns and (scores := [name for name in table.columns if name.startswith("score_")]):
        scorer = _one_of(scores, reading, "scorer")
        return [_inspect_note(scorer, reading)], _inspect_rows(table, scorer, reading)
    if table.kind == "csv":
        return None
    if {"eval", "samples"} <= columns:
        return _inspect_log(table, reading)
    if {"doc_id", "resps", "filter"} <= columns:
        return _lm_eval(table, reading)
    if "entry_type" in columns:
        return _garak(table, reading)
    if "search_steps" in columns:
        return ["best-of-N log: each search step is a sample, asr its verdict"], _search_steps(table, reading)
    if table.kind == "json" and not (isinstance(read_json(table.path, reading.encoding), list)):
        content = read_json(table.path, reading.encoding)
        if content and all(_is_harmbench(each) for each in content.values()):
            return ["HarmBench results: each behaviour is a prompt, its test cases are samples"], _harmbench(
                content, reading
            )
    return None


def _inspect_note(scorer: str, reading: Reading) -> str:
    if reading.value is not None or reading.threshold is not None:
        return f"inspect log: prompt = id, sample = epoch, verdict = {scorer}"
    return f"inspect log: prompt = id, sample = epoch, C of {scorer} counts as {reading.event} (else --unsafe-value)"


def _inspect_rows(table: Table, scorer: str, reading: Reading) -> Iterator[Record]:
    for line, cells in table.rows(["id", "epoch", scorer]):
        if isinstance(cells, str):
            yield Fault(line, cells)
        else:
            yield _inspect_answer(line, cells[0], cells[1], cells[2], reading)


def _inspect_answer(line: int, prompt: Any, epoch: Any, score: Any, reading: Reading) -> Record:
    if missing(score):
        return LeftOut(line, "answers have no score")
    if reading.value is None and reading.threshold is None and isinstance(score, str):
        known = {"C": True, "I": False, "N": False}.get(score.strip().upper())
        if known is not None:
            return Answer(line, _text(prompt), _number_or_text(epoch), known)
    return Answer(line, _text(prompt), _number_or_text(epoch), score)


def _inspect_log(table: Table, reading: Reading) -> tuple[list[str], Iterator[Record]]:
    samples = read_json(table.path, reading.encoding)["samples"] or []
    names = sorted({name for sample in samples for name in sample.get("scores") or {}})
    if not names:
        raise LogError(f"{table.path}: an inspect log without scores")
    scorer = _one_of(names, reading, "scorer")

    def answers() -> Iterator[Record]:
        for place, sample in enumerate(samples, start=1):
            score = (sample.get("scores") or {}).get(scorer) or {}
            yield _inspect_answer(place, sample.get("id"), sample.get("epoch"), score.get("value"), reading)

    return [_inspect_note(scorer, reading)], answers()


def _lm_eval(table: Table, reading: Reading) -> tuple[list[str], Iterator[Record]]:
    filters: dict[str, None] = {}
    metrics: dict[str, None] = {}
    for _, row in table.objects():
        if not isinstance(row, str):
            filters[str(row.get("filter"))] = None
            metrics |= {
                name: None
                for name, value in row.items()
                if name not in _NOT_METRICS and isinstance(value, int | float | list)
            }
    metric = _one_of(list(metrics), reading, "metric")
    chosen = next(iter(filters)) if reading.filter is None else reading.filter
    if chosen not in filters:
        raise LogError(f"{table.path}: no filter {chosen}; valid: {', '.join(filters)}")
    note = f"lm-evaluation-harness log: prompt = doc_id, {metric} counts as {reading.event}"
    others = f" of {len(filters)}, the others repeat its answers (--filter)" if len(filters) > 1 else ""

    def answers() -> Iterator[Record]:
        for line, row in table.objects():
            if isinstance(row, str):
                yield Fault(line, row)
            elif str(row.get("filter")) == chosen:
                verdicts = row.get(metric)
                for place, verdict in enumerate(verdicts if isinstance(verdicts, list) else [verdicts]):
                    if missing(verdict):
                        yield LeftOut(line, f"answers have no {metric}")
                    else:
                        yield Answer(line, row.get("doc_id"), place, verdict)

    return [f"{note}; filter {chosen}{others}"], answers()


def _garak(table: Table, reading: Reading) -> tuple[list[str], Iterator[Record]]:
    attempts = [
        (line, row)
        for line, row in table.objects()
        if not isinstance(row, str) and row.get("entry_type") == "attempt" and row.get("detector_results")
        if row.get("status", _GARAK_DONE) == _GARAK_DONE
    ]
    broken = [Fault(line, row) for line, row in table.objects() if isinstance(row, str)]
    detectors = list(dict.fromkeys(name for _, row in attempts for name in row["detector_results"]))
    if not detectors:
        raise LogError(f"{table.path}: a garak report without judged attempts")
    detector = _one_of(detectors, reading, "detector")
    least = 0.5 if reading.threshold is None else reading.threshold

    def answers() -> Iterator[Record]:
        yield from broken
        taken: dict[str, int] = {}
        for line, row in attempts:
            prompt = f"{row.get('probe_classname')} {json.dumps(row.get('prompt'), sort_keys=True)}"
            for score in row["detector_results"].get(detector) or []:
                taken[prompt] = taken.get(prompt, -1) + 1
                if missing(score):
                    yield LeftOut(line, "outputs have no score")
                else:
                    verdict = score >= least if isinstance(score, int | float) else score
                    yield Answer(line, prompt, taken[prompt], verdict, str(row.get("probe_classname", "")))

    return [f"garak report: detector {detector}, a score from {least:g} on counts as {reading.event}"], answers()


def _search_steps(table: Table, reading: Reading) -> Iterator[Record]:
    least = 0.5 if reading.threshold is None else reading.threshold
    for line, row in table.objects():
        if isinstance(row, str) or not isinstance(row.get("search_steps"), list):
            yield Fault(line, row if isinstance(row, str) else "has no search steps")
            continue
        for place, step in enumerate(row["search_steps"]):
            score = step.get("asr")
            if missing(score):
                yield LeftOut(line, "steps have no asr")
            else:
                yield Answer(line, row.get("n", line), step.get("k", place), score >= least)


def _is_harmbench(cases: Any) -> bool:
    return isinstance(cases, list) and all(isinstance(case, dict) and "label" in case for case in cases)


def _harmbench(content: Mapping[str, Any], reading: Reading) -> Iterator[Record]:
    line = 0
    for behaviour, cases in content.items():
        for place, case in enumerate(cases):
            line += 1
            verdict = case["label"]
            if missing(verdict) or verdict == -1:
                yield LeftOut(line, "test cases have no label")
            else:
                yield Answer(line, behaviour.strip(), place, verdict)


def _one_of(names: list[str], reading: Reading, kind: str) -> str:
    """Return the name that was asked for, or the only one.

    Raises:
        LogError: none, or several to choose from.
    """
    asked = reading.verdict
    if asked is not None:
        found = next((name for name in names if asked in (name, name.removeprefix("score_"))), None)
        if found is None:
            raise LogError(f"no {kind} {asked}; valid: {', '.join(names)}")
        return found
    if len(names) != 1:
        raise LogError(f"{len(names)} {kind}s: say which with --unsafe-column: {', '.join(names)}")
    return names[0]


def _text(cell: Any) -> str:
    return cell.strip() if isinstance(cell, str) else str(cell)


def _number_or_text(cell: Any) -> Any:
    try:
        return int(cell)
    except (TypeError, ValueError):
        return _text(cell)
