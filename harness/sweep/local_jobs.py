"""What becomes of submitit's jobs on this machine when their sweep is told to end? They end with it.

submitit lets them go on: each has a process that watches it and outlives the one that started it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

SECONDS = 2.5  # in which a job that is interrupted closes what is open


@contextmanager
def ending_together() -> Iterator[None]:
    """While the block runs, let a job of submitit's on this machine be a group of processes, ended on an interrupt."""
    from submitit.local import local

    original, started = local.subprocess, list[Any]()

    def start(*arguments: Any, **options: Any) -> Any:
        options |= {"stderr": subprocess.DEVNULL, "start_new_session": True}  # of the jobs themselves there are logs
        started.append(subprocess.Popen(*arguments, **options))  # noqa: S603 - submitit's command
        return started[-1]

    local.subprocess = SimpleNamespace(Popen=start)
    try:
        yield
    except BaseException:
        _end(started)
        raise
    finally:
        local.subprocess = original


def _end(watchers: "Sequence[subprocess.Popen[bytes]]") -> None:
    """Interrupt the watching processes, which interrupt their jobs; kill those that a shell lets ignore it."""
    alive = [watcher for watcher in watchers if watcher.poll() is None]
    for watcher in alive:
        watcher.send_signal(signal.SIGINT)
    deadline = time.monotonic() + SECONDS
    for watcher in alive:
        with suppress(subprocess.TimeoutExpired):
            watcher.wait(max(0.0, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(watcher.pid, signal.SIGKILL)
