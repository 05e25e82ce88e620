"""Do the jobs that submitit starts on this machine end with the sweep that started them?"""

import os
import signal
import time
from pathlib import Path

import pytest

from solv.harness.sweep.local_jobs import ending_together
from tests.end_to_end.left_over import MARK, ends, running

ROOT = Path(__file__).parents[3]


def stay(path):
    """Say that the job has begun, and stay."""
    path.touch()
    time.sleep(60)


def interrupted_sweep(folder, mark):
    """Start a job as a sweep does, and be interrupted when it is at work."""
    import submitit

    with ending_together():
        submitit.AutoExecutor(folder / "jobs", cluster="local").submit(stay, folder / "begun")
        while not (folder / "begun").exists():
            time.sleep(0.05)
        assert len(running(mark)) == 2
        raise KeyboardInterrupt


@pytest.mark.parametrize("answer", [signal.default_int_handler, signal.SIG_IGN], ids=["usual", "as behind nohup"])
def test_jobs_end_when_their_sweep_is_interrupted(tmp_path, monkeypatch, answer):
    pytest.importorskip("submitit")
    monkeypatch.setenv(MARK, str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    before = signal.signal(signal.SIGINT, answer)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted_sweep(tmp_path, str(tmp_path))
    finally:
        signal.signal(signal.SIGINT, before)
    assert ends(str(tmp_path)) == {}
