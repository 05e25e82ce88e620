"""Are teachers centred, drawn from the run's seed, and the same for theory and training?"""

import math

import numpy as np
import pytest

from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.teachers import teacher_norms, teacher_peaks, teacher_samples, teacher_weights

CONFIG = SoftmaxLawConfig(classes=[8, 2], dimension=[6, 12], repeats=3, theory_points=1000)


def test_weights_are_centred_over_the_classes_with_variance_one_over_d():
    weights = teacher_weights(CONFIG, 8)
    assert weights.shape == (3, 8, 6)
    np.testing.assert_allclose(weights.sum(axis=1), 0, atol=1e-12)
    # E |W|^2 = (V - 1) after centring; over 200 teachers the mean is known to a per cent or so
    many = teacher_weights(SoftmaxLawConfig(classes=[8], dimension=[6], repeats=200), 8)
    assert np.mean(np.sum(many**2, axis=(1, 2))) == pytest.approx(7, rel=0.05)


def test_the_first_dimension_serves_where_none_is_named():
    assert teacher_weights(CONFIG, 8, 12).shape == (3, 8, 12)
    np.testing.assert_allclose(teacher_norms(CONFIG, 8), [np.linalg.norm(each) for each in teacher_weights(CONFIG, 8)])


def test_more_repeats_change_no_teacher_and_another_seed_changes_all():
    more = SoftmaxLawConfig(**{**dict(CONFIG), "repeats": 5})
    np.testing.assert_array_equal(teacher_weights(more, 8)[:3], teacher_weights(CONFIG, 8))
    other = SoftmaxLawConfig(**{**dict(CONFIG), "seed": 1})
    assert not np.any(teacher_weights(other, 8) == teacher_weights(CONFIG, 8))


def test_two_classes_have_one_direction_and_it_is_exact():
    samples = teacher_samples(CONFIG, 2)
    assert samples[0] is samples[2]
    peaks = teacher_peaks(CONFIG, 2)
    assert len(set(peaks)) == 1
    assert teacher_samples(CONFIG, 8) == teacher_samples(CONFIG, 8)
    assert all(math.isfinite(peak) and peak > 0 for peak in teacher_peaks(CONFIG, 8))
