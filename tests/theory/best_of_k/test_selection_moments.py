"""Is the squared distance of the selected sample that of closed forms, quadrature, symmetries and a reproduction?"""

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


# MachineLearning-Nerd/icml26-repro-ANVg7NnupP-llm-judge-scaling, outputs/*.csv, s = 1: by Gaussian and Laplace
# quadrature of E sum f w / sum w at t > 0, and from the survival function of the smallest distance at T = 0. All of its
# 126 curves agree to 2e-9 (k >= 2; one, at t = 1 and D_R = -2.5, to 8e-6, where its value at k = 1 is off as well), and
# its 52 values at T = 0 to 5e-13; some of each are kept here.
WARM = {
    # D_T = m - y_T, D_R = m - y_R, t: delta at k = 2, 16, 256
    (0, 0, 1): [0.6495418383, 0.5125257604, 0.5007536054],
    (0.2, 0.1, 3): [0.8785491679, 0.790857842, 0.7812515801],
    (0.5, 0.25, 10): [1.188005938, 1.1428083559, 1.13724723],
    (0.5, 0.0, 1): [0.8995418383, 0.7625257604, 0.7507536054],
    (0, -1.5, 3): [0.8786791194, 0.8858278111, 0.8903125581],
    (0.2, -1.8, 5): [1.0232862803, 1.0738258341, 1.0827298462],
    (0.5, -2.0, 12): [1.2919715528, 1.3427114067, 1.3500957367],
}
COLD = {
    # D_T = D_R: delta at k = 4, 64, 1024, 16384
    0.0: [0.12070214137740287, 0.0007333202097374668, 2.9873164557625425e-06, 1.1701202266649752e-08],
    0.5: [0.15413965138956037, 0.0009415535619616646, 3.83578941266495e-06, 1.5024641103175835e-08],
    1.0: [0.29626671695364976, 0.0019906336597312695, 8.120319711256786e-06, 3.1807164748368764e-08],
}


def distances(mean_to_teacher, mean_to_judge, k, temperature):
    answer, target = -mean_to_judge, -mean_to_teacher
    side = -1 if answer < 0 else 1
    found = selected_squared_distance(
        np.array([side * answer]), np.array([side * (answer - target)]), 1.0, np.array(k), temperature
    )
    return found[:, 0]


@pytest.mark.parametrize("setting", WARM)
def test_the_selected_distance_is_that_of_an_independent_reproduction(setting):
    to_teacher, to_judge, t = setting
    np.testing.assert_allclose(distances(to_teacher, to_judge, [2, 16, 256], 2 * t), WARM[setting], rtol=5e-9)


@pytest.mark.parametrize("to_teacher", COLD)
def test_the_nearest_sample_is_as_far_as_an_independent_reproduction_finds(to_teacher):
    found = distances(to_teacher, to_teacher, [4, 64, 1024, 16384], 0.0)
    np.testing.assert_allclose(found, COLD[to_teacher], rtol=1e-12)
