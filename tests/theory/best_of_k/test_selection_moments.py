"""Is the squared distance of the selected sample that of closed forms, plain quadrature and its own symmetries?"""

import math

import numpy as np
import pytest

from solv.theory.best_of_k.selection_moments import selected_squared_distance


def distance(answer, gap, variance, k, temperature):
    return selected_squared_distance(np.array([answer]), np.array([gap]), variance, np.array([k]), temperature)[0, 0]


@pytest.mark.parametrize(("k", "temperature"), [(1, 0.0), (1, 0.7), (9, math.inf)])
def test_without_a_choice_a_sample_is_as_far_as_any(k: int, temperature: float) -> None:
    assert distance(0.5, 0.2, 0.8, k, temperature) == pytest.approx(0.8 + 0.3**2)


def test_the_nearer_of_two_to_the_centre_has_the_closed_form() -> None:
    # E min(z1^2, z2^2) = 1 - 2 / pi for independent standard Gaussians.
    assert distance(0.0, 0.0, 1.0, 2, 0.0) == pytest.approx(1 - 2 / math.pi, rel=1e-6)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 20.0])
@pytest.mark.parametrize(("answer", "gap"), [(0.0, 0.0), (0.8, 0.8), (0.8, -0.3)])
def test_one_of_two_is_the_double_integral(answer: float, gap: float, temperature: float) -> None:
    nodes = np.linspace(-9, 9, 1201)
    weights = np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    reward = -((nodes - answer) ** 2) / temperature
    chosen = 1 / (1 + np.exp(np.clip(reward[None, :] - reward[:, None], -700, 700)))
    expected = 2 * np.sum(weights[:, None] * weights * chosen * (nodes[:, None] - (answer - gap)) ** 2)
    assert distance(answer, gap, 1.0, 2, temperature) == pytest.approx(expected, rel=1e-6)


def test_all_lengths_may_be_scaled_together() -> None:
    one = distance(0.4, 0.1, 1.0, 12, 0.2)
    assert distance(1.2, 0.3, 9.0, 12, 1.8) == pytest.approx(9 * one, rel=1e-6)


def test_answers_and_numbers_of_samples_do_not_see_each_other() -> None:
    answers, gaps, k = np.array([0.1, 0.9]), np.array([0.0, 0.4]), np.array([1, 3, 50])
    together = selected_squared_distance(answers, gaps, 0.6, k, 0.3)
    assert together.shape == (3, 2)
    alone = [[distance(a, gap, 0.6, count, 0.3) for a, gap in zip(answers, gaps, strict=True)] for count in k]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_perfect_judge_of_more_samples_finds_nearer_ones() -> None:
    k = np.array([1, 2, 10, 100, 10**6])
    found = selected_squared_distance(np.array([0.5]), np.zeros(1), 1.0, k, 0.0)[:, 0]
    assert np.all(np.diff(found) < 0)
    # Far out the nearest of k is exponential with rate 2 k p(a): E q^2 = 2 / (2 k p)^2.
    density = math.exp(-0.125) / math.sqrt(2 * math.pi)
    assert found[-1] == pytest.approx(2 / (2 * 10**6 * density) ** 2, rel=1e-3)
