"""How is work spread over processes? In this one, in a pool that ends with it, or as tasks of a Ray cluster.

A pool's worker watches the process that started it: if that one is killed, the worker ends too. (Neither Python's own
pool nor joblib's does that at once: they leave workers behind that wait for work, Python's for ever.)
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

LAUNCHERS = ("local", "ray")

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Workers:
    """Who does the work.

    Args:
        processes: how many calls at a time, >= 1; one of them locally is a plain loop.
        launcher: `local` or `ray` (the cluster of $RAY_ADDRESS, or one of our own on this machine).

    Raises:
        ValueError: `processes` or `launcher` is not valid.
    """

    processes: int = 1
    launcher: str = "local"

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise ValueError(f"processes = {self.processes} is out of range; valid: an integer >= 1")
        if self.launcher not in LAUNCHERS:
            raise ValueError(f"launcher = {self.launcher!r} is unknown; valid: {', '.join(LAUNCHERS)}")

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Call a function on every item and yield the results as they come, in no particular order.

        Args:
            function: picklable, and so are items and results.
            items: what it is called on.

        Raises:
            ValueError: Ray is asked for and not installed.
            ChildProcessError: a worker was killed, as a system that is short of memory does.
        """
        if self.launcher == "ray":
            return _on_ray(function, list(items), self.processes)
        if self.processes == 1:
            return map(function, items)
        return _in_pool(function, list(items), self.processes)


#: One process, this one.
ALONE = Workers()


def _in_pool(function: Callable[[Item], Result], items: list[Item], processes: int) -> Iterator[Result]:
    pool = ProcessPoolExecutor(
        min(processes, max(1, len(items))), get_context("spawn"), initializer=_end_with_the_parent
    )
    try:
        for call in as_completed([pool.submit(function, item) for item in items]):
            yield call.result()
    except BrokenProcessPool:
        raise ChildProcessError(
            "a worker process was killed; start again with --resume, with fewer processes if memory ran out"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_the_parent() -> None:
    parent = parent_process()
    assert parent is not None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told as well, and lets what is begun come to its end

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_ray(function: Callable[[Item], Result], items: list[Item], processes: int) -> Iterator[Result]:
    try:
        import ray
    except ImportError:
        raise ValueError("launcher = 'ray' needs Ray; valid: local, or install it: `solv doctor` says how") from None
    own = "RAY_ADDRESS" not in os.environ
    if not ray.is_initialized():
        passed = {key: os.environ[key] for key in ("PYTHONPATH", "OMP_NUM_THREADS") if key in os.environ}
        ray.init(
            address="local" if own else None,  # None would be a cluster that runs on this machine
            num_cpus=processes if own else None,
            include_dashboard=False if own else None,
            runtime_env={"env_vars": passed},
            logging_level="ERROR",
        )

    def call(item: Item) -> Result:
        return function(item)

    remote: Any = ray.remote(num_cpus=1, max_retries=3)(call)
    waiting = iter(items)
    running = [remote.remote(item) for item in islice(waiting, processes)]
    while running:
        [done], running = ray.wait(running, num_returns=1)
        try:
            result: Result = ray.get(done)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError:
            raise ChildProcessError("a Ray worker was lost; start again with --resume") from None
        running += [remote.remote(item) for item in islice(waiting, 1)]
        yield result
