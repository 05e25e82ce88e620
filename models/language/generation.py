"""How does a decoder answer? Batched greedy decoding and sampling with a key-value cache."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from solv.models.language.decoder import Cache, Decoder


@dataclass(frozen=True)
class Generated:
    """What was written after each prompt.

    Attributes:
        tokens: the new tokens, shape (prompts, answers, time); after a stop token only `fill`.
        log_probabilities: of each new token under the model at temperature 1, whatever it was sampled at; 0 after a
            stop token. Their sum over time is the log-probability of the answer.
        lengths: new tokens of each answer, the stop token included, shape (prompts, answers).
        stopped: whether the answer ended with the stop token.
    """

    tokens: Int[Tensor, "prompts answers time"]
    log_probabilities: Float[Tensor, "prompts answers time"]
    lengths: Int[Tensor, "prompts answers"]
    stopped: Bool[Tensor, "prompts answers"]


@torch.no_grad()
def generate(
    model: Decoder,
    prompts: Int[Tensor, "prompts time"],
    new_tokens: int,
    *,
    answers: int = 1,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    stop: int | Collection[int] | None = None,
    fill: int = 0,
    padding: Int[Tensor, "prompts"] | None = None,
) -> Generated:
    """Continue every prompt `answers` times; the prompt itself is read once for all of its answers.

    Args:
        model: the decoder.
        prompts: of equal length, or padded at the left.
        new_tokens: most tokens to write, >= 1; prompt and answer fit into the model's context.
        answers: independent continuations a prompt, >= 1.
        temperature: of the sampling, >= 0; 0 takes the likeliest token.
        generator: source of the samples, on the model's device.
        stop: token, or one of several, that ends an answer; None: all have `new_tokens` tokens.
        fill: token written after the stop.
        padding: padded tokens at the left of each prompt.

    Returns:
        The continuations. Cost: one pass over the prompts and one token at a time over prompts * answers.

    Raises:
        ValueError: a number out of range.
    """
    if new_tokens < 1 or answers < 1:
        raise ValueError(f"new_tokens = {new_tokens} and answers = {answers}; valid: at least 1 of each")
    if not (temperature >= 0 and math.isfinite(temperature)):
        raise ValueError(f"temperature = {temperature}; valid: 0 (greedy) or a positive number")
    rows = torch.arange(len(prompts), device=prompts.device).repeat_interleave(answers)
    cache = Cache()
    logits = model(prompts, cache=cache, padding=padding)[:, -1][rows]
    cache = cache.select(rows) if answers > 1 else cache
    padding = None if padding is None else padding[rows]
    ends = [] if stop is None else [stop] if isinstance(stop, int) else sorted(stop)
    stops = torch.tensor(ends, dtype=torch.long, device=prompts.device)
    running = torch.ones(len(rows), dtype=torch.bool, device=prompts.device)
    here = torch.arange(len(rows), device=prompts.device)  # the answers that still go through the model
    tokens: list[Tensor] = []
    log_probabilities: list[Tensor] = []
    alive: list[Tensor] = []
    for written in range(new_tokens):
        if written:
            logits = model(tokens[-1][here][:, None], cache=cache, padding=padding)[:, -1]
        token = _choose(logits, temperature, generator)
        chosen = logits.float().log_softmax(-1).gather(-1, token[:, None])[:, 0]
        tokens.append(torch.full_like(rows, fill).index_copy_(0, here, torch.where(running[here], token, fill)))
        zeros = torch.zeros(len(rows), device=prompts.device)
        log_probabilities.append(zeros.index_copy_(0, here, torch.where(running[here], chosen, 0.0)))
        alive.append(running)
        if len(stops):
            running = running.index_copy(0, here, running[here] & ~torch.isin(token, stops))
            left = int(running.sum())
            if not left:
                break
            if temperature == 0 and 2 * left <= len(here):  # (a sample would draw other random numbers)
                kept = running[here].nonzero()[:, 0]
                cache, here = cache.select(kept), here[kept]
                padding = None if padding is None else padding[kept]
    shape = len(prompts), answers
    return Generated(
        torch.stack(tokens, dim=1).view(*shape, -1),
        torch.stack(log_probabilities, dim=1).view(*shape, -1),
        torch.stack(alive, dim=1).sum(dim=1).view(shape),
        (~running).view(shape),
    )


@torch.no_grad()
def log_likelihood(
    model: Decoder,
    tokens: Int[Tensor, "batch time"],
    *,
    start: int,
    ends: Int[Tensor, "batch"] | None = None,
    padding: Int[Tensor, "batch"] | None = None,
) -> Float[Tensor, "batch"]:
    """Return the log-probability of tokens[:, start:ends], given what is before them, in one pass.

    Args:
        model: the decoder.
        tokens: prompts and answers, one after the other.
        start: where the answers begin, >= 1: the same in all (pad prompts at the left).
        ends: where each answer ends; None: at the end of `tokens`.
        padding: padded tokens at the left of each sequence.

    Raises:
        ValueError: start < 1.
    """
    if start < 1:
        raise ValueError(f"start = {start}; valid: at least 1, as a first token has nothing before it")
    logits = model(tokens[:, :-1], padding=padding)[:, start - 1 :]
    each = logits.float().log_softmax(-1).gather(-1, tokens[:, start:, None])[..., 0]
    if ends is not None:
        each = each * (torch.arange(start, tokens.shape[1], device=tokens.device) < ends[:, None])
    total: Tensor = each.sum(dim=1)
    return total


def _choose(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if temperature == 0:
        return logits.argmax(-1)
    probabilities = (logits.float() / temperature).softmax(-1)
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0]
