"""Is a data set the same whoever writes it, however often he is killed, and does a damaged one say so?"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from solv.data.pita import traces
from solv.data.pita.audit import GIVEN_UP, MODELLED, PROVED, REFUTED, check_all, count_all
from solv.data.pita.records import record
from solv.data.pita.shards import MANIFEST, SCHEMA, rows
from solv.data.pita.shuffle import bijection
from solv.data.pita.splits import SplitSpec, open_split
from solv.data.pita.spread import Workers
from solv.data.pita.writer import Plan, write

ROOT = Path(__file__).resolve().parents[3]
FOUR = Plan(SplitSpec("full", 4), 3000, shard_rows=60)
SMALL = Plan(SplitSpec("full", 3), 200, shard_rows=50)
#: Writes FOUR with two workers. Once enough shards are whole, each worker says so and stays where it is, in the middle
#: of the next one: a kill then hits both at their work, however quick the machine is.
WRITING = """
import itertools, os, signal, sys
from pathlib import Path
from solv.data.pita import writer
from solv.data.pita.spread import Workers
from solv.data.pita.splits import SplitSpec

folder, held, enough, row = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
calls, record = itertools.count(), writer.record

def record_or_stay(*arguments, **settings):
    if next(calls) % 60 == row and len(list(folder.glob("shard-*.parquet"))) >= enough:
        (held / str(os.getpid())).touch()
        signal.pause()
    return record(*arguments, **settings)

writer.record = record_or_stay
if __name__ == "__main__":
    plan = writer.Plan(SplitSpec("full", 4), 3000, shard_rows=60)
    writer.write(plan, folder, workers=Workers(2), resume=True)
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def whole_shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("shard-*.parquet")}


def wait_until(condition, seconds: float = 60) -> None:
    last = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.005)


def gone(pid: int) -> bool:
    """Ended, or ended and not yet waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_killed_at_random_and_resumed_it_is_the_data_set_of_a_run_that_nobody_killed(tmp_path: Path) -> None:
    moments = random.Random(0)
    folder, script = tmp_path / "killed", tmp_path / "writing.py"
    folder.mkdir()
    script.write_text(WRITING)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    for victim in ("parent", "worker", "group"):
        before, held = whole_shards(folder), tmp_path / f"held when the {victim} is killed"
        held.mkdir()
        enough, row = len(before) + moments.randint(2, 9), moments.randint(0, 59)
        running = subprocess.Popen(
            [sys.executable, str(script), str(folder), str(held), str(enough), str(row)],
            env=environment,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        wait_until(lambda held=held: len(list(held.iterdir())) == 2)
        workers = [int(path.name) for path in held.iterdir()]
        assert len(list(folder.glob(".shard-*.partial"))) == 2
        if victim == "group":
            os.killpg(running.pid, signal.SIGKILL)
        else:
            os.kill(running.pid if victim == "parent" else workers[-1], signal.SIGKILL)
        said = running.communicate()[1]
        assert running.returncode != 0
        assert victim != "worker" or b"a worker process was killed" in said
        wait_until(lambda workers=workers: all(map(gone, workers)))  # nobody goes on writing unseen
        after = whole_shards(folder)
        assert enough <= len(after) <= enough + 1 < FOUR.shards  # the other worker may have been at the end of one
        assert all(after[name] == content for name, content in before.items())
    made = write(FOUR, folder, resume=True)
    assert made == FOUR.shards - len(after)
    write(FOUR, tmp_path / "undisturbed")
    assert contents(folder) == contents(tmp_path / "undisturbed")
    place = bijection(open_split(FOUR.split).count, 0)
    assert [int(row["index"]) for row in rows(folder)] == [place(number) for number in range(FOUR.count)]


def test_what_a_killed_writer_left_beside_is_removed(tmp_path: Path) -> None:
    write(SMALL, tmp_path)
    whole = contents(tmp_path)
    (tmp_path / "shard-000002.parquet").unlink()
    (tmp_path / ".shard-000002.parquet.77.partial").write_bytes(b"half")
    assert write(SMALL, tmp_path, resume=True) == 1
    assert contents(tmp_path) == whole


def test_two_writers_of_one_folder_do_not_meet(tmp_path: Path) -> None:
    def second(_: int) -> None:
        with pytest.raises(ValueError, match="written by another process"):
            write(SMALL, tmp_path, resume=True)

    write(SMALL, tmp_path, after_shard=second)


def test_a_data_set_of_other_settings_is_not_continued(tmp_path: Path) -> None:
    write(SMALL, tmp_path)
    for other in (Plan(SplitSpec("full", 3), 201, shard_rows=50), Plan(SplitSpec("full", 3, canonical=True), 200)):
        with pytest.raises(ValueError, match="other settings"):
            write(other, tmp_path, resume=True)


def test_every_shard_says_what_it_belongs_to(tmp_path: Path) -> None:
    write(SMALL, tmp_path)
    listed = json.loads((tmp_path / MANIFEST).read_text())
    hashes = listed.pop("sha256")
    assert list(hashes) == [f"shard-{number:06}.parquet" for number in range(4)]
    for name in hashes:
        schema = pq.read_schema(tmp_path / name)
        assert schema.names == SCHEMA.names
        assert json.loads(schema.metadata[MANIFEST.encode()]) == listed


@pytest.mark.parametrize("damage", ["cut", "changed", "lost", "version", "hashes"])
def test_a_damaged_data_set_is_refused_in_one_line(tmp_path: Path, damage: str) -> None:
    write(SMALL, tmp_path)
    shard, manifest = tmp_path / "shard-000001.parquet", tmp_path / MANIFEST
    content, listed = shard.read_bytes(), json.loads(manifest.read_text())
    if damage == "cut":
        shard.write_bytes(content[:-30])
    elif damage == "changed":
        shard.write_bytes(content[:90] + bytes([content[90] ^ 1]) + content[91:])
    elif damage == "lost":
        shard.unlink()
    elif damage == "version":
        manifest.write_text(json.dumps({**listed, "version": 1}))
    else:
        manifest.write_text(json.dumps({key: value for key, value in listed.items() if key != "sha256"}))
    said = {"version": "another version", "hashes": "unfinished"}.get(damage, "missing, cut or changed")
    for read in (check_all, count_all):
        with pytest.raises(ValueError, match=f"{said}.*valid") as error:
            read(tmp_path)
        assert "\n" not in str(error.value)


def test_checking_and_counting_give_the_same_over_processes(tmp_path: Path) -> None:
    write(SMALL, tmp_path)
    told: list[int] = []
    checked = check_all(tmp_path, workers=Workers(2), after_shard=told.append)
    assert told == [50] * 4
    assert checked == check_all(tmp_path)
    counts = count_all(tmp_path, workers=Workers(2))
    assert counts == count_all(tmp_path)
    assert counts.total() == SMALL.count == checked[PROVED] + checked[REFUTED]


def write_wrongly(folder: Path, monkeypatch: pytest.MonkeyPatch, column: str, value: object) -> None:
    def wrong(*arguments, **settings):
        made = record(*arguments, **settings)
        return {**made, column: value} if made["is_true"] else made

    monkeypatch.setattr("solv.data.pita.writer.record", wrong)
    write(SMALL, folder)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("is_true", False, "the row says False"),
        ("length", 77, "the row says True in 77 states"),
        ("completion", "<failure />", "the row says True"),
        ("statement", "p1", "column 1"),
    ],
)
def test_a_wrong_row_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, value: object, said: str
) -> None:
    write_wrongly(tmp_path, monkeypatch, column, value)
    with pytest.raises(ValueError, match=f"index [0-9]+: .*{said}"):
        check_all(tmp_path)


def test_a_row_without_a_verdict_is_counted_as_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wrongly(tmp_path, monkeypatch, "is_true", None)
    found = check_all(tmp_path)
    assert found[PROVED] == 0 < found[GIVEN_UP]
    assert found[GIVEN_UP] + found[REFUTED] == SMALL.count


def test_a_refuted_statement_of_three_leaves_has_a_counter_model(tmp_path: Path) -> None:
    write(Plan(SplitSpec("full", 3), 2250, shard_rows=2250), tmp_path)
    found = check_all(tmp_path)
    assert (found[PROVED], found[REFUTED], found[MODELLED], found[GIVEN_UP]) == (724, 1526, 1526, 0)


def test_rows_leave_memory_long_before_the_shard_is_full(tmp_path: Path) -> None:
    write(Plan(SplitSpec("php"), 400, shard_rows=400), tmp_path)
    groups = pq.ParquetFile(tmp_path / "shard-000000.parquet").metadata
    sizes = [groups.row_group(number).total_byte_size for number in range(groups.num_row_groups)]
    longest = max(len(row["prompt"].encode()) + len(row["completion"].encode()) for row in rows(tmp_path))
    assert groups.num_row_groups > 2
    assert sum(sizes) > 2 * max(sizes)
    assert max(sizes) < 3 * (1 << 22) + 2 * longest  # 4 MiB of characters, of at most three bytes each


def test_a_trace_that_would_not_fit_into_memory_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    split = open_split(SplitSpec("php"))
    whole = record(split, 10**9, 10_000)
    assert whole["is_true"] is not None
    monkeypatch.setattr(traces, "MOST_CHARACTERS", len(whole["completion"]) // 2)
    cut = record(split, 10**9, 10_000)
    assert (cut["is_true"], cut["completion"], cut["length"]) == (None, None, None)
