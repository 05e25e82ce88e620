"""Do the rival alignment measures take their known values?"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solv.theory.icl_alignment.covariances import (
    power_law_spectrum,
    projector_spectrum,
    random_rotation,
    rotated_covariance,
)
from solv.theory.icl_alignment.measures import (
    RIVALS,
    bures_distance,
    captured_variance,
    cosine,
    inverse_cka,
    inverse_overlap,
    kl_divergence,
    overlap,
)

C = np.array([3.0, 1.0, 0.0, 0.0])
T = np.array([0.0, 2.0, 2.0, 0.0])


def test_measures_of_diagonal_covariances_are_the_hand_computed_ones():
    assert overlap(C, T) == pytest.approx(0.5)
    assert inverse_overlap(C, T) == pytest.approx(0.5)
    assert cosine(C, T) == pytest.approx(2 / math.sqrt(10 * 8))
    assert bures_distance(C, T) == pytest.approx(math.sqrt((3 + (1 - math.sqrt(2)) ** 2 + 2) / 4))
    assert kl_divergence(C, T) == math.inf
    assert captured_variance(C, T, 0.5) == pytest.approx(0.5)


def test_divergence_of_full_rank_diagonals_is_the_sum_over_directions():
    c, t = np.array([1.0, 2.0]), np.array([3.0, 1.0])
    expected = 0.25 * ((3 - 1 - math.log(3)) + (0.5 - 1 - math.log(0.5)))
    assert kl_divergence(c, t) == pytest.approx(expected)


def test_divergence_drops_shared_null_directions_and_is_infinite_for_others():
    half = projector_spectrum(6, 0.5)
    assert kl_divergence(half, half) == pytest.approx(0)
    assert kl_divergence(half, np.ones(6)) == math.inf
    assert kl_divergence(np.ones(6), half) == math.inf


def test_captured_variance_of_isotropic_pretraining_is_the_fraction_of_directions():
    assert captured_variance(np.ones(10), power_law_spectrum(10, 1.5), 0.25) == pytest.approx(0.25)


@given(exponent=st.floats(0.1, 2), test_exponent=st.floats(-1, 2), seed=st.integers(0, 50))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("name", [name for name in RIVALS if name != "1/CKA"])
def test_measures_do_not_change_under_a_common_rotation(name, exponent, test_exponent, seed):
    measure, _ = RIVALS[name]
    rotation = random_rotation(8, math.inf, np.random.default_rng(seed))
    c, t = power_law_spectrum(8, exponent), power_law_spectrum(8, test_exponent)
    turned = measure(rotated_covariance(c, rotation), rotated_covariance(t, rotation))
    assert turned == pytest.approx(measure(c, t), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", RIVALS)
def test_each_measure_prefers_the_aligned_to_the_reversed_test(name):
    measure, sign = RIVALS[name]
    c = power_law_spectrum(20, 0.9)
    assert sign * measure(c, c) < sign * measure(c, c[::-1])


def test_inverse_cka_is_that_of_the_doubly_centred_matrices():
    c, t = np.array([3.0, 1.0, 0.0]), np.array([1.0, 2.0, 0.5])
    h = np.eye(3) - 1 / 3
    first, second = h @ np.diag(c) @ h, h @ np.diag(t) @ h
    expected = np.sqrt(np.trace(first @ first) * np.trace(second @ second)) / np.trace(first @ second)
    assert inverse_cka(c, t) == pytest.approx(expected)
    assert inverse_cka(c, 2 * c) == pytest.approx(1)
    assert inverse_cka(np.diag(c), np.diag(t)) == pytest.approx(expected)


def test_orthogonal_centred_covariances_have_an_infinite_inverse_cka():
    assert inverse_cka(np.ones((2, 2)), np.array([1.0, 2.0])) == math.inf


def test_captured_variance_needs_a_fraction():
    with pytest.raises(ValueError, match="fraction"):
        captured_variance(C, T, 0)
