"""Does `solv compare` say what differs between runs, in settings, agreement, claims and figure?"""

import json

import pytest

from tests.end_to_end.cli.made_runs import CLAIMS, make_run
from tests.end_to_end.cli.test_errors import assert_one_line


@pytest.fixture
def runs(work):
    """Three runs: the second has another seed and an error of 10 %, the third is unfinished."""
    folder = work / "runs"
    first = make_run(folder, at="20260102-030405", scale=1.02)
    second = make_run(folder, "seed=1", "tau=[3,inf]", at="20260202-030405", scale=1.1, claims=CLAIMS[:2])
    return first, second, make_run(folder, "seed=7", at="20260302-030405", finished=False)


def test_settings_agreement_and_claims_are_laid_side_by_side(solv_here, runs):
    done = solv_here("compare", str(runs[0].path), runs[1].key[:6], "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["settings"] == {"tau": {"A": [1.5, 3], "B": [3, "inf"]}, "seed": {"A": 0, "B": 1}}
    [row] = [
        row
        for row in found["agreement"]
        if (row["facet"], row["series"], row["source"]) == ("depth rho=0 rho_test=0 alpha=4", "τ=3", "simulation")
    ]
    assert row["A"]["median_error"] == pytest.approx(0.02)
    assert row["B"]["median_error"] == pytest.approx(0.1)
    assert found["claims"]["third"] == {"A": "undecided", "B": None}


def test_a_series_that_one_run_lacks_is_a_dash(solv_here, runs):
    printed = solv_here("compare", *(run.path.name for run in runs[:2])).stdout
    [row] = [
        line for line in printed.splitlines() if line.startswith("depth rho=0 rho_test=0 alpha=4") and "τ=1.5  " in line
    ][:1]
    assert row.rstrip().endswith("-")
    assert "Settings that differ" in printed
    assert "Claims that differ" in printed
    assert "2 claims have the same verdict." in printed


def test_runs_that_are_the_same_but_for_where_they_were_recorded_differ_in_nothing(solv_here, work):
    first, second = (make_run(work / "runs", f"wandb={mode}", at=at) for mode, at in (
        ("offline", "20260102-030405"), ("disabled", "20260103-030405")
    ))  # fmt: skip
    printed = solv_here("compare", first.path.name, second.path.name).stdout
    assert "The settings are the same." in printed
    assert "Median deviation" not in printed
    assert "claims have the same verdict." in printed


def test_the_figure_lays_the_runs_over_each_other(solv_here, runs, work):
    done = solv_here("compare", runs[0].key, runs[1].key, "--plot", "both.png")
    assert "figure: both.png" in done.stdout
    assert (work / "both.png").stat().st_size > 10_000


def test_wrong_input_is_one_line(solv_here, runs, work):
    key = runs[0].key
    assert_one_line(solv_here("compare", key, key), "two different runs")
    assert_one_line(solv_here("compare", key, "zzz"), "no run 'zzz'", "solv runs")
    assert_one_line(solv_here("compare", key, runs[2].key), "is unfinished")
    assert_one_line(solv_here("compare"), "Missing argument")
    assert_one_line(solv_here("compare", key, runs[1].key, "--plot", "x.gif"), ".png")
    assert_one_line(solv_here("compare", key, runs[1].key, "--plot", "no/x.png"), "does not exist")
    assert_one_line(solv_here("compare", key, ""), "no run ''")


def test_runs_of_different_experiments_are_refused(solv_here, runs, work):
    other = work / "runs" / "best-of-k" / runs[1].path.name
    other.parent.mkdir()
    runs[1].path.rename(other)
    assert_one_line(solv_here("compare", runs[0].key, str(other)), "different experiments")
