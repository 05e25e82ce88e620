"""Is a copy of the public layout read, checked against its own words and our search, and refused where it is wrong?"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from solv.data.pita.published import (
    ALIKE,
    DIFFERING,
    MODELLED,
    PROVED,
    REFUTED,
    check_published,
    count_published,
    is_published,
    row_count,
)
from solv.data.pita.records import record
from solv.data.pita.splits import SplitSpec, open_split

PARTS = (("full", 300), ("imply", 300), ("or", 20), ("php", 6))


def as_lean_prints(text: str) -> str:
    """The atoms in a line of their own, hypotheses of one type in one line, and XML without spaces."""
    return (
        text.replace('"><', '"><if>p1 p2 p3 : Prop</if><')
        .replace('"><if>p1 p2 p3 : Prop</if><complete', '"><complete')
        .replace("h1 : p1</if><if>h2 : p1</if>", "h1 h2 : p1</if>")
        .replace(" />", "/>")
    )


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    columns = ["prompt", "completion", "is_true", "length", "ops"]
    folder.mkdir(exist_ok=True)
    table = pa.Table.from_pydict({column: [row[column] for row in rows] for column in columns})
    pq.write_table(table, folder / f"{name}-00000-of-00001.parquet")


def made(name: str, count: int) -> list[dict[str, object]]:
    split = open_split(SplitSpec(name, published=True))
    places = [split.count * number // count for number in range(count)]
    rows = [record(split, place, 10_000) for place in places]
    for row in rows:
        row["prompt"], row["completion"] = as_lean_prints(row["prompt"]), as_lean_prints(row["completion"])
    return rows


def test_every_split_of_the_public_layout_is_read_and_checked(tmp_path: Path) -> None:
    for name, count in PARTS:
        write(tmp_path / "data", name, made(name, count))
    total = sum(count for _, count in PARTS)
    assert is_published(tmp_path)
    assert row_count(tmp_path) == total
    counts = check_published(tmp_path)
    assert counts[PROVED] + counts[REFUTED] == counts[ALIKE] == total
    assert counts[DIFFERING] == 0
    assert counts[MODELLED] == counts[REFUTED]
    lengths = count_published(tmp_path)
    assert {split for split, _, _ in lengths} == {"full", "imply", "or", "php"}
    assert lengths.total() == total


def test_hypotheses_in_one_line_and_broken_lines_say_the_same(tmp_path: Path) -> None:
    row = record(open_split(SplitSpec("imply", 3)), 0, 100)
    row["prompt"] = '<state id="0"><if>p1 p2 p3 : Prop</if><then>p1 → p2 ∧ p2 → p1</then></state>|'
    row["completion"] = (
        '<tactic>intro h1</tactic><state id="1"><if>p1 p2 : Prop</if><if>h1 :</if><if>  p1</if>'
        "<then>(p2 ∧ p2) → p1</then></state>"
        '<tactic>intro h2</tactic><state id="2"><if>h1 : p1</if><if>h2 : p2 ∧ p2</if><then>p1</then></state>'
        '<tactic>have h3 := h2.left</tactic><state id="3"><if>h1 : p1</if><if>h2 : p2 ∧ p2</if><if>h3 : p2</if>'
        "<then>p1</then></state>"
        '<tactic>have h4 := h2.right</tactic><state id="4"><if>h1 : p1</if><if>h2 : p2 ∧ p2</if><if>h3 h4 : p2</if>'
        "<then>p1</then></state>"
        '<tactic>exact h1</tactic><state id="5"><complete /></state><success />'
    )
    row["is_true"], row["length"] = True, 5
    write(tmp_path, "full", [row])
    assert check_published(tmp_path)[ALIKE] == 1


def test_a_state_that_differs_behind_a_block_that_was_given_up_is_counted(tmp_path: Path) -> None:
    split = open_split(SplitSpec("full", 3))
    statement = "p1 ∨ p2 → False"
    row = next(row for row in (record(split, i, 100) for i in range(split.count)) if row["statement"] == statement)
    assert row["length"] == 6
    block = '<state id="6"><complete />'
    assert block in row["completion"]
    row["completion"] = row["completion"].replace(block, '<state id="6"><then>False</then>')
    write(tmp_path, "full", [row])
    counts = check_published(tmp_path)
    assert (counts[DIFFERING], counts[ALIKE]) == (1, 1)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("completion", "<success />", "success with a goal left"),
        ("is_true", False, "the row says False"),
        ("length", 7, "in 7 states, which is not so"),
        ("prompt", "nothing", "the prompt has no goal"),
        ("prompt", "<then>p1 and</then>", "is not a formula"),
    ],
)
def test_a_wrong_row_is_named_with_its_file(tmp_path: Path, column: str, value: object, said: str) -> None:
    rows = [record(open_split(SplitSpec("imply", 2)), 0, 100)]
    assert rows[0]["is_true"]
    rows[0][column] = value
    write(tmp_path, "imply", rows)
    with pytest.raises(ValueError, match=f"imply-00000-of-00001.parquet, row 0: .*{said}"):
        check_published(tmp_path)


def test_a_file_without_a_column_or_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["a"]}), tmp_path / "full.parquet")
    with pytest.raises(ValueError, match="no column completion, is_true, length, ops"):
        check_published(tmp_path)
    (tmp_path / "full.parquet").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read"):
        row_count(tmp_path)
