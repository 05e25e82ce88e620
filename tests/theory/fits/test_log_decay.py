"""Does the fit in the logarithm find exponent and limit, and say how well it explains a curve?"""

import numpy as np
import pytest

from solv.theory.fits.log_decay import fit_log_decay

X = np.geomspace(10, 1e5, 13)


@pytest.mark.parametrize(("exponent", "limit"), [(0.33, 2.0), (0.28, 0.0), (1.0, 1.5)])
def test_exponent_amplitude_and_limit_are_found(exponent, limit):
    fit = fit_log_decay(X, limit + 7 * X**-exponent)
    assert fit.exponent == pytest.approx(exponent, rel=1e-3)
    assert fit.amplitude == pytest.approx(7, rel=1e-2)
    assert fit.limit == pytest.approx(limit, abs=2e-3)
    assert fit.r_squared == pytest.approx(1, abs=1e-8)
    assert fit.points == 13


def test_readings_of_another_law_are_dropped_at_either_end():
    y = 2 + 7 * X**-0.33
    y[:2], y[-1] = 11.0, 2.3
    fit = fit_log_decay(X, y, drop_first=2, drop_last=1)
    assert fit.exponent == pytest.approx(0.33, rel=1e-3)
    assert fit.points == 10


def test_the_limit_is_at_most_the_last_value():
    y = 2 + 7 * X**-0.33
    y[-1] = 1.9
    assert fit_log_decay(X, y).limit <= 1.9


def test_the_error_covers_the_scatter_of_the_exponent():
    rng, off = np.random.default_rng(0), []
    for _ in range(60):
        fit = fit_log_decay(X, (1.5 + 7 * X**-0.33) * np.exp(0.01 * rng.standard_normal(13)))
        off.append((fit.exponent - 0.33) / fit.error)
    assert np.mean(np.abs(off) < 2) > 0.85


def test_the_clock_that_the_law_is_of_explains_more():
    steps = np.geomspace(100, 1000, 12)
    clock = steps - 0.45 * steps**2 / 1000  # a rate that falls linearly to a tenth
    y = 1 + 7 * clock**-0.33
    assert fit_log_decay(clock, y).r_squared > fit_log_decay(steps, y).r_squared


@pytest.mark.parametrize(
    ("x", "y", "options"),
    [
        (X, X[:-1], {}),
        (-X, X, {}),
        (X, -X, {}),
        (X[::-1], X, {}),
        (X, X, {"drop_first": 9}),
        (X, X, {"drop_first": -1}),
    ],
)
def test_what_is_out_of_range_is_refused(x, y, options):
    with pytest.raises(ValueError, match="valid"):
        fit_log_decay(x, y, **options)
