"""Is a table of scores read in the forms in which people keep it?"""

import json

import numpy as np
import pytest

from solv.data.judged_scores import ScoresError, read_scores

ROWS = [("p1", 0.5, 2.0), ("p2", 1.5, 0.0), ("p1", -1.0, 4.0)]


def written(folder, header, rows, separator=",", encoding="utf-8"):
    path = folder / "scores.csv"
    path.write_text("\n".join(separator.join(map(str, row)) for row in [header, *rows]) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_separators_and_the_mark_of_spreadsheets(tmp_path, separator, encoding):
    found = read_scores(written(tmp_path, ("prompt", " score", "error"), ROWS, separator, encoding))
    assert [list(each) for each in found.scores] == [[0.5, -1.0], [1.5]]
    assert [list(each) for each in found.errors] == [[2.0, 4.0], [0.0]]


def test_right_and_wrong_in_words_and_columns_by_name(tmp_path):
    rows = [("a", "x", 1, "yes"), ("a", "y", 2, "False"), ("b", "z", 3, "1.0")]
    path = written(tmp_path, ("item", "text", "preference", "passed"), rows)
    found = read_scores(path, prompt="item", score="preference")
    assert [list(each) for each in found.errors] == [[0, 1], [0]]


def test_lines_of_json(tmp_path):
    path = tmp_path / "scores.jsonl"
    rows = [{"question": 7, "reward": 0.25, "correct": True}, {"question": 7, "reward": 1, "correct": False}]
    path.write_text("\n".join(map(json.dumps, rows)))
    found = read_scores(path)
    np.testing.assert_array_equal(found.errors[0], [0, 1])


def test_bad_rows_are_counted_and_named_by_line(tmp_path):
    rows = [*ROWS, ("p3", "high", 1), ("p3", 1, -1), ("", 1, 1), ("p3", "inf", 1)]
    path = written(tmp_path, ("prompt", "score", "error"), rows)
    with pytest.raises(ScoresError, match=r"4 rows .* \(rows 5, 6, 7, 8\); --skip-bad"):
        read_scores(path)
    assert read_scores(path, skip_bad=True).left_out == 4


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("prompt", "error"), "no column for score; it has prompt, error: --score-column"),
        (("prompt", "score"), "no column for error or correct"),
        (("text",), "no column for prompt, score, error or correct"),
    ],
)
def test_a_column_that_is_missing_is_named(tmp_path, header, said):
    with pytest.raises(ScoresError, match=said):
        read_scores(written(tmp_path, header, []))


def test_what_is_no_table_is_one_line(tmp_path):
    with pytest.raises(ScoresError, match="No such file"):
        read_scores(tmp_path / "nothing.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ScoresError, match="not a table in UTF-8"):
        read_scores(tmp_path / "bytes.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ScoresError, match="not a table"):
        read_scores(tmp_path / "empty.csv")
    with pytest.raises(ScoresError, match="no column 'b'"):
        read_scores(written(tmp_path, ("prompt", "score", "error"), ROWS), score="b")
