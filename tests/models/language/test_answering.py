"""Generators and judges: the trained decoder as both, and the cache that lets a killed measurement go on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from solv.models.language.answering import Answers, DecoderAnswering, sample_all, score_all
from solv.models.language.decoder import Decoder, DecoderConfig

CONFIG = DecoderConfig(vocabulary=12, context=12, width=16, layers=1, heads=2, init_std=0.4)
STOP = 11


class Digits:
    """Tokens 0..9 are digits, 10 is a plus."""

    def encode(self, text: str) -> list[int]:
        return [10 if letter == "+" else int(letter) for letter in text]

    def decode(self, tokens: list[int]) -> str:
        return "".join("+" if token == 10 else str(token) for token in tokens)


class Counting:
    """A generator and judge that counts its calls and can be made to fail."""

    identity = "counting"

    def __init__(self, fail_at: int | None = None) -> None:
        self.calls = 0
        self._fail_at = fail_at

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self._fail_at:
            raise KeyboardInterrupt

    def sample(self, questions: Sequence[str], k: int, seed: int) -> Answers:
        self._count()
        drawn = np.random.default_rng(seed).integers(100, size=(len(questions), k))
        return Answers([[str(value) for value in row] for row in drawn], -drawn.astype(float))

    def score(self, questions: Sequence[str], answers: Sequence[str]) -> np.ndarray:
        self._count()
        return np.array([float(len(q) + int(a)) for q, a in zip(questions, answers, strict=True)])


def decoder(seed: int = 0, stop: int | None = None) -> DecoderAnswering:
    model = Decoder(CONFIG, generator=torch.Generator().manual_seed(seed))
    return DecoderAnswering(model, Digits(), new_tokens=4, stop=stop)


def test_a_decoder_judges_its_own_answers_by_their_log_probability() -> None:
    answering, questions = decoder(), ["1+2", "33+4", "5"]
    made = answering.sample(questions, 6, seed=0)
    asked = [question for question in questions for _ in range(6)]
    plain = [text for texts in made.texts for text in texts]
    kept = np.array(["11" not in text for text in plain])  # the stop's token is written as two digits here
    found = answering.score(
        [q for q, k in zip(asked, kept, strict=True) if k], [t for t, k in zip(plain, kept, strict=True) if k]
    )
    np.testing.assert_allclose(found, made.log_probabilities.ravel()[kept], rtol=1e-4)


def test_the_stop_is_part_of_the_likelihood_and_not_of_the_text() -> None:
    answering = decoder(stop=STOP)
    made = answering.sample(["1+2", "33+4"], 200, seed=1)
    stopped = [
        (question, text, value)
        for question, texts, values in zip(["1+2", "33+4"], made.texts, made.log_probabilities, strict=True)
        for text, value in zip(texts, values, strict=True)
        if 0 < len(text) < 4
    ]
    assert len(stopped) > 10
    found = answering.score([q for q, _, _ in stopped], [t for _, t, _ in stopped])
    np.testing.assert_allclose(found, [value for _, _, value in stopped], rtol=1e-4)


def test_other_weights_have_another_identity() -> None:
    assert decoder(0).identity == decoder(0).identity != decoder(1).identity
    assert decoder(0).identity != decoder(0, stop=STOP).identity


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    questions, worker = [f"q{i}" for i in range(7)], Counting()
    first = sample_all(worker, questions, 3, 5, batch=2, cache=tmp_path)
    rewards = score_all(worker, questions, first.texts, batch=2, cache=tmp_path)
    assert worker.calls == 8
    again = sample_all(worker, questions, 3, 5, batch=2, cache=tmp_path)
    np.testing.assert_array_equal(score_all(worker, questions, again.texts, batch=2, cache=tmp_path), rewards)
    assert worker.calls == 8
    assert again.texts == first.texts
    np.testing.assert_array_equal(again.log_probabilities, first.log_probabilities)
    sample_all(worker, questions, 3, 6, batch=2, cache=tmp_path)
    assert worker.calls == 12


def test_a_killed_measurement_goes_on_and_ends_with_the_same_answers(tmp_path: Path) -> None:
    questions = [f"q{i}" for i in range(9)]
    with pytest.raises(KeyboardInterrupt):
        sample_all(Counting(fail_at=3), questions, 4, 1, batch=2, cache=tmp_path)
    resumed = Counting()
    found = sample_all(resumed, questions, 4, 1, batch=2, cache=tmp_path)
    assert resumed.calls == 3
    assert found.texts == sample_all(Counting(), questions, 4, 1, batch=2).texts
    assert not list(tmp_path.glob("*.partial"))


def test_a_torn_file_of_the_cache_is_made_again(tmp_path: Path) -> None:
    first = sample_all(Counting(), ["q"], 4, 1, batch=2, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text()[:10])
    assert sample_all(Counting(), ["q"], 4, 1, batch=2, cache=tmp_path).texts == first.texts


def test_batches_of_one_measurement_draw_from_streams_of_their_own() -> None:
    made = sample_all(Counting(), ["q", "q"], 8, 1, batch=1)
    assert made.texts[0] != made.texts[1]


def test_a_reward_that_is_not_finite_is_refused() -> None:
    class Broken(Counting):
        def score(self, questions: Sequence[str], answers: Sequence[str]) -> np.ndarray:
            return np.full(len(questions), np.nan)

    with pytest.raises(ValueError, match="not finite"):
        score_all(Broken(), ["q"], [["1"]], batch=1)
