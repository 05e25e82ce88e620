"""Does a sweep's folder remember its points in their order, and say why one has no result?"""

import json
import math
from datetime import datetime

import pytest

from solv.tracking.runs import RunDirectoryError, RunStore
from solv.tracking.sweeps import DONE, FAILED, MISSING, STARTED, Failure, Point, SweepDirectory, sweeps
from tests.made_curves import points

KEYS = ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd")
POINTS = [Point(key, (f"x={place}",), {"x": place, "tau": math.inf}) for place, key in enumerate(KEYS)]


@pytest.fixture
def directory(tmp_path):
    made = SweepDirectory(RunStore(tmp_path), "toy", "0123")
    made.begin({"preset": "quick", "axes": ["x=0,1"]})
    return made


def run_of(directory, key, *, finished):
    run = directory.store.new("toy", key, datetime(2026, 1, 2, 3, 4, 5))
    run.begin("a: 1\n", {})
    if finished:
        run.write_curves(points("theory", [1.0]))
        run.write_findings([])
        run.finish({"seconds": {}})
    return run


def test_points_are_kept_once_in_the_order_of_the_sweep(directory):
    directory.add([POINTS[2], POINTS[0]])
    directory.add([POINTS[0], POINTS[1]])
    assert directory.points() == [POINTS[2], POINTS[0], POINTS[1]]
    assert directory.points()[0].settings["tau"] == math.inf
    directory.begin({"preset": "other"})  # a second time changes nothing
    assert directory.preset == "quick"
    assert (POINTS[1].label, Point("k", (), {}).label) == ("x=1", "the base point")


def test_each_point_has_a_state(directory):
    directory.add(POINTS)
    run_of(directory, KEYS[0], finished=True)
    directory.record_failure(KEYS[1], Failure("no disk", "here", "Traceback ..."))
    run_of(directory, KEYS[2], finished=False)
    assert directory.states() == dict(zip(KEYS, (DONE, FAILED, STARTED, MISSING), strict=True))
    assert set(directory.finished()) == {KEYS[0]}


def test_a_failure_is_read_back_until_it_is_forgotten(directory):
    failure = Failure("ValueError: x", "host, process 3", "the whole story")
    directory.record_failure(KEYS[0], failure)
    assert directory.failure(KEYS[0]) == failure
    directory.forget_failure(KEYS[0])
    directory.forget_failure(KEYS[0])
    assert directory.failure(KEYS[0]) is None
    (directory.path / "failures" / f"{KEYS[1]}.json").write_text("{")
    assert directory.failure(KEYS[1]).error == "failed; its record is damaged"


def test_a_damaged_record_is_named_with_the_way_out(directory):
    for content in ("{", "[]", json.dumps({"sweep": {}, "points": [{"key": "a"}]})):
        (directory.path / "sweep.json").write_text(content)
        with pytest.raises(RunDirectoryError, match=r"sweep\.json is damaged .* delete it"):
            directory.points()
        assert "is damaged" in directory.fault()


def test_what_was_not_begun_is_empty(tmp_path):
    never = SweepDirectory(RunStore(tmp_path), "toy", "none")
    assert (never.points(), never.description(), never.preset, never.states()) == ([], {}, "", {})


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="choose another folder with --runs-dir"):
        SweepDirectory(RunStore(tmp_path / "file"), "toy", "0123").begin({})


def test_sweeps_are_listed_and_folders_that_are_none_are_not(directory, tmp_path):
    (tmp_path / "toy" / "sweep-empty").mkdir()
    assert [each.key for each in sweeps(directory.store, "toy")] == ["0123"]
    assert sweeps(directory.store, "other") == []
