"""Is an experiment of an installed package like any other, and does a broken one stop nothing?"""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.end_to_end.sweep.conftest import TOY, call, solv, toy_environment


@pytest.fixture
def broken(tmp_path):
    """The environment where other packages cannot be imported, take a paper's name, or lack their experiment."""
    site = tmp_path / "site"
    for name, point, source in (
        ("rotten", "rotten-law", "import nothing_of_that_name\n"),
        (
            "taker",
            "cot-depth",
            "from solv.harness.entry import Entry, Paper\n"
            "ENTRY = Entry('cot-depth', Paper('T', 'A', '0'), '?', (), {}, '-', '-')\n",
        ),
        (
            "hollow",
            "hollow-law",
            "from solv.harness.entry import Entry, Paper\n"
            "ENTRY = Entry('hollow-law', Paper('T', 'A', '0'), '?', (), {}, 'hollow_not:C', 'hollow_not:E')\n",
        ),
    ):
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{name}.py").write_text(source)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[solv.experiments]\n{point} = {name}:ENTRY\n")
    return {"PYTHONPATH": os.pathsep.join([toy_environment()["PYTHONPATH"], str(site)])}


def test_broken_ones_are_listed_and_stop_no_command(tmp_path, broken):
    listed = solv(tmp_path, "list", **broken).stdout
    assert "rotten-law\n    broken, from rotten: ModuleNotFoundError: No module named 'nothing_of_that_name'" in listed
    assert "broken, from taker: ValueError: cot-depth is there already, from solv" in listed
    checked = solv(tmp_path, "doctor", **broken).stdout
    assert "broken, of rotten" in checked
    assert "broken, of taker" in checked
    assert "'hollow-law' of hollow is broken: ModuleNotFoundError" in checked
    assert solv(tmp_path, "theory", "toy", **broken).returncode == 0
    for package in ("rotten", "hollow"):
        asked = solv(tmp_path, "run", f"{package}-law", **broken)
        assert asked.returncode == 2
        assert f"'{package}-law' of {package} is broken" in asked.stderr


def test_the_toy_is_shown_predicted_and_run(tmp_path):
    assert "slope=1 " in solv(tmp_path, "show", "toy").stdout
    theory = solv(tmp_path, "theory", "toy", "x=3", "slope=2", "--format", "json")
    assert json.loads(theory.stdout)[0]["y"] == 18
    ran = solv(tmp_path, "run", "toy", "x=[1,2]")
    assert ran.returncode == 0, ran.stderr
    program = "import solv; print(solv.run('toy', x=[1, 2]).reused, len(solv.sweep('toy', axes={'x': [1, 2]}).states))"
    assert call(tmp_path, sys.executable, "-c", program).stdout.strip() == "True 2"


def test_the_shell_completes_its_name_and_keys(tmp_path):
    def complete(line):
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_SOLV_COMPLETE": "complete_bash"}
        command = (sys.executable, "-c", "import sys; sys.argv = ['solv']; from solv.cli.main import main; main()")
        return call(tmp_path, *command, **words).stdout.split()

    assert "toy" in complete("solv run t")
    assert "slope=" in complete("solv run toy sl")
    assert "parabola" in complete("solv run toy --part p")


def test_a_preset_of_a_persons_own_composes_from_the_plug_ins_schema(tmp_path):
    own = tmp_path / "config" / "solv" / "experiment" / "toy"
    own.mkdir(parents=True)
    header = "# @package _global_\ndefaults:\n  - /schema: toy\n  - _self_\n"
    (own / "steep.yaml").write_text(f"{header}slope: 9\n")
    shown = solv(tmp_path, "show", "toy", "--preset", "steep", XDG_CONFIG_HOME=str(tmp_path / "config"))
    assert "slope=9" in shown.stdout


def test_without_a_quick_preset_quick_is_the_defaults(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    for path in TOY.rglob("*"):
        if path.is_file() and path.suffix != ".yaml" and "__pycache__" not in path.parts:
            target = site / path.relative_to(TOY)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    root = Path(toy_environment()["PYTHONPATH"].split(os.pathsep)[0])
    shown = solv(tmp_path, "show", "toy", PYTHONPATH=f"{root}{os.pathsep}{site}")
    assert "x=[1,2,3]" in shown.stdout, shown.stderr


def test_wandb_records_it_offline(tmp_path):
    ran = solv(tmp_path, "run", "toy", "x=[1]", "--wandb", "offline", WANDB_MODE="offline")
    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.glob("runs/toy/*/wandb/offline-run-*"))
