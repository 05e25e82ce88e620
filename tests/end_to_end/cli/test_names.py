"""Does a path work whatever signs are in its name, and is the way to type it said where Hydra reads it otherwise?"""

import json
import re
import shlex

import pytest

SIGNS = [
    "exp=3",
    "a,b",
    "jürgen",
    "exp(1)",
    "it's #1",
    'a"=0"',
    "back\\slash",
    "end\\",
    "a\\=0",
    "{a} [b]",
    "${HOME}",
    "$HOME",
    "~tilde",
    "First Last (Work)",
    "%j",
    "-n",
    "x; echo foo",
]
NESTED = "/".join(SIGNS)  # where one of them were read otherwise, the path would be another
MINE = "# @package _global_\ndefaults:\n  - /schema: toy\n  - _self_\nx: [2]\nsweep: {axes: {slope: [1, 2]}}\n"


def finished(folder, pattern="2*"):
    return list(folder.glob(f"toy/{pattern}/manifest.json"))


def test_an_option_and_the_environment_take_a_path_as_it_is(toy_here, work):
    folder = work / NESTED
    assert toy_here("run", "toy", "x=[1]", "--runs-dir", f"{folder}/runs").returncode == 0
    assert len(finished(folder / "runs")) == 1
    swept = toy_here("sweep", "toy", "x=1", "slope=1,2", SOLV_RUNS_DIR=f"{folder}/swept")
    assert swept.returncode == 0, swept.stderr
    assert len(finished(folder / "swept")) == 2
    assert len(finished(folder / "swept", "sweep-*")) == 1
    [listed] = json.loads(toy_here("runs", "--format", "json", "--runs-dir", f"{folder}/runs").stdout)
    assert listed["directory"].startswith(f"{folder}/runs/toy/")
    assert_nothing_beside(folder, work, ["runs", "swept"])


def assert_nothing_beside(folder, root, expected):
    """Assert that below `root` nothing was written but in `folder`."""
    assert sorted(path.name for path in folder.iterdir()) == expected
    while folder != root:
        assert list(folder.parent.iterdir()) == [folder]
        folder = folder.parent


@pytest.mark.parametrize("name", SIGNS)
def test_a_path_that_hydra_would_read_otherwise_is_one_line_whose_advice_works(toy_here, work, name):
    """The advice is typed as it stands, through a shell's eyes."""
    line = f"runs_dir={work}/{name}"
    typed = toy_here("show", "toy", line)
    if typed.returncode == 0:  # nothing unusual to Hydra
        assert line in typed.stdout
        return
    assert typed.returncode == 2
    assert typed.stderr.count("\n") == 1
    [advice] = re.findall(r"if that is one text, type (.*)$", typed.stderr.strip())
    [word] = shlex.split(advice)
    assert line in toy_here("show", "toy", word).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "toy", "runs_dir="),
        ("run", "toy", "runs_dir=''"),
        ("run", "toy", "--runs-dir", ""),
        ("sweep", "toy", "x=1,2", "--runs-dir", " "),
        ("runs", "--runs-dir", ""),
        ("data", "text", "make", "--source", "library", "--out", ""),
        ("data", "pita", "make", "--out="),
    ],
)
def test_an_empty_path_is_refused_and_nothing_is_scattered(toy_here, work, arguments):
    done = toy_here(*arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "is empty" in done.stderr
    assert not list(work.iterdir())


def test_a_tilde_that_the_shell_left_is_the_home_folder(toy_here, tmp_path):
    assert toy_here("run", "toy", "x=[1]", "--runs-dir", "~/runs").returncode == 0
    assert len(finished(tmp_path / "home" / "runs")) == 1


def test_presets_of_a_persons_own_work_below_a_folder_of_any_name(toy_here, tmp_path):
    own = tmp_path / NESTED / "config"
    (own / "solv" / "experiment" / "toy").mkdir(parents=True)
    (own / "solv" / "experiment" / "toy" / "mine.yaml").write_text(MINE)
    shown = toy_here("show", "toy", "--preset", "mine", XDG_CONFIG_HOME=str(own))
    assert shown.returncode == 0, shown.stderr
    assert "x=[2]" in shown.stdout
    assert toy_here("theory", "toy", XDG_CONFIG_HOME=str(own)).returncode == 0
    status = toy_here("sweep", "toy", "--preset", "mine", "--status", XDG_CONFIG_HOME=str(own))
    assert "points: 2 missing" in status.stdout, status.stderr


def test_a_sweep_in_a_folder_of_any_name_stays_in_it(toy_here, tmp_path, work):
    folder = tmp_path / "w" / NESTED
    folder.mkdir(parents=True)
    work.rmdir()
    work.symlink_to(folder)
    done = toy_here("sweep", "toy", "x=1", "slope=1,2")
    assert done.returncode == 0, done.stderr
    assert len(finished(folder / "runs")) == 2
    assert_nothing_beside(folder, tmp_path / "w", ["runs"])


@pytest.mark.parametrize(
    ("launcher", "name"),
    [("submitit_slurm", "50%"), ("submitit_slurm", "a\\=0"), ("submitit_local", "%j"), ("submitit_local", "${HOME}")],
)
def test_a_folder_that_a_launcher_cannot_take_is_one_line_whose_advice_works(toy_here, work, name, launcher):
    asked = ("sweep", "toy", "x=1,2", f"hydra/launcher={launcher}")
    done = toy_here(*asked, "--runs-dir", f"{work}/{name}/runs")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"{work}/{name}/runs" in done.stderr
    assert not list(work.iterdir())
    assert "--runs-dir" in done.stderr
    assert toy_here(*asked, "--status", "--runs-dir", f"{work}/a=1, b(2) it's").returncode == 0
