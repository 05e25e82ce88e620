"""What does a person see of `solv plan`: an answer, what it rests on, and one line where something is wrong?"""

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from solv.cli.main import app


def plan(*arguments):
    done = CliRunner().invoke(app, ["plan", *map(str, arguments)])
    assert "Traceback" not in done.output
    assert "internal error" not in done.output
    return done


@pytest.fixture
def scores(tmp_path):
    rng = np.random.default_rng(0)
    errors = rng.exponential(size=(20, 8))
    rows = [f"p{prompt},{-error},{error}" for prompt, each in enumerate(errors) for error in each]
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(["prompt,score,error", *rows]))
    return path


@pytest.fixture
def verdicts(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        f"p{prompt},{sample},{int(rng.random() < chance)}"
        for prompt, chance in enumerate(rng.beta(0.7, 3, 60))
        for sample in range(20)
    ]
    path = tmp_path / "verdicts.csv"
    path.write_text("\n".join(["prompt,sample,unsafe", *rows]))
    return path


def command(name, scores, verdicts):
    return {
        "samples": ["samples", scores],
        "theory": ["samples", "--mis", "0.6", "--budget", "8"],
        "depth": ["depth", "--context", "2", "--pretraining", "3"],
        "schedule": ["schedule", "--exponent", "0.5", "--interval", "0.4,0.6", "--capacity", "1.5", "--horizon", "200"],
        "attempts": ["attempts", verdicts, "--goals", "0.5,0.9", "--budgets", "10,100"],
    }[name]


@pytest.mark.parametrize("name", ["samples", "theory", "depth", "schedule", "attempts"])
def test_each_says_what_to_do_and_what_would_show_it_wrong(name, scores, verdicts):
    done = plan(*command(name, scores, verdicts))
    assert done.exit_code == 0, done.output
    for mark in ("\n* ", "\nit rests on: ", "\nto test it: "):
        assert mark in done.stdout
    found = json.loads(plan(*command(name, scores, verdicts), "--format", "json").stdout)
    assert f"* {found['decision'][0]}\n" in done.stdout
    assert found["rests_on"]
    assert found["falsified_by"]
    assert found["table"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["depth", "--context", "0", "--pretraining", "3"], "alpha = 0"),
        (["depth", "--context", "2", "--pretraining", "1"], "tau = 1"),
        (["depth", "--context", "2"], "pretraining"),
        (["schedule", "--exponent", "-0.5"], "no rate of decay"),
        (["schedule", "--exponent", "0.5", "--capacity", "0.9"], "a = 0.9"),
        (["schedule", "--exponent", "0.5", "--interval", "0.6,0.4"], "LOW <= HIGH"),
        (["schedule", "--exponent", "0.5", "--interval", "0.6"], "LOW <= HIGH"),
        (["samples", "--budget", "1"], "budget"),
        (["samples", "nothing.csv"], "No such file"),
        (["attempts", "nothing.csv"], "No such file"),
        (["attempts", "nothing.csv", "--goals", "high"], "--goals high is not a list of numbers"),
        (["attempts", "nothing.csv", "--budgets", "1.5"], "--budgets 1.5 is not a list of numbers"),
    ],
)
def test_wrong_input_is_one_line_and_2(arguments, said):
    done = plan(*arguments)
    assert done.exit_code == 2 or done.exception  # what Typer refuses itself becomes one line in `main`
    assert said in done.output or said in str(done.exception)
    assert len(done.stderr.strip().splitlines()) <= 1 or done.exit_code != 2 or "Usage" in done.stderr


def test_rows_that_cannot_be_read_are_counted(scores):
    with scores.open("a") as file:
        file.write("\np1,none,1\n")
    assert "1 rows without a prompt, a finite score" in plan("samples", scores).stderr
    done = plan("samples", scores, "--skip-bad")
    assert done.exit_code == 0
    assert "1 rows that cannot be read are left out" in done.stderr


def test_no_torch():
    program = (
        "import sys; from typer.testing import CliRunner; from solv.cli.main import app; "
        "done = CliRunner().invoke(app, ['plan', 'depth', '--context', '2', '--pretraining', '3']); "
        "sys.exit(done.exit_code or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
