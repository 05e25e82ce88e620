"""Are trace lengths those of enumerated questions, and do errors add up as they should?"""

from itertools import product

import numpy as np
import pytest

from solv.theory.pita.chain_lengths import right_answer, right_to_the_end, trace_lengths


@pytest.mark.parametrize(("depth", "least", "most"), [(2, 1, 1), (5, 1, 3), (7, 4, 4), (6, 1, 5)])
def test_lengths_are_those_of_all_questions_weighed_by_their_chance(depth, least, most):
    expected = np.zeros(depth + 1)
    for hops in range(least, most + 1):
        for above in range(depth - hops):
            expected[above + hops] += 1 / (most - least + 1) / (depth - hops)
    np.testing.assert_allclose(trace_lengths(depth, least, most), expected)
    assert expected.sum() == pytest.approx(1)


def test_a_trace_is_right_if_every_one_of_its_tokens_is():
    lengths, eps = trace_lengths(4, 1, 2), 0.1
    expected = 0.0
    for n, chance in enumerate(lengths):
        tokens = product((True, False), repeat=n + 1)
        expected += chance * sum(np.prod([1 - eps if ok else eps for ok in each]) for each in tokens if all(each))
    assert right_to_the_end(eps, lengths) == pytest.approx(expected)
    assert right_to_the_end(0, lengths) == pytest.approx(1)


def test_an_answer_is_its_own_error_when_no_step_errs_and_a_coin_when_every_step_does():
    lengths = trace_lengths(6, 2, 4)
    assert right_answer(0, 0.3, lengths) == pytest.approx(0.7)
    assert right_answer(1, 0.3, lengths) == pytest.approx(0.5)


def test_to_first_order_only_the_number_of_errors_counts():
    lengths = trace_lengths(9, 3, 3)
    tokens = lengths @ np.arange(1, 11)
    for error in (1e-3, 1e-4):
        alike = right_to_the_end(error / tokens, lengths)
        assert abs(alike - right_answer(0, error, lengths)) < error**2


def test_numbers_out_of_range_are_named():
    for arguments in ((1, 1, 1), (5, 0, 2), (5, 3, 2), (5, 1, 5)):
        with pytest.raises(ValueError, match="valid"):
            trace_lengths(*arguments)
    with pytest.raises(ValueError, match="trace = 'long'"):
        trace_lengths(5, 1, 2, trace="long")
    with pytest.raises(ValueError, match=r"step_error = 1\.5"):
        right_to_the_end(1.5, [0, 1])
    with pytest.raises(ValueError, match="answer_error = -1"):
        right_answer(0, -1, [0, 1])
