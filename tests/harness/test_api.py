"""Is what Python starts what a terminal starts: the same settings, key, record, resumption?"""

import subprocess
import sys
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import solv
from solv.harness.catalog import UnknownExperimentError, load
from solv.harness.entry import Entry
from solv.harness.runner import run_key
from solv.harness.settings import ConfigurationError
from solv.tracking.runs import RunDirectoryError
from tests.own_experiment import own_experiment

DEPTH = {"parts": ["depth"], "preset": "smoke"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder, and nobody's own presets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    monkeypatch.delenv("SOLV_RUNS_DIR", raising=False)
    return tmp_path


def solv_command(*arguments):
    command = [sys.executable, "-m", "solv.cli.main", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode in (0, 1), done.stderr
    return done


def test_the_experiments_are_the_entries_of_the_catalogue():
    found = solv.experiments()
    assert all(isinstance(entry, Entry) for entry in found)
    assert found[0].name == "cot-depth"


def test_settings_are_those_of_a_preset_with_checked_changes_and_a_group_keeps_its_other_keys():
    chosen = solv.settings("cot-depth", "smoke", alpha=3, tau=np.array([2.0, 2.2]), simulation={"repeats": 7})
    assert (chosen.alpha, chosen.tau) == ((3.0,), (2.0, 2.2))
    assert (chosen.simulation.repeats, chosen.simulation.dimension) == (7, 24)
    assert solv.settings("cot-depth", **{"simulation.repeats": 7}).simulation.repeats == 7


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("cot-dept", {}, "did you mean 'cot-depth'"),
        ("cot-depth", {"alhpa": 1}, "did you mean alpha"),
        ("cot-depth", {"alpha": -1}, "out of range"),
        ("cot-depth", {"preset": "larg"}, "unknown preset 'larg'"),
        ("cot-depth", {"simulation": {"repeat": 1}}, "did you mean repeats"),
        ("cot-depth", {"parts": ["dept"]}, "did you mean depth"),
    ],
)
def test_a_mistake_is_answered_with_the_nearest_choice(name, changes, said):
    with pytest.raises((ConfigurationError, UnknownExperimentError), match=said):
        solv.settings(name, **changes)


def test_theory_comes_as_curves_and_takes_a_range():
    curves = solv.predict("cot-depth", parts=["depth"], alpha=3, tau=2.2, rho=0, depth=range(51))
    errors = curves.select("depth", tau=2.2, alpha=3).table
    assert errors["x"].tolist() == list(range(51))
    assert set(errors["source"]) == {"theory"}


def test_a_run_of_the_command_line_is_found_by_python_and_the_other_way_round():
    solv_command("run", "cot-depth", "--preset", "smoke", "--part", "depth", "--wandb", "disabled", "tau=[1.5,3]")
    found = solv.run("cot-depth", tau=[1.5, 3], **DEPTH)
    assert found.reused
    assert not found.outdated
    [listed] = solv.runs("cot-depth")
    assert listed.path == found.path
    own = solv.run("cot-depth", seed=5, **DEPTH)
    said = solv_command("run", "cot-depth", "--preset", "smoke", "--part", "depth", "seed=5").stdout
    assert "already run" in said
    assert own.path.name in said


def test_the_key_is_that_of_the_settings():
    run = solv.run(own_experiment(), a=3)
    assert run.key == run_key(own_experiment(), run.settings)
    assert run.manifest["preset"] == "quick"


def test_an_object_that_is_installed_is_the_experiment_of_that_name():
    assert solv.settings(load("cot-depth"), "smoke") == solv.settings("cot-depth", "smoke")


def test_an_experiment_of_a_notebook_predicts_runs_and_is_read_again():
    own = own_experiment()
    assert len(solv.predict(own, a=[1, 2, 3])) == 9
    run = solv.run(own, size={"repeats": 16})
    assert run.settings.size.repeats == 16
    assert [finding.verdict.value for finding in run.claims] == ["holds"]
    assert Path("runs/own-law") in run.path.parents
    again = solv.load("own-law", experiment=own)
    assert again.path == run.path
    pd.testing.assert_frame_equal(again.frame(), run.frame())
    with pytest.raises(UnknownExperimentError, match="own-law"):
        solv.load("own-law")
    with pytest.raises(ConfigurationError, match="is a run of own-law, not of other"):
        solv.load("own-law", experiment=own_experiment("other"))


def test_presets_of_ones_own_hold_for_an_experiment_of_a_notebook(folder):
    presets = folder / "nowhere" / "solv" / "experiment" / "own-law"
    presets.mkdir(parents=True)
    header = "# @package _global_\ndefaults:\n  - /schema: own-law\n  - _self_\n"
    (presets / "mine.yaml").write_text(f"{header}a: [7]\n")
    assert solv.settings(own_experiment(), "mine").a == (7.0,)


def test_a_finished_run_is_returned_and_one_of_a_changed_cell_says_so():
    solv.run(own_experiment())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = solv.run(own_experiment())
    assert same.reused
    assert not same.outdated
    with pytest.warns(UserWarning, match="other code than today's; fresh=True runs it again"):
        changed = solv.run(own_experiment(offset=5.0))
    assert changed.outdated
    assert "fresh=True" in changed._repr_html_()
    anew = solv.run(own_experiment(offset=5.0), fresh=True)
    assert not anew.reused
    assert anew.frame()["y"].max() > 5


def test_an_interrupt_leaves_a_run_that_goes_on_where_it_stopped(folder):
    """What is computed is noted on disk: a list that the cell closes over is part of its code."""
    log = folder / "log"

    def note_and_stop_once(a):
        with log.open("a") as file:
            file.write(f"{a:g} ")
        if log.read_text() == "1 2 ":
            raise KeyboardInterrupt

    own = own_experiment(on_unit=note_and_stop_once)
    with pytest.raises(KeyboardInterrupt):
        solv.run(own)
    assert not solv.runs()[0].finished
    resumed = solv.run(own)
    assert resumed.resumed
    assert log.read_text() == "1 2 2 "
    whole = solv.run(own_experiment(), runs_dir="elsewhere")
    pd.testing.assert_frame_equal(resumed.frame(), whole.frame())


def test_runs_are_chosen_by_preset_verdict_and_time():
    solv.run(own_experiment())
    solv.run(own_experiment("other"))
    assert len(solv.runs()) == 2
    assert len(solv.runs("other")) == 1
    assert len(solv.runs(preset="quick", verdict="holds")) == 2
    assert not solv.runs(verdict="fails")
    assert not solv.runs(since=datetime.now() + timedelta(hours=1))
    with pytest.raises(ConfigurationError, match="valid: holds, fails"):
        solv.runs(verdict="hold")


def test_two_runs_are_compared_and_runs_of_two_experiments_are_not():
    one, two = solv.run(own_experiment()), solv.run(own_experiment(), a=[1, 3], seed=1)
    compared = solv.compare(one, two)
    assert compared.settings().loc["seed"].tolist() == [0, 1]
    assert list(compared.settings().columns) == ["A", "B"]
    with pytest.raises(ConfigurationError, match="two or more runs of one experiment"):
        solv.compare(one)
    with pytest.raises(ConfigurationError, match="other, own-law"):
        solv.compare(one, solv.run(own_experiment("other")))


def test_a_run_that_is_not_there_is_an_error():
    with pytest.raises(RunDirectoryError):
        solv.load("20990101-000000-abc")


def test_a_sweep_runs_every_combination_of_an_experiment_of_a_notebook():
    swept = solv.sweep(own_experiment(), axes={"a": [1, 2], "seed": [0, 1]}, size={"repeats": 4})
    assert set(swept.states.values()) == {"done"}
    assert len(solv.runs("own-law")) == 4
    assert len(swept.frame().query("source == 'theory'")) == 6
    assert [finding.verdict.value for finding in swept.claims] == ["holds"]
    with pytest.raises(ConfigurationError, match="not installed"):
        solv.sweep(own_experiment(), axes={"a": [1]}, launcher="ray")


def test_a_sweep_of_the_command_line_finds_the_points_of_python():
    solv.sweep("cot-depth", "smoke", axes={"tau": [1.5, 3.0]}, parts=["depth"])
    said = solv_command("sweep", "cot-depth", "tau=1.5,3.0", "--preset", "smoke", "--part", "depth")
    assert "2 of 2 points are done" in said.stderr


def test_progress_is_silent_unless_it_is_asked_for(capsys):
    solv.run(own_experiment())
    assert capsys.readouterr() == ("", "")
    solv.run(own_experiment(), seed=1, progress=True)
    assert capsys.readouterr().out == ""
