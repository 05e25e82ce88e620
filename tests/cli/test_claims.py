"""Is a claim told with the run or the sweep that it is of?"""

from solv.cli.claims import _claims_of, _record, _title
from solv.tracking.sweeps import Point, SweepDirectory


def test_a_run_is_titled_by_preset_time_and_place(run_of):
    run = run_of()
    assert _title(run) == f"dmft, quick, 2026-01-01 03:04: {run.path}"
    assert [claim.id for claim in _claims_of(run)] == ["one", "two"]


def test_a_sweep_is_titled_by_its_points_and_judged_by_its_result(store):
    sweep = SweepDirectory(store, "dmft", "0123")
    sweep.begin({"preset": "smoke"})
    sweep.add([Point("a", ("seed=0",), {}), Point("b", ("seed=1",), {})])
    sweep.result.write_findings([])
    assert _title(sweep) == f"dmft, smoke, sweep of 2 points: {sweep.path}"
    assert _claims_of(sweep) == []


def test_a_record_holds_the_claim_and_its_run(run_of):
    run = run_of()
    record = _record(run, _claims_of(run)[1])
    assert (record["experiment"], record["key"], record["preset"]) == ("dmft", "0123456789ab", "quick")
    assert (record["id"], record["verdict"], record["needs"]) == ("two", "undecided", "size >= 9")
    assert record["run"] == str(run.path)
