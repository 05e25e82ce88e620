"""Does a sweep run what is missing and nothing else, survive what happens to it, and say what it found?"""

import html
import json
import os
import signal

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.sweep.conftest import finished, results, solv, start, sweep, wait_for


def test_a_sweep_makes_a_run_of_each_point_and_one_aggregate(tmp_path):
    done = sweep(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "points: 4 done" in done.stdout
    assert len(finished(tmp_path)) == 4
    [directory] = tmp_path.glob("runs/toy/sweep-*")
    curves = pd.read_parquet(directory / "curves.parquet")
    assert curves[curves["source"] == "theory"]["y"].tolist() == [1, 4, 9, 16]
    assert curves[curves["source"] == "simulation"]["x"].tolist() == [1, 2, 3, 4]
    assert len(json.loads((directory / "manifest.json").read_text())["points"]) == 4


def test_claims_and_report_read_what_a_finished_sweep_says(tmp_path):
    """A sweep with a point missing says nothing yet."""
    sweep(tmp_path, "x=1,2")
    sweep(tmp_path, "x=1,2,3", TOY_FAIL_AT="3")
    shown = solv(tmp_path, "claims", "toy", "--sweeps", "--all")
    assert shown.returncode == 0, shown.stderr
    assert "sweep of 2 points" in shown.stdout
    assert "of 1 sweep:" in shown.stdout
    written = solv(tmp_path, "report", "--sweeps", "-o", "page.html")
    assert written.returncode == 0, written.stderr
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "solv sweep toy x=1,2" in html.unescape(page)
    assert "2 of 2" in page


def test_asking_for_sweeps_before_there_is_one_is_one_line(tmp_path):
    for command in ("claims", "report"):
        asked = solv(tmp_path, command, "--sweeps")
        assert asked.returncode == 2
        assert asked.stderr.strip().count("\n") == 0
        assert "no finished sweep in runs" in asked.stderr


def test_a_failed_job_is_recorded_stops_no_other_and_is_tried_again(tmp_path, undisturbed):
    failed = sweep(tmp_path, TOY_FAIL_AT="2")
    assert failed.returncode == 1
    assert "ArithmeticError: no result at x = 2" in failed.stdout
    assert "points: 3 done, 1 failed" in failed.stdout
    status = sweep(tmp_path, "--status")
    assert "so far, from 3 of 4 points" in status.stdout
    assert status.returncode == 1
    before = finished(tmp_path)
    again = sweep(tmp_path)
    assert again.returncode == 0
    assert "3 of 4 points are done" in again.stderr
    assert set(before) < set(finished(tmp_path))
    assert results(tmp_path) == undisturbed


def test_the_status_of_a_sweep_not_begun_lists_its_points_and_runs_none(tmp_path):
    status = sweep(tmp_path, "x=1,7", "--status")
    assert status.returncode == 0, status.stderr
    assert "points: 2 missing" in status.stdout
    assert "x=7" in status.stdout
    assert not finished(tmp_path)


def test_sweeps_that_overlap_share_their_points(tmp_path):
    sweep(tmp_path, "x=1,2")
    wider = sweep(tmp_path, "x=1,2,3")
    assert "2 of 3 points are done" in wider.stderr
    assert len(finished(tmp_path)) == 3


def aggregate_of(folder):
    [directory] = folder.glob("runs/toy/sweep-*")
    claims = json.loads((directory / "claims.json").read_text())
    return pd.read_parquet(directory / "curves.parquet"), claims


def test_points_that_differ_in_their_seed_alone_are_repeats(tmp_path):
    done = sweep(tmp_path, "x=1,2", "seed=range(0,3)")
    assert done.returncode == 0, done.stderr
    curves, claims = aggregate_of(tmp_path)
    measured = curves[curves["source"] == "simulation"]
    assert measured["x"].tolist() == [1, 2]
    assert measured["n"].tolist() == [3 * 2 * 8] * 2  # seeds, cells, samples
    assert set(curves["panel"]) == {"parabola"}
    assert [(claim["id"], claim["verdict"], claim["at"]) for claim in claims] == [("positive", "holds", "")]
    single = [pd.read_parquet(path) for path in tmp_path.glob("runs/toy/2*/curves.parquet")]
    first = [rows[(rows["source"] == "simulation") & (rows["x"] == 1)] for rows in single]
    assert measured["y"].iloc[0] == pytest.approx(np.mean([rows["y"].iloc[0] for rows in first if len(rows)]))


def test_points_that_disagree_are_told_apart_by_a_param_of_the_axis_and_judged_each(tmp_path):
    done = sweep(tmp_path, "x=1", "offset=0,-20", "seed=0,1")
    assert done.returncode == 1, done.stderr  # at offset -20 the claim fails
    curves, claims = aggregate_of(tmp_path)
    measured = curves[curves["source"] == "simulation"]
    assert [json.loads(text)["offset"] for text in measured["params"]] == ["0", "-20"]
    assert measured["n"].tolist() == [32, 32]
    assert [(claim["at"], claim["verdict"]) for claim in claims] == [("offset=0", "holds"), ("offset=-20", "fails")]


def test_a_killed_launcher_loses_nothing_that_was_finished(tmp_path, undisturbed):
    process = start(tmp_path, TOY_SECONDS="0.2")
    wait_for(lambda: len(list(tmp_path.glob("runs/toy/2*/checkpoints/*"))) >= 5)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = finished(tmp_path)
    again = sweep(tmp_path)
    assert again.returncode == 0, again.stderr
    assert set(kept) <= set(finished(tmp_path))
    assert len(finished(tmp_path)) == 4
    assert results(tmp_path) == undisturbed


def test_a_second_sweep_waits_for_the_first_and_computes_nothing(tmp_path, undisturbed):
    go, said = tmp_path / "go", tmp_path / "said"
    first = start(tmp_path, TOY_UNTIL=str(go))
    wait_for(lambda: list(tmp_path.glob("runs/toy/2*")))
    with said.open("w") as stderr:
        second = start(tmp_path, stderr=stderr)
    wait_for(lambda: "another process runs this sweep" in said.read_text())
    go.touch()
    assert (first.wait(timeout=600), second.wait(timeout=90)) == (0, 0)
    assert "4 of 4 points are done" in said.read_text()
    assert results(tmp_path) == undisturbed


def test_the_status_of_a_running_sweep_is_shown_and_changes_nothing(tmp_path, undisturbed):
    go = tmp_path / "go"
    process = start(tmp_path, TOY_UNTIL=str(go))
    wait_for(lambda: list(tmp_path.glob("runs/toy/2*")))
    status = sweep(tmp_path, "--status")
    go.touch()
    assert "this sweep is running" in status.stdout
    assert process.wait(timeout=600) == 0
    assert results(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("slopee=1,2",), "unknown key slopee; did you mean slope?"),
        (("cells=0,1",), "cells = 0"),
        (("--launcher", "grid"), "unknown launcher 'grid'; valid: local, joblib, ray, slurm"),
        (("--jobs", "4"), "use --launcher joblib"),
        (("x=1",), "nothing to sweep"),
        (("sweep.axes={z:[1]}",), "unknown key"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, arguments, sentence):
    done = sweep(tmp_path, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
