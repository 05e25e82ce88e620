"""Does `solv claims` show every claim of the right runs, and does its exit status tell of a failure?"""

import json

import pytest

from tests.end_to_end.cli.made_runs import CLAIMS, make_run
from tests.end_to_end.cli.test_errors import assert_one_line


@pytest.fixture
def root(work):
    """A folder with an old run in which a claim fails, and a newer one in which none does."""
    folder = work / "runs"
    make_run(folder, at="20260102-030405")
    make_run(folder, "seed=1", at="20260202-030405", preset="quick", claims=[CLAIMS[0], CLAIMS[2]])
    return folder


def shown(done):
    return [(claim["preset"], claim["id"], claim["verdict"]) for claim in json.loads(done.stdout)]


def test_the_newest_run_speaks_for_its_experiment(solv_here, root):
    done = solv_here("claims", "--format", "json")
    assert shown(done) == [("quick", "first", "holds"), ("quick", "third", "undecided")]
    assert done.returncode == 0


def test_all_runs_are_shown_on_demand_and_a_failure_among_them_is_exit_1(solv_here, root):
    done = solv_here("claims", "cot-depth", "--all", "--format", "json")
    assert [claim for _, claim, _ in shown(done)] == ["first", "third", "first", "second", "third"]
    assert done.returncode == 1


def test_a_verdict_selects_what_is_shown_not_the_exit_status(solv_here, root):
    done = solv_here("claims", "--preset", "smoke", "--verdict", "undecided", "--format", "json")
    assert shown(done) == [("smoke", "third", "undecided")]
    assert done.returncode == 1


def test_the_table_shows_prediction_measurement_and_run(solv_here, root):
    done = solv_here("claims", "--preset", "smoke")
    for text in ("0.510 ± 0.010", "a rise", "to decide: simulation.repeats >= 99", "20260102-030405"):
        assert text in " ".join(done.stdout.split())
    assert "3 claims of 1 run: 1 holds, 1 fails, 1 undecided" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cot-dept"], ["did you mean 'cot-depth'?"]),
        (["cot-depth", "--preset", "paper"], ["no finished run of preset paper of cot-depth", "solv run cot-depth"]),
        (["--verdict", "maybe"], ["maybe"]),
        (["--runs-dir", "elsewhere"], ["no finished run in elsewhere", "solv run NAME"]),
    ],
)
def test_wrong_input_is_one_line(solv_here, root, arguments, words):
    assert_one_line(solv_here("claims", *arguments), *words)


def test_a_damaged_run_is_named_and_the_newest_sound_one_is_shown(solv_here, root):
    """It is no verdict that a claim holds: the exit status is 1."""
    run = make_run(root, "seed=2", at="20260303-030405")
    (run.path / "claims.json").write_text("[{")
    done = solv_here("claims")
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert done.stderr.count(run.path.name) == 1
    assert "of 1 run" in done.stdout
