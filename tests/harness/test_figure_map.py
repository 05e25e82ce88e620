"""Does the map name each figure of a paper with its command, and stand on the experiment's page as it is?"""

from dataclasses import replace
from pathlib import Path

import pytest

from solv.harness.catalog import load, names
from solv.harness.contract import PaperFigure
from solv.harness.figure_map import HEAD, as_markdown, rows_of
from tests.own_experiment import own_experiment

PAGES = Path(__file__).resolve().parents[2] / "docs" / "experiments"
FIGURES = (
    PaperFigure("Fig. 1", "a law | its limit", "law", "2 cores, 3 s, measured", "yes", "within 1 %"),
    PaperFigure("Table 2", "eight models", found="weights of 70B models"),
)


@pytest.fixture
def mapped():
    return replace(own_experiment(), figures=FIGURES)


def test_a_row_says_what_redoes_the_figure_and_one_that_nothing_redoes_says_why(mapped):
    one, other = rows_of(mapped)
    assert len(one) == len(HEAD)
    assert one[2:] == ["law", "2 cores, 3 s, measured", "yes", "within 1 %"]
    assert other[2:] == ["-", "-", "-", "weights of 70B models"]


def test_on_a_page_the_command_stands_in_the_row_and_no_cell_breaks_it(mapped):
    lines = as_markdown(mapped).splitlines()
    assert len(lines) == 4
    assert f"`solv run {mapped.entry.name} --preset paper --part law`" in lines[2]
    assert "a law \\| its limit" in lines[2]
    assert "not redone" in lines[3]


@pytest.mark.parametrize("name", names())
def test_the_page_of_an_experiment_holds_its_map(name):
    experiment = load(name)
    assert experiment.figures
    assert as_markdown(experiment) in (PAGES / f"{name}.md").read_text(encoding="utf-8")
