"""Do runs share a folder, and results, where several go on at once or where it is elsewhere? With the toy of sweeps."""

import shutil
import subprocess

import pandas as pd
import pytest

from tests.end_to_end.sweep.conftest import RESULTS, SOLV, finished, solv, toy_environment

REUSED = "already run; nothing was computed"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A folder with the one run of the toy, finished."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = solv(folder, "run", "toy")
    assert done.returncode == 0, done.stderr
    return folder


def results(folder):
    [name] = finished(folder)
    return {file: (folder / "runs" / "toy" / name / file).read_bytes() for file in RESULTS}


def run_at_once(folder, *calls):
    """Run `solv run toy ARGUMENTS` for every tuple of arguments at the same time; return what each printed."""
    started = [
        subprocess.Popen(
            [*SOLV, "run", "toy", *arguments], cwd=folder, env=toy_environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for arguments in calls
    ]  # fmt: skip
    outputs = [process.communicate(timeout=600)[0] for process in started]
    assert {process.returncode for process in started} == {0}, outputs
    return outputs


def test_two_runs_at_once_share_one_result(tmp_path, undisturbed):
    outputs = run_at_once(tmp_path, (), ())
    assert results(tmp_path) == results(undisturbed)
    assert sum(REUSED in output for output in outputs) == 1


def test_different_configurations_run_at_once_in_one_folder(tmp_path):
    run_at_once(tmp_path, ("seed=1",), ("seed=2",))
    assert len(finished(tmp_path)) == 2
    one, other = (pd.read_parquet(path) for path in tmp_path.glob("runs/toy/2*/curves.parquet"))
    assert one[one["source"] == "theory"].equals(other[other["source"] == "theory"])
    assert not one["y"].equals(other["y"])


def test_the_runs_directory_is_where_the_key_or_the_variable_says(tmp_path, undisturbed):
    shutil.copytree(undisturbed / "runs", tmp_path / "elsewhere")
    assert REUSED in solv(tmp_path, "run", "toy", SOLV_RUNS_DIR="elsewhere").stdout
    assert REUSED in solv(tmp_path, "run", "toy", "runs_dir=elsewhere", SOLV_RUNS_DIR="nowhere").stdout
    solv(tmp_path, "run", "toy", "runs_dir=by-key", SOLV_RUNS_DIR="elsewhere")
    assert len(list(tmp_path.glob("by-key/toy/*/manifest.json"))) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "by-key"}


def test_overrides_in_hydras_grammar_reach_the_run(tmp_path):
    solv(tmp_path, "run", "toy", "x=[1,3]", "cells=3", "slope=1.5e0", "x=2")
    [config] = tmp_path.glob("runs/toy/2*/config.yaml")
    lines = config.read_text()
    assert "x:\n- 2.0\n" in lines
    assert "cells: 3\n" in lines
    assert "slope: 1.5\n" in lines
