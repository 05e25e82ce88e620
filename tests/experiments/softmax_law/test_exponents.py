"""Is an exponent that is known found, with its interval, and refused where there is too little of it?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.softmax_law.exponents import LONG, ROUNDING, Fit, fit_curves, fitted, listed, long_enough, near
from solv.tracking.claims import Verdict
from solv.tracking.curves import join_curves
from tests.made_curves import RECORD, Panels, points

X = np.geomspace(10, 1000, 21)


def test_the_exponent_of_the_mean_is_found_with_the_scatter_of_the_repeats():
    y = X ** -np.array([[0.3], [0.36]])
    fit = fitted(X, y, 10)
    assert fit.exponent == pytest.approx(-0.33)
    assert fit.error == pytest.approx(0.03)  # deviation 0.06 / sqrt(2) over sqrt(2)
    assert fit.repeats == 2
    assert fit.low < fit.exponent < fit.high


def test_points_outside_the_window_or_below_rounding_are_left_out():
    y = np.where(X < 50, 1.0, X ** (-1 / 3)) * np.ones((2, 1))
    assert fitted(X, y, 50).exponent == pytest.approx(-1 / 3, abs=1e-9)
    assert fitted(X, y, 700) is None
    assert fitted(X, np.full((2, 21), ROUNDING / 2), 10) is None


def test_a_fit_is_a_point_and_the_ends_of_its_interval():
    fit = Fit(-0.33, 0.01, 4, -0.35, -0.31)
    curves = join_curves(fit_curves(RECORD, Panels.P, Panels.A, {"w": 1}, ("V", [8]), [fit]))
    rows = {row["y_name"]: row for row in curves.to_dict(orient="records")}
    assert (rows["exponent"]["y"], rows["exponent"]["y_err"], rows["exponent"]["n"]) == (-0.33, 0.01, 4)
    assert (rows["low"]["y"], rows["high"]["y"]) == (-0.35, -0.31)
    assert math.isnan(rows["low"]["y_err"])


@pytest.mark.parametrize(
    ("y", "y_err", "n", "verdict"),
    [
        (-0.34, 0.001, 4, Verdict.HOLDS),
        (-0.36, 0.001, 4, Verdict.FAILS),
        (-0.34, 0.0, 4, Verdict.UNDECIDED),
        (-0.34, 0.5, 4, Verdict.UNDECIDED),
    ],
)
def test_an_exponent_is_judged_by_its_error(y, y_err, n, verdict):
    assert near(pd.Series({"y": y, "y_err": y_err, "n": n}), -1 / 3, 0.02) is verdict


def test_exponents_are_listed_by_name_and_only_long_windows_are_judged():
    rows = join_curves([points("trained", [-0.33], 0.01, 4, w=w) for w in (1, 2)])
    assert listed(rows, lambda params: f"w={params['w']}") == "w=1: -0.330 ± 0.010, w=2: -0.330 ± 0.010"
    ends = join_curves([points("theory", [end], y_name="end", w=w) for w, end in ((1, LONG), (2, LONG - 1))])
    assert len(long_enough(rows, ends)) == 1
