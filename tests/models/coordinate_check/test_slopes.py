"""Is each verdict given where it is due, and not a tenth before?"""

import math

import numpy as np
import pytest

from solv.models.coordinate_check.slopes import FLAT, judge

SIZES = np.array([64, 128, 256])
SEEN = np.ones((3, 3), dtype=bool)


def with_slopes(*slopes, sizes=SIZES):
    return np.array([(sizes / 64.0) ** slope for slope in slopes])


def verdict_at(middle, half_width):
    """With slopes whose mean is `middle` and whose two standard errors are `half_width`."""
    spread = half_width / 2 * math.sqrt(3)
    learned = with_slopes(middle - spread, middle, middle + spread)
    return judge("m", SIZES, learned, learned, SEEN)


@pytest.mark.parametrize(
    ("middle", "half_width", "verdict"),
    [
        (0.0, 0.9 * FLAT, "order one"),
        (0.0, 1.1 * FLAT, "undecided"),
        (0.1, 0.9 * (FLAT - 0.1), "order one"),
        (-0.1, 1.1 * (FLAT - 0.1), "undecided"),
        (0.3, 0.9 * (0.3 - FLAT), "grows"),
        (0.3, 1.1 * (0.3 - FLAT), "undecided"),
        (-0.3, 0.9 * (0.3 - FLAT), "shrinks"),
        (-0.3, 1.1 * (0.3 - FLAT), "undecided"),
    ],
)
def test_slope_and_two_errors_decide(middle, half_width, verdict):
    found = verdict_at(middle, half_width)
    assert found.slope == pytest.approx(middle, abs=1e-12)
    assert 2 * found.error == pytest.approx(half_width)
    assert found.verdict == verdict


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_what_is_not_finite_diverges_and_the_finite_sizes_are_judged(value):
    learned = with_slopes(0.9, 1.0, 1.1)
    learned[1, 2] = value
    found = judge("m", SIZES, learned, learned, SEEN)
    assert found.verdict == "diverges"
    assert found.slope == pytest.approx(1)
    assert found.note == "not finite at 256"


def test_one_finite_size_is_no_slope_and_still_diverges():
    learned = np.array([[1.0, math.inf, math.nan]] * 3)
    found = judge("m", SIZES, learned, learned, SEEN)
    assert found.verdict == "diverges"
    assert math.isnan(found.slope)


def test_nothing_learned_is_told_from_a_part_that_learns_nothing_at_one_size():
    nothing = judge("m", SIZES, np.zeros((3, 3)), np.zeros((3, 3)), SEEN, "frozen")
    assert (nothing.verdict, nothing.note) == ("does not learn", "frozen")
    learned = with_slopes(0.9, 1.0, 1.1)
    learned[:, 1] = 0
    some = judge("m", SIZES, learned, learned, SEEN, "why")
    assert (some.verdict, some.note) == ("does not learn", "nothing at 128; why")


def test_seeds_that_make_no_difference_and_one_seed_decide_nothing():
    for learned in (with_slopes(1.0, 1.0, 1.0), with_slopes(1.0)):
        found = judge("m", SIZES, learned, learned, SEEN[: len(learned)])
        assert (found.verdict, found.slope) == ("undecided", pytest.approx(1))
        assert math.isnan(found.error)


def test_a_part_that_was_called_on_nothing_is_named_and_judged_by_the_rest():
    learned, called = with_slopes(0.9, 1.0, 1.1), SEEN.copy()
    called[0, 1] = False
    learned[0, 1] = math.nan
    found = judge("m", SIZES, learned, learned, called)
    assert found.verdict == "grows"
    assert found.note == "called on nothing at 128, with some of the seeds"
    called[:, 1:] = False
    found = judge("m", SIZES, learned, learned, called)
    assert found.verdict == "not measured"
    assert found.note == "called on nothing at 128, 256"


def test_an_unknown_change_leaves_the_verdict_alone():
    learned = with_slopes(0.9, 1.0, 1.1)
    found = judge("m", SIZES, learned, np.full((3, 3), math.nan), SEEN)
    assert found.verdict == "grows"
    assert math.isnan(found.change_slope)
