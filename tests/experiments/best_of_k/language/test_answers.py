"""Is the error of a selected answer that of the judge's choice, at every number of samples and temperature?"""

import math

import numpy as np
import pytest

from solv.experiments.best_of_k.language.answers import answer
from solv.experiments.best_of_k.language.judged_errors import ITSELF
from solv.harness.settings import replace
from solv.models.language.answering import Answers
from tests.experiments.scaffold import context, preset_of

QUESTIONS, TRUTHS = ["one", "two"], ["1", "2"]
RIGHT = 3  # of the answers to each question


class Generator:
    identity = "generator"

    def sample(self, questions, k, seed):
        truth = dict(zip(QUESTIONS, TRUTHS, strict=True))
        texts = [[truth[question]] * RIGHT + ["99"] * (k - RIGHT) for question in questions]
        return Answers(texts, np.tile(np.arange(k, dtype=float), (len(questions), 1)))


class Knowing:
    identity = "knows"

    def score(self, questions, answers):
        truth = dict(zip(QUESTIONS, TRUTHS, strict=True))
        return np.array([float(text == truth[question]) for question, text in zip(questions, answers, strict=True)])


@pytest.fixture
def errors(tmp_path):
    settings = replace(preset_of("best-of-k", "smoke").language, orders=400)
    found = answer(settings, context(tmp_path), "test", Generator(), {"knows": Knowing()}, QUESTIONS, TRUTHS)
    return settings, found


def test_errors_are_those_of_every_k_and_then_of_every_temperature(errors):
    settings, found = errors
    assert set(found) == {"knows", ITSELF}
    for each in found.values():
        assert each.shape == (2, len(settings.k) + len(settings.temperature))
        assert np.all((each >= 0) & (each <= 1))


def test_a_judge_that_knows_errs_only_where_no_right_answer_was_drawn(errors):
    settings, found = errors
    for k, error in zip(settings.k, found["knows"].T, strict=False):
        none_right = math.comb(settings.samples - RIGHT, k) / math.comb(settings.samples, k)
        # Standard error of a chance from 400 orders: 0.025 at most.
        np.testing.assert_allclose(error, none_right, atol=0.1)
