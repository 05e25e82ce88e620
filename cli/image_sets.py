"""`solv data cifar10`, `solv data cifar100` and `solv data tiny-imagenet`: fetch a set of images, and check it."""

from typing import Annotated

import typer

from solv.cli.arguments import Debug, finish

Folder = Annotated[str | None, typer.Option("--folder", help="Where the archive lies (default: ~/.cache/solv/NAME).")]


def commands(name: str, title: str) -> typer.Typer:
    """Return the commands of one set."""
    app = typer.Typer(help=f"{title}.", no_args_is_help=True)

    @app.command()
    def fetch(folder: Folder = None, debug: Debug = False) -> None:
        """Download the archive, or what is missing of it, and compare its digest."""

        def body() -> None:
            from solv.data.sbd.image_sets import default_folder, fetch_image_set

            shown = [-1]

            def told(here: int, whole: int) -> None:
                tenth = 10 * here // whole if whole else here >> 24
                if tenth > shown[0]:
                    shown[0] = tenth
                    of = f" of {whole / 1e6:.0f}" if whole else ""
                    typer.echo(f"{here / 1e6:.0f}{of} MB", err=True)

            fetched = fetch_image_set(name, folder, told)
            where = folder or default_folder(name)
            typer.echo(f"{'fetched' if fetched else 'already there'}: {where}")

        finish(body, debug)

    @app.command()
    def check(folder: Folder = None, debug: Debug = False) -> None:
        """Read every image and label, and say what is there."""

        def body() -> None:
            from solv.data.sbd.image_sets import check_image_set

            typer.echo(check_image_set(name, folder))

        finish(body, debug)

    return app
