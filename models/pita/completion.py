"""How does a language model learn to complete a prompt, and how does it then? One loss, one protocol, our decoder."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from solv.models.language.answering import Tokens
from solv.models.language.decoder import Decoder
from solv.models.language.generation import generate, log_likelihood


def completion_loss(
    model: Callable[..., Any], batch: tuple[Int[Tensor, "batch longer"], Bool[Tensor, "batch longer"]]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return the sum of the cross-entropies of the tokens that count, in nats, and their number.

    Args:
        model: maps tokens (batch, time) to logits (batch, time, vocabulary), each from what is before it alone.
        batch: sequences of time + 1 tokens, filled at the right, and which of them count (never the first).
    """
    tokens, counted = batch
    return _summed(model(tokens[:, :-1])[counted[:, 1:]], tokens, counted)


def _summed(logits: Tensor, tokens: Tensor, counted: Tensor) -> tuple[Tensor, Tensor]:
    wanted = tokens[:, 1:][counted[:, 1:]].long()
    summed = functional.cross_entropy(logits.float(), wanted, reduction="sum")
    return summed, summed.new_tensor(len(wanted))


class Completer(Protocol):
    """A language model that completes text."""

    @property
    def module(self) -> nn.Module:
        """What is trained: tokens (batch, time) to logits (batch, time, vocabulary)."""

    def loss(self, model: Callable[..., Any], batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Return what `completion_loss` does, of this module as a trainer calls it."""

    def sequence(self, prompt: str, completion: str) -> tuple[list[int], int]:
        """Return the tokens of a prompt with its completion and its end, and where the completion begins."""

    def complete(self, prompts: Sequence[str], new_tokens: int) -> list[str]:
        """Return the likeliest next tokens one by one, as text, up to the end or so many tokens."""

    def log_likelihoods(self, prompts: Sequence[str], completions: Sequence[str]) -> Float[np.ndarray, "prompts"]:
        """Return the log-probability of each completion and its end."""


class DecoderCompleter:
    """A decoder trained here, with a tokenizer of ours; certain tokens end a completion."""

    def __init__(self, model: Decoder, tokens: Tokens, *, stops: Sequence[int], fill: int = 0, rows: int = 64) -> None:
        """Wrap a model.

        Args:
            model: the decoder, on its device.
            tokens: the text's tokens.
            stops: tokens that end a completion; a text of the training ends in one of them.
            fill: token beside the text.
            rows: sequences that go through the model at once.
        """
        self.module = model
        self._tokens, self._stops, self._fill, self._rows = tokens, tuple(stops), fill, rows

    def loss(self, model: Callable[..., Any], batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Return what `completion_loss` does; prompts do not go through what only logits need."""
        tokens, counted = batch
        return _summed(model(tokens[:, :-1], at=counted[:, 1:]), tokens, counted)

    def sequence(self, prompt: str, completion: str) -> tuple[list[int], int]:
        """Return the tokens of a prompt with its completion, and where the completion begins."""
        before = self._tokens.encode(prompt)
        return before + self._tokens.encode(completion), len(before)

    @torch.no_grad()
    def complete(self, prompts: Sequence[str], new_tokens: int) -> list[str]:
        """Return the likeliest next tokens one by one, as text, up to a stop, so many tokens or the context."""
        self.module.eval()
        encoded = [self._tokens.encode(prompt) for prompt in prompts]
        made = [""] * len(prompts)
        by_length = sorted(range(len(prompts)), key=lambda number: len(encoded[number]))
        for start in range(0, len(prompts), self._rows):
            chosen = by_length[start : start + self._rows]
            rows, padding = self._padded([encoded[number] for number in chosen])
            most = min(new_tokens, self.module.config.context - rows.shape[1])
            written = generate(self.module, rows, most, temperature=0, stop=self._stops, padding=padding)
            for number, line, length in zip(chosen, written.tokens[:, 0], written.lengths[:, 0], strict=True):
                made[number] = self._tokens.decode(line[: int(length)].tolist())
        return made

    def log_likelihoods(self, prompts: Sequence[str], completions: Sequence[str]) -> Float[np.ndarray, "prompts"]:
        """Return the log-probability of each completion."""
        self.module.eval()
        found = []
        for start in range(0, len(prompts), self._rows):
            part = slice(start, start + self._rows)
            before, padding = self._padded([self._tokens.encode(prompt) for prompt in prompts[part]])
            after = [self._tokens.encode(completion) for completion in completions[part]]
            longest = max(map(len, after))
            filled = torch.tensor([line + [self._fill] * (longest - len(line)) for line in after], device=before.device)
            ends = torch.tensor([before.shape[1] + len(line) for line in after], device=before.device)
            rows = torch.cat([before, filled], dim=1)
            total = log_likelihood(self.module, rows, start=before.shape[1], ends=ends, padding=padding)
            found.append(total.double().cpu().numpy())
        return np.concatenate(found)

    def _padded(self, lines: Sequence[list[int]]) -> tuple[Tensor, Tensor | None]:
        longest = max(map(len, lines))
        missing = [longest - len(line) for line in lines]
        device = next(self.module.parameters()).device
        rows = torch.tensor([[self._fill] * n + line for n, line in zip(missing, lines, strict=True)], device=device)
        return rows, torch.tensor(missing, device=device) if any(missing) else None
