"""Is a finished run read again as what it was, and is its command the run's own?"""

import shlex

import pytest
import yaml

from solv.harness.archive import command_of, panels_of, settings_of
from solv.harness.catalog import load
from solv.harness.compose import settings_for
from solv.harness.reference import reference
from solv.harness.settings import ConfigurationError, as_dictionary
from solv.tracking.runs import RunDirectory
from tests.end_to_end.cli.made_runs import make_run


def test_settings_and_panels_are_those_of_the_run(tmp_path):
    run = make_run(tmp_path, "seed=3")
    settings = settings_of(run)
    assert settings.seed == 3
    assert list(settings.tau) == [1.5, 3]
    names = {str(panel.name) for panel in panels_of(run)}
    assert set(run.curves()["panel"]) <= names


def changed(run, old, new):
    path = run.path / "config.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_run_without_parts_is_of_an_earlier_version_and_of_all_parts(tmp_path):
    run = make_run(tmp_path)
    changed(run, "parts: []\n", "")
    assert settings_of(run).parts == ()


def test_keys_that_are_younger_than_a_run_have_their_defaults(tmp_path):
    run = make_run(tmp_path, "seed=3")
    path, defaults = run.path / "config.yaml", as_dictionary(load("cot-depth").Config())
    config = yaml.safe_load(path.read_text())
    old = settings_of(run)
    del config["heavy_tails"], config["simulation"]["repeats"]
    path.write_text(yaml.safe_dump(config))
    found = settings_of(run)
    assert as_dictionary(found.heavy_tails) == defaults["heavy_tails"]
    assert found.simulation.repeats == defaults["simulation"]["repeats"]
    assert (found.seed, found.tau, found.simulation.dimension) == (3, old.tau, old.simulation.dimension)
    assert set(run.curves()["panel"]) <= {str(panel.name) for panel in panels_of(run)}


@pytest.mark.parametrize(("flag", "meant"), [(True, ("broad", "deep")), (False, ())])
def test_a_flag_that_has_become_a_list_means_all_of_it_or_nothing(tmp_path, flag, meant):
    run = reference("pita")
    copy = RunDirectory(tmp_path / "pita" / run.path.name)
    copy.path.mkdir(parents=True)
    config = run.config()
    config["language"]["equal_tokens"] = flag
    (copy.path / "config.yaml").write_text(yaml.safe_dump(config))
    assert settings_of(copy).language.equal_tokens == meant


def test_a_run_whose_settings_no_longer_exist_has_no_panels(tmp_path):
    run = make_run(tmp_path)
    changed(run, "seed: 0", "sead: 0")
    with pytest.raises(ConfigurationError, match="sead"):
        settings_of(run)
    assert panels_of(run) == []


def test_the_command_names_what_differs_from_the_preset_and_makes_the_same_run(tmp_path):
    run = make_run(tmp_path, "seed=3", "alpha=0.1", preset="quick")
    values = as_dictionary(settings_for("cot-depth", "quick", [])[1])
    command = command_of(run, "quick", values)
    words = shlex.split(command)
    assert words[:3] == ["solv", "run", "cot-depth"]
    assert "--preset" not in words
    assert "seed=3" in words
    assert not any(word.startswith(("runs_dir=", "device=", "threads=", "wandb=")) for word in words)
    again = settings_for("cot-depth", "quick", words[3:])[1]
    assert {**as_dictionary(again), "runs_dir": ""} == {**as_dictionary(settings_of(run)), "runs_dir": ""}
    assert command_of(run, "smoke", values).startswith("solv run cot-depth --preset smoke ")
