"""What does a person see of `solv fit power`, on logs as tools write them?"""

import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from solv.cli.main import app

STEPS = [1, 4, 16, 64, 256, 1024, 4096]
LOSS = [10, 6, 4, 3, 2.5, 2.25, 2.125]  # 2 + 8 / sqrt(step)


def fit_power(*arguments):
    return CliRunner().invoke(app, ["fit", "power", *map(str, arguments)])


def runs(*arguments):
    done = fit_power(*arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["runs"]


def assert_exact(run):
    assert run["exponent"] == pytest.approx(0.5, abs=1e-6)
    assert run["limit"] == pytest.approx(2, abs=1e-6)
    assert run["amplitude"] == pytest.approx(8, abs=1e-5)
    assert run["exponent_interval"] == pytest.approx([0.5, 0.5], abs=1e-4)
    assert run["points"] == 7


def table(path, steps, *losses, header="step,loss"):
    lines = [header, *(",".join(map(str, row)) for row in zip(steps, *losses, strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_export_of_wandb_gives_the_exponent_of_each_run_that_has_points(tmp_path):
    other = ["", 7, "", 4, "", 3.25, ""]
    header = "Step,a - loss,a - loss__MIN,a - loss__MAX,b - loss"
    path = table(tmp_path / "wandb.csv", STEPS, LOSS, LOSS, LOSS, other, header=header)
    done = fit_power(path, "--plot", tmp_path / "a.png")
    assert done.exit_code == 0
    assert "b - loss: no fit, 3 points at Step > 0; a fit takes at least 5" in done.output
    assert "exponent nu  0.5    0.5 to 0.5" in done.stdout
    assert "yes: a power law to a limit describes it best" in done.stdout
    assert (tmp_path / "a.png").stat().st_size > 10_000
    [run] = runs(path)
    assert_exact(run)
    assert run["name"] == "a - loss"


def test_what_was_left_out_of_a_trainers_state_is_said(tmp_path):
    history = [{"step": 0, "loss": 11.5}, *({"step": a, "loss": b} for a, b in zip(STEPS, LOSS, strict=True))]
    history[5:5] = [{"step": 100, "loss": float("nan")}, {"step": 64, "loss": 3.0}]
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"log_history": history}))
    [run] = runs(path)
    assert_exact(run)
    assert len(run["left_out"]) == 3
    said = fit_power(path).output
    assert "at step 100" in said
    assert "1 repeated step" in said


def test_a_log_rounded_to_four_decimals_covers_its_exponent(tmp_path):
    path = tmp_path / "nanogpt.log"
    path.write_text("\n".join(f"iter {a}: loss {2 + 8 / a**0.5:.4f}, time 1ms" for a in (1, 3, 7, 50, 300, 900, 4000)))
    [run] = runs(path, "--y", "loss")
    low, high = run["exponent_interval"]
    assert low <= 0.5 <= high
    assert high - low < 1e-3


@pytest.mark.parametrize("level", [3.0, 100_000.0])
def test_a_constant_curve_leaves_every_exponent(tmp_path, level):
    path = table(tmp_path / "c.csv", range(1, 41), [level] * 40)
    [run] = runs(path)
    assert run["exponent"] is None
    assert run["exponent_interval"] == [0, None]
    assert "exponent nu  any" in fit_power(path).stdout


def test_windows_and_places_can_be_named(tmp_path):
    x = np.arange(1, 201)
    path = table(tmp_path / "c.csv", x, np.where(x < 20, 50, 2 + 8 / np.sqrt(x)))
    [run] = runs(path, "--from", 20, "--to", 150, "--at", "1e4,1e6")
    assert run["exponent"] == pytest.approx(0.5, abs=1e-3)
    assert run["window"] == [20, 150]
    assert [row["x"] for row in run["expected"]] == [1e4, 1e6]
    assert run["expected"][0]["y"] == pytest.approx(2.08, abs=1e-3)
    assert run["window_chosen"] is False


def test_several_files_are_fitted_together_and_chosen_by_name(tmp_path):
    rng = np.random.default_rng(0)
    x = np.arange(1, 61)
    for name in ("a", "b"):
        table(tmp_path / f"{name}.csv", x, 2 + 8 / np.sqrt(x) + 0.02 * rng.standard_normal(60))
    done = fit_power(tmp_path / "a.csv", tmp_path / "b.csv", "--from", 1)
    assert "All runs" in done.stdout
    assert "if these are repeats of one training: nu = 0." in done.stdout
    [run] = runs(tmp_path / "a.csv", tmp_path / "b.csv", "--run", "b.csv", "--from", 1)
    assert run["name"].startswith("b.csv")
    assert fit_power(tmp_path / "a.csv", "--run", "zzz").exit_code == 2


def test_a_law_of_two_sizes_gives_back_its_coefficients(tmp_path):
    n, d = (each.ravel() for each in np.meshgrid(np.geomspace(5e7, 1e10, 5), np.geomspace(1e9, 4e11, 5)))
    path = table(tmp_path / "l.csv", n, d, 1.69 + 406.4 * n**-0.34 + 410.7 * d**-0.28, header="N,D,loss")
    asked = (path, "--x", "N", "--x", "D", "--y", "loss", "--budget", "5.76e23", "--at", "7e10,1.4e12")
    done = fit_power(*asked, "--format", "json")
    said = json.loads(done.stdout)
    assert [said[key] for key in "EABab"] == pytest.approx([1.69, 406.4, 410.7, 0.34, 0.28], rel=1e-5)
    assert 6 * np.prod(said["best"]["sizes"]) == pytest.approx(5.76e23)
    shown = fit_power(*asked).stdout
    assert "loss = E + A N^-a + B D^-b" in shown
    assert "best at 6 * N * D = 5.76e+23" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.csv"], "No such file"),
        (["c.csv", "--from", "5", "--to", "2"], "--from 5 --to 2 is no window"),
        (["c.csv", "--from", "39"], "holds 2 points"),
        (["c.csv", "--at", "1,x"], "--at '1,x' is no list of numbers > 0"),
        (["c.csv", "--budget", "1"], "--budget is for a law of two sizes"),
        (["c.csv", "--x", "a", "--x", "b", "--x", "c"], "--x is given 3 times"),
        (["c.csv", "--plot", "a.gif"], "the ending must be"),
        (["c.csv", "--confidence", "2"], "confidence"),
        (["c.csv", "--x", "step", "--x", "step", "--y", "loss", "--at", "1"], "--at takes 1 numbers"),
    ],
)
def test_wrong_input_is_one_line(tmp_path, monkeypatch, arguments, said):
    table(tmp_path / "c.csv", range(1, 41), range(40, 0, -1))
    monkeypatch.chdir(tmp_path)
    done = fit_power(*arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("page", "command"),
    [("fit-power.md", ["power", "train.log", "--at", "1e5"]), ("fit-asr.md", ["asr", "asr.csv"])],
)
def test_the_pages_show_what_the_commands_print(tmp_path, monkeypatch, page, command):
    docs = Path(__file__).parents[2] / "docs"
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(docs / "examples" / "logs.py"))
    printed = CliRunner().invoke(app, ["fit", *command]).output
    shown = re.search(r"```text\n(.*?)```", (docs / page).read_text(encoding="utf-8"), re.DOTALL)[1]
    number = re.compile(r"-?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
    assert number.sub("#", " ".join(shown.split())) == number.sub("#", " ".join(printed.split()))
    values = [[float(each.replace(",", "")) for each in number.findall(text)] for text in (shown, printed)]
    assert values[0] == pytest.approx(values[1], rel=0.05, abs=0.02)


def test_a_fit_in_the_logarithm_drops_the_first_readings_and_says_what_it_explains(tmp_path):
    path = table(tmp_path / "log.csv", [1, *(2 * step for step in STEPS)], [11, *LOSS])
    [run] = runs(path, "--in-log", "--drop", 1)
    assert run["exponent"] == pytest.approx(0.5, rel=1e-3)
    assert run["limit"] == pytest.approx(2, rel=1e-3)
    assert run["r_squared"] == pytest.approx(1)
    assert run["points"] == 7
    done = fit_power(path, "--in-log", "--drop", 1)
    assert "R^2 of log y" in done.stdout
    [window] = runs(path, "--in-log", "--from", 2)
    assert window["points"] == 7


@pytest.mark.parametrize("options", [["--drop", "1"], ["--in-log", "--at", "1e6"], ["--in-log", "--drop", "5"]])
def test_what_a_fit_in_the_logarithm_does_not_know_is_refused(tmp_path, options):
    done = fit_power(table(tmp_path / "log.csv", STEPS, LOSS), *options)
    assert done.exit_code != 0
