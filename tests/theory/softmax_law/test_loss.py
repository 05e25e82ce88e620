"""Are loss and flow of the aligned student those of their definitions, limits and reference values?"""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.special import log_softmax

from solv.theory.fits.power_law import fit_power_law
from solv.theory.softmax_law.loss import (
    adam_flow,
    aligned_flow,
    aligned_loss,
    centre,
    crossover_time,
    gap_density,
    loss_exponent,
    peak_constant,
    power_law_gradient,
    power_law_loss,
    power_law_scale,
    sample_logits,
    two_classes,
)

PAIR = two_classes()
TEACHER = np.random.default_rng(0).standard_normal((8, 8)) / math.sqrt(8)
EIGHT = sample_logits(TEACHER, 20000)
FEW = sample_logits(TEACHER, 2000)


def test_two_classes_have_the_reference_constant_and_closed_form():
    assert PAIR.peak == pytest.approx(0.4640273, abs=5e-8)
    assert power_law_scale(1000, PAIR.peak) == pytest.approx(11.16576, abs=5e-6)


@pytest.mark.parametrize("scale", [0.3, 1, 10, 300])
def test_the_exact_two_class_loss_is_its_integral(scale):
    def integrand(gap):
        return math.log1p(math.exp(-scale * gap)) * math.exp(-(gap**2) / 4) / math.sqrt(math.pi)

    edges = np.array([0, 1, 5, 20, 60]) / scale
    exact = sum(quad(integrand, low, high, epsabs=1e-14)[0] for low, high in pairwise(edges))
    assert aligned_loss(scale, math.inf, PAIR)[0][0] == pytest.approx(exact, rel=1e-7)


def test_the_boundary_layer_takes_over_at_large_scales():
    loss, slope = aligned_loss([1e3, 1e4], math.inf, PAIR)
    np.testing.assert_allclose(loss * [1e3, 1e4], PAIR.peak, rtol=1e-5)
    np.testing.assert_allclose(-slope * [1e6, 1e8], PAIR.peak, rtol=1e-5)


def test_the_gap_density_of_many_classes_is_the_slope_of_the_gaps_distribution():
    gaps = np.sort(sample_logits(TEACHER, 400_000, seed=1).logits, axis=1)
    gaps = gaps[:, -1] - gaps[:, -2]
    width = 0.01
    counted = np.mean(gaps < width) / width
    error = math.sqrt(counted / width / len(gaps))
    density = EIGHT.peak * 12 / math.pi**2
    # the density falls by about its own value over a gap of 0.3: 2 % over the width; and C has its own sampling error
    assert counted == pytest.approx(density, abs=3 * error + 0.03 * density)


@pytest.mark.parametrize("target", [0.5, 3.0, math.inf])
def test_the_slope_is_the_derivative_of_the_loss(target):
    width = 1e-5
    (low, high), _ = aligned_loss([2 - width, 2 + width], target, EIGHT)
    assert aligned_loss(2.0, target, EIGHT)[1][0] == pytest.approx((high - low) / (2 * width), rel=1e-6)


def test_the_loss_is_the_divergence_and_vanishes_at_the_target():
    log_p, log_q = log_softmax(1.5 * EIGHT.logits, axis=1), log_softmax(4 * EIGHT.logits, axis=1)
    assert aligned_loss(1.5, 4.0, EIGHT)[0][0] == pytest.approx(
        np.mean(np.sum(np.exp(log_q) * (log_q - log_p), axis=1))
    )
    assert EIGHT.logits.mean(axis=1) == pytest.approx(0, abs=1e-12)
    loss, slope = aligned_loss(4.0, 4.0, EIGHT)
    assert loss[0] == pytest.approx(0, abs=1e-15)
    assert slope[0] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(("target", "sample"), [(math.inf, PAIR), (4.0, PAIR), (6.0, FEW)])
def test_the_flow_solves_its_differential_equation(target, sample):
    times = np.array([0.0, 0.5, 5.0, 50.0])
    solved = solve_ivp(
        lambda s, a: -aligned_loss(a, target, sample)[1], (0, 50), [0.0], t_eval=times, rtol=1e-8, atol=1e-10
    )
    flow = aligned_flow(times, target, sample)
    np.testing.assert_allclose(flow.scale, solved.y[0], rtol=1e-5, atol=1e-8)
    loss, slope = aligned_loss(flow.scale, target, sample)
    np.testing.assert_allclose(flow.loss, loss, rtol=1e-4)
    np.testing.assert_allclose(flow.gradient, -slope, rtol=1e-4)


def test_the_flow_to_a_peaked_target_ends_in_the_closed_forms():
    times = np.array([1e6, 1e9])
    flow = aligned_flow(times, math.inf, PAIR)
    # corrections fall as the width of the boundary layer squared, 1 / a^2 = (3 C s)^{-2/3}
    for found, expected in (
        (flow.scale, power_law_scale(times, PAIR.peak)),
        (flow.loss, power_law_loss(times, PAIR.peak)),
        (flow.gradient, power_law_gradient(times, PAIR.peak)),
    ):
        np.testing.assert_allclose(found / expected, 1, atol=1e-3)


def test_the_flow_to_a_finite_target_is_exponential_in_the_end():
    flow = aligned_flow([150.0, 200.0, 1e3, 1.1e3], 2.0, PAIR)
    rates = np.diff(np.log(flow.loss))[[0, 2]] / [50, 100]
    assert rates[0] == pytest.approx(rates[1], rel=1e-3)
    assert rates[0] < 0
    assert flow.scale[-1] == pytest.approx(2.0, abs=1e-12)


def test_the_loss_of_an_almost_uniform_target_is_a_parabola_however_small():
    times = np.array([0.1, 3.0, 10.0])  # later dL/da of the smaller, 1e-6 e^(-s/2) / 2, is rounding in part
    sample = two_classes()
    large, small = (aligned_flow(times, scale, sample) for scale in (1e-3, 1e-6))
    np.testing.assert_allclose(small.loss, 1e-6 * large.loss, rtol=1e-4)
    np.testing.assert_allclose(small.gradient, 1e-3 * large.gradient, rtol=1e-4)
    curvature = 1 / 2  # (p (1 - p) = 1 / 4) E g^2 for the logit difference g ~ N(0, 2)
    np.testing.assert_allclose(large.loss[0], curvature * 1e-6 / 2 * np.exp(-2 * curvature * 0.1), rtol=1e-4)


def test_a_sharper_target_keeps_the_power_law_longer():
    times = np.geomspace(1, 1e4, 40)
    one_hot = aligned_flow(times, math.inf, PAIR).loss
    left = []
    for target in (8.0, 16.0):
        loss = aligned_flow(times, target, PAIR).loss
        left.append(times[np.argmax(loss < one_hot / 2)])
    assert left[1] / left[0] == pytest.approx(8, rel=0.35)  # time grows as the cube, on a grid of 27 % steps
    assert crossover_time(16.0, PAIR.peak) == pytest.approx(8 * crossover_time(8.0, PAIR.peak))
    assert math.isinf(crossover_time(math.inf, PAIR.peak))


def test_exponents_of_the_controls():
    assert loss_exponent() == pytest.approx(-1 / 3)
    assert loss_exponent(0.5) == pytest.approx(-0.5)
    assert loss_exponent(normalised=True) == -1
    assert loss_exponent(layers=2) == pytest.approx(-0.5)
    assert loss_exponent(normalised=True, layers=2) == -2


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_exponent_of_layers_is_that_of_their_gradient_flow(layers):
    times = np.geomspace(1e6, 1e8, 10)
    norm = solve_ivp(  # r of a = r^H, L = 1/a: dr/ds = H r^(H - 1) / r^(2 H)
        lambda s, r: layers * r ** (-layers - 1), (0, 1e8), [1.0], t_eval=times, rtol=1e-9, atol=1e-9, method="LSODA"
    ).y[0]
    assert -fit_power_law(times, norm**-layers).exponent == pytest.approx(loss_exponent(layers=layers), abs=2e-4)


def test_the_first_step_of_adam_moves_every_weight_by_the_rate():
    assert adam_flow(3, 0.01, (0.9, 0.999), 6.0, PAIR).scale[0] == pytest.approx(0.06)


def test_adam_without_memory_makes_steps_of_one_size():
    flow = adam_flow(50, 0.1, (0.0, 0.0), 2.0, PAIR)
    np.testing.assert_allclose(flow.scale, 0.2 * np.arange(1, 51), rtol=1e-9)
    loss, slope = aligned_loss(flow.scale, math.inf, PAIR)
    np.testing.assert_allclose(flow.loss, loss, rtol=1e-6)
    np.testing.assert_allclose(flow.gradient, -slope, rtol=1e-5)


@pytest.mark.parametrize(("memory", "exponent"), [(0.999999, 0.5), (0.5, 1.0)])
def test_adam_within_its_memory_has_half_the_exponent_that_it_has_beyond(memory, exponent):
    steps = np.arange(1, 4001)
    loss = adam_flow(4000, 0.1, (0.0, memory), 2.0, PAIR).loss
    assert fit_power_law(steps, loss, (1000, 4000)).exponent == pytest.approx(exponent, abs=0.02)


def test_pairs_that_are_drawn_estimate_the_density_of_all(monkeypatch):
    direction = centre(TEACHER) / np.linalg.norm(centre(TEACHER))
    logits = EIGHT.logits[:500]
    every = gap_density(direction, logits)
    monkeypatch.setattr("solv.theory.softmax_law.loss.PAIRS", 14)  # of 28
    drawn = [gap_density(direction, logits, seed) for seed in range(200)]
    assert np.std(drawn) > 0
    assert np.mean(drawn) == pytest.approx(every, abs=4 * np.std(drawn) / math.sqrt(200))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: aligned_loss(-1.0, 2.0, PAIR), "scale = -1.0"),
        (lambda: aligned_loss(1.0, 0.0, PAIR), "target_scale = 0"),
        (lambda: aligned_flow([-1.0], 2.0, PAIR), "times"),
        (lambda: aligned_flow([1.0], math.nan, PAIR), "target_scale = nan"),
        (lambda: centre([[1.0, 2.0]]), "V >= 2"),
        (lambda: sample_logits(np.ones((3, 2)), 1000), "no centred part"),
        (lambda: sample_logits(TEACHER, 10), "points = 10"),
        (lambda: two_classes(5), "nodes = 5"),
        (lambda: peak_constant(0.0), "density"),
        (lambda: loss_exponent(-1), "growth = -1"),
        (lambda: loss_exponent(layers=0), "layers = 0"),
        (lambda: adam_flow(0, 0.1, (0.9, 0.9), 1.0, PAIR), "steps = 0"),
        (lambda: adam_flow(5, 0.1, (0.9, 1.0), 1.0, PAIR), r"memory\[1\] = 1"),
        (lambda: adam_flow(5, 0.1, (0.9, 0.9), 0.0, PAIR), "reach = 0"),
        (lambda: crossover_time(-2.0, 1.0), "target_scale = -2"),
    ],
)
def test_invalid_input_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
