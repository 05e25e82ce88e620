"""Are tables of all separators, encodings and forms opened, with the lines of their rows?"""

import json
import math

import pytest

from solv.data.tables import TableError, missing, open_table, read_json, real


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_told_from_the_header(tmp_path, separator):
    path = tmp_path / "t"
    path.write_text(separator.join(["a", '"b,;|x"', " c "]) + "\n" + separator.join("123") + "\n")
    found = open_table(path)
    assert (found.kind, found.columns) == ("csv", ("a", "b,;|x", "c"))
    assert list(found.rows(["c", "a"])) == [(2, ["3", "1"])]


def test_lines_are_those_of_the_file_also_after_a_preamble_and_cells_of_several_lines(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('# one\n\na,b\n"x\ny",1\n\n2\n3,4\n,\n5,6,,\n')
    assert [(line, cells) for line, cells in open_table(path).rows(["b"])] == [
        (5, ["1"]),
        (7, "has not as many cells as the header"),
        (8, ["4"]),
        (10, ["6"]),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_encoding_is_told_from_the_first_bytes(tmp_path, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes("n\u00e4me,b\n1,2\n".encode(encoding))
    assert open_table(path).columns == ("n\u00e4me", "b")


def test_json_lines_with_a_bad_one_are_read_around_it(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{" a ": 1}\n{"a": \n[1]\n\n{"a": NaN}\n')
    rows = list(open_table(path).rows(["a"]))
    assert rows[:3] == [(1, [1]), (2, "is not JSON"), (3, "is no object")]
    assert rows[3][0] == 5
    assert math.isnan(rows[3][1][0])


def test_one_json_file_is_told_from_json_lines(tmp_path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"a": 1}, {"a": 2}]))
    assert (open_table(path).kind, list(open_table(path).rows(["a"]))) == ("json", [(1, [1]), (2, [2])])
    path.write_text(json.dumps({"log": [{"a": 1}]}, indent=1))
    assert open_table(path).kind == "json"
    path.write_text("{broken")
    with pytest.raises(TableError, match="not JSON: line 1"):
        open_table(path)
    with pytest.raises(TableError, match="No such file"):
        read_json(tmp_path / "none")


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1.5", 1.5), (" 2 ", 2), ("1,5", 1.5), ("12,345.5", 12345.5), ("1 000", 1000), ("5e3", 5e3), (True, 1)],
)
def test_numbers_as_people_write_them(cell, number):
    assert real(cell) == number


def test_blanks_are_missing_and_words_no_numbers():
    assert all(missing(cell) for cell in ("", " ", "NaN", "None", None, "n/a", math.nan))
    assert not missing("0")
    assert math.isnan(real(""))
    with pytest.raises(ValueError, match="could not convert"):
        real("two")
