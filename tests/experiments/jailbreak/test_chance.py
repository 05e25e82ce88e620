"""Do points on the theory hold, points beside it fail, and points that are hardly known decide nothing?"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from solv.experiments.jailbreak.chance import all_precise, chance_outside, judge_independent, outside
from solv.tracking.claims import Verdict


def paired(deviations, y_err=0.01, n=1000):
    deviations = np.asarray(deviations, dtype=float)
    return pd.DataFrame({"deviation": deviations, "y_err": y_err, "theory": 1.0, "n": n})


def test_chance_is_that_of_students_t_with_the_fewest_repeats():
    assert chance_outside(paired([0], n=10**6)) == pytest.approx(0.0455, abs=1e-4)
    assert chance_outside(paired([0, 0]).assign(n=[2, 100])) == pytest.approx(2 * stats.t.sf(2, 1))


def test_two_standard_errors_are_the_edge():
    assert outside(paired([1.99, -1.99, 2.01, -2.01, np.nan])).tolist() == [False, False, True, True, False]


def test_more_points_outside_than_chance_allows_fail():
    doubtful, rare = (int(stats.binom.ppf(chance, 20, chance_outside(paired([0])))) for chance in (0.95, 0.9975))
    edges = (
        (doubtful, Verdict.HOLDS),
        (doubtful + 1, Verdict.UNDECIDED),
        (rare, Verdict.UNDECIDED),
        (rare + 1, Verdict.FAILS),
    )
    for count, verdict in edges:
        assert judge_independent(paired([3.0] * count + [0.0] * (20 - count)), 0.02) is verdict


def test_points_on_the_theory_are_rarely_said_to_miss_it():
    rng = np.random.default_rng(0)
    verdicts = [judge_independent(paired(rng.standard_t(15, 9), n=16), 0.02) for _ in range(2000)]
    assert verdicts.count(Verdict.FAILS) <= 10, "1 in 200"


@pytest.mark.parametrize(("y_err", "verdict"), [(0.018, Verdict.HOLDS), (0.022, Verdict.UNDECIDED)])
def test_points_must_be_known_as_well_as_is_asked(y_err, verdict):
    assert judge_independent(paired([0.5, 0.1], y_err), 0.02) is verdict


def test_a_point_without_an_error_is_not_precise():
    assert all_precise(paired([0.1]), 0.02)
    assert not all_precise(paired([0.1, np.nan]), 0.02)
