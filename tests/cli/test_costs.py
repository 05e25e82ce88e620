"""Does `solv show NAME --cost` say what each part will cost here?"""

import math
import re

import pytest
from typer.testing import CliRunner

from solv.cli.costs import duration
from solv.cli.main import app
from solv.harness import cost
from solv.harness.catalog import load


@pytest.fixture
def show(monkeypatch):
    """`show(*words)`: status and lines of `solv show dmft --cost`, on a machine of a known speed."""
    monkeypatch.setattr(cost, "measure", lambda device: cost.MEASURED)
    monkeypatch.setattr(cost, "memory_of", lambda device: math.inf)

    def call(*words):
        done = CliRunner().invoke(app, ["show", "dmft", "--cost", *words])
        return done.exit_code, done.output

    return call


def rows(printed):
    return {
        cells[0]: cells[1:] for line in printed.splitlines() if len(cells := re.split(r"\s{2,}", line.strip())) == 4
    }


def test_every_part_has_a_row_and_so_have_all(show):
    status, printed = show("--preset", "paper")
    assert status == 0, printed
    assert [*rows(printed)] == ["part", *(part.name for part in load("dmft").parts), "all"]
    assert "70 GFLOP/s, a call 1 µs" in printed


def test_a_part_and_settings_can_be_chosen(show):
    _, usual = show("--part", "bias-variance")
    status, printed = show("--part", "bias-variance", "ensembles.repeats=400")
    assert status == 0, printed
    assert [*rows(printed)] == ["part", "bias-variance", "all"]
    assert rows(printed)["bias-variance"][0] != rows(usual)["bias-variance"][0], "more repeats are more operations"


def test_parts_that_need_more_memory_than_there_is_are_named(show, monkeypatch):
    _, printed = show("--preset", "paper")
    assert "More memory" not in printed
    monkeypatch.setattr(cost, "memory_of", lambda device: 2.0**30)
    _, printed = show("--preset", "paper")
    assert re.search(r"More memory than the 1 GiB that are here: .*weight-spectrum", printed)


def test_a_device_that_is_not_there_is_refused_in_a_line(show):
    status, printed = show("--device", "cuda:7")
    assert status == 2
    assert "device = cuda:7 cannot be used here" in printed


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.3, "< 1 s"),
        (1.04, "1 s"),
        (1.26, "1.3 s"),
        (44.4, "44 s"),
        (118, "120 s"),
        (120, "2 min"),
        (570, "9.5 min"),
        (7300, "2 h"),
        (47 * 3600, "47 h"),
        (12.2 * 86400, "12 days"),
        (123456 * 365 * 86400, "120000 years"),
        (float("nan"), "never measured"),
    ],
)
def test_a_time_has_the_digits_it_is_worth(seconds, said):
    assert duration(seconds) == said
