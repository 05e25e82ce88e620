"""Part `weight-decay` of softmax-law: filled by itself, and judged on both sides of every edge."""

import math

import pytest

from solv.experiments.softmax_law.exponents import LONG
from solv.experiments.softmax_law.weight_decay import FALLS, RECORD, STILL, WEIGHT_DECAY, Panels
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves
from tests.experiments.scaffold import smoke, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
[CLAIM] = WEIGHT_DECAY.claims


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "weight-decay").sources() == {panel: {"trained"} for panel in Panels}


def test_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "weight-decay").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "weight-decay").claims == (CLAIM.id,)


def true_curves(scale=0.0, loss=-1 / 3, error=1e-4, steps=LONG):
    at, x = {"rate": 0.1, "decay": 0.05, "temperature": 0.05}, ("rate", 0.1)
    made = [
        RECORD.trained(Panels.LATE, at, x=x, y=(name, y), y_err=error, n=3)
        for name, y in (("scale", scale), ("loss", loss))
    ]
    made.append(RECORD.trained(Panels.LATE, at, x=x, y=("steps", steps), y_err=math.nan, n=1))
    return join_curves(made)


def verdict(curves):
    return judge(CLAIM, curves, {}).verdict


def put(value):
    return lambda rows: rows.assign(y=value)


EDGES = [
    (CLAIM.id, {"panel": Panels.LATE, "y_name": "scale"}, lambda s: put(s * STILL)),
    (CLAIM.id, {"panel": Panels.LATE, "y_name": "loss"}, lambda s: put((s - 2) * FALLS)),
]


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_the_scale_stands_still_and_the_loss_falls(claim, rows, change, strength, expected):
    assert verdict(spoilt(true_curves(), change(strength), **rows)) is expected


@pytest.mark.parametrize("change", [{"error": 10.0}, {"error": 0.0}, {"steps": LONG - 1}])
def test_a_large_error_or_a_short_run_leaves_it_undecided(change):
    assert verdict(true_curves(**change)) is UNDECIDED
