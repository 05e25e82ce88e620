"""Do the students of softmax-law take the steps that they should, and are exponents read as they should be?"""

import math

import numpy as np
import pytest

from solv.experiments.softmax_law.controls import steepest_slopes
from solv.experiments.softmax_law.exponents import fitted
from solv.experiments.softmax_law.one_third_law import closed_form_ratio, steepening
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.students import Variant, batches, rates, reading_steps, times, variants, window
from solv.experiments.softmax_law.teachers import teacher_norms, teacher_samples
from solv.theory.softmax_law.loss import power_law_loss, power_law_scale

SIZES = SoftmaxLawConfig(
    beta=(2.0, 16.0, 32.0, math.inf), classes=(4, 2), dimension=(4, 5), repeats=2, theory_points=1000
)


def test_growing_steps_reach_the_horizon_in_few_steps():
    schedule = rates(math.inf, SIZES, 8)
    assert len(schedule) == pytest.approx(746, abs=2)
    assert schedule.sum() == pytest.approx(SIZES.horizon, rel=0.01)
    assert reading_steps(schedule)[-1] == len(schedule)
    assert np.all(np.diff(times(2.0, SIZES)) > 0)


def test_students_of_other_numbers_of_classes_take_as_many_steps_of_a_size_in_proportion():
    np.testing.assert_allclose(rates(math.inf, SIZES, 32), 4 * rates(math.inf, SIZES, 8))


@pytest.mark.parametrize("beta", [2.0, 16.0])
def test_steps_grow_up_to_the_first_crossover_of_a_finite_target(beta):
    schedule, elapsed = rates(beta, SIZES, 4), np.cumsum(rates(beta, SIZES, 4))
    peaks, norms = [sample.peak for sample in teacher_samples(SIZES, 4)], teacher_norms(SIZES, 4)
    crossover = min((beta * norm) ** 3 / (3 * peak) for norm, peak in zip(norms, peaks, strict=True))
    growing = np.diff(schedule) > 0
    assert np.all(growing[elapsed[:-1] < crossover])
    assert not np.any(growing[elapsed[:-1] > 1.5 * crossover + schedule[0]])


def test_the_window_of_other_students_begins_at_a_multiple_of_their_boundary_layers_constant_squared():
    many = SoftmaxLawConfig(classes=(4, 24), dimension=(4,), repeats=2, late=20.0)
    start, end = window(many, Variant(24, 4, 256))
    constant = np.mean([sample.peak for sample in teacher_samples(many, 24)])
    assert start == pytest.approx(20 * constant**2)
    assert end == max(3 * many.horizon, many.span * start)
    assert window(many, Variant(4, 4, 0)) == (many.window, many.horizon / 2)


def test_every_target_and_number_of_classes_sees_the_same_inputs():
    grouped = batches(SIZES)
    assert set(grouped) == {(4, 2048), (4, 0), (5, 2048), (4, 512)}
    assert len(grouped[4, 2048]) == len(SIZES.classes) * len(SIZES.beta)
    assert grouped[4, 0] == [(Variant(4, 4, 0), math.inf)]
    assert {variant for members in grouped.values() for variant, _ in members} == set(variants(SIZES))


def test_small_batches_as_large_as_the_others_are_no_student_of_their_own():
    equal = SoftmaxLawConfig(**{**dict(SIZES), "small_batch": SIZES.batch})
    assert len(variants(equal)) == len(variants(SIZES)) - 1


def test_a_fit_finds_the_exponent_and_refuses_fewer_than_five_points():
    x = np.geomspace(1, 1000, 20)
    y = np.array([[1.0], [1.1]]) * x ** (-1 / 3)
    fit = fitted(x, y, 10.0)
    assert fit is not None
    assert fit.exponent == pytest.approx(-1 / 3)
    assert fit.repeats == 2
    assert fitted(x, y, 900.0) is None


def test_the_closed_form_over_itself_is_one_for_every_teacher():
    s, peaks = np.geomspace(1, 1e4, 7), np.array([0.5, 3.0])
    loss, norm = (np.stack([law(s, peak) for peak in peaks]) for law in (power_law_loss, power_law_scale))
    for ratio in closed_form_ratio(loss, norm, peaks, s).values():
        np.testing.assert_allclose(ratio, 1, rtol=1e-12)


def test_a_power_law_does_not_steepen_and_an_exponential_does_fourfold():
    s = np.geomspace(1, 100, 200)
    np.testing.assert_allclose(steepening(s, np.stack([s**-0.5, 3 * s**-2])), 1)
    np.testing.assert_allclose(steepening(s, np.exp(-np.stack([s, 0.3 * s]))), 4, rtol=1e-3)


def test_steepening_is_not_read_from_few_points_or_a_short_time():
    assert steepening(np.geomspace(1, 100, 7), np.ones((2, 7))) is None
    assert steepening(np.geomspace(1, 15, 50), np.ones((2, 50))) is None


def test_the_steepest_slope_is_read_where_the_mean_is_steepest_and_above_rounding():
    steps = np.arange(1.0, 13.0)
    slopes = steepest_slopes(steps, np.exp(-np.stack([steps, 1.2 * steps])))
    np.testing.assert_allclose(slopes, [-1 * 11.5, -1.2 * 11.5], rtol=0.02)  # the last difference, between 11 and 12
    assert steepest_slopes(steps, np.full((2, 12), 1e-7)) is None
