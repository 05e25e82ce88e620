"""Part `learning-curves` of dmft: is every panel filled by the part alone, and is its claim judged on both sides?"""

import pandas as pd
import pytest

from solv.experiments.dmft import learning_curves
from solv.experiments.dmft.learning_curves import LEARNING_CURVES, RATIOS, Panels
from solv.experiments.dmft.settings import DmftConfig
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import on_theory, smoke, spoilt

SOURCES = {Panels.TIME: {"simulation", "theory"}, Panels.SAMPLES: {"simulation", "theory"}}
HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
CLAIM = LEARNING_CURVES.claims[0]


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "learning-curves").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "learning-curves").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "learning-curves").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "learning-curves").claims == ("interpolation-peak",)


@pytest.fixture(scope="module")
def ideal():
    theory = join_curves(learning_curves.predict(DmftConfig()))
    theory = theory[theory["panel"] == Panels.SAMPLES]
    return pd.concat([theory, on_theory(theory[theory["x"].isin(RATIOS)], error=1e-3)], ignore_index=True)


def verdict(curves):
    return CLAIM.judge(curves).verdict


def test_losses_are_the_papers(ideal):
    """The test loss includes sigma2: at alpha = 2 it ends at 2 sigma2, and training at sigma2 / 2."""
    late = select(ideal, source="theory", time=1e4, x=2.0)
    assert float(select(late, loss="test")["y"].iloc[0]) == pytest.approx(0.02, rel=1e-6)
    assert float(select(late, loss="train")["y"].iloc[0]) == pytest.approx(0.005, rel=1e-6)
    start = learning_curves.regression_flow_losses(0.5, 0.01, [0.0])
    assert learning_curves._losses(start, 0.01)["test"][0] == pytest.approx(1.01)


def test_the_claim_holds_on_theory_and_large_errors_decide_nothing(ideal):
    assert verdict(ideal) is HOLDS
    assert verdict(ideal.assign(y_err=ideal["y"] * (ideal["source"] != "theory"))) is UNDECIDED
    assert verdict(ideal.assign(y_err=0.0)) is UNDECIDED


@pytest.mark.parametrize(("sigmas", "expected"), [(3.2, HOLDS), (2.8, UNDECIDED), (-2.8, UNDECIDED), (-3.2, FAILS)])
def test_the_peak_is_above_its_neighbours_by_three_standard_errors(ideal, sigmas, expected):
    late = {"time": 1e4, "loss": "test"}
    beside = float(select(ideal, source="theory", x=0.7, **late)["y"].iloc[0])

    def above(rows):
        return rows.assign(y=beside + sigmas * 0.01, y_err=0.01)

    exact = spoilt(ideal, lambda rows: rows.assign(y_err=1e-9), **late)
    assert verdict(spoilt(exact, above, x=1.0, **late)) is expected


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
def test_training_ends_on_its_floor(ideal, strength, expected):
    def moved(rows):
        return rows.assign(y=0.005 + 0.05 * strength * 0.01, y_err=1e-9)

    assert verdict(spoilt(ideal, moved, time=1e4, loss="train", x=2.0)) is expected


def test_early_a_loss_that_rises_with_samples_is_refuted(ideal):
    rising = spoilt(ideal, lambda rows: rows.assign(y=0.2 + 0.1 * rows["x"]), time=1, loss="test")
    assert verdict(rising) is FAILS


def test_what_the_settings_leave_out_is_said(ideal):
    assert CLAIM.judge(select(ideal, time=1)).needs.startswith("learning.times")
    silent = ideal.assign(params=ideal["params"].str.replace('"noise": 0.01', '"noise": 0'))
    assert CLAIM.judge(silent).needs == "learning.noise > 0"
