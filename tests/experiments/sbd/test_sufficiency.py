"""Part `sufficiency` of sbd: are correlations solved to zero, and does the claim follow from distance and excess?"""

import numpy as np
import pytest

from solv.experiments.sbd.experiment import EXPERIMENT
from solv.experiments.sbd.settings import SbdConfig, Sufficiency
from solv.experiments.sbd.sufficiency import (
    LINEAR,
    OFF,
    RECORD,
    RECTIFIED,
    Panels,
    uncorrelated_softmax,
    world,
)
from solv.harness.seeds import Seeds
from solv.harness.settings import replace
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import context, findings, measured, on_theory, smoke, spoilt

SOURCES = {Panels.DISTANCE: {"theory", "simulation"}, Panels.EXCESS: {"simulation"}, Panels.LEFT: {"simulation"}}
CONFIG = replace(SbdConfig(), parts=("sufficiency",))
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("sbd", "sufficiency").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("sbd", "sufficiency").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("sbd", "sufficiency").unpaired() == {Panels.EXCESS, Panels.LEFT}


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("sbd", "sufficiency").claims == ("orthogonality-suffices",)


def test_the_softmax_s_score_is_uncorrelated_and_its_loss_above_the_least():
    x, chances = world(Sufficiency(inputs=200), Seeds(0))
    h = np.maximum(x @ np.random.default_rng(0).normal(size=(x.shape[1], 20)), 0)
    log_p = uncorrelated_softmax(h, chances)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
    assert np.abs(h.T @ (np.exp(log_p) - chances)).max() / 200 < 1e-8
    entropy = -(chances * np.log(chances)).sum(axis=1).mean()
    assert -(chances * log_p).sum(axis=1).mean() > entropy


def test_measured_distances_are_those_predicted(tmp_path):
    """48 layers of 64 units over 400 inputs: the mean is known to 3 %."""
    config = replace(CONFIG, sufficiency=Sufficiency(inputs=400, width=(64,), repeats=48))
    curves = join_curves([EXPERIMENT.predict(config), measured(EXPERIMENT, config, context(tmp_path))])
    rows = select(curves, panel=Panels.DISTANCE, features=RECTIFIED, x=64)
    theory, found = (select(rows, source=source).iloc[0]["y"] for source in ("theory", "simulation"))
    assert found == pytest.approx(theory, rel=0.12)
    linear = select(curves, panel=Panels.DISTANCE, features=LINEAR, x=64)
    np.testing.assert_allclose(
        select(linear, source="simulation")["y"], select(linear, source="theory")["y"], rtol=1e-6
    )


@pytest.fixture(scope="module")
def ideal():
    theory = EXPERIMENT.predict(CONFIG)
    at = {"features": RECTIFIED}
    excess = ("excess", [0.5, 0.01])
    return join_curves(
        [
            theory,
            on_theory(theory, n=24),
            RECORD.simulation(Panels.EXCESS, at, x=("units", [4, 256]), y=excess, y_err=0.001, n=24),
            RECORD.simulation(
                Panels.LEFT, {**at, "signal": "score"}, x=("units", [4]), y=("left", 1e-9), y_err=np.nan, n=1
            ),
        ]
    )


def verdict(curves):
    return findings(EXPERIMENT, curves, CONFIG)["orthogonality-suffices"].verdict


def test_the_claim_on_both_sides_of_its_edges(ideal):
    def off(strength):
        return spoilt(
            ideal,
            lambda rows: rows.assign(y=rows["y"] * (1 + strength * OFF), y_err=1e-9),
            panel=Panels.DISTANCE,
            features=RECTIFIED,
            x=256,
        )

    assert verdict(ideal) is HOLDS
    assert verdict(off(0.9)) is HOLDS
    assert verdict(off(1.1)) is verdict(off(-1.1)) is FAILS


def test_correlations_that_are_left_and_excess_that_does_not_fall_do_not_hold(ideal):
    assert verdict(spoilt(ideal, lambda rows: rows.assign(y=1e-3), panel=Panels.LEFT)) is UNDECIDED
    assert verdict(spoilt(ideal, lambda rows: rows.assign(y=[0.01, 0.5]), panel=Panels.EXCESS)) is FAILS
    vague = spoilt(ideal, lambda rows: rows.assign(y_err=1.0), panel=Panels.DISTANCE, features=RECTIFIED)
    assert verdict(vague) is UNDECIDED
