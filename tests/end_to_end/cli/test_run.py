"""Does `solv run` record a run that can be killed and repeated, with the same bits every time?"""

import json
import os
import shutil
import signal

import pandas as pd
import pytest

from solv.harness.compose import settings_for
from solv.harness.runner import run_experiment
from tests.end_to_end.cli.conftest import ROOT, SOLV, call_process

# Parts of the smoke preset: theory alone, simulated, trained. What W&B may do to a run has tests of its own.
SMOKE = (
    *("run", "cot-depth", "--preset", "smoke", "alpha=4", "phase={columns:3,rows:3}", "phase.alpha=4", "rho=0"),
    *("tau=[1.5,3,inf]", "parts=[depth,phase-diagram,long-chains,linear-attention]", "wandb=disabled"),
)
RECORDED = (*SMOKE, "wandb=auto")  # as it is by default
RESULTS = ("curves.parquet", "claims.json", "agreement.csv", "figure.png", "figure.svg")


def only_run(work, folder="runs"):
    [manifest] = work.glob(f"{folder}/cot-depth/*/manifest.json")
    return manifest.parent


@pytest.fixture
def finished(work, undisturbed):
    """A working directory in which the run is done."""
    shutil.copytree(undisturbed[1].parents[1], work / "runs")
    return work


def results(run):
    return {name: (run / name).read_bytes() for name in RESULTS}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The results of a run that nothing happened to."""
    work = tmp_path_factory.mktemp("undisturbed")
    done = call_process([*SOLV, *SMOKE], work, {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"})
    return done, only_run(work)


def test_a_run_prints_agreement_claims_and_the_path_of_its_figure(undisturbed):
    done, run = undisturbed
    assert done.returncode in (0, 1), done.stderr
    assert "Theory and measurement" in done.stdout
    assert "matches-theory" in done.stdout
    assert f"figure: {run.relative_to(run.parents[2]) / 'figure.png'}" in done.stdout
    assert "simulate chains: " in done.stderr


def test_the_exit_status_tells_whether_a_claim_fails(undisturbed):
    done, run = undisturbed
    verdicts = {claim["verdict"] for claim in json.loads((run / "claims.json").read_text())}
    assert done.returncode == (1 if "fails" in verdicts else 0)


def test_the_manifest_says_what_made_the_run_and_nothing_secret(undisturbed):
    _, run = undisturbed
    manifest = json.loads((run / "manifest.json").read_text())
    assert {"versions", "commit", "device", "threads", "seed", "seconds", "code", "claims"} <= set(manifest)
    assert manifest["device"] == "cpu"
    assert "api_key" not in (run / "manifest.json").read_text().lower()


def test_the_curves_hold_theory_and_measurement(undisturbed):
    curves = pd.read_parquet(undisturbed[1] / "curves.parquet")
    assert {"theory", "simulation"} <= set(curves["source"])


def test_a_second_run_computes_nothing_and_a_fresh_one_has_the_same_bits(solv, finished, undisturbed):
    run = only_run(finished)
    second = solv(*SMOKE)
    assert "already run; nothing was computed" in second.stdout
    assert second.returncode == undisturbed[0].returncode
    assert solv(*RECORDED, "--fresh").returncode == undisturbed[0].returncode
    runs = sorted(path.parent for path in finished.glob("runs/cot-depth/*/manifest.json"))
    assert len(runs) == 2
    assert results(runs[0]) == results(runs[1]) == results(undisturbed[1])
    listed = solv("runs", "cot-depth").stdout
    assert all(path.name in listed for path in runs)
    assert run in runs


@pytest.mark.parametrize(("units", "asked"), [(3, RECORDED), (6, SMOKE)], ids=["3", "6"])
def test_a_killed_run_is_resumed_with_the_same_bits(start_and_hold, solv, work, undisturbed, units, asked):
    """SIGKILL when that many units of work are on disk."""
    process = start_and_hold(units, *asked)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(list(work.glob("runs/cot-depth/*/checkpoints/*.npz"))) == units
    again = solv(*asked)
    assert again.returncode in (0, 1), again.stderr
    assert "resuming" in again.stderr
    assert results(only_run(work)) == results(undisturbed[1])


def test_an_interrupted_run_says_how_to_go_on(start_and_hold):
    process = start_and_hold(1, *SMOKE)
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "interrupted; the same command goes on where this one stopped" in output
    assert "Traceback" not in output


def test_another_seed_gives_other_numbers_and_the_same_theory(tmp_path, undisturbed):
    """Through the runner, without the figure that would take most of the time."""
    name, *overrides = (part for part in SMOKE[1:] if part not in ("--preset", "smoke"))
    experiment, settings = settings_for(name, "smoke", [*overrides, "seed=5", f"runs_dir={tmp_path}"])
    ours = run_experiment(experiment, settings, preset="smoke", figure=False).curves
    theirs = pd.read_parquet(undisturbed[1] / "curves.parquet")
    assert ours[ours["source"] == "theory"].equals(theirs[theirs["source"] == "theory"])
    simulated = ours["source"] == "simulation"
    assert not ours[simulated]["y"].equals(theirs[simulated]["y"])
