"""How does a failure reach the person? One line on stderr and exit status 2; `--debug` shows the traceback."""

import errno
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer

DEBUG_VARIABLE = "SOLV_DEBUG"
_UsageError: Any = typer.BadParameter.__base__  # click's own, or the copy of click that Typer may carry


def dispatch(app: typer.Typer) -> int:
    """Call the command that was typed and return the exit status; a fault of the arguments is one line and 2."""
    try:
        return int(app(standalone_mode=False) or 0)
    except typer.Abort:
        return _say("aborted", 130)
    except _UsageError as error:
        if len(sys.argv) == 1:
            error.show()
            return 2
        help_of = f" (`{error.ctx.command_path} --help`)" if error.ctx else ""
        message = " ".join(error.format_message().split()).replace("Value error, ", "").rstrip(".")
        return _say(f"{message}{help_of}", 2)


def call(function: Callable[[], int | None], again: str = "the same command") -> int:
    """Call `function` and return the exit status: its own, 2 after a fault of the input, 1 after one of ours.

    Args:
        function: what to call.
        again: what goes on where it stopped, if it is interrupted.
    """
    try:
        return function() or 0
    except KeyboardInterrupt:
        return _say(f"interrupted; {again} goes on where this one stopped", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
            return 2 if _expected(error) else 1
        if _expected(error):
            return _say(_sentence(error), 2)
        return _say(f"internal error: {type(error).__name__}: {_sentence(error)} (--debug shows where)", 1)


def _expected(error: Exception) -> bool:
    from solv.harness.catalog import UnknownExperimentError
    from solv.harness.settings import ConfigurationError
    from solv.tracking.runs import RunDirectoryError

    return isinstance(error, ConfigurationError | UnknownExperimentError | RunDirectoryError | OSError | ValueError)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        way_out = (
            "; free some space, or choose another folder with runs_dir=PATH" if error.errno == errno.ENOSPC else ""
        )
        return f"{error.strerror}{where}{way_out}"
    return " ".join(str(error).split()) or type(error).__name__


def _say(line: str, status: int) -> int:
    print(f"solv: {line}", file=sys.stderr)
    return status
