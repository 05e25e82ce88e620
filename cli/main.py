"""What can a person type? The commands of `solv`: thin, each composes settings, calls an experiment, prints."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import DEBUG_VARIABLE, call

if TYPE_CHECKING:
    from collections.abc import Callable

    from experiments.parameters import RunSettings
    from experiments.protocol import Experiment
    from tracking.runs import RunDirectory

app = typer.Typer(
    name="solv",
    help="Run ten solvable theories of learning: predicted and measured curves side by side.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Experiment, as in `solv list`.")]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...", help="Overrides in Hydra's grammar, e.g. alpha=2 'tau=[1.5,3]' (`solv show NAME`)."
    ),
]
Preset = Annotated[str, typer.Option("--preset", help="smoke, quick or paper, or one of your own in ~/.config/solv.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


class Format(StrEnum):
    """How `solv theory` prints curves."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command("list")
def list_experiments() -> None:
    """Show the experiments: question, paper, axes, presets and expected time."""
    from experiments.catalog import CATALOG

    for entry in CATALOG:
        times = ", ".join(f"{preset} {time}" for preset, time in entry.expected.items())
        typer.echo(f"{entry.name}\n    {entry.question}")
        typer.echo(f"    {entry.paper.authors}: {entry.paper.title}, arXiv:{entry.paper.arxiv}")
        typer.echo(f"    axes: {', '.join(entry.axes)}; presets: {times}")


@app.command()
def show(name: Name, overrides: Overrides = None, preset: Preset = "quick", debug: Debug = False) -> None:
    """Show the composed configuration with the meaning of every key."""

    def body() -> None:
        from cli.compose import settings_for
        from experiments.parameters import as_dictionary, describe

        experiment, settings = settings_for(name, preset, overrides or [])
        typer.echo(f"# {experiment.entry.paper.title} (arXiv:{experiment.entry.paper.arxiv}), preset {preset}")
        for key, meaning in describe(experiment.Config):
            value: object = as_dictionary(settings)
            for part in key.split("."):
                value = value[part]  # type: ignore[index]
            typer.echo(f"{key}={_yaml(value)}".ljust(48) + f"  # {meaning}")

    _finish(body, debug)


@app.command()
def theory(
    name: Name,
    overrides: Overrides = None,
    preset: Preset = "quick",
    output: Annotated[
        Format, typer.Option("--format", help="table, csv or json (records of the curves schema).")
    ] = Format.TABLE,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the curves into this file (.png, .svg or .pdf).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also the panels that do not depend on the axes given.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Print the predicted curves only, in seconds."""

    def body() -> None:
        from cli.compose import settings_for
        from cli.tables import as_text, print_curves

        experiment, settings = settings_for(name, preset, overrides or [])
        _check_plot_path(plot)
        curves = experiment.predict(settings)
        main = {panel.name for panel in experiment.panels(settings) if panel.main}
        if main and not everything:
            curves = curves[curves["panel"].isin(main)]
        if plot is not None:
            from tracking.figures import draw

            draw(curves, experiment.panels(settings), experiment.entry.paper.title).savefig(plot, dpi=150)
        if output is Format.TABLE:
            print_curves(curves)
        else:
            typer.echo(as_text(curves, output.value))

    _finish(body, debug)


@app.command()
def run(
    name: Name,
    overrides: Overrides = None,
    preset: Preset = "quick",
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N, mps or auto; the same as device=...")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again although this configuration is finished or half done.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Predict, measure, compare, check the claims, and record it all in a run directory."""

    def body() -> int:
        from cli.compose import hydra_main

        status = [0]

        def job(experiment: "Experiment[Any]", settings: "RunSettings") -> None:
            status[0] = _run_and_print(experiment, settings, preset, fresh)

        asked = [*(overrides or []), *([f"device={device}"] if device else [])]
        hydra_main(name, preset, asked, job)
        return status[0]

    _finish(body, debug)


@app.command()
def runs(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only runs of this experiment.")] = None,
    runs_dir: Annotated[Path | None, typer.Option(help="Folder of the runs [default: $SOLV_RUNS_DIR or runs].")] = None,
    debug: Debug = False,
) -> None:
    """List what has been run: when, from which preset, with which verdicts."""

    def body() -> None:
        from cli.tables import print_rows
        from experiments.catalog import entry
        from tracking.runs import RunStore

        if name is not None:
            entry(name)
        root = runs_dir or Path(os.environ.get("SOLV_RUNS_DIR", "runs"))
        found = RunStore(root).runs(name)
        if not found:
            typer.echo(f"no runs in {root}")
            return
        print_rows(
            "", ["started", "experiment", "preset", "claims", "directory"], [_describe_run(each) for each in found]
        )

    _finish(body, debug)


def _run_and_print(experiment: "Experiment[Any]", settings: "RunSettings", preset: str, fresh: bool) -> int:
    from cli.tables import print_agreement, print_claims
    from experiments.runner import run_experiment

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    outcome = run_experiment(experiment, settings, preset=preset, fresh=fresh, terminal=sys.stderr.isatty(), say=say)
    print_agreement(outcome.curves)
    typer.echo("")
    print_claims(outcome.claims)
    typer.echo("")
    if outcome.reused:
        age = ", by an older state of the code" if outcome.outdated else ""
        typer.echo(f"already run{age}; nothing was computed (--fresh runs it again)")
    typer.echo(f"figure: {outcome.run.path / 'figure.png'}")
    typer.echo(f"run:    {outcome.run.path}")
    return 1 if outcome.failed else 0


def _describe_run(run: "RunDirectory") -> list[str]:
    from tracking.runs import RunDirectoryError

    preset, claims = "", "unfinished"
    if run.finished:
        try:
            manifest = run.manifest()
            verdicts = list(dict(manifest.get("claims", {})).values())  # type: ignore[call-overload]
            preset = str(manifest.get("preset", ""))
            claims = (
                ", ".join(f"{verdicts.count(v)} {v}" for v in ("holds", "fails", "undecided") if v in verdicts)
                or "none"
            )
        except RunDirectoryError:
            claims = "damaged"
    return [f"{run.started:%Y-%m-%d %H:%M:%S}", run.experiment, preset, claims, str(run.path)]


def _check_plot_path(plot: Path | None) -> None:
    if plot is None:
        return
    from experiments.parameters import ConfigurationError

    if plot.suffix not in (".png", ".svg", ".pdf"):
        raise ConfigurationError(f"--plot {plot}: the ending must be .png, .svg or .pdf")
    if not plot.absolute().parent.is_dir():
        raise ConfigurationError(f"--plot {plot}: the folder {plot.absolute().parent} does not exist")


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(map(_yaml, value)) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    return "null" if value is None else str(value)


def _finish(body: "Callable[[], int | None]", debug: bool) -> None:
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"
    raise typer.Exit(call(body))


def main() -> None:
    """Entry point of the `solv` command."""
    app()


if __name__ == "__main__":
    main()
