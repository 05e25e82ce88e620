"""Is a tool's log told by its columns, and what it leaves open asked for?"""

import json

import pytest

from solv.data.judged_logs import LogError, Reading, tool_answers
from solv.data.tables import open_table


def answers(path, **reading):
    found = tool_answers(open_table(path), Reading(**reading))
    return None if found is None else list(found[1])


def lines(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def test_the_json_log_of_inspect_is_read(tmp_path):
    samples = [
        {"id": "a", "epoch": 1, "scores": {"judge": {"value": "C"}}},
        {"id": "a", "epoch": 2, "scores": {"judge": {"value": "I"}}},
        {"id": "b", "epoch": 1, "scores": None, "error": {"message": "m"}},
    ]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"eval": {"task": "t"}, "samples": samples}))
    first, second, third = answers(path)
    assert (first.prompt, first.sample, first.verdict) == ("a", 1, True)
    assert second.verdict is False
    assert third.said == "answers have no score"


def test_partly_right_is_left_to_the_person(tmp_path):
    path = tmp_path / "samples.csv"
    path.write_text("id,epoch,score_judge\na,1,P\n")
    [answer] = answers(path)
    assert answer.verdict == "P"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [{"entry_type": "attempt", "status": 2, "prompt": "p", "detector_results": {"a": [1], "b": [0]}}],
            "2 detectors",
        ),
        ([{"doc_id": 0, "resps": [], "filter": "f", "exact_match": 1, "f1": 0.5}], "2 metrics"),
        ([{"entry_type": "digest"}], "without judged attempts"),
    ],
)
def test_what_a_log_leaves_open_is_asked_for(tmp_path, rows, said):
    with pytest.raises(LogError, match=said):
        answers(lines(tmp_path / "log.jsonl", rows))


def test_one_of_several_metrics_can_be_named(tmp_path):
    path = lines(tmp_path / "log.jsonl", [{"doc_id": 0, "resps": [], "filter": "f", "exact_match": 1, "f1": 0.5}])
    [answer] = answers(path, verdict="exact_match")
    assert answer.verdict == 1
    with pytest.raises(LogError, match="no metric bleu; valid: exact_match, f1"):
        answers(path, verdict="bleu")


def test_other_tables_are_no_tools(tmp_path):
    assert answers(lines(tmp_path / "log.jsonl", [{"prompt": "a", "sample": 0, "unsafe": 1}])) is None
