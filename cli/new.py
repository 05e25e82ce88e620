"""What does `solv new` do? Writes a package with an experiment of a person's own, ready to be installed and run."""

import keyword
import re
import sys
from importlib import resources, util
from pathlib import Path
from typing import Annotated

import typer

from solv.cli.arguments import Debug, finish

TEMPLATE, MODULE, CONFIG = "my-law", "my_law", "MyLaw"  # what the template's files are called by
ENDING = ".template"


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the experiment and its folder, e.g. my-law.")],
    debug: Debug = False,
) -> None:
    """Write a package with an experiment of your own, ready to run."""

    def body() -> None:
        check_name(name)
        folder = Path(name)
        files = write_package(name, folder)
        for file in files:
            typer.echo(f"wrote {file}")
        typer.echo(f"\nnext: cd {name} && pip install -e . && solv run {name}")

    finish(body, debug)


def check_name(name: str) -> None:
    """Raise `ConfigurationError` where an experiment, its module or its folder cannot have that name."""
    from solv.harness.catalog import catalog
    from solv.harness.settings import ConfigurationError

    module = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or keyword.iskeyword(module):
        raise ConfigurationError(f"{name!r} is no name of an experiment; write it in small letters, as my-law")
    if name in catalog().entries:
        raise ConfigurationError(f"there is an experiment {name} already, from {catalog().origins[name]}")
    if Path(name).exists():
        raise ConfigurationError(f"{Path(name).absolute()} is there already; choose another name")
    if module in sys.stdlib_module_names or util.find_spec(module) is not None:
        raise ConfigurationError(f"there is a Python module {module} already; choose another name")


def write_package(name: str, folder: Path) -> list[Path]:
    """Write the package into a new folder and return its files.

    Args:
        name: of the experiment.
        folder: is made; must not be there.
    """
    template = Path(str(resources.files("solv.cli").joinpath("new_package")))
    module = name.replace("-", "_")
    words = "".join(word.capitalize() for word in name.split("-"))
    written = []

    def named(text: str) -> str:
        return text.replace(TEMPLATE, name).replace(MODULE, module).replace(CONFIG, words)

    for path in sorted(template.rglob(f"*{ENDING}")):
        target = folder / named(path.relative_to(template).as_posix().removesuffix(ENDING))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(named(path.read_text(encoding="utf-8")), encoding="utf-8")
        written.append(target)
    return written
