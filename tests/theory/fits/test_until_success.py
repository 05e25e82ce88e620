"""Is the share broken within k found from logs that stopped at success, and are such logs told from others?"""

import math

import numpy as np
import pytest

from solv.theory.fits.until_success import broken_share, looks_stopped


def test_without_budgets_that_end_it_is_the_plain_share():
    broke = np.array([1] * 32 + [2] * 16 + [3] * 8 + [4] * 4 + [5] * 2 + [6, 7])
    found = broken_share(broke, np.ones(64), [1, 2, 3, 4, 7])
    assert found.share == pytest.approx([0.5, 0.75, 0.875, 0.9375, 1.0])
    assert found.at_risk.tolist() == [64, 32, 16, 8, 1]
    assert found.high[-1] == 1
    assert 0.9 < found.low[-1] < 1


def test_budgets_that_end_leave_those_at_risk():
    """By hand: of 10, 2 break at 1; of 8, 1 at 2 and 3 leave; of 4, 2 at 3: 1 - .8 * 7/8 * 1/2."""
    times = [1, 1, 2, 2, 2, 2, 3, 3, 4, 4]
    events = [1, 1, 1, 0, 0, 0, 1, 1, 0, 0]
    found = broken_share(times, events, [1, 2, 3, 4])
    assert found.share == pytest.approx([0.2, 0.3, 0.65, 0.65])
    assert found.at_risk.tolist() == [10, 8, 4, 2]


def test_nothing_broken_has_an_interval():
    found = broken_share([5] * 20, [0] * 20, [1, 5])
    assert found.share.tolist() == [0, 0]
    assert np.all(found.low == 0)
    assert np.all((found.high > 0.1) & (found.high < 0.25))


def test_the_interval_covers_the_share_as_often_as_it_says():
    trials, missed, k = 300, 0, 4
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        chance = rng.beta(1, 2, 60)
        broke, budget = rng.geometric(np.maximum(chance, 1e-9)), rng.integers(3, 12, 60)
        found = broken_share(np.minimum(broke, budget), broke <= budget, [k])
        truth = 1 - 2 / ((2 + k) * 1.0)  # 1 - E[(1 - p)^k], p ~ Beta(1, 2): 2 / (k + 2)
        missed += not found.low[0] <= truth <= found.high[0]
    assert missed / trials < 0.05 + 4 * math.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize(
    ("answers", "unsafe", "first", "stopped"),
    [
        ([1, 2, 3, 4], [1, 1, 1, 1], [1, 2, 3, 4], True),
        ([10, 10, 3, 8], [0, 0, 1, 1], [0, 0, 3, 8], True),
        ([5, 5, 5, 5], [1, 1, 1, 1], [5, 2, 5, 5], False),  # one went on
        ([5, 5, 5, 5], [2, 1, 1, 1], [4, 5, 5, 5], False),  # two unsafe answers
        ([2, 2, 2], [0, 1, 0], [0, 2, 0], False),  # chance does that every second time
        ([1, 1, 1], [1, 1, 1], [1, 1, 1], False),  # one answer each: nothing to stop
        ([5, 5], [0, 0], [0, 0], False),
        ([20, 3, 7, 1], [0, 1, 1, 1], [0, 0, 0, 0], True),  # counts alone
        ([5, 5, 5, 5], [0, 1, 1, 1], [0, 0, 0, 0], False),
    ],
)
def test_logs_that_stopped_at_success_are_told(answers, unsafe, first, stopped):
    assert looks_stopped(answers, unsafe, first) is stopped


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: broken_share([1, 2], [1], [1]), "shapes"),
        (lambda: broken_share([0, 2], [1, 1], [1]), "attempts = 0"),
        (lambda: broken_share([1, 2], [1, 1], [3]), "1 to 2"),
    ],
)
def test_invalid_input_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
