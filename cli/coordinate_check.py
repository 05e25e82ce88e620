"""What does `solv coordinate-check` do? Trains a model of the user's at several widths and says which parts drift."""

import importlib
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli.arguments import Debug, check_plot_path, finish

if TYPE_CHECKING:
    from solv.models.coordinate_check import CoordinateSlope


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
        from solv.harness.settings import ConfigurationError
        from solv.models.coordinate_check import check_coordinates

        check_plot_path(plot)
        sizes = _sizes(widths)
        build = _load(factory)
        try:
            found = check_coordinates(build, sizes, steps, seeds)
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
            _draw(found, sizes, plot)
            typer.echo(f"figure: {plot}")
        drifting = [each.module for each in found if each.verdict in ("grows", "shrinks")]
        typer.echo(f"{len(drifting)} of {len(found)} modules drift with width")
        return 1 if drifting else 0

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
    except AttributeError as error:
        raise ConfigurationError(f"{factory}: {module} has no {name}") from error
    if not callable(found):
        raise ConfigurationError(f"{factory} is not a function of the width")
    build: Callable[[int], Any] = found
    return build


class _Panels(StrEnum):
    LEARNED = "learned"


def _draw(found: "list[CoordinateSlope]", sizes: list[int], path: Path) -> None:
    from solv.tracking.curves import Recorder, geometric_mean, join_curves
    from solv.tracking.figures import draw
    from solv.tracking.labels import lay_out
    from solv.tracking.panels import Panel

    record = Recorder("coordinate-check", "width")

    parts = []
    for each in found:
        if (each.learned > 0).all():
            y, y_err, n = geometric_mean(each.learned)
            at = {"module": each.module}
            parts.append(record.trained(_Panels.LEARNED, at, x=("width", sizes), y=("learned", y), y_err=y_err, n=n))
    size = "root mean square of the learned part"
    title = "Flat: the learning rate transfers"
    panel = Panel(_Panels.LEARNED, title, "width", size, x_scale="log", y_scale="log", series="{module}")
    draw(lay_out(join_curves(parts), [panel]), "Coordinate check").savefig(path, dpi=150)
