"""Are verdicts from few repeats as rare where they are wrong as they say?"""

import math

import numpy as np
import pytest
from scipy.stats import t

from solv.tracking.claims import CONTRADICTED, Verdict
from solv.tracking.confidence import FAILS, HOLDS, exceeds, sigmas_to_fail, sigmas_to_hold, within


def test_the_factors_are_quantiles_of_students_t():
    assert sigmas_to_hold(6) == pytest.approx(t.ppf(1 - HOLDS, 5))
    assert sigmas_to_fail(6, 10) == pytest.approx(t.ppf(1 - FAILS / 10, 5))
    assert sigmas_to_fail(2) > 60  # two repeats contradict next to nothing
    assert sigmas_to_fail(1e6) == pytest.approx(CONTRADICTED, abs=0.005), "where the error itself is known"


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, Verdict.UNDECIDED), (1.1, Verdict.HOLDS)])
def test_a_number_counts_as_above_its_threshold_from_the_factor_on(strength, verdict):
    assert exceeds(1 + strength * sigmas_to_hold(6) * 0.1, 1, 0.1, 6) is verdict


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, Verdict.UNDECIDED), (1.1, Verdict.FAILS)])
def test_a_number_contradicts_from_the_larger_factor_on(strength, verdict):
    assert exceeds(1 - strength * sigmas_to_fail(6, 4) * 0.1, 1, 0.1, 6, comparisons=4) is verdict
    assert within(1.5 + strength * sigmas_to_fail(6, 4) * 0.1, 1, 0.5, 0.1, 6, comparisons=4) is verdict


def test_what_is_inside_its_tolerance_holds():
    assert within(1.02, 1, 0.05, 0.001, 6) is Verdict.HOLDS
    assert within(1.02, 1, 0.05, 0.06, 6) is Verdict.UNDECIDED  # the error is larger than the tolerance


@pytest.mark.parametrize("error", [0.0, math.nan])
def test_an_error_that_is_not_known_decides_nothing(error):
    assert exceeds(2, 1, error, 6) is Verdict.UNDECIDED
    assert within(2, 1, 0.1, error, 6) is Verdict.UNDECIDED


def test_a_true_claim_at_its_edge_is_contradicted_more_rarely_than_once_in_two_hundred():
    draws = np.random.default_rng(0).normal(0, 1, (20_000, 3))
    means, errors = draws.mean(axis=1), draws.std(axis=1, ddof=1) / math.sqrt(3)
    failed = sum(exceeds(mean, 0, error, 3) is Verdict.FAILS for mean, error in zip(means, errors, strict=True))
    assert failed / len(draws) < 1 / 200
