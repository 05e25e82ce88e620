"""Does the fit find exponents that are known, and does its interval cover them as often as it says?"""

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from solv.theory.fits.power_law import fit_decay_to_offset, fit_power_law, local_exponent, residual_error

X = np.geomspace(1, 1000, 25)


def binomial_band(coverage, trials):
    """Four standard errors of a measured coverage."""
    return 4 * math.sqrt(coverage * (1 - coverage) / trials)


def test_an_exact_power_law_is_found_inside_its_window_alone():
    y = np.where(X < 10, 7.0, 3 * X**-0.4)
    fit = fit_power_law(X, y, (10, 1000))
    assert fit.exponent == pytest.approx(0.4, abs=1e-12)
    assert fit.amplitude == pytest.approx(3, rel=1e-12)
    assert fit.points == np.sum(X >= 10)
    assert math.isnan(fit.low)
    assert fit_power_law(X, y).exponent != pytest.approx(0.4, abs=1e-3)


@pytest.mark.parametrize("repeats", [4, 40])
def test_the_interval_over_repeats_covers_the_exponent_as_often_as_it_says(repeats):
    rng, trials = np.random.default_rng(repeats), 400
    slope = -1 / 3 + 0.1 * rng.standard_normal((trials, repeats, 1))  # repeats differ in slope, as seeds do
    y = np.exp(slope * np.log(X) + 0.1 * rng.standard_normal((trials, repeats, len(X))))
    fits = [fit_power_law(X, each, resamples=400) for each in y]
    covered = np.mean([fit.low <= 1 / 3 <= fit.high for fit in fits])
    # resampling 40 repeats is still a little optimistic: by about 1 %
    assert abs(covered - 0.95) < binomial_band(0.95, trials) + 0.01 * (repeats > 20)


def test_a_curve_that_falls_has_a_positive_exponent_with_and_without_a_limit_and_one_that_rises_a_negative_one():
    y = 3 * X**-0.4
    assert fit_power_law(X, y).exponent == pytest.approx(fit_decay_to_offset(X, y).exponent, abs=1e-5)
    assert fit_power_law(X, 1 / y).exponent == pytest.approx(-0.4, abs=1e-12)


@pytest.mark.parametrize("fit", [fit_power_law, fit_decay_to_offset])
def test_a_fit_is_a_function_that_goes_through_the_points(fit):
    found = fit(X, 3 * X**-0.4)
    np.testing.assert_allclose(found(X), 3 * X**-0.4, rtol=1e-4)
    assert found.interval == (found.low, found.high) or math.isnan(found.low)


def test_an_exact_decay_to_an_offset_is_found():
    fit = fit_decay_to_offset(X, 1.7 + 5 * X**-0.6)
    assert fit.exponent == pytest.approx(0.6, abs=1e-6)
    assert fit.offset == pytest.approx(1.7, abs=1e-6)
    assert fit.amplitude == pytest.approx(5, rel=1e-5)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("confidence", [0.68, 0.95])
def test_the_profile_interval_covers_the_exponent_as_often_as_it_says(known, confidence):
    rng, trials, noise = np.random.default_rng(2), 300, 0.02
    covered = 0
    for _ in range(trials):
        y = 2 + 3 * X**-0.5 + noise * rng.standard_normal(len(X))
        fit = fit_decay_to_offset(X, y, y_err=np.full(len(X), noise) if known else None, confidence=confidence)
        covered += fit.low <= 0.5 <= fit.high
    assert abs(covered / trials - confidence) < binomial_band(confidence, trials)


def test_points_of_unequal_error_count_by_it():
    y, y_err = 2 + 3 * X**-0.5, np.full(len(X), 0.01)
    y[3], y_err[3] = 100.0, 1e6
    assert fit_decay_to_offset(X, y, y_err=y_err).exponent == pytest.approx(0.5, abs=1e-3)


def test_a_curve_without_curvature_leaves_the_interval_open():
    fit = fit_decay_to_offset(X, 5 + 1e-9 * np.sin(np.arange(len(X))))
    assert fit.low == pytest.approx(0.01)
    assert fit.high == pytest.approx(5.0)


def test_the_error_of_a_single_curve_is_the_spread_of_slopes_that_noise_makes():
    rng, trials = np.random.default_rng(4), 500
    curves = 2 * X**-0.4 * np.exp(0.05 * rng.standard_normal((trials, len(X))))
    errors = [residual_error(X, y, (3, 1000)) for y in curves]
    slopes = [fit_power_law(X, y, (3, 1000)).exponent for y in curves]
    # s.e. of the measured spread; the mean of the errors is less sure by a factor sqrt(points)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(slopes), rel=4 / math.sqrt(2 * trials))


def test_the_example_of_the_docs_prints_what_the_page_says(capsys):
    docs = Path(__file__).parents[3] / "docs"
    runpy.run_path(str(docs / "examples" / "power_law.py"))
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 4
    assert printed in (docs / "fit-power.md").read_text(encoding="utf-8")


def test_the_local_exponent_of_a_power_law_is_flat():
    np.testing.assert_allclose(local_exponent(X, 2 * X**-0.7), 0.7, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: fit_power_law(X, X, (1, 2)), "window = \\[1, 2\\] holds 3 points; valid: at least 5"),
        (lambda: fit_power_law(X, -X), "is not > 0"),
        (lambda: fit_power_law(X, X[:-1]), "shapes"),
        (lambda: fit_power_law(X, X, confidence=1.0), "confidence = 1.0"),
        (lambda: fit_power_law(X, np.full_like(X, np.nan)), "not finite"),
        (lambda: fit_decay_to_offset(X, np.stack([X, X])), "2 repeats"),
        (lambda: fit_decay_to_offset(X, X, y_err=0 * X), "y_err"),
        (lambda: fit_decay_to_offset(X, X, exponents=(1.0, 0.5)), "exponents\\[1\\] = 0.5"),
        (lambda: residual_error(X, np.stack([X, X])), "2 repeats"),
        (lambda: local_exponent([1.0, -1.0], [1.0, 1.0]), "not > 0"),
        (lambda: local_exponent([1.0], [1.0]), "points >= 2"),
    ],
)
def test_invalid_input_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
