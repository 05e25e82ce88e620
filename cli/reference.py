"""`solv reference`: what a long run of an experiment found, at once; nothing is computed."""

from pathlib import Path
from typing import Annotated

import typer

from solv.cli.arguments import Debug, Name, check_plot_path, finish


def reference(
    name: Name,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the headline into this file (.png, .svg or .pdf).")
    ] = None,
    debug: Debug = False,
) -> None:
    """Show the shipped reference run of an experiment: agreement and claims, at once."""

    def body() -> None:
        from solv.cli.tables import print_agreement, print_claims
        from solv.harness.archive import panels_of
        from solv.harness.catalog import load
        from solv.harness.drawing import draw_headline
        from solv.harness.reference import reference as shipped_reference
        from solv.tracking.labels import lay_out

        check_plot_path(plot)
        run = shipped_reference(name)
        curves, findings, panels = run.curves(), run.findings(), panels_of(run)
        print_agreement(curves, panels)
        typer.echo("")
        print_claims(findings)
        seed = run.manifest().get("seed")
        typer.echo(f"\nmade {run.started:%Y-%m-%d} by: solv run {name} --preset reference seed={seed}")
        if plot is not None:
            draw_headline(load(name), lay_out(curves, panels), findings).savefig(plot, dpi=144)
            typer.echo(f"figure: {plot}")
        typer.echo(f"run:    {run.path}")

    finish(body, debug)
