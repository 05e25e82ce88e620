"""How does a long job show where it is? A rich progress bar on a terminal, plain lines at a slow pace elsewhere."""

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Step(Protocol):
    """What a running task is told."""

    def advance(self, count: int = 1, note: str = "") -> None:
        """Say that `count` more units are done; `note` (loss, speed) is shown beside them."""


class Reporter(Protocol):
    """Where tasks are shown."""

    def task(self, description: str, total: int) -> AbstractContextManager[Step]:
        """Open a task of `total` units."""


def reporter_for(
    stream_is_terminal: bool, log: Callable[[str], None] | None = None, *, silent: bool = False
) -> "TerminalReporter | NotebookReporter | LineReporter":
    """Return a bar for a terminal or a notebook and plain lines for a pipe; on stderr, so that stdout stays data.

    Args:
        stream_is_terminal: whether bars can be drawn.
        log: told one line when a task has ended.
        silent: whether nothing is shown at all.
    """
    if silent:
        return LineReporter(log, show=False)
    if stream_is_terminal and in_notebook():
        return NotebookReporter(log)
    return TerminalReporter(log) if stream_is_terminal else LineReporter(log)


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


class TerminalReporter:
    """Draws one rich bar per open task; used as a context manager around the whole job."""

    def __init__(self, log: Callable[[str], None] | None = None) -> None:
        self._log = log
        self._progress = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            transient=True,
        )

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Step]:
        """Open a task of `total` units and show its bar until the block ends."""
        started = time.monotonic()
        identity = self._progress.add_task(description, total=total, note="")
        try:
            yield _BarStep(self._progress, identity)
            if self._log:
                self._log(f"{description}: {total} done in {time.monotonic() - started:.1f} s")
        finally:
            self._progress.remove_task(identity)


@dataclass
class _BarStep:
    progress: Progress
    identity: TaskID

    def advance(self, count: int = 1, note: str = "") -> None:
        self.progress.update(self.identity, advance=count, note=note)


class NotebookReporter:
    """Draws one bar of a notebook's own per open task, below the cell; it is gone when the task has ended."""

    def __init__(self, log: Callable[[str], None] | None = None) -> None:
        self._log = log

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Step]:
        """Open a task of `total` units and show its bar until the block ends."""
        from IPython.display import HTML, display

        started = time.monotonic()
        shown = display(HTML(""), display_id=True)
        try:
            yield _NotebookStep(lambda markup: shown.update(HTML(markup)), description, total)
            if self._log:
                self._log(f"{description}: {total} done in {time.monotonic() - started:.1f} s")
        finally:
            shown.update(HTML(""))


@dataclass
class _NotebookStep:
    show: Callable[[str], None]
    description: str
    total: int
    done: int = 0
    shown: float = 0.0

    def advance(self, count: int = 1, note: str = "") -> None:
        self.done += count
        if time.monotonic() - self.shown > 0.2 or self.done >= self.total:  # a kernel's messages are not free
            self.shown = time.monotonic()
            bar = f'<progress value="{self.done}" max="{self.total}"></progress>'
            self.show(f"{html.escape(self.description)} {bar} {self.done}/{self.total} {html.escape(note)}")


class LineReporter:
    """Prints a line when a task ends and, while it runs, at most one every `interval` seconds."""

    def __init__(self, log: Callable[[str], None] | None = None, interval: float = 10.0, *, show: bool = True) -> None:
        self._log = log
        self._interval = interval
        self._show = show

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Step]:
        """Open a task of `total` units."""
        step = _LineStep(description, total, self._interval, self._say)
        yield step
        self._say(f"{description}: {total} done in {time.monotonic() - step.started:.1f} s")

    def _say(self, line: str) -> None:
        if self._show:
            print(line, file=sys.stderr, flush=True)
        if self._log:
            self._log(line)


class SilentReporter:
    """Shows nothing: of a process that computes along with another, which reports."""

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Step]:
        """Open a task that is not shown."""
        yield _SilentStep()


class _SilentStep:
    def advance(self, count: int = 1, note: str = "") -> None:
        pass


@dataclass
class _LineStep:
    description: str
    total: int
    interval: float
    say: Callable[[str], None]
    done: int = 0
    started: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)

    def advance(self, count: int = 1, note: str = "") -> None:
        self.done += count
        now = time.monotonic()
        if now - self.said >= self.interval and self.done < self.total:
            self.said = now
            left = (now - self.started) * (self.total - self.done) / max(self.done, 1)
            self.say(f"{self.description}: {self.done}/{self.total}, about {left:.0f} s left {note}".rstrip())
