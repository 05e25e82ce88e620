"""Is a setting declared once enough to check, describe and key it?"""

import math
from dataclasses import dataclass

import pytest

from solv.harness.settings import (
    ConfigurationError,
    RunSettings,
    as_dictionary,
    defaults,
    describe,
    flag,
    group,
    integer,
    integers,
    nearest_key,
    real,
    reals,
    resolve,
    scientific,
    text,
    texts,
)


@dataclass(frozen=True)
class Training:
    steps: int = integer(100, "optimiser steps", least=1)
    rate: float = real(0.1, "learning rate", above=0)


@dataclass(frozen=True)
class Config(RunSettings):
    tau: tuple[float, ...] = reals([1.5, 3], "pretraining data", above=1, infinite=True)
    depth: tuple[int, ...] = integers([1, 2], "depths", least=0, most=100)
    method: str = text("exact", "how", choices=("exact", "fast"))
    judges: tuple[str, ...] = texts(["near"], "which", choices=("near", "far"))
    plot: bool = flag(True, "draw", scientific=False)
    training: Training = group(Training, "training")


def settings(**changes):
    return resolve(Config, {**defaults(Config), "runs_dir": "runs", **changes})


def test_defaults_resolve_to_themselves():
    assert settings() == Config(runs_dir="runs")


def test_a_scalar_counts_as_a_list_of_one():
    assert settings(tau=2).tau == (2.0,)
    assert settings(depth=3).depth == (3,)


def test_infinity_is_valid_only_where_it_is_declared():
    assert settings(tau=[math.inf]).tau == (math.inf,)
    with pytest.raises(ConfigurationError, match=r"training.rate = inf is out of range; valid: > 0"):
        settings(training={"steps": 1, "rate": math.inf})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
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
    ],
)
def test_a_bad_value_is_one_sentence_with_the_valid_choice(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        settings(**changes)


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
