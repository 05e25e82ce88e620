"""Which arguments and options do several commands share? Their types, and how every command ends."""

import os
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from solv.cli import completion
from solv.cli.errors import DEBUG_VARIABLE, call

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Experiment, as in `solv list`.", autocompletion=completion.names)
]
MaybeName = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="Show the parts of this experiment.", autocompletion=completion.names),
]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Only these experiments (default: all).", autocompletion=completion.more_names),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Overrides in Hydra's grammar, e.g. alpha=2 'tau=[1.5,3]' (`solv show NAME`).",
        autocompletion=completion.overrides,
    ),
]
Preset = Annotated[
    str,
    typer.Option(
        "--preset",
        help="smoke, quick, reference or paper, or one of your own in ~/.config/solv.",
        autocompletion=completion.presets_of_experiment,
    ),
]
OnlyPreset = Annotated[
    str | None,
    typer.Option("--preset", help="Only runs of this preset.", autocompletion=completion.presets_of_experiment),
]


def a_folder(text: str) -> Path:
    """Return the path that was typed; an empty one, as of a shell variable that is not set, is none."""
    if not text.strip():
        raise typer.BadParameter("it is empty; give a path (. is the current folder)")
    return Path(text)


RunsDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the runs (default: $SOLV_RUNS_DIR, or runs).", parser=a_folder, metavar="DIRECTORY"),
]
Out = Annotated[Path, typer.Option("--out", help="Where to write.", parser=a_folder, metavar="DIRECTORY")]
Parts = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        metavar="P[,P]",
        help="Only these parts of the experiment (`solv list NAME`), may be repeated; the same as parts=[...].",
        autocompletion=completion.parts,
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


OfSweeps = Annotated[bool, typer.Option("--sweeps", help="Finished sweeps, all points of each together, not runs.")]


class TableFormat(StrEnum):
    """How a command prints its rows."""

    TABLE = "table"
    JSON = "json"


class SizeName(StrEnum):
    """How large a figure is."""

    SLIDE = "slide"
    COLUMN = "column"
    PAGE = "page"
    SCREEN = "screen"


class FileKind(StrEnum):
    """What a figure is written as."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


class VerdictName(StrEnum):
    """The verdicts that a claim can have."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"
    NOT_RUN = "not run"


VerdictFilter = Annotated[VerdictName | None, typer.Option("--verdict", help="Only claims with this verdict.")]
AsFormat = Annotated[TableFormat, typer.Option("--format", help="table or json.")]


def runs_root(runs_dir: Path | None) -> Path:
    """Return the folder of the runs: the option, else the environment, else `runs`."""
    return (runs_dir or Path(os.environ.get("SOLV_RUNS_DIR") or "runs")).expanduser()


def part_override(parts: Sequence[str] | None) -> list[str]:
    """Return what `--part P,P --part P` means as an override.

    Raises:
        ConfigurationError: no part is named.
    """
    if not parts:
        return []
    from solv.harness.compose import quoted
    from solv.harness.settings import ConfigurationError

    names: dict[str, None] = {}  # a part that is named twice is meant once
    for each in parts:
        found = [name.strip() for name in each.split(",") if name.strip()]
        if not found:
            raise ConfigurationError(f"--part {each!r} names no part (`solv list NAME` shows them)")
        names |= dict.fromkeys(found)
    return [f"parts=[{','.join(map(quoted, names))}]"]


def runs_dir_override(runs_dir: Path | None) -> list[str]:
    """Return what `--runs-dir DIR` means as an override."""
    if runs_dir is None:
        return []
    from solv.harness.compose import quoted
    from solv.harness.settings import plain

    return [f"runs_dir={quoted(plain(str(runs_dir)))}"]


def check_plot_path(plot: Path | None) -> None:
    """Raise `ConfigurationError` if a figure cannot be written to that path."""
    if plot is None:
        return
    from solv.harness.settings import ConfigurationError

    if plot.suffix not in (".png", ".svg", ".pdf"):
        raise ConfigurationError(f"--plot {plot}: the ending must be .png, .svg or .pdf")
    if not plot.absolute().parent.is_dir():
        raise ConfigurationError(f"--plot {plot}: the folder {plot.absolute().parent} does not exist")


def finish(body: Callable[[], int | None], debug: bool, again: str = "the same command") -> None:
    """Call the body of a command and leave with its exit status; `again` is what goes on if it is interrupted."""
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"
    raise typer.Exit(call(body, again))
