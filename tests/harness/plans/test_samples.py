"""Is the choice among samples the one of least error, exactly where it can be counted?"""

import itertools

import numpy as np
import pytest

from solv.harness.plans.samples import Judged, _best_scored, _selected, plan_from_scores, plan_from_theory
from solv.theory.best_of_k import WeightMoments, equivalents_from_moments, selection_error


def test_the_best_scored_of_k_is_an_average_over_all_ways_to_draw_them():
    scores, errors = np.array([3.0, 1.0, 2.0, 2.0, 0.0]), np.array([5.0, 1.0, 2.0, 4.0, 8.0])
    for k in (1, 2, 3, 5):
        every = []
        for drawn in itertools.combinations(range(5), k):
            best = max(scores[list(drawn)])
            every.append(np.mean([errors[place] for place in drawn if scores[place] == best]))
        if k in (1, 5):
            assert _best_scored(scores, errors, np.array([k]))[0] == pytest.approx(np.mean(every))
        expected = _by_orders(scores, errors, k)
        assert _best_scored(scores, errors, np.array([k]))[0] == pytest.approx(expected)


def _by_orders(scores, errors, k):
    """With ties broken at random: every order of the answers is alike."""
    values = []
    for order in itertools.permutations(range(5)):
        rank = {place: (scores[place], position) for position, place in enumerate(order)}
        values += [errors[max(drawn, key=rank.get)] for drawn in itertools.combinations(range(5), k)]
    return np.mean(values)


def test_selection_at_a_temperature_is_the_softmax_of_the_scores():
    judged = Judged((np.array([0.0, 1.0]),), (np.array([3.0, 5.0]),))
    found = _selected(judged, np.array([1, 2]), 0.5, np.random.default_rng(0))[0]
    weight = 1 / (1 + np.exp(-2))
    assert found == pytest.approx([4.0, 3 * (1 - weight) + 5 * weight])


def drawn(noise, prompts=200, answers=16, seed=0):
    rng = np.random.default_rng(seed)
    errors = rng.exponential(size=(prompts, answers))
    scores = -errors + noise * rng.normal(size=errors.shape)
    return Judged(tuple(scores), tuple(errors))


def test_a_perfect_judge_takes_the_best_of_all_and_a_blind_one_is_told():
    perfect = plan_from_scores(drawn(0.0))
    assert perfect.decision[0].startswith("draw 16 and take the best-scored: error 0.06")  # 1 / 16
    assert "gets 100 % of the way" in perfect.decision[1]
    blind = plan_from_scores(drawn(1e6))
    assert "may be worth nothing" in blind.decision[0] or blind.decision[0].startswith("take one sample")


def test_a_judge_that_likes_one_wrong_kind_of_answer_is_misled_by_many():
    rng = np.random.default_rng(1)
    errors = rng.exponential(size=(300, 32))
    trap = rng.random(errors.shape) < 0.05
    errors[trap] = 5.0
    scores = np.where(trap, 10.0, -errors)
    plan = plan_from_scores(Judged(tuple(scores), tuple(errors)))
    assert "misled where it may choose freely" in plan.decision[-1]
    best = min(plan.rows, key=lambda row: row[1])
    assert 1 < best[0] < 32


def test_theory_takes_the_depth_of_the_budget_with_a_true_judge_and_less_with_a_false_one():
    true = plan_from_theory(2, 0.0, 16)
    assert true.decision[0].startswith("draw 16")
    found = equivalents_from_moments(2, 0.1, 0.3, 1.0, np.ones(1), WeightMoments.of_random_judge(1, 0.6))
    false = plan_from_theory(2, 0.6, 16)
    assert "always taking the best-scored is best with 2 samples" in false.decision[1]
    assert [row[1] for row in false.rows] == pytest.approx(selection_error(found, [1, 2, 4, 8, 16], 0.0))
    assert all(row[2] <= row[1] for row in false.rows)
    assert "more data" in false.decision[2]
    assert "more samples" in true.decision[2]


def test_too_little_is_refused():
    with pytest.raises(ValueError, match="at least 10 prompts"):
        plan_from_scores(drawn(1.0, prompts=9))
    with pytest.raises(ValueError, match="same score"):
        plan_from_scores(Judged((np.ones(3),) * 10, (np.arange(3.0),) * 10))
    with pytest.raises(ValueError, match="budget"):
        plan_from_theory(2, 0, 1)
