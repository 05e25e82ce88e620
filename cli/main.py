"""What can a person type? The commands of `solv`: thin, each composes settings, calls an experiment, prints."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli import sweep as sweeping
from solv.cli.arguments import (
    Debug,
    MaybeName,
    Name,
    Overrides,
    Parts,
    Preset,
    RunsDir,
    check_plot_path,
    finish,
    part_override,
    runs_dir_override,
)
from solv.cli.caches import place_for_fonts
from solv.cli.cite import cite
from solv.cli.claims import claims
from solv.cli.compare import compare
from solv.cli.coordinate_check import coordinate_check
from solv.cli.data import data
from solv.cli.doctor import doctor
from solv.cli.errors import dispatch, end_as_interrupted, show_what_can_be_shown
from solv.cli.figure import figure
from solv.cli.fit import fit
from solv.cli.new import new
from solv.cli.plan import plan
from solv.cli.reference import reference
from solv.cli.report import report
from solv.cli.runs import runs

if TYPE_CHECKING:
    from solv.harness.contract import Experiment
    from solv.harness.settings import RunSettings

_ROWS = 400  # of a table of curves that is printed unasked

app = typer.Typer(
    name="solv",
    help="Run ten solvable theories of learning: predicted and measured curves side by side.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)

Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N, mps or auto; the same as device=...")]


class Format(StrEnum):
    """How `solv theory` prints curves."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command("list")
def list_experiments(name: MaybeName = None, debug: Debug = False) -> None:
    """Show the experiments: question, paper, axes, presets and expected time; of one, its parts."""

    def body() -> None:
        from solv.harness.catalog import catalog

        if name is not None:
            _list_parts(name)
            return
        for entry in catalog().entries.values():
            times = ", ".join(f"{preset} {time}" for preset, time in entry.expected.items())
            typer.echo(f"{entry.name}\n    {entry.question}")
            typer.echo(f"    {entry.paper.authors}: {entry.paper.title}, arXiv:{entry.paper.arxiv}")
            typer.echo(f"    axes: {', '.join(entry.axes)}; presets: {times}")
        for broken in catalog().broken:
            typer.echo(f"{broken.name}\n    broken, from {broken.distribution}: {broken.fault}")

    finish(body, debug)


def _list_parts(name: str) -> None:
    """Print the parts of an experiment, with what they took on one core, and the map of the paper's figures."""
    from solv.cli.tables import print_rows
    from solv.harness.catalog import load
    from solv.harness.figure_map import HEAD, rows_of
    from solv.harness.presets import presets
    from solv.harness.times import cpu_seconds

    experiment = load(name)
    known = [preset for preset in presets(name) if cpu_seconds(name, preset)]
    rows = [
        [
            part.name,
            part.figure or "ours",
            part.question,
            str(len(part.claims)),
            *(_seconds(cpu_seconds(name, preset).get(part.name)) for preset in known),
        ]
        for part in experiment.parts
    ]
    typer.echo(f"{name}: {experiment.entry.question}")
    typer.echo(f"{experiment.entry.paper.authors}: {experiment.entry.paper.title}")
    typer.echo(f"arXiv:{experiment.entry.paper.arxiv}; presets: {', '.join(presets(name))}\n")
    print_rows("", ["part", "figure", "question", "claims", *(f"{preset}, CPU" for preset in known)], rows)
    if experiment.figures:
        typer.echo("")
        print_rows("The paper's figures", HEAD, rows_of(experiment))
    typer.echo(f"\nsolv run {name} --part {experiment.parts[0].name} runs one of them alone")


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s" if value >= 1 else "< 1 s"


@app.command()
def show(
    name: Name,
    overrides: Overrides = None,
    preset: Preset = "quick",
    cost: Annotated[
        bool, typer.Option("--cost", help="Instead: operations, memory and time of each part, on the device at hand.")
    ] = False,
    device: Device = None,
    part: Parts = None,
    debug: Debug = False,
) -> None:
    """Show the composed configuration with the meaning of every key, or what running it will cost."""

    def body() -> None:
        from solv.harness.compose import settings_for
        from solv.harness.settings import as_dictionary, describe

        asked = [*(overrides or []), *([f"device={device}"] if device else []), *part_override(part)]
        experiment, settings = settings_for(name, preset, asked)
        if cost:
            from solv.cli.costs import print_costs

            print_costs(experiment, settings)
            return
        typer.echo(f"# {experiment.entry.paper.title} (arXiv:{experiment.entry.paper.arxiv}), preset {preset}")
        for key, meaning in describe(experiment.Config):
            value: object = as_dictionary(settings)
            for step in key.split("."):
                value = value[step]  # type: ignore[index]
            typer.echo(f"{key}={_yaml(value)}".ljust(48) + f"  # {meaning}")
        for remark in experiment.remarks(settings):
            typer.echo(f"# {remark}")

    finish(body, debug)


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
    part: Parts = None,
    debug: Debug = False,
) -> None:
    """Print the predicted curves only, in seconds."""

    def body() -> None:
        from solv.cli.tables import as_text, print_curves
        from solv.harness.compose import settings_for
        from solv.harness.settings import replace

        experiment, settings = settings_for(name, preset, [*(overrides or []), *part_override(part)])
        check_plot_path(plot)
        panels = experiment.panels(settings)
        main = {str(panel.name) for panel in panels if panel.main}
        if main and not everything and not part:
            shown = [each.name for each in experiment.parts if main & {str(name) for name in each.names}]
            chosen = [name for name in shown if not settings.parts or name in settings.parts]
            curves = experiment.predict(replace(settings, parts=tuple(chosen)))
            curves = curves[curves["panel"].isin(main)]
        else:
            curves = experiment.predict(settings)
        if plot is not None:
            from solv.tracking.figures import draw
            from solv.tracking.labels import lay_out

            draw(lay_out(curves, panels), experiment.entry.paper.title).savefig(plot, dpi=150)
        if output is Format.TABLE:
            left = print_curves(curves, panels, None if everything or part else _ROWS)
            if left:
                typer.echo(f"{left} rows more: --part shows one part, --all everything")
        else:
            typer.echo(as_text(curves, output.value))

    finish(body, debug)


@app.command()
def run(
    name: Name,
    overrides: Overrides = None,
    preset: Preset = "quick",
    device: Device = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run again although this configuration is finished or half done.")
    ] = False,
    wandb: Annotated[
        str | None,
        typer.Option(metavar="MODE", help="offline, online, disabled or auto (online if logged in); as wandb=..."),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out lines of your own questions that cannot be read.")
    ] = False,
    part: Parts = None,
    runs_dir: RunsDir = None,
    debug: Debug = False,
) -> None:
    """Predict, measure, compare, check the claims, and record it all in a run directory."""

    def body() -> int:
        from solv.harness.compose import hydra_main

        status = [0]

        def job(experiment: "Experiment[Any]", settings: "RunSettings") -> None:
            status[0] = _run_and_print(experiment, settings, preset, fresh)

        asked = [*(overrides or []), *(f"{key}={value}" for key, value in _given(device=device, wandb=wandb))]
        asked += [*part_override(part), *runs_dir_override(runs_dir)]
        if skip_bad:
            asked += [f"{key}=true" for key in _keys_of_skip_bad(name)]
        hydra_main(name, preset, asked, job)
        return status[0]

    finish(body, debug)


@app.command()
def sweep(
    name: Name,
    overrides: Overrides = None,
    launcher: sweeping.Launcher = None,
    jobs: sweeping.Jobs = None,
    status: sweeping.Status = False,
    preset: Preset = "quick",
    device: Device = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run every point again, finished or not.")] = False,
    part: Parts = None,
    runs_dir: RunsDir = None,
    debug: Debug = False,
) -> None:
    """Run many points of an experiment, on this machine, Ray or Slurm; again, only those that are missing."""
    asked = [*(overrides or []), *([f"device={device}"] if device else [])]
    asked += [*part_override(part), *runs_dir_override(runs_dir)]
    finish(lambda: sweeping.sweep(name, asked, preset, launcher, jobs, status, fresh), debug)


def _given(**options: str | None) -> list[tuple[str, str]]:
    return [(key, value) for key, value in options.items() if value]


def _keys_of_skip_bad(name: str) -> list[str]:
    """Return the experiment's keys that --skip-bad sets: one for each file that is read line by line.

    Raises:
        ConfigurationError: the experiment reads no lines of the user's.
    """
    from solv.harness.catalog import load
    from solv.harness.settings import ConfigurationError, describe

    keys = [key for key, _ in describe(load(name).Config) if key.split(".")[-1] == "skip_bad"]
    if not keys:
        raise ConfigurationError(f"--skip-bad: {name} reads no file of yours line by line")
    return keys


def _run_and_print(experiment: "Experiment[Any]", settings: "RunSettings", preset: str, fresh: bool) -> int:
    from solv.cli.tables import print_agreement, print_claims
    from solv.harness.processes import follows
    from solv.harness.runner import follow_experiment, run_experiment

    if follows():
        follow_experiment(experiment, settings)
        return 0

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    outcome = run_experiment(experiment, settings, preset=preset, fresh=fresh, terminal=sys.stderr.isatty(), say=say)
    print_agreement(outcome.curves, experiment.panels(settings))
    typer.echo("")
    print_claims(outcome.findings)
    typer.echo("")
    if outcome.reused:
        age = ", by an older state of the code" if outcome.outdated else ""
        typer.echo(f"already run{age}; nothing was computed (--fresh runs it again)")
    typer.echo(f"figure: {outcome.run.path / 'figure.png'}")
    typer.echo(f"run:    {outcome.run.path}")
    if outcome.dashboard:
        typer.echo(f"W&B:    {outcome.dashboard}")
    return 1 if outcome.failed else 0


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(map(_yaml, value)) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    return "null" if value is None else str(value)


app.command()(runs)
app.command()(compare)
app.command()(figure)
app.command()(claims)
app.command("coordinate-check")(coordinate_check)
app.command()(report)
app.command()(reference)
app.command()(cite)
app.command()(doctor)
app.command()(new)
app.add_typer(fit, name="fit")
app.add_typer(plan, name="plan")
app.add_typer(data, name="data")


def main() -> None:
    """Entry point of the `solv` command."""
    show_what_can_be_shown()
    end_as_interrupted()
    place_for_fonts()
    sys.exit(dispatch(app))


if __name__ == "__main__":
    main()
