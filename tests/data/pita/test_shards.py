"""Is what lies in a folder read back whole, and is a part of it never taken for the whole?"""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from solv.data.pita.records import VERSION
from solv.data.pita.shards import (
    MANIFEST,
    SCHEMA,
    digest,
    finished_shards,
    partial_path,
    put,
    read_manifest,
    read_shard,
    rows,
    rows_in,
    shard_path,
    write_manifest,
)


def shard(folder, number, size):
    made = [
        {"split": "full", "index": str(index), "stratum": "s", "statement": "p1", "prompt": "i", "is_true": False,
         "completion": "p", "length": 1, "ops": ["exact"]}
        for index in range(size)
    ]  # fmt: skip
    path = shard_path(folder, number)
    pq.write_table(pa.Table.from_pylist(made, schema=SCHEMA), path)
    return path, made


def test_rows_of_all_shards_come_in_order(tmp_path) -> None:
    one, first = shard(tmp_path, 0, 300)
    two, second = shard(tmp_path, 1, 2)
    write_manifest(tmp_path, {"version": VERSION, "sha256": {path.name: digest(path) for path in (one, two)}})
    assert list(rows(tmp_path)) == first + second
    assert finished_shards(tmp_path) == [(one, digest(one)), (two, digest(two))]
    assert list(read_shard(one, digest(one), columns=["index"]))[299] == {"index": "299"}
    assert digest(one) == hashlib.sha256(one.read_bytes()).hexdigest()
    assert [path.name for path in (one, two)] == ["shard-000000.parquet", "shard-000001.parquet"]


def test_rows_are_counted_only_in_a_whole_file(tmp_path) -> None:
    path, _ = shard(tmp_path, 0, 7)
    assert rows_in(path) == 7
    path.write_bytes(path.read_bytes()[:-10])
    assert rows_in(path) is None
    assert rows_in(tmp_path / "none") is None


def test_a_changed_shard_is_not_read(tmp_path) -> None:
    path, _ = shard(tmp_path, 0, 3)
    with pytest.raises(ValueError, match="missing, cut or changed"):
        next(read_shard(path, "0" * 64))
    with pytest.raises(ValueError, match="missing, cut or changed"):
        next(read_shard(tmp_path / "none", digest(path)))


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "holds no data set"), ("{", "holds no data set"), ("[]", "another version"), ("{}", "another version")],
)
def test_a_folder_without_a_readable_manifest_is_named(tmp_path, content, said) -> None:
    if content is not None:
        (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(ValueError, match=said):
        read_manifest(tmp_path)


def test_an_unfinished_data_set_has_no_shards_to_read(tmp_path) -> None:
    write_manifest(tmp_path, {"version": VERSION})
    assert read_manifest(tmp_path) == {"version": VERSION}
    with pytest.raises(ValueError, match="is unfinished"):
        finished_shards(tmp_path)


def test_a_file_has_its_name_only_once_it_is_whole(tmp_path) -> None:
    path = tmp_path / "a"
    partial = partial_path(path)
    assert partial.parent == tmp_path
    assert partial.name.startswith(".a.")
    partial.write_text("whole")
    put(partial, path)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    write_manifest(tmp_path, {"version": VERSION, "a": 1})
    write_manifest(tmp_path, {"version": VERSION, "a": 2})
    assert json.loads((tmp_path / MANIFEST).read_text())["a"] == 2
    assert len(list(tmp_path.iterdir())) == 2
