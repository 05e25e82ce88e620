"""Is the end of every Slurm job noticed, with accounting or without, and a lost one recorded?"""

import os
from types import SimpleNamespace

import pytest

from solv.harness.sweep import slurm
from solv.harness.sweep.slurm import queue_states
from solv.tracking.runs import RunStore
from solv.tracking.sweeps import Failure, SweepDirectory


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """Put a `squeue` that prints a text and ends with a status on the path."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "squeue"

    def answers(text, status=0, error=""):
        program.write_text(f"#!/bin/sh\nprintf '{text}'\nprintf '{error}' >&2\nexit {status}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return answers


def test_the_queue_is_read_by_task(squeue):
    squeue("7_0 RUNNING\\n7_1 PENDING\\n7_2 OUT_OF_MEMORY\\n")
    assert queue_states("7") == {"7_0": "RUNNING", "7_1": "PENDING", "7_2": "OUT_OF_MEMORY"}
    squeue("7_N/A RUNNING\\n")
    assert queue_states("7") == {"7": "RUNNING"}


def test_a_queue_that_does_not_answer_is_told_from_one_that_forgot_the_job(squeue):
    squeue("", 1, "slurm_load_jobs error: Unable to contact slurm controller")
    assert queue_states("7") is None
    squeue("", 1, "slurm_load_jobs error: Invalid job id specified")
    assert queue_states("7") == {}


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Three jobs of an array, and the folder of their sweep."""
    monkeypatch.setattr(slurm, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(slurm, "GRACE_SECONDS", 0.0)
    directory = SweepDirectory(RunStore(tmp_path / "runs"), "toy", "0123")
    directory.begin({})

    def job(number):
        paths = SimpleNamespace(result_pickle=tmp_path / f"{number}.pkl", stderr=tmp_path / f"{number}.err")
        return SimpleNamespace(job_id=f"7_{number}", paths=paths)

    return {key: job(number) for number, key in enumerate("abc")}, directory


def test_each_job_is_waited_for_until_it_has_ended_however_it_ended(jobs, monkeypatch):
    made, directory = jobs
    made["a"].paths.result_pickle.write_text("")
    made["b"].paths.stderr.write_text("loading\nkilled by the kernel\n")
    states = iter([None, {"7_1": "RUNNING", "7_2": "RUNNING"}, {"7_1": "OUT_OF_MEMORY"}])
    monkeypatch.setattr(slurm, "queue_states", lambda array: next(states))
    said = []
    slurm._wait("7", made, directory, said.append)
    assert said[0].startswith("Slurm job 7: 3 points (scancel 7 ends it")
    assert directory.failure("a") is None
    failure = directory.failure("b")
    assert (failure.error, failure.where) == ("OUT_OF_MEMORY: killed by the kernel", "Slurm job 7_1")
    assert "loading" in failure.traceback
    assert directory.failure("c").error == "left the queue: it wrote nothing"


def test_a_job_that_has_said_why_it_failed_keeps_its_word(jobs, monkeypatch):
    made, directory = jobs
    own = Failure("ValueError: x", "host", "")
    directory.record_failure("b", own)
    monkeypatch.setattr(slurm, "queue_states", lambda array: {})
    slurm._wait("7", {"b": made["b"]}, directory, lambda line: None)
    assert directory.failure("b") == own


def test_while_the_block_runs_submission_waits_and_is_itself_again_after(jobs, monkeypatch):
    submitit = pytest.importorskip("submitit")
    made, directory = jobs
    for job in made.values():
        job.paths.result_pickle.write_text("")
    monkeypatch.setattr(slurm, "queue_states", lambda array: {})
    monkeypatch.setattr(submitit.AutoExecutor, "map_array", lambda *arguments: list(made.values()))
    original = submitit.AutoExecutor.map_array
    with slurm.patiently(directory, list(made), lambda line: None):
        waited = submitit.AutoExecutor.map_array(None, None, [])
        assert [job.results() for job in waited] == [[None]] * 3
    assert submitit.AutoExecutor.map_array is original
