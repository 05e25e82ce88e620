"""Are the equivalents of the settings those of theory, and curves told apart by noise and beliefs?"""

import numpy as np
import pytest

from solv.experiments.best_of_k.regression import equivalents, judge_label, noise
from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.theory.best_of_k.posterior_equivalents import deterministic_equivalents

CONFIG = BestOfKConfig(sigma0=0.5, sigma=0.4, gamma=1.1)


def test_an_isotropic_task_is_the_default():
    found, spelled = equivalents(CONFIG, 2.0), equivalents(CONFIG, 2.0, eigenvalues=np.ones(30))
    assert found.bias_variance == pytest.approx(spelled.bias_variance)
    assert found.judge_variance == found.bias_variance  # the teacher itself judges


def test_a_judge_has_the_weights_that_are_promised():
    signs = np.array([1, -1] * 20)
    drawn = deterministic_equivalents(2.0, 0.5, 0.4, 1.1, np.ones(40), np.ones(40), 1.2 + 0.3 * signs)
    found = equivalents(CONFIG, 2.0, mis=0.3, scale=0.2)
    assert found.judge_variance == pytest.approx(drawn.judge_variance)
    assert found.covariance == pytest.approx(drawn.covariance)


def test_noise_and_beliefs_are_params_and_the_teacher_has_a_name():
    assert noise(CONFIG) == {"sigma0": 0.5, "sigma": 0.4, "gamma": 1.1}
    assert judge_label({"mis": 0}) == "teacher as judge"
    assert judge_label({"mis": 0.3}) == "mis=0.3"
