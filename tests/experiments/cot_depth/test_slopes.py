"""Is the slope of a chain's error found, with the error of its two ends?"""

import math

import numpy as np
import pytest

from solv.experiments.cot_depth.slopes import log_slope
from tests.made_curves import points

X = np.arange(1.0, 21.0)


def test_an_exponential_has_its_rate_and_a_power_its_exponent():
    assert log_slope(points("theory", np.exp(-0.3 * X), x=X), 2, 20)[0] == pytest.approx(-0.3)
    assert log_slope(points("theory", 5 * X**-0.5, x=X), 2, 20, log_x=True)[0] == pytest.approx(-0.5)


def test_points_outside_the_window_are_left_out():
    y = np.where(X <= 10, np.exp(-X), np.exp(-10))
    assert log_slope(points("theory", y, x=X), 1, 10)[0] == pytest.approx(-1)
    assert log_slope(points("theory", y, x=X), 10, 20)[0] == pytest.approx(0, abs=1e-12)


def test_the_error_is_that_of_the_ends_over_the_window():
    rows = points("simulation", np.exp(-X), 0.03 * np.exp(-X), 4, x=X)
    assert log_slope(rows, 1, 11)[1] == pytest.approx(0.03 * math.sqrt(2) / 10)
    assert log_slope(rows, 1, 11, log_x=True)[1] == pytest.approx(0.03 * math.sqrt(2) / math.log(11))
