"""Do the fits give what theory's give, with their points, a table and a figure?"""

import numpy as np
import pytest
from matplotlib.figure import Figure

import solv
from solv.theory.fits.power_law import fit_decay_to_offset, fit_power_law

X = np.geomspace(1, 1000, 25)


def test_a_power_law_with_repeats_has_an_interval_and_its_points():
    y = X ** -np.array([[0.3], [0.31], [0.33]])
    fit, bare = solv.fit.power_law(X, y, (10, 1000)), fit_power_law(X, y, (10, 1000))
    assert (fit.exponent, fit.interval) == (bare.exponent, bare.interval)
    frame = fit.frame()
    assert frame["used"].sum() == fit.points == bare.points
    np.testing.assert_allclose(frame["y"], y.mean(axis=0))
    np.testing.assert_allclose(frame["fit"], fit(X))
    assert isinstance(fit.plot(x="steps", y="loss"), Figure)
    assert "95 %" in fit._repr_html_()


def test_a_decay_to_a_limit_is_drawn_above_it_and_points_may_come_in_any_order():
    y = 1.7 + 5 * X**-0.6
    fit = solv.fit.decay_to_offset(X[::-1], y[::-1])
    assert fit.exponent == pytest.approx(fit_decay_to_offset(X, y).exponent)
    assert fit.frame()["x"].is_monotonic_increasing
    [axes] = fit.plot().axes
    assert axes.get_ylabel() == "y - 1.7"
    assert fit(1e9) == pytest.approx(1.7, abs=1e-3)
