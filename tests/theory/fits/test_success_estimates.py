"""Is the estimate of the attack success rate unbiased, and does its bootstrap tell its error?"""

import math
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.theory.fits.success_estimates import (
    bootstrap_gaps,
    gap_table,
    mean_interval,
    one_sided_bound,
    safe_draw_chances,
)
from solv.theory.jailbreak.clusters import edge_gap


@given(st.integers(1, 40), st.data())
def test_chance_is_the_share_of_subsets_without_an_unsafe_answer(n, data):
    u, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    assert float(safe_draw_chances([n], [u], [k])[0, 0]) == pytest.approx(comb(n - u, k) / comb(n, k), rel=1e-10)


def test_mean_over_many_prompts_is_the_gap_of_the_law():
    rng = np.random.default_rng(1)
    n, k = 50, np.array([1, 5, 20, 50])
    unsafe = rng.binomial(n, 1 - rng.beta(1, 0.8, size=40_000))
    chances = safe_draw_chances(np.full(unsafe.size, n), unsafe, k)
    error = chances.std(axis=0, ddof=1) / np.sqrt(unsafe.size)
    assert np.all(np.abs(chances.mean(axis=0) - edge_gap(1, 0.8, 0, k)) < 4 * error)


def test_bootstrap_over_prompts_gives_the_standard_error():
    rng = np.random.default_rng(2)
    chances = safe_draw_chances(np.full(300, 20), rng.binomial(20, rng.beta(1, 1, size=300)), [1, 4, 10])
    spread = bootstrap_gaps(chances, 4000, rng).std(axis=0)
    assert spread == pytest.approx(chances.std(axis=0) / np.sqrt(300), rel=0.06)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (([3], [1], [4]), "k = 4"),
        (([3], [1], [0]), "k = 0"),
        (([3, 0], [1, 0], [1]), "prompt 1"),
        (([3, 4], [1], [1]), "same number"),
        (([3], [0.5], [1]), "unsafe"),
    ],
)
def test_what_cannot_be_estimated_is_named(arguments, fault):
    with pytest.raises(ValueError, match=fault):
        safe_draw_chances(*arguments)


def test_a_table_of_unequal_answers_is_over_those_that_reach_each_k():
    table = gap_table([40, 40, 2], [0, 40, 1], [1, 2, 10])
    assert table.prompts.tolist() == [3, 3, 2]
    assert table.gap == pytest.approx([(1 + 0 + 0.5) / 3, (1 + 0 + 0) / 3, 0.5])
    with pytest.raises(ValueError, match="1 to 40"):
        gap_table([40, 2], [0, 1], [41])


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.6), (0.2, 0.2), (30.0, 30.0), (0.05, 1.0)])
def test_the_interval_of_a_mean_covers_it_as_often_as_it_says(a, b):
    trials, prompts = 400, 30
    drawn = np.random.default_rng(0).beta(a, b, (trials, prompts))
    intervals = np.array([mean_interval(each) for each in drawn])
    covered = np.mean((intervals[:, 0] <= a / (a + b)) & (a / (a + b) <= intervals[:, 1]))
    assert covered > 0.95 - 4 * math.sqrt(0.95 * 0.05 / trials)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_values_that_are_all_alike_leave_an_interval(value):
    low, high = mean_interval(np.full(10, value))
    assert low <= value <= high
    # one of a kind that yields may be missing among ten: 1 - .05^(1/10) = .26
    assert high - low > one_sided_bound(10)


def test_bounds_of_what_did_not_happen():
    assert one_sided_bound(300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert one_sided_bound(10) == pytest.approx(0.2589, abs=1e-4)
