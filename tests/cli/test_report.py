"""Are the runs of a report told apart, with the facts that made them?"""

import pytest

from solv.cli.report import _chosen, _facts, _variant
from solv.harness.catalog import UnknownExperimentError
from solv.tracking.runs import RunDirectoryError


def test_runs_of_one_experiment_are_told_apart_by_as_little_as_needed(run_of):
    alone = run_of("pita")
    first, smoke = run_of(day=1), run_of(day=2, preset="smoke", key="aaaaaaaaaaaa")
    assert _variant(alone, [alone, first, smoke]) == ""
    assert _variant(first, [first, smoke]) == "quick"
    other = run_of(day=3, key="bbbbbbbbbbbb")
    assert _variant(first, [first, other]) == "quick, 012345"
    again = run_of(day=4)
    assert _variant(first, [first, again]) == "quick, 012345, 2026-01-01 03:04:05"


def test_facts_say_what_made_the_run_and_leave_out_what_is_unknown(run_of):
    facts = dict(_facts(run_of()))
    assert facts["time"] == "one 1.5 s"
    assert facts["device"] == "cpu, 2 threads"
    assert facts["commit"] == "outside a checkout"
    assert facts["versions"] == "numpy 2.0"
    assert all(facts.values())
    shared = run_of(day=2)
    shared.finish({**shared.manifest(), "processes": 3})
    assert dict(_facts(shared))["device"] == "cpu, 3 processes of 2 threads"


def test_runs_are_named_by_experiment_or_key_and_each_shown_once(run_of, store):
    old, new = run_of(day=1), run_of(day=2, key="bbbbbbbbbbbb")
    assert [run.path for run in _chosen(store, ["dmft", "0123", "bbbb"], None)] == [new.path, old.path]
    with pytest.raises((RunDirectoryError, UnknownExperimentError)):
        _chosen(store, ["pita"], None)
