"""`solv cite`: what does a text that used an experiment cite? The paper and this software, as BibTeX."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import typer

from solv.cli.arguments import Debug, Names, finish

if TYPE_CHECKING:
    from solv.harness.entry import Entry


def cite(names: Names = None, debug: Debug = False) -> None:
    """Print BibTeX of the papers of these experiments (default: all) and of the software."""

    def body() -> None:
        from solv.harness.catalog import entries, entry

        chosen = [entry(name) for name in names] if names else list(entries())
        typer.echo("\n\n".join([*(article(each) for each in chosen), software()]))

    finish(body, debug)


def article(entry: "Entry") -> str:
    """Return the paper of an experiment as a BibTeX entry; its key is the experiment's name."""
    paper = entry.paper
    return _entry(
        "misc",
        entry.name,
        title=f"{{{paper.title}}}",
        author=" and ".join(paper.authors.split(", ")),
        year=f"20{paper.arxiv[:2]}",
        eprint=paper.arxiv,
        archiveprefix="arXiv",
        url=f"https://arxiv.org/abs/{paper.arxiv}",
    )


def software() -> str:
    """Return this software as a BibTeX entry."""
    try:
        installed = version("solvable-learning")
    except PackageNotFoundError:  # a checkout that is on the path but not installed
        installed = "unreleased"
    title = "{solv: the solvable theory of learning, run}"
    return _entry("software", "solv", title=title, author="{The solv authors}", version=installed, year="2026")


def _entry(kind: str, key: str, **fields: str) -> str:
    lines = ",\n".join(f"  {name:<13} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}"
