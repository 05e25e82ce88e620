"""Where is each figure of a paper redone? The map from its figures and tables to parts and commands."""

from collections.abc import Sequence
from typing import Any

from solv.harness.contract import Experiment

HEAD = ("figure", "shows", "part", "at the paper's settings", "authors' numbers", "found")


def rows_of(experiment: Experiment[Any]) -> list[list[str]]:
    """Return a row a figure, in the columns of `HEAD`."""
    return [
        [
            figure.figure,
            figure.shows,
            figure.part or "-",
            figure.cost or "-",
            figure.published if figure.part else "-",
            figure.found or "-",
        ]
        for figure in experiment.figures
    ]


def as_markdown(experiment: Experiment[Any]) -> str:
    """Return the map as it stands on the experiment's page, with the command that redoes a figure."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    rows = []
    for figure, row in zip(experiment.figures, rows_of(experiment), strict=True):
        command = f"`solv run {experiment.entry.name} --preset paper --part {figure.part}`"
        rows.append(line([*row[:2], command if figure.part else "not redone", *row[3:]]))
    head = ["figure", "shows", "command", *HEAD[3:]]
    return "\n".join([line(head), line(["---"] * len(head)), *rows])
