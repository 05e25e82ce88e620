"""`solv figure`: a run's headline, or single pictures of it, for a slide, a column or a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solv.cli import completion
from solv.cli.arguments import Debug, FileKind, RunsDir, SizeName, finish, runs_root

if TYPE_CHECKING:
    import pandas as pd

    from solv.tracking.comparison import Labelled
    from solv.tracking.figures import Size
    from solv.tracking.runs import RunDirectory


def figure(
    chosen: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run: a path, a directory name, an experiment (its newest run), or the start of a key.",
            autocompletion=completion.runs,
        ),
    ],
    pictures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PANEL]...",
            help="Panels or parts of the run, or `all`; without any, its headline.",
            autocompletion=completion.panels_of_run,
        ),
    ] = None,
    size: Annotated[SizeName, typer.Option(help="Of the figure: its text can be read there.")] = SizeName.SLIDE,
    kind: Annotated[FileKind, typer.Option("--format", help="png, svg or pdf.")] = FileKind.PNG,
    font: Annotated[
        float | None, typer.Option("--font-size", min=3, max=60, help="Of the text, in points; lines grow with it.")
    ] = None,
    theory: Annotated[bool, typer.Option("--theory-only", help="Leave out what was measured.")] = False,
    other: Annotated[
        str | None,
        typer.Option("--with", metavar="RUN", help="Lay another run over it.", autocompletion=completion.runs),
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="A file a picture, into the folder --output.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; with --each a folder (default: named after the run)."),
    ] = None,
    runs_dir: RunsDir = None,
    debug: Debug = False,
) -> None:
    """Draw a finished run again: its headline, or single pictures of it."""

    def body() -> None:
        from dataclasses import replace

        from solv.harness.archive import panels_of
        from solv.harness.catalog import load
        from solv.harness.drawing import choose, draw_chosen, file_name
        from solv.tracking.comparison import overlay
        from solv.tracking.figures import SIZES
        from solv.tracking.labels import lay_out
        from solv.tracking.runs import RunStore

        store = RunStore(runs_root(runs_dir))
        runs = [store.resolve(text) for text in (chosen, *([other] if other else []))]
        _check_experiment(runs)
        experiment = load(runs[0].experiment)
        panels = list({str(panel.name): panel for run in reversed(runs) for panel in panels_of(run)}.values())
        tables = [_rows(run, theory_only=theory) for run in runs]
        laid_out = lay_out(_joined(tables), panels)
        facets = choose(laid_out, pictures or [], experiment.headline, runs[0].findings())
        wanted = SIZES[size.value] if font is None else replace(SIZES[size.value], font=font)
        whole = _target(output, kind, runs[0], pictures or [], each=each)
        jobs = [(facets, whole)]
        if each:
            whole.mkdir(parents=True, exist_ok=True)
            jobs = [([facet], whole / f"{file_name(facet)}.{kind.value}") for facet in facets]
        _check_size(size, wanted, max(len(shown) for shown, _ in jobs))
        for shown, path in jobs:
            title = "" if each else experiment.entry.paper.title
            if other is None:
                drawn = draw_chosen(shown, laid_out, experiment.headline, runs[0].findings(), title, wanted)
            else:
                drawn = overlay(_labelled(runs, tables), panels, title, wanted, only={facet.key for facet in shown})
            drawn.savefig(path, dpi=200 if size is not SizeName.SLIDE else 144)
            typer.echo(f"figure: {path}")

    finish(body, debug)


def _check_experiment(runs: "list[RunDirectory]") -> None:
    from solv.harness.settings import ConfigurationError

    names = sorted({run.experiment for run in runs})
    if len(names) > 1:
        raise ConfigurationError(f"--with: the runs are of different experiments ({', '.join(names)})")


def _rows(run: "RunDirectory", *, theory_only: bool) -> "pd.DataFrame":
    curves = run.curves()
    return curves[curves["source"] == "theory"] if theory_only else curves


def _joined(tables: "list[pd.DataFrame]") -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(tables, ignore_index=True)


def _target(output: Path | None, kind: FileKind, run: "RunDirectory", pictures: list[str], *, each: bool) -> Path:
    """Return the file or folder to write.

    Raises:
        ConfigurationError: it cannot be written there.
    """
    import re

    from solv.harness.settings import ConfigurationError

    stem = re.sub(r"[^\w.=+-]+", "_", "-".join([run.experiment, *(pictures or ["headline"])]))[:120]
    if each:
        return output or Path(f"{run.experiment}-pictures")
    path = output or Path(f"{stem}.{kind.value}")
    if path.suffix.lower() != f".{kind.value}":
        raise ConfigurationError(f"--output {path}: the ending must be .{kind.value}, or say --format")
    if not path.absolute().parent.is_dir():
        raise ConfigurationError(f"--output {path}: the folder {path.absolute().parent} does not exist")
    return path


def _check_size(name: SizeName, size: "Size", count: int) -> None:
    from solv.harness.settings import ConfigurationError

    if size.most is not None and count > size.most:
        raise ConfigurationError(
            f"a {name.value} holds {size.most} pictures, these are {count}: name fewer, or say --size page or --each"
        )


def _labelled(runs: "list[RunDirectory]", tables: "list[pd.DataFrame]") -> "list[Labelled]":
    from solv.harness.contract import flat
    from solv.tracking.comparison import Labelled, labels

    return [
        Labelled(label, flat(run.config()), table, run.findings())
        for label, run, table in zip(labels(len(runs)), runs, tables, strict=True)
    ]
