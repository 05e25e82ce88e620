"""Part `starts` of softmax-law: filled by itself, and judged on both sides of every edge."""

import pytest

from solv.experiments.softmax_law.starts import FALLS, RECORD, SETTLED, STARTS, STILL, Panels
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves
from tests.experiments.scaffold import smoke, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
CLAIMS = {claim.id: claim for claim in STARTS.claims}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "starts").sources() == {panel: {"trained"} for panel in Panels}


def test_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "starts").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "starts").claims == tuple(CLAIMS)


def true_curves(scale=0.0, loss=-0.3, ratio=1.0, error=1e-4, steps=SETTLED):
    """At a larger rate, by which nobody judges, everything is the other way round."""
    starts, schedule = {"of": "starts", "start": 1.0, "steps": steps}, {"of": "schedule", "steps": steps}
    made = []
    for rate, sign in ((0.3, -1), (0.1, 1)):
        x = ("rate", rate)
        for name, y in (("scale", scale if sign > 0 else 5 * STILL), ("loss", sign * loss)):
            made.append(RECORD.trained(Panels.FITS, starts, x=x, y=(name, y), y_err=error, n=3))
        made.append(RECORD.trained(Panels.FITS, schedule, x=x, y=("log_ratio", sign * ratio), y_err=error, n=3))
        for clock in ("tau", "steps"):
            of = {"of": "schedule", "clock": clock}
            made.append(RECORD.trained(Panels.FITS, of, x=x, y=("exponent", -0.4), y_err=error, n=3))
    return join_curves(made)


def verdict(claim, curves):
    return judge(CLAIMS[claim], curves, {}).verdict


def put(value):
    return lambda rows: rows.assign(y=value)


JUDGED = {"panel": Panels.FITS, "of": "starts", "x": 0.1}
EDGES = [
    *(
        ("large-start-rotates", {**JUDGED, "y_name": "scale"}, lambda s, sign=sign: put(sign * s * STILL))
        for sign in (-1, 1)
    ),
    ("large-start-rotates", {**JUDGED, "y_name": "loss"}, lambda s: put((s - 2) * FALLS)),
]


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_the_scale_of_a_large_start_stands_still_and_its_loss_falls(claim, rows, change, strength, expected):
    assert verdict(claim, spoilt(true_curves(), change(strength), **rows)) is expected


@pytest.mark.parametrize(("ratio", "expected"), [(0.01, HOLDS), (-0.01, FAILS)])
def test_tau_is_the_clock_where_it_explains_more(ratio, expected):
    assert verdict("tau-is-the-clock", true_curves(ratio=ratio)) is expected


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("change", [{"error": 10.0}, {"error": 0.0}, {"steps": SETTLED - 1}])
def test_a_large_error_or_a_short_run_leaves_it_undecided(claim, change):
    assert verdict(claim, true_curves(**change)) is UNDECIDED
