"""What does a person see of `solv plan`: an answer, what it rests on, and one line where something is wrong?"""

import json
import subprocess
import sys
from pathlib import Path

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
        (["schedule"], "give either a loss log FILE or --exponent"),
        (["schedule", "nothing.log", "--exponent", "0.5"], "give either a loss log FILE or --exponent"),
        (["schedule", "--exponent", "0.5", "--y", "loss"], "are for a loss log FILE"),
        (["schedule", "nothing.log", "--interval", "0.4,0.6"], "--interval is for --exponent"),
        (["schedule", "nothing.log"], "nothing.log"),
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


@pytest.fixture
def losses(tmp_path):
    steps = np.arange(10, 2001, 10)
    noise = 0.005 * np.random.default_rng(0).standard_normal(len(steps))
    path = tmp_path / "train.log"
    rows = zip(steps, 3 + 5 * steps**-0.5 + noise, strict=True)
    path.write_text(
        "\n".join([*(f"iter {step}: loss {loss:.5f}, time 3ms" for step, loss in rows), "iter 2010: loss nan"])
    )
    return path


def test_a_loss_log_takes_the_place_of_its_exponent(losses):
    asked = ["--capacity", "1.5", "--horizon", "200", "--format", "json"]
    found = plan("schedule", losses, *asked)
    assert found.exit_code == 0, found.output
    assert "not finite, at step 2010: left out" in found.stderr
    said = json.loads(found.stdout)
    fitted = json.loads(CliRunner().invoke(app, ["fit", "power", str(losses), "--format", "json"]).stdout)["runs"][0]
    low, high = fitted["exponent_interval"]
    assert f"From loss: {fitted['points']} of 200 points" in said["question"]
    typed = plan("schedule", "--exponent", fitted["exponent"], "--interval", f"{low},{high}", *asked)
    assert json.loads(typed.stdout)["table"] == said["table"]
    late = json.loads(plan("schedule", losses, "--from", "100", "--to", "1500", *asked).stdout)
    assert "step 100 to 1500" in late["question"]


def test_of_several_curves_one_is_chosen(tmp_path):
    path = tmp_path / "loss.csv"
    rows = [f"{step},{3 + step**-0.5},{4 + step**-0.5}" for step in range(1, 100)]
    path.write_text("\n".join(["step,train loss,val loss", *rows]))
    done = plan("schedule", path)
    assert done.exit_code == 2
    assert "2 curves in " in done.stderr
    assert "train loss, val loss; choose one with --run TEXT or --y NAME" in done.stderr
    chosen = plan("schedule", path, "--y", "val loss", "--capacity", "1.5", "--horizon", "200")
    assert chosen.exit_code == 0, chosen.output
    assert "From val loss: " in chosen.stdout


def test_success_ends_below_1_where_prompts_never_yield(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "counts.csv"
    rows = [f"p{i},40,{rng.binomial(40, rng.beta(1, 2)) if i % 2 else 0}" for i in range(200)]
    path.write_text("\n".join(["prompt,n,unsafe", *rows]))
    done = plan("attempts", path)
    assert done.exit_code == 0, done.output
    assert "\n* success ends at 5" in done.stdout
    assert "99 % unsafe, attempts a prompt: never: 0." in done.stdout


def test_a_log_that_was_sampled_until_it_broke_is_told(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "stopped.csv"
    rows = []
    for prompt, chance in enumerate(rng.beta(0.7, 3, 100)):
        for sample in range(30):
            unsafe = rng.random() < chance
            rows.append(f"p{prompt},{sample},{int(unsafe)}")
            if unsafe:
                break
    path.write_text("\n".join(["prompt,sample,unsafe", *rows]))
    told = plan("attempts", path, "--format", "json")
    assert told.exit_code == 0, told.output
    assert "sampling stopped at success" in told.stderr
    assert "each sampled until it broke" in json.loads(told.stdout)["question"]
    denied = plan("attempts", path, "--all-samples")
    assert "until it broke" not in denied.stdout
    assert "say --until-success" in denied.stderr


def test_rows_that_cannot_be_read_are_counted(scores):
    with scores.open("a") as file:
        file.write("\np1,none,1\n")
    assert "1 rows without a prompt, a finite score" in plan("samples", scores).stderr
    done = plan("samples", scores, "--skip-bad")
    assert done.exit_code == 0
    assert "1 rows that cannot be read are left out" in done.stderr


def test_a_larger_mixture_of_experts_is_planned_from_two_files_of_sizes():
    files = Path(__file__).resolve().parents[2] / "docs" / "examples"
    done = plan("moe", "--base", files / "moe_base.yaml", "--target", files / "moe_target.yaml")
    assert done.exit_code == 0
    assert "51504672 (51.5 M), active 38897184 (38.9 M)" in done.output
    wrong = plan("moe", "--base", files / "moe_base.yaml", "--target", files / "moe_base.yaml")
    assert wrong.exit_code == 2
    assert "belong to the base" in wrong.output


def test_no_torch():
    program = (
        "import sys; from typer.testing import CliRunner; from solv.cli.main import app; "
        "done = CliRunner().invoke(app, ['plan', 'depth', '--context', '2', '--pretraining', '3']); "
        "sys.exit(done.exit_code or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
