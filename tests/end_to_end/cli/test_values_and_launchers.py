"""Are the points of a sweep the values that were typed, on the launcher that the person chose, wherever he chose it?"""

import re
import shlex

import pytest

from solv.harness.compose import composed_values, register
from solv.harness.sweep.engine import ENGINES, plan

SCHEMA = "# @package _global_\ndefaults:\n  - /schema: toy\n"
JOBLIB = "  - override /hydra/launcher: joblib\n"
REST = "  - _self_\nx: [2]\nsweep: {axes: {x: [1, 2]}}\n"
TWO = "hydra: {launcher: {n_jobs: 2}}\n"


@pytest.fixture
def own(environment, tmp_path):
    """Write a file of the person's own configuration."""

    def write(name, text):
        path = tmp_path / "home" / ".config" / "solv" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def points(done):
    """The points that `--status` lists."""
    assert done.returncode == 0, done.stderr
    return [" ".join(re.findall(r"\S+=\S+", line)) for line in done.stdout.splitlines() if " missing " in line]


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ("x=range(0.7,1.0,0.1)", ["x=0.7", "x=0.8", "x=0.9"]),
        ("x=1,1.0,1e0", ["x=1"]),
        ("x=1.0e-1,1e-1,0.1", ["x=0.1"]),
        ("x=[1,2],[3]", ["x=[1,2]", "x=[3]"]),
        ("seed=1e3,2", ["seed=1000.0", "seed=2"]),
    ],
)
def test_each_value_is_a_point_spelled_as_typed_and_there_once(toy_here, axis, expected):
    assert points(toy_here("sweep", "toy", axis, "--status")) == expected


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("x=2,two", ["x = 'two' is not a number"]),
        ("cells=2,-1", ["cells = -1 is out of range"]),
        ("seed=1,007", ["seed = '007' is not a number"]),
        ("x=2,", ["no value after the last comma"]),
        ("x=range(1,1)", ["holds no value"]),
        ("x=range(0,1,0)", ["step"]),
        ("x=glob(*)", ["names files, not values"]),
        ("experiment=toy/quick,toy/smoke", ["--preset"]),
        ("wandb=offline,online", ["wandb decides no number"]),
        ("threads=1,2", ["threads decides no number"]),
        ("slope=1,.inf", ["slope = '.inf' is not a number", "type inf"]),
    ],
)
def test_a_bad_point_is_named_before_anything_runs(toy_here, work, typed, words):
    done = toy_here("sweep", "toy", typed)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert all(word in done.stderr for word in words)
    assert not list(work.glob("runs/toy/2*"))


def test_the_list_that_one_run_is_told_to_write_is_taken(toy_here):
    said = toy_here("show", "toy", "x=1,1.0,2")
    assert said.returncode == 2
    [advice] = re.findall(r"over a list write (\S+),", said.stderr)
    taken = toy_here("show", "toy", *shlex.split(advice))
    assert taken.returncode == 0, taken.stderr
    assert "x=[1,2]" in taken.stdout


@pytest.mark.parametrize(("typed", "shown"), [("x=range(1,3)", "x=[1,2]"), ("x=range(0.7,1,0.1)", "x=[0.7,0.8,0.9]")])
def test_a_range_is_the_list_of_one_run(toy_here, typed, shown):
    taken = toy_here("show", "toy", typed)
    assert taken.returncode == 0, taken.stderr
    assert shown in taken.stdout


def test_a_single_value_is_not_told_to_be_a_list(toy_here):
    said = toy_here("run", "toy", "slope=1,2")
    assert said.returncode == 2
    assert "list" not in said.stderr
    assert "`solv sweep`" in said.stderr


def launcher_of(preset="mine", launcher=None, jobs=None):
    """The class of the launcher that a sweep would have, and its jobs at a time."""
    asked = plan("toy", preset, [], launcher, jobs, False)
    experiment = register("toy", preset)
    told = [text for text in asked.argv[1:] if not text.startswith(("experiment=", "hydra.searchpath=", "x="))]
    _, hydra = composed_values(experiment, preset, told)
    return hydra.launcher["_target_"], hydra.launcher.get("n_jobs")


@pytest.mark.parametrize("place", ["preset", "defaults"])
def test_a_launcher_in_a_file_of_the_persons_own_is_used(toy_here, own, monkeypatch, tmp_path, place):
    own("experiment/toy/mine.yaml", SCHEMA + (JOBLIB if place == "preset" else "") + REST + TWO * (place == "preset"))
    if place == "defaults":
        own("user/defaults.yaml", "# @package _global_\ndefaults:\n" + JOBLIB + TWO)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    assert launcher_of() == (ENGINES["joblib"].target, 2)
    assert launcher_of(jobs=1) == (ENGINES["joblib"].target, 1)
    assert len(points(toy_here("sweep", "toy", "--preset", "mine", "--status"))) == 2
    assert toy_here("run", "toy", "--preset", "mine").returncode == 0


def test_a_launcher_on_the_command_line_comes_first_or_is_refused_aloud(toy_here, own):
    own("experiment/toy/mine.yaml", SCHEMA + JOBLIB + REST + TWO)
    refused = toy_here("sweep", "toy", "--preset", "mine", "--launcher", "local", "--status")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "n_jobs" in refused.stderr
    own("experiment/toy/mine.yaml", SCHEMA + JOBLIB + REST)
    assert toy_here("sweep", "toy", "--preset", "mine", "--launcher", "local", "--status").returncode == 0


@pytest.mark.parametrize("command", ["show", "run", "sweep"])
def test_a_file_without_its_first_lines_is_named_with_them_and_works_with_them(toy_here, own, command):
    path = own("user/defaults.yaml", "seed: 3\n")
    done = toy_here(command, "toy", *(["x=1,2", "--status"] if command == "sweep" else []))
    assert done.returncode == 2
    assert str(path) in done.stderr
    [header] = re.findall(r"first line must be `(.*)`", done.stderr)
    path.write_text(f"{header}\nseed: 3\n")
    assert "seed=3" in toy_here("show", "toy").stdout
    path.unlink()
    mine = own("experiment/toy/mine.yaml", "x: [2]\n")
    done = toy_here(command, "toy", "--preset", "mine", *(["x=1,2", "--status"] if command == "sweep" else []))
    assert done.returncode == 2
    lines = re.findall(r"`(#.*?)`", done.stderr)
    begin = re.findall(r"`(defaults: .*?)`", done.stderr) or ["defaults: [{/schema: toy}, _self_]"]
    mine.write_text("\n".join([*lines, *begin, "x: [2]", ""]))
    shown = toy_here("show", "toy", "--preset", "mine")
    assert "x=[2]" in shown.stdout, shown.stderr


def test_a_preset_without_a_schema_is_told_to_have_one(toy_here, own):
    own("experiment/toy/mine.yaml", "# @package _global_\nx: [2]\n")
    done = toy_here("show", "toy", "--preset", "mine")
    assert done.returncode == 2
    assert "defaults: [{/schema: toy}, _self_]" in done.stderr
