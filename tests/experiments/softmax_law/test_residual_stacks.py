"""Part `residual-stacks` of softmax-law: filled by itself, and judged on both sides of every edge."""

import pytest

from solv.experiments.softmax_law.residual_stacks import LONG, NEAR, PEAKED, RECORD, RESIDUAL_STACKS, Panels
from solv.experiments.softmax_law.toy import target_scale
from solv.theory.softmax_law.random_energies import critical_scale
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves
from tests.experiments.scaffold import smoke, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
[CLAIM] = RESIDUAL_STACKS.claims
EDGE = target_scale(PEAKED * critical_scale(128))  # the temperature of b* = PEAKED c0


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "residual-stacks").sources() == {panel: {"trained"} for panel in Panels}


def test_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "residual-stacks").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "residual-stacks").claims == (CLAIM.id,)


def true_curves(slope=-1 / 3, error=1e-4, tau=LONG, temperature=0.01, flat=-0.1, before=-1 / 3):
    made = []
    for each, late in ((temperature, slope), (1.0, flat)):  # a target that is not peaked is judged by nobody
        at = {"blocks": 6, "temperature": each, "rate": 1e-2, "classes": 128}
        steps = tau / 1e-2
        x = ("steps", [10, steps / 8, steps / 2])
        made.append(RECORD.trained(Panels.SLOPE, at, x=x, y=("slope", [-1, before, late]), y_err=error, n=3))
        made.append(RECORD.trained(Panels.LOSS, at, x=("steps", [2, steps]), y=("loss", [2, 1]), y_err=error, n=3))
    return join_curves(made)


def verdict(curves):
    return judge(CLAIM, curves, {}).verdict


EDGES = [
    (
        CLAIM.id,
        {"panel": Panels.SLOPE, "temperature": 0.01, "x": LONG / 1e-2 / 2},
        lambda s, sign=sign: lambda rows: rows.assign(y=-1 / 3 + sign * s * NEAR),
    )
    for sign in (-1, 1)
]


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_the_slope_is_a_third_within_its_tolerance(claim, rows, change, strength, expected):
    assert verdict(spoilt(true_curves(), change(strength), **rows)) is expected


@pytest.mark.parametrize(("before", "expected"), [(-0.42, HOLDS), (-0.45, UNDECIDED), (-0.2, UNDECIDED)])
def test_a_slope_that_passes_through_a_third_is_no_exponent(before, expected):
    assert verdict(true_curves(before=before)) is expected


@pytest.mark.parametrize(
    ("slopes", "expected"), [((-0.42, -0.35, -0.25, -0.1), UNDECIDED), ((-0.5, -0.3, -0.1), FAILS)]
)
def test_what_was_steady_may_have_learned_what_it_can(slopes, expected):
    """Windows of a factor 4 each: a plateau that ended is not told from one that had not begun to."""
    at = {"blocks": 6, "temperature": 0.01, "rate": 1e-2, "classes": 128}
    x = ("steps", [100 * 4.0**place for place in range(len(slopes))])
    made = RECORD.trained(Panels.SLOPE, at, x=x, y=("slope", slopes), y_err=1e-4, n=3)
    losses = RECORD.trained(Panels.LOSS, at, x=("steps", [2, 20_000]), y=("loss", [2, 1]), y_err=1e-4, n=3)
    assert verdict(join_curves([made, losses])) is expected


@pytest.mark.parametrize("change", [{"error": 10.0}, {"error": 0.0}, {"tau": 0.99 * LONG}])
def test_a_large_error_or_a_short_run_leaves_it_undecided(change):
    assert verdict(true_curves(**change)) is UNDECIDED


@pytest.mark.parametrize(("strength", "expected"), [(0.99, FAILS), (1.01, UNDECIDED)])
def test_only_peaked_targets_are_judged(strength, expected):
    assert verdict(true_curves(-0.9, temperature=strength * EDGE)) is expected
