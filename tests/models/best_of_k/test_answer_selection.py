"""The error of a selected answer: exact cases, and the mean over all subsets by brute force."""

from itertools import permutations

import numpy as np
import pytest

from solv.models.best_of_k.answer_selection import selection_errors

RNG = np.random.default_rng(0)
REWARDS = RNG.normal(size=(3, 5))
WRONG = RNG.random((3, 5)) < 0.5
WRONG[0] = [True, False, True, True, False]


def brute_force(k: int, temperature: float) -> np.ndarray:
    found = []
    for reward, wrong in zip(REWARDS, WRONG, strict=True):
        of_orders = []
        for order in permutations(range(5)):
            first = list(order[:k])
            if temperature == 0:
                weight = (reward[first] == reward[first].max()).astype(float)
            else:
                weight = np.exp(reward[first] / temperature)
            of_orders.append((weight * wrong[first]).sum() / weight.sum())
        found.append(np.mean(of_orders))
    return np.array(found)


@pytest.mark.parametrize("temperature", [0.0, 0.3, 2.0])
def test_the_mean_over_orders_is_the_mean_over_all_subsets(temperature: float) -> None:
    ks = [1, 2, 4, 5]
    found = selection_errors(REWARDS, WRONG, ks, [temperature], orders=8000, generator=np.random.default_rng(1))
    expected = np.stack([brute_force(k, temperature) for k in ks], axis=1)
    np.testing.assert_allclose(found[:, 0], expected, atol=4.5 * 0.5 / 8000**0.5)
    np.testing.assert_allclose(found[:, 0, -1], expected[:, -1], atol=1e-12)  # all answers: no order matters


def test_an_infinite_temperature_takes_any_answer() -> None:
    found = selection_errors(REWARDS, WRONG, [5], [np.inf], orders=1, generator=RNG)
    np.testing.assert_allclose(found[:, 0, 0], WRONG.mean(axis=1))


def test_rewards_of_any_size_do_not_overflow() -> None:
    found = selection_errors(1e5 * REWARDS, WRONG, [1, 5], [0.0, 1e-3], orders=4, generator=np.random.default_rng(2))
    np.testing.assert_allclose(found[:, 0, 1], found[:, 1, 1], atol=1e-12)
    assert np.isfinite(found).all()


def test_a_shift_of_all_rewards_of_a_question_changes_nothing() -> None:
    def error(rewards: np.ndarray) -> np.ndarray:
        return selection_errors(rewards, WRONG, [2, 4], [0.0, 0.5], orders=3, generator=np.random.default_rng(3))

    np.testing.assert_allclose(error(REWARDS), error(REWARDS + np.array([[7.0], [-2.0], [100.0]])), atol=1e-12)


@pytest.mark.parametrize(
    ("k", "temperature", "orders", "words"),
    [([6], 1.0, 1, "k = "), ([0], 1.0, 1, "k = "), ([1], -1.0, 1, "temperatures"), ([1], 1.0, 0, "orders")],
)
def test_numbers_out_of_range_are_refused(k: list[int], temperature: float, orders: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        selection_errors(REWARDS, WRONG, k, [temperature], orders=orders, generator=RNG)
