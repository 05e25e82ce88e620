"""Does icl-alignment run in every branch, predict the spec's numbers, and judge its claims by the curves alone?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.icl_alignment.experiment import EXPERIMENT
from solv.experiments.icl_alignment.predictions import MEASURES, RANK_PANELS
from solv.harness.compose import settings_for
from solv.harness.runner import run_experiment
from solv.harness.settings import ConfigurationError
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, parameter, select

SMALL = (
    "scatter.dimension=12",
    "scatter.angle=[inf]",
    "diversity.columns=6",
    "diversity.rows=6",
    "diversity.kappas=31",
)


@pytest.fixture(scope="module")
def theory():
    experiment, settings = settings_for("icl-alignment", "quick", SMALL)
    return experiment.predict(settings)


@pytest.fixture(scope="module")
def ideal(theory):
    """Theory, and measurements that lie on it with errors of 0.2 % (0.002 where the sign is what matters)."""
    finite = theory[np.isfinite(theory["y"]) & ~((theory["panel"] == "double-descent") & (theory["x"] == 1))]
    signed = finite["y_name"].eq("log_ratio")
    measured = finite.assign(y_err=np.where(signed, 0.002, 0.002 * finite["y"].abs()), n=6, source="simulation")
    trained = measured["panel"].eq("transformer linear") | measured["series"].str.startswith("transformer")
    measured.loc[trained, "source"] = "trained"
    return join_curves([theory, measured])


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    experiment, settings = settings_for("icl-alignment", "smoke", [f"runs_dir={tmp_path_factory.mktemp('runs')}"])
    outcome = run_experiment(experiment, settings, preset="smoke")
    return experiment, settings, outcome


def verdicts(curves):
    return {claim.id: claim.verdict for claim in EXPERIMENT.claims(curves)}


def test_a_smoke_run_fills_its_panels_with_theory_and_measurement(smoke):
    experiment, settings, outcome = smoke
    assert len(outcome.claims) == 8
    assert (outcome.run.path / "figure.png").stat().st_size > 100_000
    for panel in experiment.panels(settings):
        sources = set(outcome.curves.loc[outcome.curves["panel"] == panel.name, "source"])
        if panel.name.startswith("scatter ") and panel.name != "scatter A":
            assert sources == {"simulation"}  # rivals do not predict an error
        elif panel.name == "transformer tanh":
            assert sources == {"trained"}  # theory is about linear labels
        elif not panel.name.startswith(("alignment", "best-diversity")):
            assert len(sources) >= 2, panel.name


def test_a_smoke_run_fails_no_claim(smoke):
    assert Verdict.FAILS not in {claim.verdict for claim in smoke[2].claims}


def test_theory_has_the_reference_values_of_the_half_projector(theory):
    """The spec's table; its last kappa, 50, is infinite diversity to 3 decimals."""
    expected = {
        "same": {0.5: 0.45006, 1: 0.33096, 2: 0.29881, 5: 0.28735, 50: 0.28258},
        "isotropic": {0.5: 0.86105, 1: 0.82248, 2: 0.81667, 5: 0.81663, 50: 0.81744},
        "reversed": {0.5: 1.27204, 1: 1.31401, 2: 1.33453, 5: 1.34592, 50: 1.35231},
    }
    for series, values in expected.items():
        line = select(theory, panel="diversity half α=2 τ=4 ρ=0.01", series=series).set_index("x")["y"]
        for kappa, value in values.items():
            assert line[kappa] == pytest.approx(value, abs=2e-5)


def test_alignment_orders_the_errors_of_theory_better_than_any_rival(theory):
    everywhere = select(theory, panel=RANK_PANELS["all"])
    judged = everywhere[parameter(everywhere, "judged").eq(True)].set_index("x")["y"]
    assert judged[MEASURES.index("A")] > 0.95
    assert judged.drop(MEASURES.index("A")).max() < judged[MEASURES.index("A")] - 0.3


def test_every_claim_holds_on_curves_that_lie_on_the_theory(ideal):
    assert {name: verdict for name, verdict in verdicts(ideal).items() if verdict is not Verdict.HOLDS} == {}


def test_every_claim_is_undecided_where_its_curves_are_missing(ideal):
    assert set(verdicts(ideal[ideal["panel"] == "no such panel"]).values()) == {Verdict.UNDECIDED}


@pytest.mark.parametrize(
    ("claim", "panel", "spoil"),
    [
        ("matches-theory", "finite-size", lambda rows: rows.assign(y=1.1 * rows["y"])),
        ("double-descent-at-tau-1", "double-descent", lambda rows: rows.assign(y=rows["x"])),
        ("diversity-helps-aligned", "diversity", lambda rows: rows.assign(y=rows["x"])),
        ("diversity-harms-misaligned", "diversity", lambda rows: rows.assign(y=1 / rows["x"])),
        ("alignment-predicts-error", "rank-correlation", lambda rows: rows.assign(y=rows["x"] / 10)),
        ("transformer-follows-alignment", "rank-correlation", lambda rows: rows.assign(y=rows["x"] / 10)),
        ("longer-test-context-helps", "test-context", lambda rows: rows.assign(y=rows["x"])),
        ("optimal-pretraining-not-test", "pretraining", lambda rows: rows.assign(y=0.5)),
    ],
)
def test_a_claim_fails_where_the_measurement_contradicts_it(ideal, claim, panel, spoil):
    rows = ideal["panel"].str.startswith(panel) & (ideal["source"] != "theory")
    assert rows.any()
    spoilt = pd.concat([ideal[~rows], spoil(ideal[rows])], ignore_index=True)
    assert verdicts(spoilt)[claim] is Verdict.FAILS


@pytest.mark.parametrize(
    ("claim", "panel"),
    [
        ("matches-theory", "finite-size"),
        ("diversity-harms-misaligned", "diversity"),
        ("alignment-predicts-error", "rank-correlation"),
        ("longer-test-context-helps", "test-context"),
        ("optimal-pretraining-not-test", "pretraining"),
    ],
)
def test_large_errors_leave_a_claim_undecided(ideal, claim, panel):
    rows = ideal["panel"].str.startswith(panel) & (ideal["source"] != "theory")
    noisy = ideal.assign(y_err=np.where(rows, 3 * ideal["y"].abs() + 1, ideal["y_err"]))
    assert verdicts(noisy)[claim] is Verdict.UNDECIDED


def test_a_transformer_that_has_learned_nothing_leaves_its_claim_undecided(ideal):
    rows = ideal["panel"].eq("transformer linear") & (ideal["source"] == "trained")
    idle = ideal.assign(y=np.where(rows, 1.01, ideal["y"]))
    assert verdicts(idle)["transformer-follows-alignment"] is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("kappa=[0.01]", "kappa = 0.01 is less than one task"),
        ("pretraining.kappa=[1]", "cases in pairs"),
        ("scatter.dimension=4", "scatter.dimension"),
        ("train=[third]", "train"),
    ],
)
def test_settings_out_of_range_are_named(override, named):
    def predicted():
        experiment, settings = settings_for("icl-alignment", "quick", [override])
        return experiment.predict(settings)

    with pytest.raises(ConfigurationError, match=named):
        predicted()
