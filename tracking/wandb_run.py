"""How does a run reach Weights & Biases? A process of its own that reads what to record from a pipe and calls wandb.

    solv run ── JSON lines on stdin ──> this process ── wandb client ──> wandb-core ──> files, and the server if online

The run never waits for anything here: it writes to a pipe that a thread of this process keeps empty. So a slow import,
a server that does not answer or a service that dies cost the run nothing, and if the run is killed the end of the pipe
tells this process to close its record properly. Standard library and wandb only; nothing else imports wandb.

Messages in: `open` first, then any number of `define`, `log`, `results`, `summary`, then `close`. An end of the
pipe without `close` means that the run was interrupted. Messages out, on stdout: `opened` (mode, folder, address), at
most one `warning`, `closed`.
"""

import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

INIT_SECONDS = 5.0
UPLOAD_SECONDS = 20.0

Message = Mapping[str, Any]


class _UnusableError(Exception):
    """W&B cannot record; the message is the person's one line."""


def main() -> None:
    """Record the messages on stdin until they end."""
    messages, say = _take_pipes()
    try:
        recorder = _Recorder(next(messages)["open"], say)
        for message in messages:
            recorder.take(message)
        recorder.close(1)
    except _UnusableError as fault:
        say({"warning": str(fault)})
    except Exception as fault:
        traceback.print_exc()  # into client.log
        say({"warning": f"recording stopped: {_first_line(fault)}"})
        os._exit(1)  # without wandb's exit hooks: they would wait for the service that has just failed


def _take_pipes() -> tuple[Iterator[Message], Callable[[Message], None]]:
    """Keep stdin and stdout for the messages, give the process (and wandb-core after it) others, drain stdin."""
    source = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def drain() -> None:
        for line in source:
            waiting.put(line)
        waiting.put(None)

    threading.Thread(target=drain, daemon=True).start()

    def messages() -> Iterator[Message]:
        while (line := waiting.get()) is not None:
            if line.endswith("\n"):  # a killed run may leave half a line
                yield json.loads(line)

    def say(message: Message) -> None:
        with suppress(OSError):
            print(json.dumps(message), file=answers, flush=True)

    return messages(), say


class _Recorder:
    """One W&B run that is being written."""

    def __init__(self, opening: Message, say: Callable[[Message], None]) -> None:
        try:
            import wandb
        except ImportError as error:
            raise _UnusableError(
                "the package wandb cannot be imported (pip install wandb); nothing was recorded"
            ) from error
        self._wandb = wandb
        self._say = say
        self._closed = False
        self._run, warning = self._open(opening)
        if warning:
            say({"warning": warning})
        folder = Path(self._run.settings.sync_dir)
        _gather(folder, Path(opening["gather"]))
        offline = bool(self._run.settings._offline)
        say({"opened": {"folder": str(folder), "address": None if offline else self._run.url}})

    def take(self, message: Message) -> None:
        """Record one message."""
        for kind, content in message.items():
            getattr(self, f"_take_{kind}")(content)

    def close(self, status: int) -> None:
        """Finish the W&B run, with a bound on the time to upload what is left."""
        if not self._closed:
            self._closed = True
            try:
                self._run.finish(exit_code=status)
            except TimeoutError:
                folder = self._run.settings.sync_dir
                self._say(
                    {"warning": f"the upload did not end within {UPLOAD_SECONDS:.0f} s; later: wandb sync {folder}"}
                )
            self._say({"closed": status})

    def _open(self, opening: Message) -> tuple[Any, str | None]:
        folder = Path(opening["settings"]["root_dir"])
        later = f"recorded offline; later: wandb sync {folder / 'wandb'}/offline-run-*"
        if opening["mode"] == "online":
            try:
                return self._init(opening, "online"), None
            except Exception as error:
                self._wandb.teardown()  # its service still holds the id of the run that could not be opened
                return self._init(opening, "offline"), f"cannot go online ({_first_line(error)}); {later}"
        warning = opening.get("warning")
        return self._init(opening, "offline"), f"{warning}; {later}" if warning else None

    def _init(self, opening: Message, mode: str) -> Any:
        settings = self._wandb.Settings(
            **opening["settings"],
            mode=mode,
            program="solv",
            silent=True,
            console="off",
            save_code=False,
            disable_git=True,  # the commit is in the configuration, as the manifest has it
            disable_job_creation=True,
            allow_val_change=True,
            init_timeout=INIT_SECONDS,
            finish_timeout=UPLOAD_SECONDS,
            finish_timeout_raises=True,
            x_save_requirements=False,
        )
        return self._wandb.init(config=opening["config"], settings=settings)

    def _take_define(self, metrics: list[dict[str, Any]]) -> None:
        for metric in metrics:
            self._run.define_metric(**metric)

    def _take_log(self, row: dict[str, Any]) -> None:
        self._run.log(row)

    def _take_results(self, results: dict[str, Any]) -> None:
        """Log tables, the headline, and one chart per picture of it that holds theory and measurement."""
        row: dict[str, Any] = {
            name: self._wandb.Table(columns=table["columns"], data=table["rows"])
            for name, table in results["tables"].items()
        }
        for name, chart in results["charts"].items():
            row[name] = self._wandb.plot.line_series(
                xs=[line["x"] for line in chart["lines"]],
                ys=[line["y"] for line in chart["lines"]],
                keys=[line["name"] for line in chart["lines"]],
                title=chart["title"],
                xname=chart["x_name"],
                split_table=True,
            )
        for name, path in results["images"].items():
            row[name] = self._wandb.Image(path)
        self._run.log(row)

    def _take_summary(self, values: dict[str, Any]) -> None:
        self._run.summary.update(values)

    def _take_close(self, status: int) -> None:
        self.close(status)


def _gather(folder: Path, gather: Path) -> None:
    """Link the record into the folder of all records, so that one command shows or uploads them all."""
    with suppress(OSError):
        gather.mkdir(parents=True, exist_ok=True)
        for link in gather.iterdir():
            if link.is_symlink() and not link.exists():
                link.unlink()
        (gather / folder.name).symlink_to(os.path.relpath(folder, gather), target_is_directory=True)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


if __name__ == "__main__":
    main()
    sys.stdout.flush()
