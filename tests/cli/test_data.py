"""Do the commands of the proofs count, show and export what the data set holds?"""

from collections import Counter

import pytest
from typer.testing import CliRunner

from solv.cli.data import data
from solv.data.pita.shards import rows
from solv.data.pita.splits import SplitSpec
from solv.data.pita.writer import Plan, write


def call(*arguments):
    return CliRunner().invoke(data, list(map(str, arguments)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All 75 statements of two leaves."""
    made = tmp_path_factory.mktemp("proofs")
    write(Plan(SplitSpec("full", 2), 75, shard_rows=50), made)
    return made


def test_statistics_are_those_of_the_rows(folder):
    found = list(rows(folder))
    lengths = sorted(row["length"] for row in found)
    done = call("pita", "stats", folder)
    assert done.exit_code == 0, done.output
    assert "75 statements, 0 given up" in done.output
    true = sum(row["is_true"] for row in found)
    assert f"true: {true / 75:.4f} of 75 decided" in done.output
    median, most = lengths[37], lengths[67]  # the least with at least 50 and 90 per cent of the rows
    assert f"length: median {median}, 90th percentile {most}, longest {lengths[-1]}" in done.output
    counts = Counter(lengths)
    listed = [line.split()[:2] for line in done.output.splitlines()[4:]]
    assert listed == [[str(length), str(counts[length])] for length in sorted(counts)]


def test_theorems_are_those_that_are_proved(folder, tmp_path):
    done = call("pita", "export", folder, "--lean", tmp_path / "proofs.lean")
    true = sum(row["is_true"] for row in rows(folder))
    assert done.output.startswith(f"{true} theorems")
    assert (tmp_path / "proofs.lean").read_text().count("theorem ") == true


def test_a_search_that_was_given_up_is_shown_as_such():
    assert "given up" in call("pita", "show", 10**9, "--split", "php", "--state-limit", 1).output


def test_a_number_of_statements_is_whole(tmp_path):
    done = call("pita", "make", "--out", tmp_path / "a", "--count", 1.5)
    assert done.exit_code == 2
    assert "count = 1.5 is no whole number" in done.output
    assert not (tmp_path / "a").exists()
