"""Is a setting declared once enough to check, describe and key it?"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from solv.harness.settings import (
    ConfigurationError,
    Group,
    Key,
    RunSettings,
    as_dictionary,
    defaults,
    describe,
    flag,
    group,
    integer,
    integers,
    keys,
    largest_values,
    nearest_key,
    real,
    reals,
    replace,
    resolve,
    scientific,
    text,
    texts,
)


class Training(Group):
    steps: int = integer(100, "optimiser steps", least=1)
    rate: float = real(0.1, "learning rate", above=0)


class Config(RunSettings):
    tau: tuple[float, ...] = reals([1.5, 3], "pretraining data", above=1, infinite=True)
    depth: tuple[int, ...] = integers([1, 2], "depths", least=0, most=100)
    method: str = text("exact", "how", choices=("exact", "fast"))
    judges: tuple[str, ...] = texts(["near"], "which", choices=("near", "far"))
    plot: bool = flag(True, "draw", scientific=False)
    training: Training = group(Training, "training")


class Whole(Group):
    rate: float = real(1, "a default that is written without a point", above=0)


class Named(Group):
    model_folder: str | None = text(None, "a name that pydantic protects")


def settings_of_hydra():
    from solv.harness.compose import settings_for

    return settings_for("cot-depth", "smoke", [])[1]


def settings(**changes):
    return resolve(Config, {**defaults(Config), "runs_dir": "runs", **changes})


def test_defaults_resolve_to_themselves():
    assert settings() == Config(runs_dir="runs")


def test_a_scalar_counts_as_a_list_of_one():
    assert settings(tau=2).tau == (2.0,)
    assert settings(depth=3).depth == (3,)


def test_the_largest_values_are_those_of_numbers():
    found = largest_values(Config)
    assert (found["depth"], found["tau"], found["training.rate"]) == (100, math.inf, math.inf)
    assert not {"method", "judges", "plot"} & set(found)
    for key, most in found.items():
        assert "." in key or most in (100, math.inf)


def test_infinity_is_valid_only_where_it_is_declared():
    assert settings(tau=[math.inf]).tau == (math.inf,)
    with pytest.raises(ConfigurationError, match=r"training.rate = inf is out of range; valid: > 0"):
        settings(training={"steps": 1, "rate": math.inf})


BAD = [
    ({"tau": 1.0}, r"tau = 1.0 is out of range; valid: > 1, or inf"),
    ({"tau": math.nan}, r"tau = nan is out of range"),
    ({"tau": "many"}, r"tau = 'many' is not a number"),
    ({"tau": True}, r"tau = True is not a number"),
    ({"tau": []}, r"tau = \[\] is empty"),
    ({"tau": [2, 2.0]}, r"holds a value twice"),
    ({"tau": [[2]]}, r"not a single value"),
    ({"tau": {"a": 1}}, r"not a single value"),
    ({"depth": 1.5}, r"depth = 1.5 is not an integer"),
    ({"depth": 101}, r"depth = 101 is out of range; valid: >= 0 and <= 100"),
    ({"method": "exat"}, r"did you mean exact\?"),
    ({"method": 3}, r"method = 3 is not text"),
    ({"judges": ["nobody"]}, r"valid: near, far"),
    ({"plot": "yes"}, r"plot = yes is not true or false"),
    ({"training": 3}, r"training = 3 is a group of keys; set one"),
    ({"training": {"steps": 0, "rate": 1}}, r"training.steps = 0 is out of range"),
    ({"training": {"steps": 1, "rate": 1, "stps": 1}}, r"unknown key training.stps; did you mean steps\?"),
    ({"training": {"steps": 1}}, r"key training.rate is missing"),
    ({"taus": 3}, r"unknown key taus; did you mean tau\?"),
    ({"seed": -1}, r"seed = -1 is out of range"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_bad_value_is_one_sentence_with_the_valid_choice(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        settings(**changes)


@pytest.mark.parametrize(("changes", "message"), [case for case in BAD if "missing" not in case[1]])
def test_constructing_refuses_what_hydra_refuses_with_the_same_words(changes, message):
    with pytest.raises(ConfigurationError, match=message) as constructed:
        Config(**changes)
    with pytest.raises(ConfigurationError) as composed:
        settings(**changes)
    assert str(constructed.value) == str(composed.value)
    assert isinstance(constructed.value, ValueError)


def test_of_several_faults_an_unknown_key_is_said_first_and_a_group_at_a_time():
    with pytest.raises(ConfigurationError, match=r"^unknown key taus; did you mean tau"):
        Config(seed=-1, taus=3)
    with pytest.raises(ConfigurationError, match=r"^unknown key training.stps; did you mean steps"):
        Config(training={"steps": 0, "stps": 1})
    with pytest.raises(ConfigurationError, match=r"^seed = -1"):
        Config(seed=-1, training={"stps": 1})


def test_a_group_checks_itself_and_names_its_own_keys():
    with pytest.raises(ConfigurationError, match=r"^rate = 0 is out of range; valid: > 0$"):
        Training(rate=0)


def test_the_prefix_of_a_configuration_that_stands_deeper_is_said():
    with pytest.raises(ConfigurationError, match=r"^there.training.rate = -1 is out of range"):
        resolve(Config, {**defaults(Config), "training": {"steps": 1, "rate": -1}}, "there.")


def test_numbers_of_other_libraries_count_and_become_pythons():
    made = Config(tau=np.float32(2), depth=[np.int64(3), 4.0])
    assert made.tau == (2.0,)
    assert made.depth == (3, 4)
    assert {type(value) for value in (*made.tau, *made.depth)} == {float, int}


def test_a_default_is_held_as_a_given_value_is():
    assert type(Training().rate) is float
    assert isinstance(Whole().rate, float)


def test_settings_do_not_change_and_a_changed_copy_is_checked():
    made = Config()
    with pytest.raises(ValidationError):
        made.seed = 3
    assert replace(made, seed=3) == Config(seed=3)
    assert replace(made, training=replace(made.training, steps=7)).training == Training(steps=7)
    with pytest.raises(ConfigurationError, match="seed = -3 is out of range"):
        replace(made, seed=-3)
    with pytest.raises(ConfigurationError, match="unknown key sed; did you mean seed"):
        replace(made, sed=3)


@given(
    st.lists(st.floats(1, exclude_min=True), min_size=1, unique=True),
    st.lists(st.integers(0, 100), min_size=1, unique=True),
    st.sampled_from(["exact", "fast"]),
    st.integers(1) | st.none(),
    st.builds(Training, steps=st.integers(1), rate=st.floats(0, exclude_min=True, allow_infinity=False)),
)
def test_settings_read_back_from_their_record_are_the_same(tau, depth, method, threads, training):
    made = Config(tau=tau, depth=depth, method=method, threads=threads, training=training)
    assert resolve(Config, as_dictionary(made)) == made
    assert scientific(resolve(Config, as_dictionary(made))) == scientific(made)


def test_a_key_that_decides_no_number_may_be_missing_from_an_older_record():
    older = {key: value for key, value in as_dictionary(Config(seed=4)).items() if key not in ("parts", "device")}
    assert resolve(Config, older) == Config(seed=4)
    del older["seed"]
    with pytest.raises(ConfigurationError, match=r"^key seed is missing$"):
        resolve(Config, older)


def test_runs_stand_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("SOLV_RUNS_DIR", "/elsewhere")
    assert Config().runs_dir == defaults(Config)["runs_dir"] == settings_of_hydra().runs_dir == "/elsewhere"
    monkeypatch.delenv("SOLV_RUNS_DIR")
    assert Config().runs_dir == defaults(Config)["runs_dir"] == settings_of_hydra().runs_dir == "runs"


def test_no_parts_are_all_parts_and_no_part_stands_twice():
    assert Config().parts == Config(parts=[]).parts == ()
    assert Config(parts="theory").parts == ("theory",)
    assert "parts" not in scientific(Config())
    with pytest.raises(ConfigurationError, match="holds a value twice"):
        Config(parts=["a", "a"])


def test_keys_carry_their_meaning_and_what_completes_them():
    found = {key.name: key for key in keys(Config)}
    assert set(found) == {name for name, _ in describe(Config)}
    assert next(iter(found)) == "tau", "the experiment's own come first"
    assert found["tau"].values == ("[1.5,3]",)
    assert found["method"].values == ("exact", "fast")
    assert found["plot"].values == ("true", "false")
    assert found["training.rate"] == Key("training.rate", "learning rate", ("0.1",))
    assert found["threads"].values == ("null",)
    assert found["runs_dir"].values == ()


def test_a_key_may_be_called_as_pydantic_calls_something_of_its_own():
    assert as_dictionary(Named(model_folder="there")) == {"model_folder": "there"}


def test_only_scientific_settings_enter_the_key():
    assert scientific(settings(device="cuda", threads=3, runs_dir="x", plot=False)) == scientific(settings())
    assert scientific(settings(seed=1)) != scientific(settings())
    assert scientific(settings(training={"steps": 7, "rate": 0.1})) != scientific(settings())


def test_every_key_has_a_meaning_and_nested_ones_a_dotted_name():
    meanings = dict(describe(Config))
    assert meanings["training.steps"] == "optimiser steps"
    assert meanings["seed"]
    assert "training" not in meanings


def test_the_nearest_key_is_offered_for_a_misspelt_one():
    assert nearest_key(Config, "dept") == "did you mean depth?"
    assert nearest_key(Config, "zzzz").startswith("valid: ")


def test_settings_become_plain_values_for_the_record():
    assert as_dictionary(settings())["training"] == {"steps": 100, "rate": 0.1}
    assert as_dictionary(settings())["tau"] == [1.5, 3.0]


def test_a_path_that_is_no_text_to_the_terminal_is_one_sentence_about_the_terminal():
    """As one with an umlaut is where LC_ALL=C."""
    with pytest.raises(ConfigurationError, match=r"runs_dir = '/home/j.*' is no text in the encoding.*LC_ALL=C\.UTF-8"):
        settings(runs_dir="/home/j\udcc3\udcbcrgen")
