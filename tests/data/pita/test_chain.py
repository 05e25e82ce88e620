"""Are questions, answers and traces of the chain task what its definition says?"""

import numpy as np
import pytest

from solv.data.pita.chain import TRACES, ChainTask
from solv.theory.pita.chain_lengths import trace_lengths

TASK = ChainTask(arms=5, depth=7)


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


def chain(task, a, b):
    """The nodes of a trace by hand."""
    if task.trace == "arm":
        return [(b - 5 * k) % task.nodes for k in range(1, task.depth)]
    if task.trace == "start":
        return ancestors(b)
    whole = [*ancestors(b), task.root]
    if b < a:
        return whole
    return whole[: 1 + next(k for k, v in enumerate(whole) if v == task.root or v <= a)]


@pytest.mark.parametrize("trace", TRACES)
def test_a_trace_is_the_chain_of_nodes_and_then_the_answer(trace):
    task = ChainTask(5, 7, trace)
    questions, on = task.questions(300, 1, 6, np.random.default_rng(1))
    rows = task.traced(questions)
    assert rows.shape == (300, task.longest)
    for (a, b), is_on, row in zip(questions.tolist(), on.tolist(), rows.tolist(), strict=True):
        expected = [a, b, *chain(task, a, b), task.no + is_on]
        assert row == expected + [task.pad] * (task.longest - len(expected))
    assert (questions[:, 0] > questions[:, 1]).sum() == (75 if trace == "inverted" else 0)


@pytest.mark.parametrize("trace", TRACES)
def test_contexts_are_the_prefixes_of_the_traces_as_bags_with_their_last_token_first(trace):
    task = ChainTask(5, 7, trace)
    questions, _ = task.questions(200, 1, 6, np.random.default_rng(2))
    written = task.steps(questions)
    for steps in (np.zeros_like(written), written // 2, written):
        bags, targets = task.contexts(questions, steps)
        assert bags.shape == (200, task.longest - 1)
        for bag, target, row, n in zip(bags, targets, task.traced(questions), steps, strict=True):
            assert bag[0] == row[1 + n]
            assert sorted(bag[: n + 2]) == sorted(row[: n + 2])
            assert set(bag[n + 2 :]) <= {task.pad}
            assert target == row[2 + n]


@pytest.mark.parametrize("trace", TRACES)
def test_the_lengths_of_traces_have_their_distribution(trace):
    task, count = ChainTask(5, 7, trace), 40_000
    written = task.steps(task.questions(count, 1, 4, np.random.default_rng(5))[0])
    predicted = trace_lengths(7, 1, 4, trace=trace)
    found = np.bincount(written, minlength=8) / count
    assert np.abs(found - predicted).max() < 4 * np.sqrt(0.25 / count)
    assert predicted.sum() == pytest.approx(1)
    assert task.mean_steps(4) == pytest.approx(predicted @ np.arange(8))


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize("answers", [0.2, 0.7])
def test_weighted_positions_stand_for_all_tokens_of_all_traces(answers, trace):
    task, count = ChainTask(5, 7, trace), 40_000
    _, targets, weights = task.positions(count, 3, np.random.default_rng(3), answers=answers)
    rows = task.traced(task.questions(count, 1, 3, np.random.default_rng(4))[0])[:, 2:]
    tokens = rows[rows != task.pad]

    # the weighted mean of any function of the target is its mean over tokens, up to 5 standard errors of both
    def answer(t):
        return (t >= task.no) & (t <= task.no + 1)

    for value in (answer, lambda t: t < task.arms, lambda t: t == task.no + 1):
        each, wanted = weights * value(targets), value(tokens)
        error = np.hypot(each.std() / count**0.5, wanted.std() / count**0.5)
        assert abs(each.mean() - wanted.mean()) < 5 * error
    assert answer(targets).mean() == pytest.approx(answers, abs=0.02)


def test_numbers_out_of_range_are_named():
    with pytest.raises(ValueError, match="arms = 1"):
        ChainTask(1, 5)
    with pytest.raises(ValueError, match="trace = 'long' is unknown; valid: arm, start, short, inverted"):
        ChainTask(5, 5, "long")
    for hops in ((0, 1), (2, 1), (1, 7)):
        with pytest.raises(ValueError, match="depth - 1 = 6"):
            TASK.questions(4, *hops, np.random.default_rng(0))
