"""Part `long-training` of softmax-law: filled by itself, and judged on both sides of every edge."""

import numpy as np
import pytest

from solv.experiments.softmax_law.long_training import LONG_TRAINING, RECORD, STEEPENS, Panels, curvature_steps
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import smoke, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
CLAIMS = {claim.id: claim for claim in LONG_TRAINING.claims}
TAU = np.geomspace(0.006, 12, 24)


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "long-training").sources() == {
        Panels.LOSS: {"trained"},
        Panels.SLOPE: {"trained", "anchored"},
        Panels.GRADIENT: {"trained"},
        Panels.NORM: {"trained"},
        Panels.CURVATURE: {"trained"},
    }


def test_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "long-training").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "long-training").claims == tuple(CLAIMS)


def test_eigenvalues_are_ordered_and_less_than_the_trace():
    rows = select(smoke("softmax-law", "long-training").curves, panel=Panels.CURVATURE, temperature=0.1)
    first, second, third, trace = (select(rows, mode=mode)["y"].to_numpy() for mode in ("1st", "2nd", "3rd", "trace"))
    assert np.all(first >= 0.999 * second)
    assert np.all(second >= 0.999 * third)
    assert np.all(trace > first + second + third)


def test_the_curvature_is_measured_first_last_and_between():
    config = SoftmaxLawConfig(long={"steps": 1000, "curvatures": 4})
    steps = curvature_steps(config)
    assert (steps[0], steps[-1], len(steps)) == (2, 1000, 4)


def true_curves(cold=-1 / 3, hot=-2.0):
    found = []
    for temperature, slope in ((0.01, cold), (0.06, hot)):
        at = {"temperature": temperature, "rate": 3e-3}
        found.append(RECORD.trained(Panels.SLOPE, at, x=("tau", TAU), y=("slope", slope), y_err=1e-4, n=3))
        found.append(RECORD.trained(Panels.LOSS, at, x=("tau", TAU), y=("loss", 1 / TAU), y_err=1e-4, n=3))
    return join_curves(found)


def judged(curves, claim):
    return judge(CLAIMS[claim], curves, {}).verdict


EDGES = [
    (
        "long-adam-one-third",
        {"panel": Panels.SLOPE, "temperature": 0.01},
        lambda s: lambda rows: rows.assign(y=-1 / 3 - s * STEEPENS),
    )
]


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_a_plateau_at_a_third_is_one_within_its_tolerance(claim, rows, change, strength, verdict):
    assert judged(spoilt(true_curves(), change(strength), **rows), claim) is verdict


@pytest.mark.parametrize(("apart", "verdict"), [(0.55, HOLDS), (0.45, FAILS)])
def test_the_less_peaked_target_is_the_steeper_one(apart, verdict):
    assert judged(true_curves(hot=-1 / 3 - apart), "less-peaked-is-faster") is verdict


def test_a_loss_that_has_come_to_its_floor_is_read_before():
    """Batches and steps leave a loss of 3e-5, on which the least peaked target no longer falls."""
    curves = true_curves(hot=-4.0)
    hot = curves["params"].str.contains('"temperature": 0.06')
    there = hot & (curves["x"] > 3)
    loss, slope = (curves["panel"] == each for each in (Panels.LOSS, Panels.SLOPE))
    curves.loc[there & loss, "y"] = 3e-5
    curves.loc[there & slope, "y"] = 0.5
    found = judge(CLAIMS["less-peaked-is-faster"], curves, {})
    assert found.verdict is HOLDS
    assert "-4.00" in found.measured
    curves.loc[hot & slope & (curves["x"] < 3), "y"] = -0.2  # and where it fell, it was less steep
    assert judged(curves, "less-peaked-is-faster") is FAILS


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("error", [10.0, 0.0], ids=["large", "none"])
def test_an_error_that_is_large_or_not_known_leaves_a_claim_undecided(claim, error):
    vague = spoilt(true_curves(), lambda rows: rows.assign(y_err=error), panel=Panels.SLOPE)
    assert judged(vague, claim) is UNDECIDED


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_short_training_decides_nothing(claim):
    curves = true_curves()
    assert judged(curves[curves["x"] > 1], claim) is UNDECIDED
