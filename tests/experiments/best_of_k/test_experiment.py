"""Do the claims of best-of-k follow from the curves alone, and does theory answer the reference values by its keys?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.best_of_k.experiment import (
    EXPERIMENT,
    BestOf,
    BestOfKConfig,
    DataAgainstSamples,
    Temperature,
    equivalents,
)
from solv.experiments.best_of_k.language import CLAIM
from solv.harness.runner import run_experiment
from solv.harness.settings import defaults, resolve
from solv.theory.best_of_k.selection import optimal_temperature
from solv.tracking.claims import Verdict
from solv.tracking.curves import select

SIZES = BestOfKConfig(
    temperature=(0.1,),
    against_temperature=Temperature(simulated=(0.0, 0.1, 1.3, 5.0), best_at=(16,)),
    best_of=BestOf(alpha=(1.0, 8.0)),
    data=DataAgainstSamples(columns=6, rows=6, alpha=(2.0,)),
)


@pytest.fixture(scope="module")
def theory():
    return EXPERIMENT.predict(SIZES)


@pytest.fixture(scope="module")
def ideal(theory):
    """Theory, and measurements that lie on it with errors of 0.5 % (of 0.001 where the sign is what matters)."""
    sign = theory["panel"] == "data"
    measured = theory[theory["y_name"] != "k"].assign(
        source="simulation", y_err=np.where(sign, 0.001, 0.005 * theory["y"].abs())[theory["y_name"] != "k"], n=40
    )
    slow = measured["series"].str.startswith("k → ∞")
    return pd.concat([theory, measured[~slow]], ignore_index=True)


def verdicts(curves):
    return {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves) if claim.id != CLAIM}


def test_every_claim_holds_on_curves_that_lie_on_the_theory(ideal):
    found = verdicts(ideal)
    assert len(found) == 8
    assert {name for name, verdict in found.items() if verdict is not Verdict.HOLDS} == set()


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    assert set(verdicts(ideal[ideal["panel"] == "no such panel"]).values()) == {Verdict.UNDECIDED}


@pytest.mark.parametrize(
    ("claim", "panel", "spoil"),
    [
        ("matches-theory", "", lambda rows: rows.assign(y=1.1 * rows["y"])),
        ("monotone-when-judge-near-teacher", "samples α", lambda rows: rows.assign(y=rows["x"])),
        ("finite-optimal-k-when-misspecified", "samples α", lambda rows: rows.assign(y=1 / rows["x"])),
        ("best-judge-is-not-teacher", "direction-gain", lambda rows: rows.assign(y=1 + rows["x"].abs())),
        ("optimal-temperature", "temperature", lambda rows: rows.assign(y=rows["x"])),
        ("inverse-square-law", "coefficient", lambda rows: rows.assign(y=1.1 * rows["y"])),
        ("inverse-square-law", "coefficient", lambda rows: rows.assign(y=(rows["x"] / 1e3) ** 0.2)),
        ("samples-beat-data-region", "data", lambda rows: rows.assign(y=-rows["y"])),
        ("difficulty-degrades", "difficulty", lambda rows: rows.assign(y=rows["x"])),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, spoil):
    rows = ideal["panel"].str.startswith(panel) & (ideal["source"] == "simulation")
    assert rows.any()
    spoilt = pd.concat([ideal[~rows], spoil(ideal[rows])], ignore_index=True)
    assert verdicts(spoilt)[claim] is Verdict.FAILS


@pytest.mark.parametrize(
    "claim", ["finite-optimal-k-when-misspecified", "best-judge-is-not-teacher", "optimal-temperature"]
)
def test_large_errors_leave_a_claim_undecided(ideal, claim):
    vague = ideal.assign(y_err=ideal["y_err"].where(ideal["source"] == "theory", 5.0))
    assert verdicts(vague)[claim] is Verdict.UNDECIDED


def test_theory_answers_the_reference_table(theory):
    table = {
        0: [0.600781, 0.244275, 0.107360, 0.064207, 0.052548, 0.049072, 0.047772, 0.046938],
        0.3: [0.600781, 0.278334, 0.161412, 0.128165, 0.120934, 0.119445, 0.119049, 0.118823],
        0.6: [0.600781, 0.341318, 0.273604, 0.276775, 0.295102, 0.310495, 0.320591, 0.330245],
    }
    for mis, expected in table.items():
        series = "teacher as judge" if mis == 0 else f"mis={mis:g}"
        line = select(theory, panel="samples α=2 T=0.1", series=series)
        line = line[line["x"] != 128]
        np.testing.assert_allclose(line["y"], expected, atol=1e-5)


def test_the_drawn_optimal_temperature_is_that_of_the_solver(theory):
    line = select(theory, panel="optimal-temperature", series="k=16")
    for _, row in line.iloc[[0, -1]].iterrows():
        solved = optimal_temperature(equivalents(SIZES, 2.0, row["x"]), 16).argument
        # the vertex of a parabola through a grid with steps of a factor 1.8
        assert abs(np.log(row["y"] / solved)) < 0.25


def test_scientific_keys_take_scalars_and_infinite_temperature():
    values = defaults(BestOfKConfig)
    config = resolve(BestOfKConfig, {**values, "temperature": float("inf"), "k": [1, 100], "mis": 0.6})
    curves = EXPERIMENT.predict(config)
    np.testing.assert_allclose(select(curves, panel="samples α=2 T=inf")["y"], 0.600781, atol=1e-6)


def test_a_tiny_run_measures_every_panel(tmp_path):
    from solv.harness.compose import settings_for

    experiment, settings = settings_for("best-of-k", "smoke", [f"runs_dir={tmp_path}"])
    outcome = run_experiment(experiment, settings, preset="smoke")
    panels = {panel.name for panel in experiment.panels(settings)} - {"optimal-samples", "optimal-temperature"}
    measured = outcome.curves[outcome.curves["source"] != "theory"]
    assert panels <= set(measured["panel"])
    assert (outcome.run.path / "figure.png").exists()
