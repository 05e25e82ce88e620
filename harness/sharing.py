"""How do several processes of one machine share a run's work? Each takes the units that no other is at.

One process leads: it keeps the record and gathers all parts. The others help: each goes through the parts that are not
gathered yet. A part whose next unit another process is at is put off. A unit draws from streams of its own name, so
whoever computes it gives it the same bits. A helper that dies leaves its unit to the others.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

import filelock
import numpy as np

from solv.harness.catalog import UnknownExperimentError, load, load_installed
from solv.harness.contract import Context, Experiment, Part
from solv.harness.cost import estimate
from solv.harness.devices import prepare
from solv.harness.seeds import Seeds
from solv.harness.settings import ConfigurationError, RunSettings, as_dictionary, replace, resolve
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.curves import Curves
from solv.tracking.progress import LineReporter
from solv.tracking.runs import RunDirectory

PAUSE = 0.2  # seconds between two looks at what others are at
LogMetrics: TypeAlias = Callable[[str, int, Mapping[str, float]], None]


class UnitTakenError(Exception):
    """Another process is at a unit of work.

    Attributes:
        unit: its name.
    """

    def __init__(self, unit: str) -> None:
        super().__init__(f"another process is at {unit!r}")
        self.unit = unit


@dataclass(frozen=True)
class Shared:
    """The units of a run as one of several processes sees them."""

    run: RunDirectory

    def taken(self, name: str) -> bool:
        """Return whether another process is at a unit now, and has not finished it."""
        if self.run.has_unit(name):
            return False
        lock = self.run.unit_lock(name)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return True
        lock.release()
        return False

    def unit(self, name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return the arrays of a unit, read if one of the processes has finished it, computed otherwise.

        Raises:
            UnitTakenError: another process is at it.
        """
        if self.run.has_unit(name):
            return self.run.unit(name, compute)
        lock = self.run.unit_lock(name)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise UnitTakenError(name) from None
        try:
            return self.run.unit(name, compute)
        finally:
            lock.release()


def in_turn(
    parts: Sequence[Part[Any]],
    measure: Callable[[Part[Any]], Curves],
    taken: Callable[[str], bool],
    gathered: Collection[str] = (),
) -> Iterator[tuple[Part[Any], Curves]]:
    """Measure parts, one that waits for another process later; yield each with its curves as soon as it has them.

    Args:
        parts: to be measured, in the order in which they are tried.
        measure: returns a part's curves, or raises `UnitTakenError`.
        taken: whether another process is at a unit now.
        gathered: names of parts that need not be measured any more, which may become more meanwhile.
    """
    left: dict[str, tuple[Part[Any], str | None]] = {part.name: (part, None) for part in parts}
    while left:
        waited = True
        for name, (part, unit) in list(left.items()):
            if name in gathered:
                del left[name]
                continue
            if unit is not None and taken(unit):
                continue
            waited = False
            try:
                curves = measure(part)
            except UnitTakenError as other:
                left[name] = (part, other.unit)
                continue
            del left[name]
            yield part, curves
        if waited:
            time.sleep(PAUSE)


def require_helpers(experiment: Experiment[Any], settings: RunSettings) -> None:
    """Check that other processes, if there are to be any, find the experiment by its name.

    Raises:
        ConfigurationError: they cannot.
    """
    if settings.processes == 1:
        return
    name = experiment.entry.name
    try:
        found = load_installed(name) is experiment
    except UnknownExperimentError:
        found = False
    if not found:
        raise ConfigurationError(
            f"processes = {settings.processes}: other processes find an experiment by its entry point, and {name} is "
            "an object of this one; install it, or let one process compute"
        )


def longest_first(experiment: Experiment[Any], settings: RunSettings, parts: Sequence[Part[Any]]) -> list[Part[Any]]:
    """Return parts by what they are expected to take, so that none is left for one process at the end."""
    seconds = {cost.part: cost.seconds for cost in estimate(experiment, settings) if cost.work is not None}
    return sorted(parts, key=lambda part: -seconds.get(part.name, 0.0))


@dataclass(frozen=True)
class Team:
    """The processes that share a run, as the one that leads speaks with them.

    Attributes:
        log_metrics: records training metrics; may be called by several threads.
        gathered: tells the others that a part is measured, by its name.
    """

    log_metrics: LogMetrics
    gathered: Callable[[str], None] = lambda part: None


@contextmanager
def helped(
    experiment: Experiment[Any],
    settings: RunSettings,
    parts: Sequence[Part[Any]],
    run: RunDirectory,
    log_metrics: LogMetrics,
    say: Callable[[str], None],
) -> Iterator[Team]:
    """Let `settings.processes - 1` others work on a run until the block ends; yield what speaks with them.

    Args:
        experiment: what is run; its name leads the others to it, see `require_helpers`.
        settings: of the run.
        parts: that are to be measured, in the order in which they are tried.
        run: the directory, which has begun.
        log_metrics: records training metrics; called by one thread at a time.
        say: told one line of each that failed.
    """
    if settings.processes == 1:
        yield Team(log_metrics)
        return
    order = _order(experiment, settings, parts, run)
    one_at_a_time = threading.Lock()

    def log(task: str, step: int, values: Mapping[str, float]) -> None:
        with one_at_a_time:
            log_metrics(task, step, values)

    with ExitStack() as stack:
        others = [stack.enter_context(_helper(order, run, log, say)) for _ in range(settings.processes - 1)]

        def gathered(part: str) -> None:
            for tell in others:
                tell(part)

        yield Team(log, gathered)


def _order(experiment: Experiment[Any], settings: RunSettings, parts: Sequence[Part[Any]], run: RunDirectory) -> str:
    """Return what a helper is told, as one line."""
    import torch

    alike = replace(settings, threads=torch.get_num_threads())
    order = {
        "experiment": experiment.entry.name,
        "settings": as_dictionary(alike),
        "parts": [part.name for part in parts],
        "run": str(run.path.absolute()),
    }
    return json.dumps(order)


@contextmanager
def _helper(
    order: str, run: RunDirectory, log_metrics: LogMetrics, say: Callable[[str], None]
) -> Iterator[Callable[[str], None]]:
    """Let a process help within the block; it ends with its input, also where this process is killed.

    Yields what tells it one line.
    """
    with (run.path / "log.txt").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "solv.harness.sharing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env={**os.environ, "OMP_NUM_THREADS": str(json.loads(order)["settings"]["threads"])},
            start_new_session=True,  # Ctrl-C is for the one that leads
        )
    assert process.stdin is not None
    assert process.stdout is not None
    listening = threading.Thread(target=_listen, args=(process.stdout, log_metrics), daemon=True)
    listening.start()
    told = process.stdin

    def tell(line: str) -> None:
        with suppress(BrokenPipeError):  # it has ended
            told.write(f"{line}\n")
            told.flush()

    with process.stdout:
        try:
            tell(order)
            yield tell
        finally:
            with suppress(BrokenPipeError):
                told.close()
            ended = process.wait()
            listening.join()
    if ended != 0:
        say(f"a process that helped has failed, see {run.path / 'log.txt'}; the others did its work")


def _listen(said: IO[str], log_metrics: LogMetrics) -> None:
    for line in said:
        log_metrics(*json.loads(line))


def help_with(
    experiment: Experiment[Any],
    settings: RunSettings,
    parts: Sequence[str],
    run: RunDirectory,
    log_metrics: LogMetrics,
    gathered: Collection[str] = (),
) -> None:
    """Compute units of a run until all parts are measured.

    Args:
        experiment, settings: what is run.
        parts: names of the parts, in the order in which they are tried.
        run: the directory.
        log_metrics: records training metrics.
        gathered: names of parts that the leading process has measured, which may become more meanwhile.
    """
    shared, by_name = Shared(run), {part.name: part for part in experiment.parts}
    context = Context(
        device=prepare(settings),
        seeds=Seeds(settings.seed),
        unit=shared.unit,
        checkpoint=lambda name: TrainingCheckpoint(run.checkpoint_path(name)),
        progress=LineReporter(run.log, show=False),
        log_metrics=log_metrics,
        taken=shared.taken,
    )

    def measure(part: Part[Any]) -> Curves:
        return experiment.measure(part, settings, context)

    for _ in in_turn([by_name[name] for name in parts], measure, shared.taken, gathered):
        pass


def main() -> None:
    """Help with the run that standard input names, until it has nothing left or the input ends."""
    heard = os.fdopen(os.dup(sys.stdin.fileno()))  # not `sys.stdin`, whose lock could not be had when the process ends
    order, gathered = json.loads(heard.readline()), set[str]()
    threading.Thread(target=_hear, args=(heard, gathered), daemon=True).start()
    told = sys.stdout

    def log(task: str, step: int, values: Mapping[str, float]) -> None:
        metrics = {name: float(value) for name, value in values.items()}
        told.write(json.dumps([task, step, metrics]) + "\n")
        told.flush()

    experiment, run = load(order["experiment"]), RunDirectory(Path(order["run"]))
    with redirect_stdout(sys.stderr):
        help_with(experiment, resolve(experiment.Config, order["settings"]), order["parts"], run, log, gathered)


def _hear(heard: IO[str], gathered: set[str]) -> None:
    """Note the parts that are gathered; end this process with its input."""
    for line in heard:
        gathered.add(line.strip())
    os._exit(0)


if __name__ == "__main__":
    main()
