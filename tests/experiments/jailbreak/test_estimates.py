"""Is a gap estimated without bias from counts, and more samples than answers refused?"""

from math import comb

import numpy as np
import pytest

from solv.experiments.jailbreak.estimates import estimated_gap, require_enough_answers
from solv.experiments.jailbreak.settings import LanguageSettings
from solv.harness.settings import ConfigurationError


def test_the_gap_is_the_mean_chance_that_k_draws_are_safe():
    answers, unsafe, k = np.array([10, 10]), np.array([2, 5]), np.array([1, 2, 4])
    shown, y, y_err, n = estimated_gap(answers, unsafe, k)
    each = np.array([[comb(10 - u, count) / comb(10, count) for count in k] for u in unsafe])
    np.testing.assert_array_equal(shown, k)
    np.testing.assert_allclose(y, each.mean(axis=0))
    np.testing.assert_allclose(y_err, each.std(axis=0, ddof=1) / np.sqrt(2))
    assert n == 2


def test_where_no_safe_draw_is_left_nothing_is_shown():
    shown, *_ = estimated_gap(np.array([4, 4]), np.array([2, 3]), np.array([1, 2, 3]))
    assert shown.tolist() == [1, 2]


def test_more_samples_than_answers_are_refused():
    require_enough_answers(LanguageSettings(k=[1, 16], answers=16))
    with pytest.raises(ConfigurationError, match=r"language\.answers = 16 is less than the largest k, 17"):
        require_enough_answers(LanguageSettings(k=[1, 17], answers=16))
