"""Is a point an ordinary run, and is its error recorded rather than raised?"""

import pytest

from solv.harness.settings import ConfigurationError, as_dictionary, defaults, resolve
from solv.harness.sweep import points
from solv.harness.sweep.points import PointJob
from solv.tracking.sweeps import DONE, FAILED
from tests.own_experiment import OwnConfig, own_experiment


def made(tmp_path, monkeypatch, on_unit=lambda a: None):
    experiment = own_experiment(on_unit=on_unit)
    monkeypatch.setattr(points, "load", lambda name: experiment)
    job = PointJob("own-law", "quick", "0123", str(tmp_path), "disabled", fresh=False)
    job.directory.begin({"preset": "quick"})
    values = {**as_dictionary(resolve(OwnConfig, {**defaults(OwnConfig), "runs_dir": "elsewhere"})), "device": "cpu"}
    return job, {**values, "sweep": {"axes": {"a": [1]}}}


def test_a_point_has_the_key_of_its_run_in_the_folder_of_the_sweep(tmp_path, monkeypatch, capsys):
    job, values = made(tmp_path, monkeypatch)
    point = job.point(values, ("seed=0",))
    assert point.label == "seed=0"
    assert point.settings["runs_dir"] == str(tmp_path)
    job.directory.add([point])
    job(values)
    assert job.directory.states() == {point.key: DONE}
    run = job.directory.finished()[point.key]
    assert not (run.path / "figure.png").exists()
    assert f"point {point.key} done in" in capsys.readouterr().err


def test_the_error_of_a_point_is_recorded_and_forgotten_after_a_success(tmp_path, monkeypatch, capsys):
    fails = [True]

    def on_unit(a):
        if fails:
            raise ArithmeticError("no result\nat all")

    job, values = made(tmp_path, monkeypatch, on_unit)
    point = job.point(values)
    job.directory.add([point])
    job(values)
    failure = job.directory.failure(point.key)
    assert failure.error == "ArithmeticError: no result at all"
    assert "on_unit" in failure.traceback
    assert job.directory.states() == {point.key: FAILED}
    fails.clear()
    job(values)
    assert job.directory.failure(point.key) is None
    assert "failed: ArithmeticError" in capsys.readouterr().err


def test_a_wrong_setting_is_the_sweeps_own_fault(tmp_path, monkeypatch):
    job, values = made(tmp_path, monkeypatch)
    with pytest.raises(ConfigurationError, match=r"size\.repeats"):
        job.point({**values, "size": {"repeats": 1}})
