"""Do the commands that read runs take those of all ten experiments together?"""

import json

import pytest

import solv
from solv.harness.catalog import load, names


@pytest.fixture(scope="module")
def ten(swept):
    """The folder of the runs: two seeds of each experiment, and their sweeps."""
    for name in names():
        swept(name)
    return swept.folder


def test_the_report_has_a_section_of_each(ten, solv_here, work):
    done = solv_here("report", "--runs-dir", str(ten), "-o", "page.html")
    assert done.returncode == 0, done.stderr
    page = (work / "page.html").read_text(encoding="utf-8")
    assert page.count('<section class="experiment"') == len(names())
    for name in names():
        assert f'alt="Headline of {name}: ' in page


def test_claims_of_all_are_listed(ten, solv_here):
    done = solv_here("claims", "--format", "json", "--runs-dir", str(ten))
    listed = {(row["experiment"], row["id"]) for row in json.loads(done.stdout)}
    assert listed == {(name, claim.id) for name in names() for claim in load(name).all_claims()}


def test_runs_of_all_are_listed(ten, solv_here):
    done = solv_here("runs", "--format", "json", "--runs-dir", str(ten))
    listed = [row["experiment"] for row in json.loads(done.stdout)]
    assert sorted(listed) == sorted([*names(), *names()])


@pytest.mark.parametrize("name", names())
def test_two_seeds_are_compared(name, ten, solv_here):
    """Their figures laid over each other, with all panels, have a test at the command, of one experiment."""
    runs = [str(run.path) for run in solv.runs(name, runs_dir=ten)]
    done = solv_here("compare", *runs, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)["settings"]) == ["seed"]


@pytest.mark.parametrize("name", names())
def test_a_run_is_drawn_and_read_by_python(name, ten, solv_here, work):
    done = solv_here("figure", name, "--runs-dir", str(ten), "--size", "page", "-o", "figure.png")
    assert done.returncode == 0, done.stderr
    assert (work / "figure.png").stat().st_size > 10_000
    run = solv.load(name, runs_dir=ten)
    assert set(run.claims.frame()["id"]) == {claim.id for claim in load(name).all_claims()}
    assert len(run.curves.frame())
