"""Sums modulo a number: text and tokens agree, the split covers everything once."""

import numpy as np
import pytest

from solv.data.best_of_k.modular_arithmetic import ModularArithmetic

TASK = ModularArithmetic(11, 3)


def test_text_and_tokens_are_the_same_sum() -> None:
    sums = np.array([[3, 10, 7], [0, 0, 0]])
    assert TASK.question(sums[0]) == "3+10+7="
    assert TASK.encode("3+10+7=") == TASK.tokens(sums)[0].tolist() == [3, 11, 10, 11, 7, 12]
    assert TASK.decode(TASK.encode("3+10+7=")) == "3+10+7="
    assert TASK.results(sums).tolist() == [9, 0]
    assert TASK.tokens(sums).shape == (2, TASK.prompt_length)
    assert TASK.tokens(sums).max() < TASK.vocabulary


def test_training_and_test_cover_every_sum_once() -> None:
    training, held_out = TASK.split(0.4, np.random.default_rng(0))
    assert len(held_out) == round(0.4 * 11**3)
    assert len({tuple(row) for row in [*training.tolist(), *held_out.tolist()]}) == 11**3


@pytest.mark.parametrize("text", ["3+11=", "3-1", "x", "²"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="valid: numbers below 11"):
        TASK.encode(text)


def test_impossible_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="modulus = 1"):
        ModularArithmetic(1, 3)
    with pytest.raises(ValueError, match="1000000"):
        ModularArithmetic(101, 4)
    with pytest.raises(ValueError, match="test_fraction"):
        TASK.split(0.0, np.random.default_rng(0))
