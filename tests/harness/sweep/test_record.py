"""Is what all points of a sweep say together a W&B record beside theirs, told apart by its job type?"""

import json
import subprocess
import sys

from solv.harness.settings import as_dictionary, defaults, resolve
from solv.harness.sweep import points
from solv.harness.sweep.aggregate import aggregate, write_aggregate
from solv.harness.sweep.points import PointJob
from solv.harness.sweep.record import record_aggregate
from solv.tracking.wandb_mode import Decision
from tests.own_experiment import OwnConfig, own_experiment


def swept(tmp_path, monkeypatch):
    """Return an experiment and the finished sweep of one point."""
    experiment = own_experiment()
    monkeypatch.setattr(points, "load", lambda name: experiment)
    job = PointJob("own-law", "quick", "0123", str(tmp_path), "disabled", fresh=False)
    values = {**as_dictionary(resolve(OwnConfig, {**defaults(OwnConfig), "runs_dir": str(tmp_path)})), "device": "cpu"}
    job.directory.begin({"preset": "quick", "axes": ["seed=0"], "base": {"seed": 0}})
    job.directory.add([job.point(values, ("seed=0",))])
    job(values)
    result = aggregate(experiment, job.directory)
    assert result is not None
    write_aggregate(experiment, job.directory, result)
    return experiment, job.directory, result


def test_the_aggregate_is_a_record_of_the_group(tmp_path, monkeypatch):
    for name in ("WANDB_MODE", "WANDB_RUN_GROUP"):
        monkeypatch.delenv(name, raising=False)
    experiment, directory, result = swept(tmp_path, monkeypatch)
    assert record_aggregate(experiment, directory, result, Decision("offline", None)) is None
    [path] = (directory.path / "wandb").glob("offline-run-*/*.wandb")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
    rows = [json.loads(line) for line in subprocess.run(command, capture_output=True, check=True).stdout.splitlines()]
    [filed] = [row["run"] for row in rows if row["type"] == "run"]
    assert filed["job_type"] == "aggregate"
    assert filed["run_group"] == directory.group == "own-law sweep 0123"
    assert filed["config"]["update"]["points"] == 1
    history = {key for row in rows if row["type"] == "history" for key in row["history"]["item"]}
    assert "0-headline/figure._type" in history


def test_nothing_is_recorded_where_the_points_were_not(tmp_path, monkeypatch):
    experiment, directory, result = swept(tmp_path, monkeypatch)
    assert record_aggregate(experiment, directory, result, Decision("disabled", None)) is None
    assert not (directory.path / "wandb").exists()
