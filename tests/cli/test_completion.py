"""Is what can be typed next offered, in the form that each shell wants?"""

from types import SimpleNamespace

import pytest

from solv.cli import completion
from solv.cli.completion import keys
from solv.harness.catalog import entry, load, names
from solv.harness.settings import describe


@pytest.mark.parametrize("name", names())
def test_the_keys_are_those_of_the_experiments_settings(name):
    assert entry(name).load_settings() is load(name).Config
    assert {(key.name, key.meaning) for key in keys(name)} == set(describe(load(name).Config))


def test_a_key_offers_its_choices_or_its_default():
    found = {key.name: key.values for key in keys("cot-depth")}
    assert found["alpha"] == ("[0.7,2,4]",)
    assert found["tau"] == ("[1.2,1.5,2,3,5,inf]",)
    assert found["simulation.repeats"] == ("16",)
    assert found["threads"] == ("null",)
    assert found["wandb"] == ("auto", "offline", "online", "disabled")
    assert found["runs_dir"] == ()


def typed(*args, **params):
    """What Typer knows of a half-typed line."""
    return SimpleNamespace(params=params, args=list(args))


def test_names_come_with_their_question_and_none_twice():
    found = dict(completion.names("soft"))
    assert list(found) == ["softmax-law"]
    assert found["softmax-law"].endswith("?")
    left = [name for name, _ in completion.more_names(typed(names=["softmax-law", "dmft"]), "")]
    assert "dmft" not in left
    assert "pita" in left


def test_parts_are_completed_behind_a_comma_without_those_named():
    first, second = (part.name for part in load("dmft").parts[:2])
    every = [text for text, _ in completion.parts(typed(name="dmft"), "")]
    assert every[:2] == [first, second]
    behind = [text for text, _ in completion.parts(typed(name="dmft"), f"{first},")]
    assert f"{first},{second}" in behind
    assert f"{first},{first}" not in behind
    assert completion.parts(typed(name="dmtf"), "") == []


def test_presets_are_those_of_the_experiment_or_the_usual_ones(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own = tmp_path / "solv" / "experiment" / "dmft"
    own.mkdir(parents=True)
    (own / "qmine.yaml").write_text("")
    assert completion.presets_of_experiment(typed("dmft"), "q") == ["quick", "qmine"]
    assert completion.presets_of_experiment(typed(), "q") == ["quick"]


def test_a_key_is_offered_until_it_is_given_and_the_last_with_its_values():
    keys_left = dict(completion.overrides(typed(name="dmft", overrides=["seed=1"]), "")).keys()
    assert "device=" in keys_left
    assert "seed=" not in keys_left
    alone = completion.overrides(typed(name="dmft"), "devic")
    assert alone[0][0] == "device="
    assert all(text.startswith("device=") for text, _ in alone)
    assert completion.overrides(typed(name="none"), "seed") == []


def test_a_value_is_whole_or_the_third_word_of_bash():
    whole = completion.overrides(typed(name="dmft"), "seed=")
    assert whole
    assert all(text.startswith("seed=") for text in whole)
    third = completion.overrides(typed(name="dmft", overrides=["seed", "="]), "")
    assert third == completion.overrides(typed(name="dmft", overrides=["seed"]), "")
    assert [f"seed={value}" for value in third] == whole


def test_runs_are_offered_newest_first_then_experiments(monkeypatch, tmp_path):
    monkeypatch.setenv("SOLV_RUNS_DIR", str(tmp_path))
    for name in ("20260101-000000-aaa", "20260102-000000-bbb"):
        (tmp_path / "dmft" / name).mkdir(parents=True)
    assert completion.runs("2026") == ["20260102-000000-bbb", "20260101-000000-aaa"]
    assert completion.runs("dm") == ["dmft"]
