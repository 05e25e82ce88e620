"""Does a run directory survive kills, damage and company?"""

import json
import multiprocessing
import os
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from solv.tracking.claims import Finding, Verdict
from solv.tracking.files import replacing, write_text
from solv.tracking.runs import (
    LONG_UNIT,
    MANIFEST_VERSION,
    RunDirectory,
    RunDirectoryError,
    RunStore,
    Seconds,
    content_key,
)
from tests.made_curves import points

NOW = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture
def run(tmp_path):
    made = RunStore(tmp_path).new("toy", "0123456789ab", NOW)
    made.begin("a: 1\n", {"code": "x"})
    return made


def test_the_key_depends_on_values_and_not_on_their_order():
    assert content_key("a", {"x": 1, "y": [1.0, float("inf")]}) == content_key("a", {"y": [1.0, float("inf")], "x": 1})
    assert content_key("a", {"x": 1}) != content_key("a", {"x": 2})
    assert content_key("a", {"x": 1}) != content_key("b", {"x": 1})


def test_a_run_is_finished_only_when_its_manifest_is_there(run):
    assert not run.finished
    run.finish({"seed": 1})
    assert run.finished
    assert run.manifest()["seed"] == 1
    assert run.started == NOW
    assert (run.experiment, run.key) == ("toy", "0123456789ab")


def test_a_second_run_of_the_same_second_gets_a_name_of_its_own(run, tmp_path):
    again = RunStore(tmp_path).new("toy", "0123456789ab", NOW)
    assert again.path != run.path
    assert again.key == run.key
    assert RunStore(tmp_path).find("toy", "0123456789ab")[0].path == again.path


def test_a_clock_that_goes_back_leaves_the_newest_run_the_newest(tmp_path):
    store, key = RunStore(tmp_path), "0123456789ab"
    made = [store.new("toy", key, datetime(2026, 3, 29, hour, 30)) for hour in (3, 2, 1)]
    assert [run.path for run in store.find("toy", key)] == [run.path for run in reversed(made)]
    other = store.new("toy", "ba9876543210", datetime(2026, 3, 29, 2, 30))
    assert other.path.name.startswith("20260329-023000")


def test_a_unit_is_computed_once_and_read_back_bit_for_bit(run):
    calls = []

    def compute():
        calls.append(1)
        return {"a": np.array([0.1, np.inf]), "b": np.arange(3, dtype=np.int32)}

    first, second = run.unit("cell alpha=2/tau=3", compute), run.unit("cell alpha=2/tau=3", compute)
    assert len(calls) == 1
    assert all(first[key].tobytes() == second[key].tobytes() and first[key].dtype == second[key].dtype for key in "ab")


def test_what_a_unit_took_is_told_where_it_is_read(run):
    def work():
        until = time.process_time() + 0.02
        while time.process_time() < until:
            pass
        return {"a": np.zeros(3)}

    run.unit("long", work)
    assert run.spared == Seconds()
    again = RunDirectory(run.path)
    assert set(again.unit("long", work)) == {"a"}
    assert run.unit("long", work)["a"].size == 3
    assert run.spared == Seconds(), "computed in this go, whichever part reads it again"
    once = again.spared.cpu
    again.unit("long", work)
    assert again.spared.cpu == once, "read twice in this go"
    assert again.spared.wall >= 0.02
    assert 0.02 <= again.spared.cpu <= again.spared.wall + 0.01
    assert again == run


def test_a_run_of_many_units_does_not_grow_by_the_tables_that_each_has_freed(run):
    """Small results are kept between large tables, as those of glasses whose states are enumerated."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("no /proc")
    import torch

    def held():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def enumerate_states():
        tables = [torch.rand(8, 2**17, dtype=torch.float64) for _ in range(6)]
        least = [(table * other).cumsum(1).topk(64, dim=1).values for table, other in pairwise(tables)]
        time.sleep(LONG_UNIT)
        return {f"least {number}": values.numpy() for number, values in enumerate(least)}

    kept = [run.unit(f"glass {number}", enumerate_states) for number in range(3)]
    before = held()
    kept += [run.unit(f"glass {number}", enumerate_states) for number in range(3, 12)]
    assert len(kept) == 12
    assert held() - before < 60, "MB; a unit's tables are 48"


def test_units_with_similar_names_do_not_share_a_file(run):
    run.unit("a/b", lambda: {"v": np.array(1)})
    assert run.unit("a b", lambda: {"v": np.array(2)})["v"] == 2


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_truncated_unit_is_computed_again(run, keep):
    run.unit("u", lambda: {"v": np.arange(100)})
    path = run.path / "checkpoints" / "u.npz"
    path.write_bytes(path.read_bytes()[:keep])
    assert run.unit("u", lambda: {"v": np.array(7)})["v"] == 7


def test_a_failed_write_leaves_the_old_file_and_no_debris(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old")

    def fill_the_disk():
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fill_the_disk()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_curves_and_claims_are_read_back(run):
    curves = points("theory", [1, 2])
    claims = [Finding("c", "s", Verdict.HOLDS, 1.0, 1.0)]
    run.write_curves(curves)
    run.write_findings(claims)
    assert run.curves().equals(curves)
    assert run.findings() == claims


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("curves.parquet", b""),
        ("curves.parquet", b"PAR1 not really PAR1"),
        ("claims.json", b"{"),
        ("manifest.json", b"[]"),
        ("manifest.json", b"{}"),
    ],
)
def test_a_damaged_file_is_named_with_the_way_out(run, name, content):
    run.finish({})
    (run.path / name).write_bytes(content)
    with pytest.raises(RunDirectoryError, match=rf"damaged: {name}.*makes it again"):
        {"curves.parquet": run.curves, "claims.json": run.findings, "manifest.json": run.manifest}[name]()


def test_a_manifest_from_a_later_version_is_refused(run):
    run.finish({})
    path = run.path / "manifest.json"
    path.write_text(json.dumps({"manifest_version": MANIFEST_VERSION + 1}))
    with pytest.raises(RunDirectoryError, match="later solv"):
        run.manifest()


def test_a_folder_that_is_no_run_is_left_out_of_the_list(run, tmp_path):
    (tmp_path / "toy" / "notes").mkdir()
    (tmp_path / "README.md").write_text("x")
    assert [found.path for found in RunStore(tmp_path).runs()] == [run.path]
    with pytest.raises(RunDirectoryError, match="not a run directory"):
        _ = RunDirectory(tmp_path / "toy" / "notes").key


def test_a_missing_folder_holds_no_runs(tmp_path):
    assert RunStore(tmp_path / "nowhere").runs() == []


def test_an_unwritable_root_is_one_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RunDirectoryError, match=r"cannot write to the runs directory .* SOLV_RUNS_DIR"):
        RunStore(blocked).new("toy", "0123456789ab", NOW)


def _hold(root: str, seconds: float, log: str) -> None:
    store = RunStore(Path(root))
    waited = []
    with store.lock("toy", "k", on_wait=lambda: waited.append(1)), Path(log).open("a") as handle:
        handle.write("in ")
        handle.flush()
        time.sleep(seconds)
        handle.write("out ")


def test_two_processes_never_hold_the_same_key_at_once(tmp_path):
    log = tmp_path / "log"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_hold, args=(str(tmp_path), 0.3, str(log))) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert log.read_text() == "in out in out "


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    context = multiprocessing.get_context("spawn")
    holder = context.Process(target=_hold, args=(str(tmp_path), 60, str(tmp_path / "log")))
    holder.start()
    while not (tmp_path / "log").exists() or "in" not in (tmp_path / "log").read_text():
        time.sleep(0.01)
    holder.kill()
    holder.join()
    waited = []
    with RunStore(tmp_path).lock("toy", "k", on_wait=lambda: waited.append(1)):
        assert not waited


def test_a_finished_run_that_lacks_a_file_is_damaged_and_the_file_is_named(run):
    run.write_curves(points("simulation", [1.0], [2.0]))
    run.write_findings([])
    run.finish({})
    assert run.fault() is None
    for name in ("config.yaml", "curves.parquet", "claims.json", "manifest.json"):
        (run.path / name).rename(run.path / "away")
        assert f"is damaged: {name}: " in run.fault()
        (run.path / "away").rename(run.path / name)
