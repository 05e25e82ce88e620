"""The user's judged answers: what is read, from CSV and JSONL alike, and what is reported."""

import json
from pathlib import Path

import pytest

from solv.data.best_of_k.judged_samples import JudgedSamplesError, read_judged_samples

ROWS = [("q1", 0, 7.5, 1), ("q1", 1, 3, 0), ("q2", 0, 10, True), ("q2", 1, -1, "no")]


def write(folder: Path, kind: str, rows: list[tuple[object, ...]] = ROWS) -> Path:
    names = ("question", "sample", "score", "correct")
    path = folder / f"judged.{kind}"
    if kind == "csv":
        lines = [",".join(("extra", *names)), *(",".join(map(str, ("x", *row))) for row in rows)]
    else:
        lines = [json.dumps({**dict(zip(names, row, strict=True)), "extra": 1}) for row in rows]
    path.write_text("\n".join(lines) + "\n\n")
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_questions_and_samples_are_read_in_the_order_of_the_rows(tmp_path: Path, kind: str) -> None:
    (first, second), faults = read_judged_samples(write(tmp_path, kind))
    assert (first.scores.tolist(), first.correct.tolist()) == ([7.5, 3], [True, False])
    assert (second.scores.tolist(), second.correct.tolist()) == ([10, -1], [True, False])
    assert faults == []


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("q1", 0, 5, 1), "repeats a question and sample"),
        (("q3", 0, "high", 1), "score is not a finite number"),
        (("q3", 0, "nan", 1), "score is not a finite number"),
        (("q3", 0, 5, "maybe"), "correct is not a verdict"),
        (("", 0, 5, 1), "has no question or no sample"),
    ],
)
def test_a_bad_row_is_reported_by_its_line_and_left_out_only_on_request(
    tmp_path: Path, kind: str, row: tuple[object, ...], words: str
) -> None:
    path = write(tmp_path, kind, [*ROWS, row])
    line = 6 if kind == "csv" else 5
    with pytest.raises(JudgedSamplesError, match=rf"line {line}: {words}.*language\.skip_bad=true") as raised:
        read_judged_samples(path)
    assert "\n" not in str(raised.value)
    questions, faults = read_judged_samples(path, skip_bad=True)
    assert [len(each.scores) for each in questions] == [2, 2]
    assert len(faults) == 1


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "question,sample,score\nq,1,2\n", "no column correct; needed: question, sample, score, correct"),
        ("a.csv", "question,sample,score,correct\nq,1\n", "line 2: has not as many cells"),
        ("a.jsonl", "[1]\n", "line 1: is not an object"),
        ("a.jsonl", "x\n", "line 1: is not JSON"),
        ("a.jsonl", '{"question": "q", "sample": 1}\n', "line 1: has no score, correct"),
        ("a.jsonl", '{"question": [], "sample": 1, "score": 1, "correct": 1}\n', "something else than texts"),
        ("a.jsonl", "\n", "no row holds"),
    ],
)
def test_a_table_that_is_none_is_one_clear_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(JudgedSamplesError, match=words):
        read_judged_samples(tmp_path / name)


def test_a_table_that_is_missing_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(JudgedSamplesError, match=r"nowhere\.csv: No such file"):
        read_judged_samples(tmp_path / "nowhere.csv")
    (tmp_path / "b.csv").write_bytes(b"question,sample,score,correct\n\xff\xfe,1,2,1\n")
    with pytest.raises(JudgedSamplesError, match="not a table in UTF-8"):
        read_judged_samples(tmp_path / "b.csv")
