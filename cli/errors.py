"""How does a failure reach the person? One line on stderr and exit status 2; `--debug` shows the traceback."""

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DEBUG_VARIABLE = "SOLV_DEBUG"
_UsageError: Any = typer.BadParameter.__base__  # click's own, or the copy of click that Typer may carry


def dispatch(app: typer.Typer) -> int:
    """Call the command that was typed and return the exit status; a fault of the arguments is one line and 2."""
    try:
        status = int(app(standalone_mode=False) or 0)
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
        return 0
    except OutputError as error:
        return _say_output(error)
    except (KeyboardInterrupt, typer.Abort):
        return 128 + _signal() if _told else _say("aborted", 130)
    except _UsageError as error:
        if len(sys.argv) == 1:
            error.show()
            return 2
        help_of = f" (`{error.ctx.command_path} --help`)" if error.ctx else ""
        message = " ".join(error.format_message().split()).replace("Value error, ", "").rstrip(".")
        return _say(f"{message}{help_of}", 2)
    return status


_told: list[int] = []  # the signal that told this process to end; libraries on the way may make a plain Ctrl-C of it


class Ended(KeyboardInterrupt):
    """The process was told to end by a signal that a person or a scheduler sent: to libraries it is Ctrl-C."""


def _signal() -> int:
    return _told[0] if _told else signal.SIGINT


def end_as_interrupted() -> None:
    """Let SIGTERM and SIGHUP end a command as Ctrl-C does: what is open is closed, and what is half done can go on."""

    def end(number: int, _frame: object) -> None:
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # once is enough: closing takes a moment
        _told.append(number)
        raise Ended(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP, and so it stays
            signal.signal(number, end)


class OutputError(OSError):
    """What is printed cannot be written: a fault of stdout, not of a file."""


class _Output(io.BufferedWriter):
    """What stands below stdout: its faults are told from those of files, whoever writes the text."""

    def write(self, content: "ReadableBuffer", /) -> int:
        with _as_faults_of_output():
            return super().write(content)

    def flush(self) -> None:
        with _as_faults_of_output():
            super().flush()


class _Messages(io.TextIOWrapper):
    """Stderr: where it is full or gone, nothing is said, and what is being done goes on."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


@contextmanager
def _as_faults_of_output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from error


def show_what_can_be_shown() -> None:
    """Let output replace the characters that the terminal does not have, and go nowhere where there is none."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        below: Any = getattr(stream, "buffer", None)
        if type(stream) is not io.TextIOWrapper or type(below) not in (io.BufferedWriter, io.FileIO):
            continue  # somebody has put it in the place of the terminal
        options: dict[str, Any] = {
            "encoding": stream.encoding,
            "errors": "replace",
            "line_buffering": stream.line_buffering,
            "write_through": stream.write_through,
        }
        stream.detach()
        if name == "stderr":
            sys.stderr = _Messages(below, **options)
        elif isinstance(below, io.BufferedWriter):
            sys.stdout = io.TextIOWrapper(_Output(below.detach()), **options)
        else:  # unbuffered, as PYTHONUNBUFFERED has it
            sys.stdout = io.TextIOWrapper(_Output(below, buffer_size=1), **options)


def call(function: Callable[[], int | None], again: str = "the same command") -> int:
    """Call `function` and return the exit status: its own, 2 after a fault of the input, 1 after one of ours.

    Args:
        function: what to call.
        again: what goes on where it stopped, if it is interrupted.
    """
    try:
        status = function() or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        ended = f"ended by {signal.Signals(_signal()).name}" if _told else "interrupted"
        return _say(f"{ended}; {again} goes on where this one stopped", 128 + _signal())
    except BrokenPipeError:
        _give_up_output()
        return 0
    except OutputError as error:
        return _say_output(error)
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
            return 2 if _expected(error) else 1
        if _expected(error):
            return _say(_sentence(error), 2)
        return _say(f"internal error: {type(error).__name__}: {_sentence(error)} (--debug shows where)", 1)
    return status


def _say_output(error: OSError) -> int:
    _give_up_output()
    return _say(f"the output cannot be written: {error.strerror}", 2)


def _give_up_output() -> None:
    """Let what is left in the buffers of stdout go nowhere, so that Python does not complain at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _expected(error: Exception) -> bool:
    from solv.harness.catalog import UnknownExperimentError
    from solv.harness.settings import ConfigurationError
    from solv.tracking.runs import RunDirectoryError

    expected = (ConfigurationError, UnknownExperimentError, RunDirectoryError, OSError, ValueError)
    return isinstance(error, expected) or _is_about_home(error)


def _sentence(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and error.filename is None and not _has_current_folder():
        return "the current folder does not exist any more; change to another"
    if _is_about_home(error):
        return "~ cannot be used: no home folder of this user is known; type the path in full, or set HOME"
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        way_out = "; free some space, or choose another folder with --runs-dir" if error.errno == errno.ENOSPC else ""
        return f"{error.strerror}{where}{way_out}"
    return " ".join(str(error).split()) or type(error).__name__


def _is_about_home(error: Exception) -> bool:
    """Return whether it is what `Path.expanduser` raises where HOME is unset and the user has no name."""
    return isinstance(error, RuntimeError) and str(error) == "Could not determine home directory."


def _has_current_folder() -> bool:
    try:
        return bool(Path.cwd())
    except OSError:
        return False


def _say(line: str, status: int) -> int:
    with suppress(OSError):
        print(f"solv: {line}", file=sys.stderr)
    return status
