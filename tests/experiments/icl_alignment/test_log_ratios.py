"""Is the distance of two errors in log e known as well as both are?"""

import math

import pandas as pd
import pytest

from solv.experiments.icl_alignment.log_ratios import log_ratio


def point(y, y_err, n=6):
    return pd.Series({"y": y, "y_err": y_err, "n": n})


def test_relative_errors_add_in_squares():
    ratio, error = log_ratio(point(2.0, 0.06), point(1.0, 0.04))
    assert ratio == pytest.approx(math.log(2))
    assert error == pytest.approx(0.05)  # of 0.03 and 0.04


@pytest.mark.parametrize("unknown", [point(1.0, 0.0), point(1.0, math.nan)])
def test_an_error_that_is_not_known_leaves_none(unknown):
    assert math.isnan(log_ratio(point(2.0, 0.1), unknown)[1])
    assert math.isnan(log_ratio(unknown, point(2.0, 0.1))[1])
