"""Are exponent, limit and later values of one noisy curve found, and do their intervals cover as often as they say?"""

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from solv.theory.fits.loss_curve import fit_loss_curve

CHECKPOINTS = 4.0 ** np.arange(7)
STEPS = 10.0 * np.arange(1, 41)


def correlated(rho, shape, rng):
    """Noise of size 1 of which neighbours have correlation rho."""
    drawn = lfilter([math.sqrt(1 - rho**2)], [1, -rho], rng.standard_normal((shape[0], shape[1] + 300)))
    return drawn[:, 300:]


def test_exact_points_give_the_law_and_an_interval_that_is_all_but_a_point():
    fit = fit_loss_curve(CHECKPOINTS, 2 + 8 / np.sqrt(CHECKPOINTS))
    assert fit.exponent == pytest.approx(0.5, abs=1e-8)
    assert (fit.limit, fit.amplitude) == pytest.approx((2, 8), rel=1e-8)
    assert fit.exponent_interval == pytest.approx((0.5, 0.5), abs=1e-6)
    assert fit.limit_interval == pytest.approx((2, 2), abs=1e-6)
    assert fit.points == 7
    assert fit(1e6) == pytest.approx(2.008, abs=1e-6)
    assert fit.interval(1e6)[0][0] == pytest.approx(2.008, abs=1e-5)


def test_five_exact_points_are_enough():
    fit = fit_loss_curve(CHECKPOINTS[:5], 2 + 8 / np.sqrt(CHECKPOINTS[:5]))
    assert fit.exponent == pytest.approx(0.5, abs=1e-6)
    assert fit.exponent_interval == pytest.approx((0.5, 0.5), abs=1e-6)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 3e8])
def test_units_of_x_and_y_change_the_exponent_by_nothing(scale):
    rng = np.random.default_rng(0)
    y = 2 + 8 / np.sqrt(STEPS) + 0.02 * rng.standard_normal(len(STEPS))
    fit, other = fit_loss_curve(STEPS, y), fit_loss_curve(STEPS * scale, y / math.log(2))
    assert other.exponent == pytest.approx(fit.exponent, rel=1e-6)
    assert other.exponent_interval == pytest.approx(fit.exponent_interval, rel=1e-5)
    assert other.limit == pytest.approx(fit.limit / math.log(2), rel=1e-6)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_intervals_cover_the_truth_as_often_as_they_say_also_where_neighbours_share_their_noise(rho):
    trials, at = 80, 1e5
    curves = 2 + 8 / np.sqrt(STEPS) + 0.05 * correlated(rho, (trials, len(STEPS)), np.random.default_rng(1))
    covered = np.zeros(3)
    for y in curves:
        fit = fit_loss_curve(STEPS, y, (0, np.inf), compare=False)
        pairs = (fit.exponent_interval, 0.5), (fit.limit_interval, 2), (np.ravel(fit.interval(at)), 2 + 8 / at**0.5)
        covered += [low <= truth <= high for (low, high), truth in pairs]
    # four standard errors of a measured coverage of 95 %
    assert np.all(covered / trials > 0.95 - 4 * math.sqrt(0.95 * 0.05 / trials)), covered / trials


def test_an_interval_that_takes_noise_for_independent_covers_too_little():
    """What the test above would find had it been for a fit that does not know of shared noise."""
    from solv.theory.fits.power_law import fit_decay_to_offset

    curves = 2 + 8 / np.sqrt(STEPS) + 0.05 * correlated(0.9, (120, len(STEPS)), np.random.default_rng(1))
    fits = [fit_decay_to_offset(STEPS, y) for y in curves]
    assert np.mean([fit.low <= 0.5 <= fit.high for fit in fits]) < 0.87


@pytest.mark.parametrize("level", [3.0, 100_000.0, 0.0])
def test_a_constant_curve_says_nothing_about_the_exponent(level):
    fit = fit_loss_curve(STEPS, np.full(len(STEPS), level))
    assert not fit.decays
    assert fit.exponent_interval == (0, np.inf)
    assert fit(1e6) == pytest.approx(level)


def test_a_constant_with_noise_is_seldom_taken_for_a_decay():
    rng, trials = np.random.default_rng(2), 100
    fits = [fit_loss_curve(STEPS, 3 + 0.1 * rng.standard_normal(40), (0, np.inf), compare=False) for _ in range(trials)]
    assert sum(fit.decays for fit in fits) / trials < 0.01 + 4 * math.sqrt(0.01 * 0.99 / trials)


def test_an_automatic_window_leaves_out_what_is_another_law():
    rng = np.random.default_rng(3)
    x = np.arange(1.0, 3001)
    y = 2 + 8 / np.sqrt(x) + 5 * np.exp(-x / 20) + 0.02 * rng.standard_normal(len(x))
    fit, all_of_it = fit_loss_curve(x, y), fit_loss_curve(x, y, (0, np.inf))
    assert fit.chosen
    assert 16 <= fit.window[0] <= 750
    assert fit.exponent_interval[0] <= 0.5 <= fit.exponent_interval[1]
    assert not all_of_it.exponent_interval[0] <= 0.5 <= all_of_it.exponent_interval[1]
    assert all(fit.exponent_interval[0] <= each.low < each.high <= fit.exponent_interval[1] for each in fit.later)


def test_the_interval_of_an_automatic_window_covers_the_truth_where_a_start_too_early_hides_in_the_noise():
    """Docs promise some 90 %; the interval of the chosen window alone, without those of later ones, misses most."""
    rng, trials = np.random.default_rng(7), 24
    x = np.unique(np.geomspace(1, 2000, 48).round())
    covered = np.zeros(2)
    for _ in range(trials):
        y = 2 + 8 / np.sqrt(x) + np.exp(-x / 20) + 0.05 * rng.standard_normal(len(x))
        fit = fit_loss_curve(x, y, compare=False)
        alone = fit_loss_curve(x, y, fit.window, compare=False)
        covered += [low <= 0.5 <= high for low, high in (fit.exponent_interval, alone.exponent_interval)]
    assert covered[0] / trials > 0.9 - 4 * math.sqrt(0.9 * 0.1 / trials)
    assert covered[1] / trials < 0.6


def test_an_automatic_window_keeps_a_curve_that_is_one_law():
    rng = np.random.default_rng(4)
    x = np.arange(1.0, 1001)
    fits = [fit_loss_curve(x, 2 + 8 / np.sqrt(x) + 0.05 * rng.standard_normal(1000)) for _ in range(4)]
    assert sum(fit.window[0] <= 4 for fit in fits) >= 2
    assert sum(fit.exponent_interval[0] <= 0.5 <= fit.exponent_interval[1] for fit in fits) >= 3


def test_a_rising_curve_and_a_long_one_are_fitted_too():
    fit = fit_loss_curve(STEPS, 0.9 - 0.5 * STEPS**-0.7)
    assert fit.exponent == pytest.approx(0.7, abs=1e-6)
    assert fit.amplitude < 0
    x = np.arange(1.0, 100_001)
    assert fit_loss_curve(x, 1.5 + 3 * x**-0.3).exponent == pytest.approx(0.3, abs=1e-4)


def test_a_logarithm_has_no_limit():
    rng = np.random.default_rng(5)
    fit = fit_loss_curve(STEPS, 8 - np.log(STEPS) + 0.02 * rng.standard_normal(40))
    assert fit.exponent_interval[0] == 0
    assert fit.limit_interval[0] == -np.inf


def test_equal_x_count_once_and_x_of_zero_not_at_all():
    y = 2 + 8 / np.sqrt(CHECKPOINTS)
    fit = fit_loss_curve([0, *CHECKPOINTS, CHECKPOINTS[3]], [11.5, *y, y[3]])
    assert fit.points == 7
    assert fit.exponent == pytest.approx(0.5, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: fit_loss_curve(STEPS, STEPS[:-1]), "shapes"),
        (lambda: fit_loss_curve(STEPS, STEPS, (0, 45)), r"window = \[0, 45\] holds 4 points"),
        (lambda: fit_loss_curve(STEPS, np.where(STEPS == 100, np.nan, 1.0)), "at 1 points, the first at x = 100"),
        (lambda: fit_loss_curve(STEPS, STEPS, confidence=1.0), "confidence"),
    ],
)
def test_invalid_input_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
