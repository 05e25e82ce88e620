"""`solv report`: the runs as one HTML page that can be sent to somebody."""

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solv.cli import completion
from solv.cli.arguments import Debug, OfSweeps, OnlyPreset, RunsDir, finish, runs_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solv.tracking.claims import Finding
    from solv.tracking.curves import Curves
    from solv.tracking.panels import Panel
    from solv.tracking.report import Section
    from solv.tracking.runs import RunDirectory, RunStore
    from solv.tracking.sweeps import SweepDirectory


def report(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Runs (path, directory name, start of a key) or experiments (default: the newest of each experiment).",
            autocompletion=completion.runs,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("report.html"),
    every: Annotated[
        bool, typer.Option("--all", help="Every finished run, not the newest of each experiment alone.")
    ] = False,
    sweeps: OfSweeps = False,
    preset: OnlyPreset = None,
    runs_dir: RunsDir = None,
    debug: Debug = False,
) -> None:
    """Write one HTML file with every figure (interactive), agreement, claims and provenance; it needs no network."""

    def body() -> int:
        from solv.harness.settings import ConfigurationError
        from solv.tracking.files import write_text
        from solv.tracking.provenance import DISTRIBUTION, versions
        from solv.tracking.report import report_page
        from solv.tracking.runs import RunStore

        if output.suffix not in (".html", ".htm"):
            raise ConfigurationError(f"--output {output}: the ending must be .html")
        if not output.absolute().parent.is_dir():
            raise ConfigurationError(f"--output {output}: the folder {output.absolute().parent} does not exist")
        store = RunStore(runs_root(runs_dir))
        sections, damaged = (_sweep_sections if sweeps else _run_sections)(store, chosen or [], preset, every)
        made = f"Made by solv ({versions()[DISTRIBUTION]}) on {datetime.now().astimezone():%Y-%m-%d %H:%M %Z}."
        write_text(output, report_page(sections, made=made))
        size = output.stat().st_size / 1e6
        kind = f"{'sweep' if sweeps else 'run'}{'s' * (len(sections) != 1)}"
        typer.echo(f"{output}: {len(sections)} {kind}, {size:.1f} MB, opens in any browser")
        return 1 if damaged else 0

    finish(body, debug)


def _run_sections(store: "RunStore", chosen: list[str], preset: str | None, every: bool) -> "tuple[list[Section], int]":
    """Return a section of each run, and how many are damaged: those are named on stderr."""
    from solv.cli.selection import finished_runs
    from solv.tracking.runs import RunDirectoryError

    if chosen:
        found, damaged = _chosen(store, chosen, preset), 0
    else:
        found, damaged = finished_runs(store, [], preset, every=every)
    sections = []
    for run in found:
        try:
            sections.append(_section(run, _variant(run, found)))
        except RunDirectoryError as error:
            damaged += 1
            print(f"solv: {error}", file=sys.stderr)
    if not sections:
        raise RunDirectoryError("none of these runs can be read")
    return sections, damaged


def _sweep_sections(
    store: "RunStore", chosen: list[str], preset: str | None, every: bool
) -> "tuple[list[Section], int]":
    from solv.cli.selection import finished_sweeps

    found, damaged = finished_sweeps(store, chosen, preset, every=every)
    alone = {each.experiment for each in found}
    return [_sweep_section(each, "" if len(alone) == len(found) else each.key[:6]) for each in found], damaged


def _chosen(store: Any, texts: list[str], preset: str | None) -> "list[RunDirectory]":
    from solv.cli.selection import finished_runs
    from solv.harness.catalog import names

    runs = [finished_runs(store, [text], preset)[0][0] if text in names() else store.resolve(text) for text in texts]
    return list({run.path.resolve(): run for run in runs}.values())


def _variant(run: "RunDirectory", shown: "list[RunDirectory]") -> str:
    """Return what tells a run from the others of its experiment: nothing, its preset, or its preset, key and time."""
    others = [other for other in shown if other.experiment == run.experiment and other != run]
    if all(other.preset != run.preset for other in others):
        return run.preset if others else ""
    same = any(other.key == run.key for other in others)
    return f"{run.preset}, {run.key[:6]}" + (f", {run.started:%Y-%m-%d %H:%M:%S}" if same else "")


def _headline(name: str, panels: "Sequence[Panel]", curves: "Curves", claims: "Sequence[Finding]") -> bytes:
    """Return the headline of a run as a PNG that is wide enough for a card of the first page."""
    import io

    from solv.harness.catalog import load
    from solv.harness.drawing import draw_headline
    from solv.tracking.labels import lay_out

    facets = lay_out(curves, panels)
    if not facets:
        return b""
    buffer = io.BytesIO()
    draw_headline(load(name), facets, claims).savefig(buffer, format="png", dpi=72, metadata={"Software": None})
    return buffer.getvalue()


def _section(run: "RunDirectory", variant: str) -> "Section":
    from solv.harness.archive import panels_of
    from solv.harness.catalog import entry
    from solv.tracking.report import Section

    about = entry(run.experiment)
    panels, curves, claims = panels_of(run), run.curves(), run.findings()
    return Section(
        name=run.experiment,
        question=about.question,
        paper=(about.paper.title, about.paper.authors, about.paper.arxiv),
        panels=panels,
        curves=curves,
        claims=claims,
        command=_command(run),
        facts=_facts(run),
        variant=variant,
        headline=_headline(run.experiment, panels, curves, claims),
    )


def _sweep_section(directory: "SweepDirectory", variant: str) -> "Section":
    """Return what a sweep's finished points say together, made anew from them."""
    from solv.harness.catalog import entry, load
    from solv.harness.sweep.aggregate import aggregate
    from solv.tracking.report import Section
    from solv.tracking.runs import RunDirectoryError

    about, result = entry(directory.experiment), aggregate(load(directory.experiment), directory)
    if result is None:
        raise RunDirectoryError(f"the points of {directory.path} are gone: run the sweep again, or delete it")
    manifest, described = directory.result.manifest(), directory.description()
    overrides = [str(text) for text in described.get("overrides", [])]
    preset = [] if directory.preset == "quick" else ["--preset", directory.preset]
    return Section(
        name=directory.experiment,
        question=about.question,
        paper=(about.paper.title, about.paper.authors, about.paper.arxiv),
        panels=result.panels,
        curves=result.curves,
        claims=result.findings,
        command=shlex.join(["solv", "sweep", directory.experiment, *preset, *overrides]),
        facts=[
            ("sweep", directory.path.name),
            ("preset", directory.preset),
            ("points", f"{len(result.done)} of {result.total}"),
            ("finished", str(manifest.get("finished", ""))),
            ("commit", str(manifest.get("commit") or "outside a checkout")),
            ("code", str(manifest.get("code", ""))),
        ],
        variant=variant,
        headline=_headline(directory.experiment, result.panels, result.curves, result.findings),
    )


def _command(run: "RunDirectory") -> str:
    from solv.harness.archive import command_of
    from solv.harness.compose import settings_for
    from solv.harness.presets import DEFAULT_PRESET, presets
    from solv.harness.settings import as_dictionary

    preset = run.preset if run.preset in presets(run.experiment) else DEFAULT_PRESET
    return command_of(run, preset, as_dictionary(settings_for(run.experiment, preset, [])[1]))


def _facts(run: "RunDirectory") -> list[tuple[str, str]]:
    manifest: dict[str, Any] = run.manifest()
    seconds = manifest.get("seconds", {})
    spent = ", ".join(f"{part} {duration:g} s" for part, duration in seconds.items())
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.get("versions", {}).items())
    threads = f"{manifest['threads']} thread{'s' * (manifest['threads'] != 1)}" if "threads" in manifest else ""
    if (processes := manifest.get("processes", 1)) > 1:
        threads = f"{processes} processes of {threads}"
    facts = [
        ("run", run.path.name),
        ("preset", run.preset),
        ("key", run.key),
        ("seed", str(manifest.get("seed", ""))),
        ("started", f"{run.started:%Y-%m-%d %H:%M:%S}"),
        ("time", spent),
        ("device", ", ".join(filter(None, [str(manifest.get("device", "")), threads]))),
        ("commit", str(manifest.get("commit") or "outside a checkout")),
        ("code", str(manifest.get("code", ""))),
        ("versions", libraries),
    ]
    return [(label, text) for label, text in facts if text]
