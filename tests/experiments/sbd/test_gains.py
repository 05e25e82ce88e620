"""Are gains called positive or negative as rarely by chance as is promised, and never from too few seeds?"""

import numpy as np
import pytest

from solv.experiments.sbd.accuracy import RECORD, Panels
from solv.experiments.sbd.gains import FALSE_ALARM, judged_gains, student
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves, standard_error


def gains(*values, y_err=0.01, n=8):
    return join_curves(
        RECORD.trained(Panels.GAIN, {"rule": f"rule {place}"}, x=("rule", 0), y=("difference", y), y_err=y_err, n=n)
        for place, y in enumerate(values)
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_both_sides_of_the_edge(sign):
    edge = sign * 0.01 * student(2, 8)

    def verdict(strength):
        return judged_gains(gains(sign * 1.0, strength * edge), sign, ("rule",)).verdict

    assert verdict(1.1) is Verdict.HOLDS
    assert verdict(0.9) is verdict(-0.9) is Verdict.UNDECIDED
    assert verdict(-1.1) is Verdict.FAILS


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gain_that_is_clearly_no_worthwhile_one_fails_and_a_small_one_that_is_clear_holds(sign):
    edge = student(2, 8)

    def verdict(gain, error):
        return judged_gains(gains(sign * 1.0, sign * gain, y_err=error), sign, ("rule",), worthwhile=0.01).verdict

    assert verdict(0.0, 0.009 / edge) is Verdict.FAILS
    assert verdict(0.0, 0.011 / edge) is Verdict.UNDECIDED
    assert verdict(0.005, 0.0049 / edge) is Verdict.HOLDS  # also clearly below 0.01, but a gain
    assert verdict(0.005, 0.0051 / edge) is Verdict.UNDECIDED


def test_few_seeds_and_equal_accuracies_decide_nothing():
    assert judged_gains(gains(0.5, n=4), 1, ("rule",)).verdict is Verdict.UNDECIDED
    assert judged_gains(gains(0.0, -0.0, y_err=0.0), 1, ("rule",)).verdict is Verdict.UNDECIDED
    assert judged_gains(gains(0.5, y_err=1e-9), 1, ("rule",)).verdict is Verdict.UNDECIDED


def test_equal_rules_are_called_worse_in_fewer_than_one_of_two_hundred_rankings():
    """5000 rankings of four equal rules over five seeds, with accuracies of 400 test images."""
    rng, found = np.random.default_rng(0), []
    for _ in range(5000):
        curves = [standard_error(rng.binomial(400, 0.05, 5) / 400 - rng.binomial(400, 0.05, 5) / 400) for _ in range(4)]
        sigmas = student(4, 5)
        found.append(any(y + sigmas * error <= 0 and error > 0 for y, error, _ in curves))
    assert np.mean(found) < 2 * FALSE_ALARM


def test_a_gain_is_named_by_its_params():
    assert judged_gains(gains(0.012), 1, ("rule",)).measured == "rule 0: +1.20 ± 1.00 %"
