"""How does a causal language model in Hugging Face's format learn to complete a prompt, and how does it then?

Its own tokenizer, one end-of-sequence token after every completion, and the trainer of every other language model. All
weights are trained, or low-rank adapters of all linear layers (LoRA), whose model may lie in four bits (QLoRA; on an
NVIDIA GPU alone). Needs the extra `hf`; transformers and peft are imported when a model is loaded, and not before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from solv.models.language.huggingface import ModelError, load_pretrained
from solv.models.pita.completion import completion_loss


@dataclass(frozen=True)
class Adapter:
    """What is trained of a pretrained model: low-rank adapters of all its linear layers.

    Attributes:
        rank: of every adapter, >= 1.
        alpha: adapters count alpha / rank.
        dropout: of what enters an adapter, in [0, 1).
        four_bit: whether the model itself lies in four bits (nf4, computed in bfloat16).
    """

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.05
    four_bit: bool = False


class Logits(nn.Module):
    """The model as the trainer wants it: tokens to logits, nothing else."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time vocabulary"]:
        """Return the logits of the token after each one; what is filled at the right is seen by nothing before it."""
        logits: Tensor = self.model(input_ids=tokens, use_cache=False).logits
        return logits


def _four_bit(path: str, device: str) -> Any:
    if not device.startswith("cuda"):
        raise ModelError(f"{path}: four bits need an NVIDIA GPU; valid on {device}: lora, full")
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        raise ModelError(f"{path}: four bits need bitsandbytes (pip install bitsandbytes); valid: lora, full") from None
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)


def _adapted(path: str, model: Any, adapter: Adapter, seed: int) -> Any:
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise ModelError(f"{path}: adapters need peft; `solv doctor` says how to install the extra `hf`") from None
    config = LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):  # peft draws from torch's global stream
        torch.manual_seed(seed)
        return get_peft_model(model, config)


class HuggingFaceCompleter:
    """A pretrained model that is fine-tuned on completions."""

    def __init__(
        self, path: str, *, device: str = "cpu", rows: int = 16, adapter: Adapter | None = None, seed: int = 0
    ) -> None:
        """Load a model; what is trained of it is in float32.

        Args:
            path: a folder that `save_pretrained` wrote, with its tokenizer, or a name on the hub.
            device: torch device.
            rows: sequences that go through the model at once.
            adapter: what is trained; None: all weights.
            seed: of the adapters.

        Raises:
            ModelError: as `load_pretrained`; the tokenizer has no end-of-sequence token; peft is not installed; or four
                bits are asked for without a GPU or bitsandbytes.
        """
        four_bit = None if adapter is None or not adapter.four_bit else _four_bit(path, device)
        model, self._tokenizer = load_pretrained(path, device, dtype=torch.float32, quantization=four_bit)
        if adapter is not None:
            model = _adapted(path, model, adapter, seed)
        if self._tokenizer.eos_token_id is None:
            raise ModelError(f"{path}: the tokenizer has no end-of-sequence token, which ends a completion")
        self._end = int(self._tokenizer.eos_token_id)
        self._device, self._rows = device, rows
        self.module = Logits(model)

    loss = staticmethod(completion_loss)

    def sequence(self, prompt: str, completion: str) -> tuple[list[int], int]:
        """Return the tokens of a prompt with its completion and its end, and where the completion begins."""
        before = self._tokenizer(prompt)["input_ids"]
        if before and before[-1] == self._end:  # some tokenizers end every text
            before = before[:-1]
        after = self._tokenizer(completion, add_special_tokens=False)["input_ids"]
        return [*before, *after, self._end], len(before)

    @torch.no_grad()
    def complete(self, prompts: Sequence[str], new_tokens: int) -> list[str]:
        """Return the likeliest next tokens one by one, as text, up to the end of the sequence or so many tokens."""
        self.module.eval()
        encoded = [self._before(prompt) for prompt in prompts]
        made = [""] * len(prompts)
        by_length = sorted(range(len(prompts)), key=lambda number: len(encoded[number]))
        for start in range(0, len(prompts), self._rows):
            chosen = by_length[start : start + self._rows]
            longest = max(len(encoded[number]) for number in chosen)
            rows = [[self._end] * (longest - len(encoded[number])) + encoded[number] for number in chosen]
            seen = [[0] * (longest - len(encoded[number])) + [1] * len(encoded[number]) for number in chosen]
            written = self.module.model.generate(
                input_ids=torch.tensor(rows, device=self._device),
                attention_mask=torch.tensor(seen, device=self._device),
                do_sample=False,
                max_new_tokens=new_tokens,
                eos_token_id=self._end,
                pad_token_id=self._end,
            )[:, longest:]
            for number, line in zip(chosen, written, strict=True):
                text = self._tokenizer.decode(line, skip_special_tokens=True, clean_up_tokenization_spaces=False)
                made[number] = text.strip()
        return made

    @torch.no_grad()
    def log_likelihoods(self, prompts: Sequence[str], completions: Sequence[str]) -> Float[np.ndarray, "prompts"]:
        """Return the log-probability of each completion and its end."""
        self.module.eval()
        found = []
        for start in range(0, len(prompts), self._rows):
            part = slice(start, start + self._rows)
            lines = [self.sequence(*pair) for pair in zip(prompts[part], completions[part], strict=True)]
            longest = max(len(tokens) for tokens, _ in lines)
            rows = torch.tensor(
                [tokens + [self._end] * (longest - len(tokens)) for tokens, _ in lines], device=self._device
            )
            place = torch.arange(1, longest, device=self._device)
            inside = torch.stack([(place >= begin) & (place < len(tokens)) for tokens, begin in lines])
            each = self.module(rows[:, :-1]).float().log_softmax(-1).gather(-1, rows[:, 1:, None])[..., 0]
            found.append(torch.where(inside, each, 0.0).sum(dim=1).double().cpu().numpy())
        return np.concatenate(found)

    def _before(self, prompt: str) -> list[int]:
        tokens, start = self.sequence(prompt, "")
        return tokens[:start]
