"""Are the newest sound runs chosen, damaged ones named once, and an empty choice answered with what to do?"""

import pytest

from solv.cli.selection import finished_runs, finished_sweeps, sound
from solv.harness.catalog import UnknownExperimentError
from solv.tracking.runs import RunDirectoryError
from solv.tracking.sweeps import SweepDirectory
from tests.made_curves import points


def damage(run):
    (run.path / "claims.json").write_text("{")
    return run


def test_the_newest_of_each_experiment_is_chosen_in_the_order_of_the_catalog(run_of, store):
    run_of(day=1)
    new, other = run_of(day=2, key="aaaaaaaaaaaa"), run_of("pita", day=3)
    run_of("pita", day=4, finished=False, key="bbbbbbbbbbbb")
    found, damaged = finished_runs(store, [])
    assert {run.path for run in found} == {new.path, other.path}
    assert damaged == 0
    assert len(finished_runs(store, [], every=True)[0]) == 3
    assert [run.path for run in finished_runs(store, ["pita"])[0]] == [other.path]


def test_a_damaged_run_is_named_and_the_one_before_is_shown(run_of, store, capsys):
    old = run_of(day=1)
    damage(run_of(day=2, key="aaaaaaaaaaaa"))
    found, damaged = finished_runs(store, ["dmft"])
    assert ([run.path for run in found], damaged) == ([old.path], 1)
    assert capsys.readouterr().err.startswith("solv: ")


def test_older_runs_are_not_looked_at_for_the_newest(run_of):
    new, old = run_of(day=2), damage(run_of(day=1, key="aaaaaaaaaaaa"))
    assert sound([new, old], every=False) == ([new], 0)
    assert sound([new, old], every=True) == ([new], 1)


def test_an_empty_choice_says_what_makes_a_run(run_of, store):
    with pytest.raises(RunDirectoryError, match=r"no finished run in .*`solv run NAME` makes one"):
        finished_runs(store, [])
    run_of()
    with pytest.raises(RunDirectoryError, match=r"no finished run of pita in .*`solv run pita`"):
        finished_runs(store, ["pita"])
    with pytest.raises(RunDirectoryError, match="no finished run of preset paper of dmft"):
        finished_runs(store, ["dmft"], "paper")
    with pytest.raises(UnknownExperimentError):
        finished_runs(store, ["dmtf"])


def test_only_sweeps_all_of_whose_points_are_there_are_chosen(store):
    with pytest.raises(RunDirectoryError, match="`solv sweep dmft or pita` makes one"):
        finished_sweeps(store, ["dmft", "pita"])
    for key in ("0123", "4567"):
        SweepDirectory(store, "dmft", key).begin({"preset": "quick"})
    whole = SweepDirectory(store, "dmft", "0123")
    whole.result.write_curves(points("theory", [1.0]))
    whole.result.write_findings([])
    whole.result.finish({"claims": {}})
    assert finished_sweeps(store, []) == ([whole], 0)
    with pytest.raises(RunDirectoryError, match="of preset smoke"):
        finished_sweeps(store, [], "smoke")
