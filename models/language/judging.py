"""How good does a language model say an answer is? A score that it writes, or its probability that steps are right.

Needs the extra `hf`. Both give 0 to 10; `models/language/huggingface.py` has the third reward, the log-likelihood.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from solv.models.language.answering import fingerprint
from solv.models.language.huggingface import ModelError, load_pretrained, require_folder

NO_SCORE = -1.0  # reward of an answer for which the judge wrote no number
HIGHEST = 10.0
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SHOWN = {"question": 400, "answer": 600, "final": 100}  # letters that the judge is shown of each


class WrittenScore:
    """A causal model that writes a score from 0 to 10: greedily, the first number, clamped."""

    def __init__(
        self,
        path: str,
        final: Callable[[str], str],
        *,
        device: str = "cpu",
        template: str,
        new_tokens: int = 4,
        rows: int = 32,
    ) -> None:
        """Load a model.

        Args:
            path: a folder that `save_pretrained` wrote, with its tokenizer, or a name on the hub.
            final: the final answer of an answer, as text.
            device: torch device.
            template: prompt with "{question}", "{answer}" and "{final}", of which 400, 600 and 100 letters are shown.
            new_tokens: longest text that is read for a score.
            rows: prompts that go through the model at once.

        Raises:
            ModelError: the template lacks a part, or the model cannot be loaded.
        """
        for name in _SHOWN:
            if f"{{{name}}}" not in template:
                raise ModelError(f"template {template!r} does not hold {{{name}}}")
        self._model, self._tokenizer = load_pretrained(path, device)
        self._final, self._device, self._template = final, device, template
        self._new_tokens, self._rows = new_tokens, rows
        self.identity = f"hf score {fingerprint(self._model)} {len(self._tokenizer)} {template!r} {new_tokens}"

    @torch.no_grad()
    def score(self, questions: Sequence[str], answers: Sequence[str]) -> Float[np.ndarray, "pairs"]:
        """Return the score of each answer, 0 to 10, or `NO_SCORE`; equal pairs are judged once."""
        distinct = list(dict.fromkeys(zip(questions, answers, strict=True)))
        written: list[str] = []
        for start in range(0, len(distinct), self._rows):
            written += self._write([self._prompt(*pair) for pair in distinct[start : start + self._rows]])
        scores = dict(zip(distinct, map(first_score, written), strict=True))
        return np.array([scores[pair] for pair in zip(questions, answers, strict=True)])

    def _prompt(self, question: str, answer: str) -> str:
        parts = {"question": question, "answer": answer, "final": self._final(answer)}
        prompt = self._template
        for name, letters in _SHOWN.items():
            prompt = prompt.replace(f"{{{name}}}", parts[name][:letters].strip())
        if getattr(self._tokenizer, "chat_template", None):
            messages = [{"role": "user", "content": prompt}]
            return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        return prompt

    def _write(self, prompts: list[str]) -> list[str]:
        special = not getattr(self._tokenizer, "chat_template", None)
        rows = [self._tokenizer(prompt, add_special_tokens=special)["input_ids"] for prompt in prompts]
        tokens, seen = _padded(rows, self._tokenizer, self._device, left=True)
        made = self._model.generate(
            input_ids=tokens,
            attention_mask=seen,
            do_sample=False,
            max_new_tokens=self._new_tokens,
            pad_token_id=_filler(self._tokenizer),
        )
        return [
            str(text) for text in self._tokenizer.batch_decode(made[:, tokens.shape[1] :], skip_special_tokens=True)
        ]


class ProcessReward:
    """A token classifier that says of each step of an answer how probably it is right: ten times the mean."""

    def __init__(self, path: str, *, device: str = "cpu", step_end: str = "<extra_0>", rows: int = 32) -> None:
        """Load a model of two classes a token (wrong, right).

        Args:
            path: a folder that `save_pretrained` wrote, with its tokenizer, or a name on the hub.
            device: torch device.
            step_end: one token of the model, written after each step, at which the step is judged.
            rows: answers that go through the model at once.

        Raises:
            ModelError: the model cannot be loaded, has not two classes, or `step_end` is not one token.
        """
        self._model, self._tokenizer = _load_classifier(path, device)
        if self._model.config.num_labels != 2:
            raise ModelError(f"{path}: {self._model.config.num_labels} classes a token; a process reward needs two")
        ends = self._tokenizer(step_end, add_special_tokens=False)["input_ids"]
        if len(ends) != 1:
            raise ModelError(f"{path}: {step_end!r} is {len(ends)} tokens of this model; give its step token")
        self._step_end, self._end, self._device, self._rows = step_end, ends[0], device, rows
        self.identity = f"hf process {fingerprint(self._model)} {len(self._tokenizer)} {step_end!r}"

    @torch.no_grad()
    def score(self, questions: Sequence[str], answers: Sequence[str]) -> Float[np.ndarray, "pairs"]:
        """Return ten times the mean probability that a step is right; equal pairs are judged once."""
        distinct = list(dict.fromkeys(zip(questions, answers, strict=True)))
        found: list[float] = []
        for start in range(0, len(distinct), self._rows):
            texts = [self._prompt(*pair) for pair in distinct[start : start + self._rows]]
            rows = [self._tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
            tokens, seen = _padded(rows, self._tokenizer, self._device, left=False)
            right = self._model(input_ids=tokens, attention_mask=seen).logits.float().softmax(-1)[..., 1]
            ends = (tokens == self._end) & seen.bool()
            found += (HIGHEST * (right * ends).sum(1) / ends.sum(1)).double().tolist()
        reward = dict(zip(distinct, found, strict=True))
        return np.array([reward[pair] for pair in zip(questions, answers, strict=True)])

    def _prompt(self, question: str, answer: str) -> str:
        marked = "".join(step + self._step_end for step in steps(answer))
        if getattr(self._tokenizer, "chat_template", None):
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": marked}]
            return str(self._tokenizer.apply_chat_template(messages, tokenize=False))
        return f"{question}\n{marked}"


def first_score(text: str) -> float:
    """Return the first number of a text, clamped to 0 to 10, or `NO_SCORE` if it has none."""
    found = _NUMBER.search(text)
    return min(max(float(found.group()), 0.0), HIGHEST) if found else NO_SCORE


def steps(answer: str) -> list[str]:
    """Return the steps of an answer: each ends with a line or sentence that has an equation, what is left is one."""
    found, current = [], ""
    for piece in re.findall(r".+?(?:\.(?=\s)|\n|$)", answer, flags=re.DOTALL):
        current += piece
        if "=" in piece:
            found.append(current.strip())
            current = ""
    if current.strip() or not found:
        found.append(current.strip())
    return found


def _padded(rows: list[list[int]], tokenizer: Any, device: str, *, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows of tokens, padded at the left or right, and which of them are seen."""
    longest, fill = max(map(len, rows)), _filler(tokenizer)
    tokens, seen = [], []
    for row in rows:
        more, ones = [fill] * (longest - len(row)), [1] * len(row)
        tokens.append(more + row if left else row + more)
        seen.append([0] * len(more) + ones if left else ones + [0] * len(more))
    return torch.tensor(tokens, device=device), torch.tensor(seen, device=device)


def _filler(tokenizer: Any) -> int:
    """Any token will do: it is masked."""
    return next((i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None), 0)


def _load_classifier(path: str, device: str) -> tuple[Any, Any]:
    try:
        from transformers import AutoModelForTokenClassification, AutoTokenizer
    except ImportError:
        raise ModelError(f"{path}: the extra `hf` is not installed; `solv doctor` says how to install it") from None
    require_folder(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        model = AutoModelForTokenClassification.from_pretrained(path)
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{path}: no token classifier can be read ({lines[0]})") from None
    return model.to(device).eval(), tokenizer
