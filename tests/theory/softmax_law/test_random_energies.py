"""Is the statistical mechanics of the logits the loss of the aligned student, and right in its limits?"""

import math

import numpy as np
import pytest

from solv.theory.softmax_law.loss import LogitSample, aligned_loss, two_classes
from solv.theory.softmax_law.random_energies import (
    critical_scale,
    low_temperature,
    partition_loss,
    random_partition,
    sampled_partition,
    scale_of_entropy,
)

SCALES = np.array([0.3, 1.0, 3.0, 8.0, 20.0])


def energies(classes, points, seed=0):
    logits = np.random.default_rng(seed).standard_normal((points, classes))
    return LogitSample(logits, np.full(points, 1 / points), 1.0)


@pytest.mark.parametrize("target", [2.0, 12.0])
def test_the_partition_function_gives_the_loss_of_the_quadrature_and_its_slope(target):
    sample = energies(16, 2000)
    loss, slope = partition_loss(SCALES, target, lambda scale: sampled_partition(scale, sample))
    known, derivative = aligned_loss(SCALES, target, sample)
    np.testing.assert_allclose(loss, known, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(slope, derivative, rtol=1e-9, atol=1e-12)


def test_two_classes_are_the_exact_quadrature_of_independent_energies():
    # the gap of two independent normal energies is N(0, 2), as that of `two_classes`; what they share has mean 0
    exact, quadrature = random_partition(SCALES, 2), sampled_partition(SCALES, two_classes(5000))
    np.testing.assert_allclose(exact.log_partition, quadrature.log_partition, rtol=1e-7)
    np.testing.assert_allclose(exact.energy, quadrature.energy, rtol=1e-6)


def test_the_double_integral_is_what_sampled_energies_have():
    exact, sampled = random_partition(SCALES, 64), sampled_partition(SCALES, energies(64, 40_000))
    # one sample of ln Z scatters by 0.43 at b = 1 or less per unit of b: 4 standard errors of 40 000
    np.testing.assert_allclose(exact.log_partition, sampled.log_partition, atol=0.01 * SCALES.max())
    np.testing.assert_allclose(exact.energy, sampled.energy, atol=0.01)


def test_the_energy_is_the_derivative_of_the_free_energy():
    b, step = np.array([0.7, 2.0, 9.0]), 1e-4
    high, low = random_partition(b + step, 128), random_partition(b - step, 128)
    slope = (high.log_partition - low.log_partition) / (2 * step)
    np.testing.assert_allclose(random_partition(b, 128).energy, -slope, rtol=1e-6)


def test_at_high_temperature_the_energy_is_minus_the_scale_and_the_entropy_that_of_all_classes():
    hot = random_partition([0.0, 0.05], 1000)
    assert hot.log_partition[0] == pytest.approx(math.log(1000))
    assert hot.energy[1] == pytest.approx(-0.05, rel=2e-3)
    assert hot.entropy[0] == pytest.approx(math.log(1000))
    assert hot.free_energy[0] == -math.inf


def test_at_low_temperature_the_free_energy_is_that_of_the_largest_energy_and_the_boundary_layer():
    largest, layer = low_temperature(128)
    cold = random_partition([25.0, 75.0], 128)
    correction = (-cold.free_energy - largest) * cold.scale**2 / layer
    assert correction[1] == pytest.approx(1, abs=0.02)
    assert abs(correction[1] - 1) < abs(correction[0] - 1) < 0.1
    energy = (cold.energy + largest) * cold.scale**2 / layer
    assert energy[1] == pytest.approx(1, abs=0.05)


def test_constants_of_two_classes_are_known():
    # E max of two normals is 1/sqrt(pi), and the gap |N(0, 2)| has the density 1/sqrt(pi) at 0
    largest, layer = low_temperature(2)
    assert largest == pytest.approx(1 / math.sqrt(math.pi), rel=1e-6)
    assert layer == pytest.approx(math.pi**2 / 12 / math.sqrt(math.pi), rel=1e-6)


def test_the_largest_of_many_energies_approaches_the_transition():
    ratios = [low_temperature(n)[0] / critical_scale(n) for n in (10, 1000, 100_000)]
    assert ratios == sorted(ratios)
    assert ratios[0] > 0.7
    assert ratios[-1] < 1


def test_between_the_scales_loss_and_slope_have_the_powers_of_the_boundary_layer():
    loss, slope = partition_loss([20.0, 40.0], 100.0, lambda scale: random_partition(scale, 16))
    one_hot = low_temperature(16)[1] / np.array([20.0, 40.0])
    # L = c2/b - c2/b* - (b* - b) c2/b*^2: a target of b* = 100 takes its own part away
    expected = one_hot - low_temperature(16)[1] * (1 / 100 + np.array([80, 60]) / 100**2)
    np.testing.assert_allclose(loss, expected, rtol=0.1)
    assert np.all(slope < 0)


def test_the_entropy_of_language_is_peaked():
    scale = scale_of_entropy(1.69, 32_000)
    assert scale == pytest.approx(6.77, abs=0.01)  # 6.87 in the paper, from 1024 draws at 20 scales
    assert scale > critical_scale(32_000) == pytest.approx(4.555, abs=1e-3)
    assert float(random_partition([scale], 32_000).entropy[0]) == pytest.approx(1.69, abs=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: critical_scale(1),
        lambda: random_partition([-1.0], 8),
        lambda: random_partition([101.0], 8),
        lambda: random_partition([1.0], 1),
        lambda: sampled_partition([math.inf], energies(3, 10)),
        lambda: partition_loss([1.0], 0.0, lambda scale: random_partition(scale, 8)),
        lambda: low_temperature(1),
        lambda: scale_of_entropy(9.0, 8),
    ],
)
def test_what_is_out_of_range_is_refused(call):
    with pytest.raises(ValueError, match="valid"):
        call()
