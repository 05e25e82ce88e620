"""Does a sweep's status run nothing, show every point, and leave with the status of what was found?"""

import threading

import pytest

from solv.cli import sweep as module
from solv.tracking.runs import RunStore
from solv.tracking.sweeps import Failure, sweeps


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A call of `solv sweep dmft seed=1,2` in a folder of its own, which shows and runs nothing."""
    for variable in module.THREADS:
        monkeypatch.setenv(variable, "1")

    def call(*overrides):
        return module.sweep("dmft", ["seed=1,2", f"runs_dir={tmp_path}", *overrides], "smoke", None, None, True, False)

    return call


def directory_of(root):
    [found] = sweeps(RunStore(root), "dmft")
    return found


def test_the_points_of_a_sweep_not_begun_are_missing_and_that_is_no_failure(asked, tmp_path, capsys):
    assert asked() == 0
    shown = capsys.readouterr().out
    assert "points: 2 missing" in shown
    assert "seed=1" in shown
    assert not list((tmp_path / "dmft").glob("2*"))


def test_a_point_that_failed_is_shown_with_its_error_and_makes_the_status_1(asked, tmp_path, capsys):
    asked()
    directory = directory_of(tmp_path)
    directory.record_failure(directory.points()[1].key, Failure("ValueError: no", "this host"))
    capsys.readouterr()
    assert asked() == 1
    shown = capsys.readouterr().out
    assert "ValueError: no (this host)" in shown
    assert "points: 1 failed, 1 missing" in shown


def test_a_running_sweep_is_shown_without_waiting(asked, tmp_path, capsys):
    asked()
    directory = directory_of(tmp_path)
    capsys.readouterr()
    with directory.store.lock("dmft", directory.path.name, on_wait=lambda: None):
        found = []
        other = threading.Thread(target=lambda: found.append(asked()))
        other.start()
        other.join(60)
    assert found == [0]
    assert "this sweep is running" in capsys.readouterr().out
