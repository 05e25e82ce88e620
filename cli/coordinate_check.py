"""What does `solv coordinate-check` do? Trains a model of the user's at several widths and says which parts drift."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from solv.cli.arguments import Debug, check_plot_path, finish


def coordinate_check(
    factory: Annotated[
        str, typer.Argument(metavar="MODULE:FACTORY", help="Function of the width that returns a Subject.")
    ],
    widths: Annotated[str, typer.Option("--widths", metavar="N,N,...", help="Widths, at least two.")] = "64,128,256",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Training steps before the parts are measured.")] = 6,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Initialisations of each width.")] = 3,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw learned parts against width (.png, .svg or .pdf).")
    ] = None,
    debug: Debug = False,
) -> None:
    """Check on your own model that no part learns faster or slower as the width grows; exit 1 if one does."""

    def body() -> int:
        from solv.cli.tables import number, print_rows
        from solv.harness.coordinates import coordinate_check as check
        from solv.harness.settings import ConfigurationError

        check_plot_path(plot)
        sizes = _sizes(widths)
        build = _load(factory)
        try:
            found = check(build, sizes, steps, seeds, size="width")
        except (TypeError, ValueError) as error:
            if debug:
                raise
            raise ConfigurationError(f"{factory}: {error}") from error
        rows = [
            [each.module, f"{number(each.slope)} ± {number(each.error)}", number(each.change_slope), each.verdict]
            for each in found
        ]
        print_rows(f"Slopes in log width, {sizes[0]} to {sizes[-1]}", ["module", "learned", "change", "verdict"], rows)
        if plot is not None:
            found.plot().savefig(plot, dpi=150)
            typer.echo(f"figure: {plot}")
        typer.echo(f"{len(found.drifting)} of {len(found)} modules drift with width")
        return 1 if found.drifting else 0

    finish(body, debug)


def _sizes(widths: str) -> list[int]:
    from solv.harness.settings import ConfigurationError

    try:
        found = sorted({int(part) for part in widths.split(",")})
    except ValueError:
        raise ConfigurationError(f"--widths {widths} is not a list of integers such as 64,128,256") from None
    if len(found) < 2 or found[0] < 1:
        raise ConfigurationError(f"--widths {widths}: give at least two different widths >= 1")
    return found


def _load(factory: str) -> Callable[[int], Any]:
    from solv.harness.settings import ConfigurationError

    module, _, name = factory.partition(":")
    if not module or not name:
        raise ConfigurationError(f"{factory!r} is not MODULE:FACTORY, such as my_model:build")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise ConfigurationError(f"{factory}: cannot import {module} ({error})") from error
    except SyntaxError as error:
        raise ConfigurationError(f"{factory}: {module} is not Python ({error})") from error
    except AttributeError as error:
        raise ConfigurationError(f"{factory}: {module} has no {name}") from error
    if not callable(found):
        raise ConfigurationError(f"{factory} is not a function of the width")
    build: Callable[[int], Any] = found
    return build
