"""Part `sgd` of anytime: is every panel filled by the part alone?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.anytime.sgd import TOLERANCE, Panels, judge_ratios
from solv.tracking.claims import Verdict
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.SGD: {"simulation", "theory"},
    Panels.RATIO: {"simulation"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "sgd").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "sgd").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("anytime", "sgd").unpaired() & {Panels.SGD}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"sgd-follows-theory"} <= set(smoke("anytime", "sgd").claims)


QUICK_ERRORS = np.linspace(0.004, 0.014, 32)  # of the 32 ratios of a quick run, the largest the measured 1.4 %


def ratios(true, rng, correlation=0.7, degrees=999):
    """Return the ratios of one run: correlated curves, as they share samples, with errors that are estimated."""
    common, own = rng.normal(size=2 * 16).repeat(16)[:32], rng.normal(size=32)
    noise = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    seen = QUICK_ERRORS * np.sqrt(rng.chisquare(degrees, 32) / degrees)
    return pd.DataFrame({"y": true + QUICK_ERRORS * noise, "y_err": seen, "n": degrees + 1})


def test_true_curves_fail_in_less_than_one_run_of_two_hundred_and_are_mostly_decided():
    rng = np.random.default_rng(0)
    found = [judge_ratios(ratios(1.0, rng)).verdict for _ in range(600)]
    assert found.count(Verdict.FAILS) == 0
    assert found.count(Verdict.HOLDS) > 0.95 * len(found)


def test_true_curves_at_the_edge_fail_by_chance_in_less_than_one_run_of_two_hundred():
    """The worst that may still be called right, every curve off by the whole tolerance; few replicas, long tails."""
    rng = np.random.default_rng(1)
    for degrees in (999, 99):
        found = [judge_ratios(ratios(1 + TOLERANCE, rng, degrees=degrees)).verdict for _ in range(600)]
        assert found.count(Verdict.FAILS) <= 3


@pytest.mark.parametrize("sign", [-1, 1])
def test_curves_that_are_off_by_twice_the_tolerance_fail(sign):
    rng = np.random.default_rng(2)
    found = [judge_ratios(ratios(1 + 2 * sign * TOLERANCE, rng)).verdict for _ in range(200)]
    assert set(found) == {Verdict.FAILS}
    one = ratios(1.0, rng)
    one.loc[7, "y"] += 2 * sign * TOLERANCE
    assert judge_ratios(one).verdict is Verdict.FAILS
