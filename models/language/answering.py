"""Who answers a question, and who judges the answers? Two small protocols, for models trained here and elsewhere.

A `Generator` samples k answers a question, a `Judge` gives each answer a reward. `sample_all` and `score_all` run them
batch by batch and keep what is done on disk, so that a killed measurement goes on where it was.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from jaxtyping import Float

from solv.models.language.decoder import Decoder
from solv.models.language.generation import generate, log_likelihood


@dataclass(frozen=True)
class Answers:
    """Sampled answers.

    Attributes:
        texts: k texts for each question.
        log_probabilities: of each answer under its generator at temperature 1, shape (questions, k).
    """

    texts: list[list[str]]
    log_probabilities: Float[np.ndarray, "questions k"]


class Generator(Protocol):
    """Samples answers."""

    @property
    def identity(self) -> str:
        """Text that tells this generator, weights included, from every other: the cache's key."""

    def sample(self, questions: Sequence[str], k: int, seed: int) -> Answers:
        """Return k independent answers to each question, the same whenever the arguments are the same."""


class Judge(Protocol):
    """Scores answers."""

    @property
    def identity(self) -> str:
        """Text that tells this judge, weights included, from every other."""

    def score(self, questions: Sequence[str], answers: Sequence[str]) -> Float[np.ndarray, "pairs"]:
        """Return the reward of each answer to the question at the same place; finite, larger is better."""


class Tokens(Protocol):
    """Turns text into tokens and back."""

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text."""

    def decode(self, tokens: list[int]) -> str:
        """Return the text of tokens."""


class DecoderAnswering:
    """A decoder trained here as generator and as judge; its reward is the log-likelihood of the answer."""

    def __init__(
        self, model: Decoder, tokens: Tokens, *, new_tokens: int, temperature: float = 1.0, stop: int | None = None
    ) -> None:
        """Wrap a model.

        Args:
            model: the decoder, on its device.
            tokens: the text's tokens.
            new_tokens: longest answer, in tokens.
            temperature: of the sampling, > 0.
            stop: token that ends an answer; it is part of an answer's likelihood, not of its text.
        """
        self._model = model.eval()
        self._tokens = tokens
        self._new_tokens = new_tokens
        self._temperature = temperature
        self._stop = stop
        self.identity = f"decoder {fingerprint(model)} new_tokens={new_tokens} T={temperature} stop={stop}"

    def sample(self, questions: Sequence[str], k: int, seed: int) -> Answers:
        """Return k independent answers to each question."""
        prompts, padding = self._padded([self._tokens.encode(question) for question in questions])
        generator = torch.Generator(prompts.device).manual_seed(seed)
        made = generate(
            self._model,
            prompts,
            self._new_tokens,
            answers=k,
            temperature=self._temperature,
            generator=generator,
            stop=self._stop,
            padding=padding,
        )
        kept = (made.lengths - made.stopped.long()).tolist()
        texts = [
            [self._tokens.decode(answer[:length]) for answer, length in zip(*row, strict=True)]
            for row in zip(made.tokens.tolist(), kept, strict=True)
        ]
        return Answers(texts, made.log_probabilities.sum(-1).double().cpu().numpy())

    def score(self, questions: Sequence[str], answers: Sequence[str]) -> Float[np.ndarray, "pairs"]:
        """Return the log-likelihood of each answer; equal pairs are computed once."""
        distinct = list(dict.fromkeys(zip(questions, answers, strict=True)))
        prompts, padding = self._padded([self._tokens.encode(question) for question, _ in distinct])
        end = [] if self._stop is None else [self._stop]
        written = [self._tokens.encode(answer) + end for _, answer in distinct]
        longest = max(map(len, written))
        filled = torch.tensor([answer + [0] * (longest - len(answer)) for answer in written], device=prompts.device)
        ends = prompts.shape[1] + torch.tensor([len(answer) for answer in written], device=prompts.device)
        both = torch.cat([prompts, filled], dim=1)
        found = log_likelihood(self._model, both, start=prompts.shape[1], ends=ends, padding=padding)
        reward = dict(zip(distinct, found.tolist(), strict=True))
        return np.array([reward[pair] for pair in zip(questions, answers, strict=True)])

    def _padded(self, prompts: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the prompts padded at the left, and by how much (None: not at all)."""
        longest = max(map(len, prompts))
        missing = [longest - len(prompt) for prompt in prompts]
        device = next(self._model.parameters()).device
        tokens = torch.tensor([[0] * n + prompt for n, prompt in zip(missing, prompts, strict=True)], device=device)
        return tokens, torch.tensor(missing, device=device) if any(missing) else None


def sample_all(
    generator: Generator, questions: Sequence[str], k: int, seed: int, *, batch: int, cache: Path | None = None
) -> Answers:
    """Return k answers to each question, sampled `batch` questions at a time.

    Args:
        generator: who answers.
        questions: the questions, at least one.
        k: answers a question, >= 1.
        seed: of the sampling; each batch has a stream of its own.
        batch: questions a batch, >= 1.
        cache: folder in which every finished batch is kept, read from there when it is asked for again.
    """

    def answer(start: int) -> Any:
        part = list(questions[start : start + batch])
        own_seed = int.from_bytes(_digest("stream", seed, start)[:7], "big")

        def compute() -> Any:
            made = generator.sample(part, k, own_seed)
            return {"texts": made.texts, "log_probabilities": made.log_probabilities.tolist()}

        return _kept(cache, ("answers", generator.identity, part, k, own_seed), compute)

    parts = [answer(start) for start in range(0, len(questions), batch)]
    return Answers(
        [texts for part in parts for texts in part["texts"]],
        np.concatenate([np.array(part["log_probabilities"]) for part in parts]),
    )


def score_all(
    judge: Judge, questions: Sequence[str], answers: Sequence[Sequence[str]], *, batch: int, cache: Path | None = None
) -> Float[np.ndarray, "questions k"]:
    """Return the reward of every answer, judged `batch` questions at a time; arguments as `sample_all`.

    Raises:
        ValueError: a reward is not finite.
    """
    rewards = []
    for start in range(0, len(questions), batch):
        part = questions[start : start + batch]
        of_part = [list(texts) for texts in answers[start : start + batch]]
        pairs = [(question, text) for question, texts in zip(part, of_part, strict=True) for text in texts]
        found = _kept(
            cache,
            ("rewards", judge.identity, pairs),
            lambda pairs=pairs: judge.score([q for q, _ in pairs], [a for _, a in pairs]).tolist(),  # type: ignore[misc]
        )
        rewards.append(np.array(found, dtype=np.float64).reshape(len(part), -1))
    together = np.concatenate(rewards)
    if not np.isfinite(together).all():
        raise ValueError("the judge gave a reward that is not finite; valid: a finite number for every answer")
    return together


def fingerprint(model: torch.nn.Module) -> str:
    """Return a digest of the names, shapes and values of a model's parameters and buffers (65 values of each)."""
    summary = hashlib.sha256()
    for name, value in model.state_dict().items():
        flat = value.detach().flatten()
        places = torch.linspace(0, max(len(flat) - 1, 0), min(len(flat), 65), device=flat.device).long()
        summary.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        summary.update(np.ascontiguousarray(flat[places].double().cpu().numpy()).tobytes())
    return summary.hexdigest()[:32]


def _kept(cache: Path | None, key: object, compute: Callable[[], Any]) -> Any:
    """Return the JSON value kept under the content of `key`, computing and keeping it atomically if there is none."""
    if cache is None:
        return compute()
    path = cache / f"{_digest(key).hex()[:40]}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        value = compute()
    cache.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
    try:
        with beside.open("w", encoding="utf-8") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return value


def _digest(*key: object) -> bytes:
    return hashlib.sha256(json.dumps(key, ensure_ascii=True).encode()).digest()
