"""Are questions, answers and traces of the chain task what its definition says?"""

import numpy as np
import pytest

from solv.data.pita.starfish import Starfish

TASK = Starfish(arms=5, depth=7)


def ancestors(v):
    found = []
    while v >= TASK.arms:
        v -= TASK.arms
        found.append(v)
    return found


@pytest.mark.parametrize("hops", [(1, 1), (1, 3), (6, 6), (1, 6)])
def test_half_of_the_questions_are_on_an_arm_and_hops_are_kept(hops):
    questions, on = TASK.questions(2001, *hops, np.random.default_rng(0))
    assert on.sum() == 1001
    seen = set()
    for (a, b), is_on in zip(questions.tolist(), on.tolist(), strict=True):
        assert (a in ancestors(b)) is is_on
        assert 0 <= a < TASK.nodes
        assert 0 <= b < TASK.nodes
        assert (a % 5 == b % 5) is is_on
        seen.add(b // 5 - a // 5)
    assert seen == set(range(hops[0], hops[1] + 1))


@pytest.mark.parametrize("to_start", [True, False])
def test_a_trace_is_the_chain_of_ancestors_and_then_the_answer(to_start):
    questions, on = TASK.questions(300, 1, 6, np.random.default_rng(1))
    rows = TASK.traced(questions, to_start=to_start)
    assert rows.shape == (300, TASK.longest)
    for (a, b), is_on, row in zip(questions.tolist(), on.tolist(), rows.tolist(), strict=True):
        chain = ancestors(b)
        if is_on and not to_start:
            chain = chain[: chain.index(a) + 1]
        expected = [a, b, *chain, TASK.no + is_on]
        assert row == expected + [TASK.pad] * (TASK.longest - len(expected))


def test_contexts_are_the_prefixes_of_the_traces_as_bags_with_their_last_token_first():
    questions, _ = TASK.questions(200, 1, 6, np.random.default_rng(2))
    levels = questions[:, 1] // TASK.arms
    for steps in (np.zeros_like(levels), levels // 2, levels):
        bags, targets = TASK.contexts(questions, steps)
        assert bags.shape == (200, TASK.depth + 1)
        for bag, target, row, n in zip(bags, targets, TASK.traced(questions), steps, strict=True):
            assert bag[0] == row[1 + n]
            assert sorted(bag[: n + 2]) == sorted(row[: n + 2])
            assert set(bag[n + 2 :]) <= {TASK.pad}
            assert target == row[2 + n]


@pytest.mark.parametrize("answers", [0.2, 0.7])
def test_weighted_positions_stand_for_all_tokens_of_all_traces(answers):
    count = 40_000
    _, targets, weights = TASK.positions(count, 3, np.random.default_rng(3), answers=answers)
    rows = TASK.traced(TASK.questions(count, 1, 3, np.random.default_rng(4))[0])[:, 2:]
    tokens = rows[rows != TASK.pad]
    # the weighted mean of any function of the target is its mean over tokens, up to 5 standard errors of both
    for value in (lambda t: t >= TASK.no, lambda t: t < TASK.arms, lambda t: t == TASK.no + 1):
        each, wanted = weights * value(targets), value(tokens)
        error = np.hypot(each.std() / count**0.5, wanted.std() / count**0.5)
        assert abs(each.mean() - wanted.mean()) < 5 * error
    assert (targets >= TASK.no).mean() == pytest.approx(answers, abs=0.02)


def test_numbers_out_of_range_are_named():
    with pytest.raises(ValueError, match="arms = 1"):
        Starfish(1, 5)
    for hops in ((0, 1), (2, 1), (1, 7)):
        with pytest.raises(ValueError, match="depth - 1 = 6"):
            TASK.questions(4, *hops, np.random.default_rng(0))
