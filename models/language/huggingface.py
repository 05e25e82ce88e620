"""How does a causal language model in Hugging Face's format answer and judge? From a local folder or a hub name.

Needs the extra `hf`; transformers is imported when a model is loaded, and not before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from solv.models.language.answering import Answers, fingerprint


class ModelError(Exception):
    """A model or tokenizer cannot be used; the message is one line that names it and what to do."""


class HuggingFaceAnswering:
    """A pretrained model as generator and as judge; its reward is the log-likelihood of the answer and its end."""

    def __init__(
        self,
        path: str,
        *,
        device: str = "cpu",
        template: str = "Question: {question}\nAnswer:",
        new_tokens: int = 256,
        temperature: float = 1.0,
        per_token: bool = False,
        rows: int = 32,
    ) -> None:
        """Load a model.

        Args:
            path: a folder that `save_pretrained` wrote, with its tokenizer, or a name on the hub.
            device: torch device; on a GPU the weights keep the type they are stored in.
            template: prompt with "{question}" in it, for a tokenizer without a chat template.
            new_tokens: longest answer, in tokens.
            temperature: of the sampling, > 0, from the whole distribution (no top-k or top-p).
            per_token: whether the reward is divided by the answer's tokens.
            rows: sequences that go through the model at once.

        Raises:
            ModelError: transformers is not installed, there is no such folder or model, or it has no tokenizer.
        """
        if "{question}" not in template:
            raise ModelError(f"template {template!r} does not hold {{question}}")
        self._model, self._tokenizer = load_pretrained(path, device)
        self._device = device
        self._template = template
        self._new_tokens = new_tokens
        self._temperature = temperature
        self._per_token = per_token
        self._rows = rows
        self.identity = (
            f"hf {fingerprint(self._model)} {len(self._tokenizer)} {self._prompt('')!r} new_tokens={new_tokens} "
            f"T={temperature} per_token={per_token}"
        )

    @torch.no_grad()
    def sample(self, questions: Sequence[str], k: int, seed: int) -> Answers:
        """Return k independent answers to each question."""
        prompts = [self._prompt(question) for question in questions for _ in range(k)]
        texts: list[str] = []
        devices = [torch.device(self._device)] if self._device.startswith("cuda") else []
        with torch.random.fork_rng(devices=devices):  # transformers samples from torch's global stream
            torch.manual_seed(seed)
            for start in range(0, len(prompts), self._rows):
                texts += self._continue(prompts[start : start + self._rows])
        asked = [question for question in questions for _ in range(k)]
        likelihoods = self._log_likelihoods(asked, texts, per_token=False)
        return Answers([texts[at : at + k] for at in range(0, len(texts), k)], likelihoods.reshape(-1, k))

    def score(self, questions: Sequence[str], answers: Sequence[str]) -> Float[np.ndarray, "pairs"]:
        """Return the reward of each answer; equal pairs are computed once."""
        distinct = list(dict.fromkeys(zip(questions, answers, strict=True)))
        found = self._log_likelihoods([q for q, _ in distinct], [a for _, a in distinct], per_token=self._per_token)
        reward = dict(zip(distinct, found.tolist(), strict=True))
        return np.array([reward[pair] for pair in zip(questions, answers, strict=True)])

    def _prompt(self, question: str) -> str:
        if getattr(self._tokenizer, "chat_template", None):
            messages = [{"role": "user", "content": question}]
            return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        return self._template.replace("{question}", question)

    def _encode(self, prompt: str) -> list[int]:
        special = not getattr(self._tokenizer, "chat_template", None)  # a chat template writes its own
        tokens: list[int] = self._tokenizer(prompt, add_special_tokens=special)["input_ids"]
        return tokens

    def _continue(self, prompts: list[str]) -> list[str]:
        tokens, seen = self._padded([self._encode(prompt) for prompt in prompts], left=True)
        made = self._model.generate(
            input_ids=tokens,
            attention_mask=seen,
            do_sample=True,
            temperature=self._temperature,
            top_k=0,
            top_p=1.0,
            max_new_tokens=self._new_tokens,
            pad_token_id=self._fill,
        )
        new = made[:, tokens.shape[1] :]
        return [str(text) for text in self._tokenizer.batch_decode(new, skip_special_tokens=True)]

    @torch.no_grad()
    def _log_likelihoods(
        self, questions: Sequence[str], answers: Sequence[str], *, per_token: bool
    ) -> Float[np.ndarray, "pairs"]:
        """Return the log-probability of each text, tokenised afresh, and of the end of the sequence after it."""
        end = [] if self._tokenizer.eos_token_id is None else [self._tokenizer.eos_token_id]
        found = []
        for start in range(0, len(questions), self._rows):
            part = slice(start, start + self._rows)
            prompts = [self._encode(self._prompt(question)) for question in questions[part]]
            written = [self._tokenizer(text, add_special_tokens=False)["input_ids"] + end for text in answers[part]]
            tokens, seen = self._padded([p + w for p, w in zip(prompts, written, strict=True)], left=False)
            logits = self._model(input_ids=tokens, attention_mask=seen).logits[:, :-1]
            each = logits.float().log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]
            place = torch.arange(1, tokens.shape[1], device=tokens.device)
            first = torch.tensor([len(p) for p in prompts], device=tokens.device)
            length = torch.tensor([len(w) for w in written], device=tokens.device)
            inside = (place >= first[:, None]) & (place < (first + length)[:, None])
            total = torch.where(inside, each, 0.0).sum(dim=1)
            found.append((total / length.clamp(min=1) if per_token else total).double().cpu().numpy())
        return np.concatenate(found)

    @property
    def _fill(self) -> int:
        """Any token will do: it is masked."""
        return next((i for i in (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id) if i is not None), 0)

    def _padded(self, rows: list[list[int]], *, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
        longest = max(map(len, rows))
        missing = [longest - len(row) for row in rows]
        fill = self._fill
        tokens = [[fill] * n + row if left else row + [fill] * n for n, row in zip(missing, rows, strict=True)]
        seen = [
            [0] * n + [1] * len(row) if left else [1] * len(row) + [0] * n for n, row in zip(missing, rows, strict=True)
        ]
        return torch.tensor(tokens, device=self._device), torch.tensor(seen, device=self._device)


def require_folder(path: str) -> None:
    """Refuse a path that is neither a folder nor can be a hub name.

    Raises:
        ModelError: there is no such folder.
    """
    if not Path(path).is_dir() and (path.startswith((".", "/", "~")) or path.count("/") > 1):
        raise ModelError(f"{path}: no such folder; give one that save_pretrained wrote, or a hub name OWNER/MODEL")


def load_pretrained(
    path: str,
    device: str,
    revision: str = "main",
    dtype: torch.dtype | None = None,
    quantization: Any = None,
) -> tuple[Any, Any]:
    """Return a causal language model, ready to be read, and its tokenizer.

    Args:
        path: a folder that `save_pretrained` wrote, with its tokenizer, or a name on the hub.
        device: torch device.
        revision: branch or tag of a hub name; a folder has none.
        dtype: of the weights; None: as stored on a GPU, float32 on a CPU.
        quantization: of the weights, as transformers has it; None: none.

    Raises:
        ModelError: transformers is not installed, there is no such folder or model, or it has no tokenizer.
    """
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError:
        raise ModelError(f"{path}: the extra `hf` is not installed; `solv doctor` says how to install it") from None
    require_folder(path)
    name = path if revision == "main" else f"{path} at {revision}"
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, revision=revision)
    except Exception as error:
        raise ModelError(f"{name}: no tokenizer can be read ({_first_line(error)})") from None
    try:
        model = AutoModelForCausalLM.from_pretrained(
            path,
            revision=revision,
            dtype=dtype or ("auto" if device != "cpu" else torch.float32),
            **({} if quantization is None else {"quantization_config": quantization, "device_map": device}),
        )
    except Exception as error:
        raise ModelError(f"{name}: no causal language model can be read ({_first_line(error)})") from None
    return (model if quantization is not None else model.to(device)).eval(), tokenizer


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
