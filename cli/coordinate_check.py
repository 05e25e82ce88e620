"""What does `solv coordinate-check` do? Trains a model of the user's at several sizes and says which parts drift."""

import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli.arguments import AsFormat, Debug, TableFormat, check_plot_path, finish

if TYPE_CHECKING:
    from solv.harness.coordinates import CoordinateCheck, RateScan
    from solv.models.coordinate_check import CoordinateSlope

DEFAULT_SIZES = "64,128,256"
STEPS, SCAN_STEPS = 6, 20
MOST_RATES = 100


def coordinate_check(
    factory: Annotated[
        str, typer.Argument(metavar="MODULE:FACTORY", help="Function of the size that returns a Subject.")
    ],
    widths: Annotated[
        str | None, typer.Option("--widths", metavar="N,N,...", help=f"The same as --size width=... ({DEFAULT_SIZES}).")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option("--size", metavar="NAME=N,N,...", help="Any size, such as depth=2,4,8 or experts=4,8,16."),
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option(
            "--rates", metavar="LOW:HIGH", help="Find the best learning rate at each size, e.g. 2**-10:2**-2 (by 2)."
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help=f"Training steps ({STEPS}; with --rates {SCAN_STEPS})."),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Initialisations of each size.")] = 3,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw what was measured (.png, .svg or .pdf).")] = None,
    output: AsFormat = TableFormat.TABLE,
    debug: Debug = False,
) -> None:
    """Check on your own model that no part learns faster or slower as it grows; exit 1 if one does, or diverges."""

    def body() -> int:
        from solv.harness.settings import ConfigurationError

        check_plot_path(plot)
        name, sizes = _sizes(widths, size)
        grid = _rates(rates) if rates is not None else None
        with _said_by_them(factory, output is TableFormat.JSON, debug) as build:
            if grid is not None:
                from solv.harness.coordinates import rate_scan

                scan = rate_scan(build, sizes, grid, steps or SCAN_STEPS, seeds, size=name)
            else:
                from solv.harness.coordinates import coordinate_check as check

                found = check(build, sizes, steps or STEPS, seeds, size=name)
        if grid is not None:
            _show_scan(scan, output)
            drawn, status = scan.plot, int(scan.found.verdict == "moves")
        else:
            _show_check(found, output)
            drawn, status = found.plot, int(bool(found.drifting))
            if all(each.verdict == "does not learn" for each in found):
                raise ConfigurationError(
                    f"{factory}: no module learned anything: {found[0].note or 'check the optimizer'}"
                )
        if plot is not None:
            drawn().savefig(plot, dpi=150)
            typer.echo(f"figure: {plot}", err=output is TableFormat.JSON)
        return status

    finish(body, debug)


@contextmanager
def _said_by_them(factory: str, quiet: bool, debug: bool) -> Iterator[Callable[..., Any]]:
    """Yield the person's factory; a fault of it is one line with its name. What it prints is no part of a JSON."""
    from solv.cli.factories import load_factory
    from solv.harness.settings import ConfigurationError

    with redirect_stdout(sys.stderr if quiet else sys.stdout):
        build = load_factory(factory)
        try:
            yield build
        except (TypeError, ValueError) as error:
            if debug:
                raise
            raise ConfigurationError(f"{factory}: {error}") from error


def _sizes(widths: str | None, size: str | None) -> tuple[str, list[int]]:
    """Return what a size is called, and the sizes."""
    from solv.harness.settings import ConfigurationError

    if widths is not None and size is not None:
        raise ConfigurationError("--widths and --size say the same: give one of them")
    option = f"--widths {widths}" if size is None else f"--size {size}"
    name, equals, numbers = (
        ("width", "=", DEFAULT_SIZES if widths is None else widths) if size is None else size.partition("=")
    )
    name = name.strip()
    if not equals or not name.isidentifier():
        raise ConfigurationError(f"{option} is not a name and integers, such as depth=2,4,8")
    try:
        found = sorted({int(part) for part in numbers.split(",")})
    except ValueError:
        raise ConfigurationError(f"{option} is not a list of integers such as {DEFAULT_SIZES}") from None
    if len(found) < 2 or found[0] < 1:
        raise ConfigurationError(f"{option}: give at least two different {name}s >= 1")
    return name, found


def _rates(text: str) -> list[float]:
    """Return the rates of LOW:HIGH, LOW:HIGH:FACTOR or a list, in which 2**-10 is a number too."""
    from solv.harness.settings import ConfigurationError

    fault = f"--rates {text}: give LOW:HIGH such as 2**-10:2**-2, LOW:HIGH:FACTOR, or a list such as 1e-4,1e-3,1e-2"
    try:
        given = [_rate(part) for part in text.split(":" if ":" in text else ",")]
    except (ValueError, OverflowError):
        raise ConfigurationError(fault) from None
    if not all(0 < each < math.inf for each in given):
        raise ConfigurationError(f"{fault}; rates are > 0 and finite")
    found = sorted(set(given))
    if ":" in text:
        low, high, factor = [*given, 2.0][:3]
        if len(given) > 3 or not low < high or not factor > 1:
            raise ConfigurationError(f"{fault}; LOW < HIGH, FACTOR > 1")
        count = math.floor(math.log(high / low) / math.log(factor) + 1e-9) + 1
        found = [low * factor**place for place in range(min(count, MOST_RATES + 1))]
    if not 3 <= len(found) <= MOST_RATES:
        raise ConfigurationError(f"{fault}; from 3 to {MOST_RATES} rates")
    return found


def _rate(text: str) -> float:
    power = re.fullmatch(r"\s*([0-9.]+)\s*(?:\*\*|\^)\s*\(?(-?[0-9.]+)\)?\s*", text)
    return float(power[1]) ** float(power[2]) if power else float(text)


def _show_check(found: "CoordinateCheck", output: TableFormat) -> None:
    from solv.cli.tables import measured, number, print_rows

    if output is TableFormat.JSON:
        typer.echo(json.dumps(_check_as_dictionary(found), indent=1, ensure_ascii=False, allow_nan=False))
        return
    rows = [
        [each.module, measured(each.slope, each.error), number(each.change_slope), each.verdict, each.note]
        for each in found
    ]
    title = f"Slopes in log {found.size}, {found.sizes[0]} to {found.sizes[-1]}"
    columns = ["module", "learned", "change", "verdict", *([""] if any(each.note for each in found) else [])]
    print_rows(title, columns, [row[: len(columns)] for row in rows])
    for line in _conclusions(found):
        typer.echo(line)


def _conclusions(found: "CoordinateCheck") -> list[str]:
    """Return what the table says, and what it does not say."""
    about, lines = found.found, []
    for each in about.not_measured:
        lines.append(f"not measured, {each.module}: {', '.join(each.parameters)} ({each.why})")
    lines += [f"note: {note}" for note in about.notes]
    line = f"{len(found.drifting)} of {len(found)} modules drift with {found.size}"
    if about.tensors_left_out:
        share = 100 * about.values_left_out / about.values
        left_out = f"{about.tensors_left_out} of {about.tensors} parameter tensors ({share:.2g} % of the parameters)"
        line += f"; nothing is known of {left_out}"
    lines.append(line)
    if found.undecided and not found.drifting:
        undecided = _count(len(found.undecided), "module is", "modules are")
        lines.append(
            f"{undecided} undecided, which is not a pass: more --seeds, or {found.size}s further apart, decide"
        )
    return lines


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _check_as_dictionary(found: "CoordinateCheck") -> dict[str, object]:
    def module(each: "CoordinateSlope") -> dict[str, object]:
        return {
            "module": each.module,
            "verdict": each.verdict,
            "note": each.note,
            "slope": _json(each.slope),
            "error": _json(each.error),
            "change_slope": _json(each.change_slope),
            "learned": [[_json(float(value)) for value in row] for row in each.learned],
        }

    about = found.found
    return {
        "size": found.size,
        "sizes": list(found.sizes),
        "modules": [module(each) for each in found],
        "drifting": [each.module for each in found.drifting],
        "undecided": [each.module for each in found.undecided],
        "not_measured": [
            {"module": each.module, "parameters": list(each.parameters), "why": each.why} for each in about.not_measured
        ],
        "parameter_tensors": {"all": about.tensors, "not_measured": about.tensors_left_out},
        "parameters": {"all": about.values, "not_measured": about.values_left_out},
        "notes": list(about.notes),
    }


def _show_scan(scan: "RateScan", output: TableFormat) -> None:
    from solv.cli.tables import measured, number, print_rows

    found, frame = scan.found, scan.frame()
    names = ["best_rate", "loss", "loss_of_smallest_rate"]
    rows = [[row[scan.size], *(float(row[name]) for name in names)] for row in frame.to_dict(orient="records")]
    if output is TableFormat.JSON:
        about = {
            "size": scan.size,
            "rates": found.rates.tolist(),
            "sizes": [dict(zip([scan.size, *names], [row[0], *map(_json, row[1:])], strict=True)) for row in rows],
            "shift_per_doubling": _json(found.shift),
            "error": _json(found.error),
            "verdict": found.verdict,
            "notes": list(found.notes),
        }
        typer.echo(json.dumps(about, indent=1, allow_nan=False))
        return
    cells = [[str(row[0]), *("at the edge" if math.isnan(cell) else number(cell) for cell in row[1:])] for row in rows]
    columns = [scan.size, "best rate", "loss there", f"loss at the best rate of {found.sizes[0]}"]
    print_rows(f"Best of {len(found.rates)} rates, {found.rates[0]:.3g} to {found.rates[-1]:.3g}", columns, cells)
    for note in found.notes:
        typer.echo(f"note: {note}")
    if math.isfinite(found.shift):
        typer.echo(
            f"per doubling of the {scan.size} the best rate is multiplied by {2**found.shift:.3g} "
            f"({measured(found.shift, found.error)} doublings)"
        )
    said = {
        "transfers": "the rate transfers",
        "moves": f"the rate does not transfer: it moves with {scan.size}",
        "undecided": "undecided whether the rate transfers, which is not a pass",
    }
    typer.echo(said[found.verdict])


def _json(value: float) -> float | str | None:
    """Return a number that JSON has: infinity as a word, and nothing where there is no number."""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return None if math.isnan(value) else value
