"""`solv compare`: what differs between runs of one experiment, and do they agree with theory alike?"""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli import completion
from solv.cli.arguments import AsFormat, Debug, RunsDir, TableFormat, check_plot_path, finish, runs_root

if TYPE_CHECKING:
    from solv.tracking.comparison import Labelled
    from solv.tracking.panels import Panel
    from solv.tracking.runs import RunDirectory, RunStore


_REFERENCE = "reference"
_NO_DIFFERENCE = ("runs_dir", "wandb")  # where a run was recorded is nothing that it found


def compare(
    chosen: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...",
            help="Runs of one experiment: a path, a directory name, the start of a key (`solv runs`), or `reference`.",
            autocompletion=completion.runs,
        ),
    ],
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the runs over each other (.png, .svg or .pdf).")
    ] = None,
    output: AsFormat = TableFormat.TABLE,
    runs_dir: RunsDir = None,
    debug: Debug = False,
) -> None:
    """Lay runs side by side: settings that differ, agreement with theory, verdicts, and one figure."""

    def body() -> None:
        from solv.harness.archive import panels_of
        from solv.harness.catalog import entry
        from solv.harness.contract import flat
        from solv.tracking.comparison import Labelled, labels, overlay
        from solv.tracking.runs import RunStore

        check_plot_path(plot)
        store = RunStore(runs_root(runs_dir))
        runs = _resolved(store, chosen)
        _check(runs)
        compared = [
            Labelled(label, _settings(flat(run.config())), run.curves(), run.findings())
            for label, run in zip(labels(len(runs)), runs, strict=True)
        ]
        declared = {str(panel.name): panel for run in reversed(runs) for panel in panels_of(run)}
        panels = [declared[name] for name in dict.fromkeys(str(p.name) for run in runs for p in panels_of(run))]
        if plot is not None:
            overlay(compared, panels, entry(runs[0].experiment).paper.title).savefig(plot, dpi=120)
        if output is TableFormat.JSON:
            typer.echo(json.dumps(_record(runs, compared, panels), indent=1, ensure_ascii=False, allow_nan=False))
        else:
            _print(runs, compared, panels)
            if plot is not None:
                typer.echo(f"figure: {plot}")

    finish(body, debug)


def _settings(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {"parts": [], **values}.items() if key not in _NO_DIFFERENCE}


def _resolved(store: "RunStore", chosen: list[str]) -> "list[RunDirectory]":
    """Return the runs that are meant; `reference` is the shipped one of the experiment that the others are of."""
    from solv.harness.reference import reference

    named = {text: store.resolve(text) for text in chosen if text != _REFERENCE}
    names = sorted({run.experiment for run in named.values()})
    return [named[text] if text != _REFERENCE else reference(names[0] if names else text) for text in chosen]


def _check(runs: "list[RunDirectory]") -> None:
    from solv.harness.settings import ConfigurationError

    if len({run.path.resolve() for run in runs}) < 2:
        raise ConfigurationError("give two different runs or more to compare (`solv runs` lists them)")
    names = sorted({run.experiment for run in runs})
    if len(names) > 1:
        raise ConfigurationError(f"the runs are of different experiments ({', '.join(names)}); compare runs of one")


def _print(runs: "list[RunDirectory]", compared: "list[Labelled]", panels: "list[Panel]") -> None:
    from solv.cli.tables import print_rows
    from solv.tracking.comparison import agreements, differences, verdicts

    names = [run.label for run in compared]
    print_rows(
        runs[0].experiment,
        ["", "started", "preset", "key", "directory"],
        [
            [label, f"{run.started:%Y-%m-%d %H:%M:%S}", run.preset, run.key, str(run.path)]
            for label, run in zip(names, runs, strict=True)
        ],
    )
    changed = [[item.key, *map(_text, item.values)] for item in differences(compared)]
    typer.echo("" if changed else "\nThe settings are the same.")
    if changed:
        print_rows("Settings that differ", ["key", *names], changed)
    rows = [
        [str(row["facet"]), str(row["series"]), str(row["source"]), *(_agreement(row, label) for label in names)]
        for row in agreements(compared, panels).to_dict(orient="records")
    ]
    telling = [row for row in rows if len(set(row[3:])) > 1]
    typer.echo("")
    if telling:
        print_rows("Median deviation from theory, points within 2 s.e.", ["panel", "series", "source", *names], telling)
    _say_alike(len(rows) - len(telling), "curve", "agrees with theory alike", "agree with theory alike")
    judged = verdicts(compared)
    changed = [[item.key, *map(_text, item.values)] for item in judged if len(set(item.values)) > 1]
    typer.echo("")
    if changed:
        print_rows("Claims that differ", ["claim", *names], changed)
    _say_alike(len(judged) - len(changed), "claim", "has the same verdict", "have the same verdict")


def _say_alike(count: int, noun: str, one: str, several: str) -> None:
    if count:
        typer.echo(f"{count} {noun}{'s' if count > 1 else ''} {several if count > 1 else one}.")


def _agreement(row: "dict[Any, Any]", label: str) -> str:
    median, within, points = (float(row[f"{name} {label}"]) for name in ("median_error", "within_2_se", "points"))
    if math.isnan(points):
        return "-"
    from solv.cli.tables import deviation

    return f"{deviation(median)}, {'-' if math.isnan(within) else f'{100 * within:.0f} %'} of {points:.0f}"


def _record(runs: "list[RunDirectory]", compared: "list[Labelled]", panels: "list[Panel]") -> dict[str, Any]:
    from solv.tracking.comparison import agreements, differences, verdicts

    names = [run.label for run in compared]
    table = agreements(compared, panels)
    return {
        "runs": {
            label: {"path": str(run.path), "key": run.key, "preset": run.preset, "started": run.started.isoformat()}
            for label, run in zip(names, runs, strict=True)
        },
        "settings": {item.key: _by_label(names, item.values) for item in differences(compared)},
        "agreement": [
            {
                **{name: row[name] for name in ("facet", "series", "y_name", "source")},
                **{
                    label: {name: _finite(row[f"{name} {label}"]) for name in ("points", "median_error", "within_2_se")}
                    for label in names
                },
            }
            for row in table.to_dict(orient="records")
        ],
        "claims": {item.key: _by_label(names, item.values) for item in verdicts(compared)},
    }


def _by_label(names: list[str], values: tuple[Any, ...]) -> dict[str, Any]:
    return {label: _jsonable(value) for label, value in zip(names, values, strict=True)}


def _jsonable(value: object) -> object:
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _text(value: object) -> str:
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
