"""Does a sweep give the same bits on joblib, Optuna, Ray and Slurm, whatever is killed, cancelled or requeued?"""

import signal
import subprocess

import pandas as pd
import pytest

from tests.end_to_end.sweep.conftest import (
    finished,
    results,
    solv,
    start,
    sweep,
    toy_environment,
    wait_for,
)

DIE = {"TOY_DIE_AT": "3"}


def array_of(folder):
    """The number of the one Slurm job array of the folder's sweep."""
    names = [path.name for path in folder.glob("runs/toy/sweep-*/.submitit/*_0")]
    [array] = {name.removesuffix("_0") for name in names if name[0].isdigit()}
    return array


def test_joblib_with_a_killed_worker_ends_with_the_same_bits(tmp_path, undisturbed):
    done = sweep(tmp_path, "--launcher", "joblib", "--jobs", "2", **DIE, TOY_MARK=str(tmp_path / "died"))
    assert (tmp_path / "died").exists()
    assert done.returncode == 0, done.stderr
    assert "a worker died" in done.stderr
    assert results(tmp_path) == undisturbed


def test_joblib_names_the_point_that_kills_its_worker_every_time(tmp_path):
    done = sweep(tmp_path, "x=2,3", "--launcher", "joblib", "--jobs", "2", **DIE)
    assert done.returncode == 1
    assert "its process ended without a result" in done.stdout
    assert len(finished(tmp_path)) == 1


def test_optuna_finds_the_minimum_and_resumes_the_same_search(tmp_path):
    search = ("hydra/sweeper=optuna", "x=interval(-2,3)", "hydra.sweeper.n_jobs=2", "cells=1")
    first = sweep(tmp_path, *search, "hydra.sweeper.n_trials=14")
    assert first.returncode == 0, first.stderr
    assert "best: x=" in first.stdout
    [directory] = tmp_path.glob("runs/toy/sweep-*")
    curves = pd.read_parquet(directory / "curves.parquet")
    assert curves[curves["source"] == "theory"]["y"].min() < 0.3
    count, kept = len(finished(tmp_path)), results(tmp_path)
    assert count == 14
    again = sweep(tmp_path, *search, "hydra.sweeper.n_trials=14")
    assert again.returncode == 0, again.stderr
    assert len(finished(tmp_path)) == count
    assert results(tmp_path) == kept


def test_ray_with_a_killed_worker_ends_with_the_same_bits(tmp_path, undisturbed):
    done = sweep(tmp_path, "--launcher", "ray", "--jobs", "2", **DIE, TOY_MARK=str(tmp_path / "died"))
    assert (tmp_path / "died").exists()
    assert done.returncode == 0, done.stderr
    assert results(tmp_path) == undisturbed


def test_a_ray_cluster_of_somebody_else_on_this_machine_is_left_alone(monkeypatch):
    """`ray start` leaves its address where `ray.init()` without one looks for it."""
    import ray

    from hydra_plugins.solv_ray_launcher import RayLauncher

    asked = []
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "init", lambda **options: asked.append(options))
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "remote", lambda **resources: pytest.fail("no job is begun"))
    with pytest.raises(pytest.fail.Exception, match="no job is begun"):
        RayLauncher(None, 2, 1, 0, 3).launch([["x=1"]], 0)
    assert asked[0]["address"] == "local"


def test_ray_writes_the_same_proofs_as_one_process(tmp_path):
    for name, launcher in (("here", ()), ("ray", ("--launcher", "ray", "--processes", "2"))):
        made = solv(tmp_path, "data", "pita", "make", "--leaves", "3", "--shard-rows", "400", "--out", name, *launcher)
        assert made.returncode == 0, made.stderr
    here, there = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("here", "ray"))
    assert here == there


def test_slurm_goes_on_after_a_cancelled_job_and_says_which(tmp_path, undisturbed, slurm):
    process = start(tmp_path, "--launcher", "slurm", "--jobs", "2", **slurm, TOY_SECONDS="0.5")
    wait_for(lambda: len(finished(tmp_path)) >= 1)
    array = array_of(tmp_path)
    subprocess.run(["scancel", f"{array}_3"], env={**toy_environment(), **slurm}, check=True)
    assert process.wait(timeout=600) == 1
    status = sweep(tmp_path, "--status")
    assert f"Slurm job {array}_3" in status.stdout
    assert "points: 3 done, 1 failed" in status.stdout
    again = sweep(tmp_path, "--launcher", "slurm", **slurm)
    assert again.returncode == 0, again.stderr
    assert "3 of 4 points are done" in again.stderr
    assert results(tmp_path) == undisturbed


def test_slurm_jobs_go_on_when_the_sweep_is_told_to_end_and_that_is_said(tmp_path, slurm):
    go = tmp_path / "go"
    process = start(
        tmp_path, "x=1,2", "cells=1", "--launcher", "slurm", stderr=subprocess.PIPE, **slurm, TOY_UNTIL=str(go)
    )
    wait_for(lambda: len(list(tmp_path.glob("runs/toy/2*/started.json"))) == 2)
    array = array_of(tmp_path)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=600)[1].decode().splitlines()
    assert process.returncode == 128 + signal.SIGTERM
    assert said[-2:] == [
        f"Slurm job {array} goes on (scancel {array} ends it)",
        "solv: ended by SIGTERM; the same command goes on where this one stopped",
    ]
    go.touch()
    wait_for(lambda: len(finished(tmp_path)) == 2)


REQUEUED = ("x=1,2", "cells=8")


@pytest.fixture(scope="module")
def never_requeued(tmp_path_factory):
    """The files of the sweep whose jobs are requeued, had they not been."""
    folder = tmp_path_factory.mktemp("never-requeued")
    done = sweep(folder, *REQUEUED)
    assert done.returncode == 0, done.stderr
    return results(folder)


@pytest.mark.parametrize(("minutes", "reason"), [(60, "Job has not timed out"), (10, "Job has timed out")])
def test_slurm_goes_on_from_the_checkpoint_of_a_job_that_it_requeues(tmp_path, slurm, never_requeued, minutes, reason):
    """USR2 is what Slurm sends a job that it preempts or whose time is out; submitit answers by a requeue.

    submitit takes any such signal for the end of the job's time where that is ten minutes or less. Slurm looks at the
    clocks of its jobs every half minute, so the test sends the signal itself.
    """
    limits = [f"hydra.launcher.timeout_min={minutes}", "hydra.launcher.max_num_timeout=1"]
    process = start(tmp_path, *REQUEUED, "--launcher", "slurm", *limits, **slurm, TOY_SECONDS="0.7")
    runs = tmp_path / "runs" / "toy"
    wait_for(lambda: len(list(runs.glob("2*/checkpoints/*"))) >= 4)
    array = array_of(tmp_path)
    signalled = ["scancel", "--signal=USR2", f"{array}_0"]
    subprocess.run(signalled, env={**toy_environment(), **slurm}, check=True)
    assert end(process, array, slurm) == 0
    logs = "".join(path.read_text() for path in runs.glob("sweep-*/.submitit/*/*_0_log.*"))
    assert reason in logs
    assert "DUE TO JOB REQUEUE" in logs
    assert "resuming" in logs
    assert len(finished(tmp_path)) == 2
    assert results(tmp_path) == never_requeued


def end(process, array, slurm):
    """Wait for the sweep, starting requeued jobs at once: Slurm itself holds them for two minutes."""
    at_once = ["scontrol", "update", f"JobId={array}", "StartTime=now"]

    def ended():
        subprocess.run(at_once, env={**toy_environment(), **slurm}, check=False, capture_output=True)
        return process.poll() is not None

    wait_for(ended, pause=1)
    return process.returncode
