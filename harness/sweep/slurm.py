"""How does a sweep wait for its Slurm jobs? Until each has ended, however it ended, with or without accounting.

submitit asks `sacct` for the end of a job, which a cluster without accounting cannot answer, and its first lost job
ends the waiting for all others. Here the queue is asked, for all jobs at once, and a job that left it without a result
is recorded as failed.
"""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solv.tracking.sweeps import Failure, SweepDirectory

POLL_SECONDS = 1.0
GRACE_SECONDS = 5.0  # a job that left the queue may still be closing its files (and NFS showing them)
LIVE = {"PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "COMPLETING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED"}
LIVE |= {"RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SPECIAL_EXIT"}


@dataclass(frozen=True)
class _Waited:
    """What the launcher is given in place of submitit's job: its result is waited for by `_wait`."""

    def results(self) -> list[None]:
        """The launcher hands on what is returned; the sweep reads the disk instead."""
        return [None]


@contextmanager
def patiently(directory: SweepDirectory, keys: Sequence[str], say: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, let submitit's submission of an array return when every job of it has ended.

    Args:
        directory: the sweep.
        keys: the points of the array, in its order.
        say: told how many jobs are left.
    """
    import submitit

    original = submitit.AutoExecutor.map_array

    def map_array(executor: Any, function: Any, *arguments: Any) -> list[_Waited]:
        jobs = original(executor, function, *arguments)
        array = jobs[0].job_id.split("_")[0]
        try:
            _wait(array, dict(zip(keys, jobs, strict=True)), directory, say)
        except KeyboardInterrupt:
            say(f"Slurm job {array} goes on (scancel {array} ends it)")
            raise
        return [_Waited() for _ in jobs]

    submitit.AutoExecutor.map_array = map_array
    try:
        yield
    finally:
        submitit.AutoExecutor.map_array = original


def _wait(array: str, jobs: dict[str, Any], directory: SweepDirectory, say: Callable[[str], None]) -> None:
    say(f"Slurm job {array}: {len(jobs)} points (scancel {array} ends it; this process may end, the jobs go on)")
    left, gone_since = dict(jobs), dict[str, float]()
    while left:
        states = queue_states(array)
        now = time.monotonic()
        for key, job in list(left.items()):
            if Path(job.paths.result_pickle).exists():
                del left[key]
            elif states is not None and states.get(job.job_id, "GONE") not in LIVE:
                if now - gone_since.setdefault(key, now) >= GRACE_SECONDS:
                    _record(directory, key, job, states.get(job.job_id, "left the queue"))
                    del left[key]
            else:
                gone_since.pop(key, None)
        if left:
            time.sleep(POLL_SECONDS)


def _record(directory: SweepDirectory, key: str, job: Any, state: str) -> None:
    """Record a job that ended without a result, unless its point is finished or has said why it failed."""
    if key in directory.finished() or directory.failure(key) is not None:
        return
    try:
        lines = Path(job.paths.stderr).read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    last = lines[-1] if lines else "it wrote nothing"
    directory.record_failure(key, Failure(f"{state}: {last}", f"Slurm job {job.job_id}", "\n".join(lines[-50:])))


def queue_states(array: str) -> dict[str, str] | None:
    """Return the state of every task of a job array that Slurm still knows, or None if Slurm does not answer."""
    asked = subprocess.run(  # noqa: S603
        ["squeue", "--noheader", "--array", "--states=all", "--format=%F_%K %T", f"--jobs={array}"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0 and "Invalid job id" not in asked.stderr:
        return None
    lines = [line.replace("_N/A ", " ", 1) for line in asked.stdout.splitlines()]  # a job that is no array
    return dict(line.split(" ", 1) for line in lines if " " in line)
