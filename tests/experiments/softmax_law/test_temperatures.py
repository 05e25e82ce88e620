"""Part `temperatures` of softmax-law: filled by itself, and judged on both sides of every edge."""

import math
from functools import cache

import numpy as np
import pytest

from solv.experiments.softmax_law.exponents import LONG
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.temperatures import (
    ADAM,
    ALIGNED,
    GROWTH,
    POOLED,
    RECORD,
    SETTLED,
    SGD,
    SHIFT,
    TEMPERATURES,
    Panels,
    distances,
    pooled_exponents,
)
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves, select
from tests.experiments.scaffold import smoke, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
SURE = {"y_err": 1e-4, "n": 3}
CLAIMS = {claim.id: claim for claim in TEMPERATURES.claims}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "temperatures").sources() == {
        Panels.LOSS: {"theory", "trained"},
        Panels.SLOPE: {"theory", "trained"},
        Panels.MAP: {"trained"},
        Panels.EXPONENT: {"theory", "trained"},
        Panels.GROWTH: {"trained"},
        Panels.POOLED: {"trained"},
        Panels.COLLAPSE: {"trained"},
    }


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "temperatures").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "temperatures").claims == tuple(CLAIMS)


@cache
def true_curves():
    """What a run would measure that shows every claim."""
    made = []
    for rule in (ADAM, SGD):
        steps = ("steps", SETTLED)
        at = {"rule": rule, "classes": 128}
        made.append(RECORD.trained(Panels.POOLED, at, x=("temperature", 0), y=steps, y_err=math.nan, n=1))
    x = ("temperature", 1e-3)
    made.append(RECORD.trained(Panels.POOLED, {"rule": ADAM}, x=x, y=("exponent", -1 / 3), **SURE))
    for clock, y in (("tau", 0.0), ("steps", 1.0)):
        at = {"rule": ADAM, "clock": clock}
        made.append(RECORD.trained(Panels.COLLAPSE, at, x=x, y=("distance", y), **SURE))
    for rate, exponent in ((0.01, -0.5), (0.1, -1 / 3), (0.3, -0.1)):
        at = {"rule": ADAM, "rate": rate}
        made.append(RECORD.trained(Panels.EXPONENT, at, x=("peakedness", 185), y=("exponent", exponent), **SURE))
        at, x = {"rule": ADAM, "temperature": 1e-3}, ("rate", rate)
        made.append(RECORD.trained(Panels.GROWTH, at, x=x, y=("exponent", 0.4), **SURE))
    at, x = {"rule": SGD, "rate": 10.0}, ("peakedness", [0.5, 185])
    made.append(RECORD.theory(Panels.EXPONENT, at, x=x, y=("exponent", [-3, -0.4])))
    made.append(RECORD.trained(Panels.EXPONENT, at, x=x, y=("exponent", [-2, -0.4]), **SURE))
    return join_curves(made)


def judged(curves, claim):
    return judge(CLAIMS[claim], curves, {}).verdict


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_holds_of_what_it_says(claim):
    assert judged(true_curves(), claim) is HOLDS


def put(value):
    return lambda rows: rows.assign(y=value)


EDGES = [
    ("adam-collapses-on-tau", {"panel": Panels.COLLAPSE, "clock": "tau"}, lambda s: put(SHIFT * s)),
    ("adam-one-third", {"panel": Panels.POOLED, "y_name": "exponent"}, lambda s: put(-1 / 3 - POOLED * s)),
    (
        "adam-slope-moves-with-the-rate",
        {"panel": Panels.EXPONENT, "rate": 0.01},
        lambda s: put(-1 / 3 - 0.05 - 0.1 * (1 - s)),
    ),
    (
        "adam-slope-moves-with-the-rate",
        {"panel": Panels.EXPONENT, "rate": 0.3},
        lambda s: put(-1 / 3 + 0.05 + 0.1 * (1 - s)),
    ),
    ("adam-scale-grows-as-two-fifths", {"panel": Panels.GROWTH}, lambda s: put(0.4 - GROWTH * s)),
    ("sgd-follows-the-flow", {"panel": Panels.EXPONENT, "rule": SGD}, lambda s: put(-0.4 + ALIGNED * s)),
]


@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_a_claim_holds_at_nine_tenths_of_its_tolerance_and_fails_at_eleven(claim, rows, change):
    for strength, verdict in ((0.9, HOLDS), (1.1, FAILS)):
        assert judged(spoilt(true_curves(), change(strength), **rows), claim) is verdict


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("error", [10.0, 0.0], ids=["large", "none"])
def test_an_error_that_is_large_or_not_known_leaves_a_claim_undecided(claim, error):
    vague = true_curves().assign(y_err=np.where(true_curves()["source"] == "theory", 0.0, error))
    assert judged(vague, claim) is UNDECIDED


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_run_of_few_steps_or_classes_decides_no_law(claim):
    short = spoilt(true_curves(), lambda part: part.assign(y=LONG - 1.0), panel=Panels.POOLED, y_name="steps")
    assert judged(short, claim) is UNDECIDED
    assert UNDECIDED is judged(smoke("softmax-law", "temperatures").curves, claim)


def test_curves_of_one_law_have_one_exponent_and_no_distance():
    steps, rates = np.geomspace(2, 2000, 30), [0.01, 0.1]
    losses = np.stack([np.stack([(rate * steps) ** -0.4] * 2) for rate in rates])
    np.testing.assert_allclose(pooled_exponents([rate * steps for rate in rates], losses), -0.4)
    same, stepped = distances(rates, steps, losses)
    np.testing.assert_allclose(same, 0, atol=1e-12)
    np.testing.assert_allclose(stepped, 0.4 * math.log(10))
    assert distances([0.1], steps, losses[:1]) is None
    assert pooled_exponents([], losses[:0]) is None


def test_the_slope_of_gradient_flow_is_a_function_of_the_loss_and_steeper_for_the_less_peaked():
    config = SoftmaxLawConfig(parts=["temperatures"], rates={"temperature": [0.001, 0.05]}, theory_points=1000)
    rows = select(join_curves(TEMPERATURES.predict(config)), panel=Panels.SLOPE, rule=ADAM)
    near = rows[(rows["x"] - 0.1).abs() < 0.02]
    cold, hot = (select(near, temperature=each)["y"].mean() for each in (0.001, 0.05))
    assert hot < cold < -0.3
