"""Do networks with a hidden layer, and bigram models, learn a softmax's target as the linear student does? Batched.

An MLP z = W2 h, h = relu(W1 x), learns the one-hot targets of the teachers that `student.py` has; with
`normalised`, h is scaled to norm sqrt(d), as the layer before the head of a language model is, so that only W2 sets the
scale of the logits. A bigram model z_i = U e_i / |e_i| sqrt(width) learns the distribution of the token after token i.
Every step is plain gradient descent; the copies (repeats) are stacked along a first axis.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.softmax_law.student import draw_inputs


@dataclass(frozen=True)
class Course:
    """What was measured along a training, each of shape (repeats, times), in float64.

    loss: divergence from the target; scale: root mean square of the centred logits.
    """

    loss: Float[Tensor, "repeats times"]
    scale: Float[Tensor, "repeats times"]


def train_mlp(
    x: Float[Tensor, "repeats samples d"],
    true: Float[Tensor, "repeats classes d"],
    rates: Sequence[tuple[float, float]],
    read_at: Sequence[int],
    streams: Sequence[torch.Generator],
    *,
    hidden: int,
    batch: int,
    normalised: bool,
) -> Course:
    """Train one MLP for every repeat on fresh batches with one-hot targets.

    W1 starts as N(0, 1/d). W2 starts at 0 if normalised; otherwise both start smaller (W1 by half, W2 as
    N(0, 0.01 / hidden)), since a product of two layers at 0 has no gradient.

    Args:
        x: inputs on which the MLP is measured, float32.
        true: W* of each repeat's teacher.
        rates: learning rates of W1 and W2 at each step.
        read_at: numbers of steps, increasing, after which it is measured; the last at most len(rates).
        streams: one stream a repeat, which draws W1, W2 and every batch.
        hidden: units, >= 1.
        batch: inputs a step, >= 1.
        normalised: whether the hidden layer is scaled to norm sqrt(d).

    Raises:
        ValueError: an argument out of range.

    Cost: O(repeats batch hidden (V + d)) a step.
    """
    if hidden < 1 or batch < 1 or len(streams) != len(x):
        raise ValueError(
            f"hidden = {hidden}, batch = {batch}, {len(streams)} streams; valid: at least 1, one stream a repeat"
        )
    true = true.to(x)
    _, classes, d = true.shape
    first, second = (
        torch.stack([torch.randn(*shape, generator=stream, device=stream.device) for stream in streams])
        for shape in ((hidden, d), (classes, hidden))
    )
    first, second = first / math.sqrt(d), second / math.sqrt(hidden)
    parameters = [first, 0 * second] if normalised else [first / 2, second / 10]

    def logits(shown: Tensor) -> Tensor:
        inner = torch.relu(shown @ parameters[0].mT)
        if normalised:
            inner = inner / inner.norm(dim=-1, keepdim=True).clamp(min=1e-9) * math.sqrt(d)
        found: Tensor = inner @ parameters[1].mT
        return found

    def divergence(shown: Tensor, z: Tensor) -> Tensor:
        wanted = (shown @ true.mT).argmax(-1, keepdim=True)
        return -z.log_softmax(-1).gather(-1, wanted)[..., 0].mean(-1)

    def loss() -> Tensor:
        shown = draw_inputs(streams, batch, d)
        return divergence(shown, logits(shown))

    def read() -> tuple[Tensor, Tensor]:
        z = logits(x).double()
        return divergence(x, z), _scale(z).mean(-1).sqrt()

    return _descend(parameters, rates, read_at, loss, read)


def train_bigram(
    unigram: Float[Tensor, "tokens"],
    log_conditional: Float[Tensor, "repeats tokens tokens"],
    rates: Sequence[float],
    read_at: Sequence[int],
    streams: Sequence[torch.Generator],
    *,
    width: int,
) -> Course:
    """Train one bigram model for every repeat on the exact expected loss: no token is sampled.

    Embeddings start as N(0, 1) and are scaled to norm sqrt(width); the unembedding starts at 0; both are learned.

    Args:
        unigram: probabilities of the first token, sum 1.
        log_conditional: log-probabilities of the second given the first, -inf for 0, in float64.
        rates: learning rate of each step.
        read_at: numbers of steps, increasing; the last at most len(rates).
        streams: one stream a repeat, which draws the embeddings.
        width: of the embeddings, >= 1.

    Raises:
        ValueError: an argument out of range.

    Cost: O(repeats tokens^2 width) a step.
    """
    repeats, tokens, _ = log_conditional.shape
    if width < 1 or len(streams) != repeats or unigram.shape != (tokens,):
        raise ValueError(
            f"width = {width}, {len(streams)} streams, unigram of shape {tuple(unigram.shape)}; valid: width >= 1, one "
            f"stream a repeat, shape ({tokens},)"
        )
    embedding = torch.stack([torch.randn(tokens, width, generator=each, device=each.device) for each in streams])
    parameters = [embedding, torch.zeros_like(embedding)]
    conditional = log_conditional.exp()
    joint = (unigram.double()[:, None] * conditional).float()
    entropy = -(unigram.double()[:, None] * torch.special.xlogy(conditional, conditional)).sum((-1, -2))

    def logits() -> Tensor:
        directions = parameters[0] / parameters[0].norm(dim=-1, keepdim=True)
        found: Tensor = math.sqrt(width) * directions @ parameters[1].mT
        return found

    def loss() -> Tensor:
        return -(joint * logits().log_softmax(-1)).sum((-1, -2))

    def read() -> tuple[Tensor, Tensor]:
        z = logits().double()
        crossed = -(unigram.double()[:, None] * conditional * z.log_softmax(-1)).sum((-1, -2))
        return crossed - entropy, (_scale(z) @ unigram.double()).sqrt()

    return _descend(parameters, [(rate, rate) for rate in rates], read_at, loss, read)


def _scale(logits: Tensor) -> Tensor:
    """Return the mean square of the centred logits, by input."""
    return (logits - logits.mean(-1, keepdim=True)).square().mean(-1)


def _descend(
    parameters: list[Tensor],
    rates: Sequence[tuple[float, float]],
    read_at: Sequence[int],
    loss: Callable[[], Tensor],
    read: Callable[[], tuple[Tensor, Tensor]],
) -> Course:
    """Descend on the losses of all repeats, each parameter at its own rate, in place."""
    times = list(read_at)
    if not times or times != sorted(set(times)) or times[-1] > len(rates):
        raise ValueError(f"read_at = {times} is out of range; valid: increasing, at most {len(rates)} steps")
    if not all(math.isfinite(rate) and rate > 0 for pair in rates for rate in pair):
        raise ValueError("rates hold values out of range; valid: finite, > 0")
    for parameter in parameters:
        parameter.requires_grad_()
    readings = []
    for step in range(times[-1] + 1):
        if step in times:
            with torch.no_grad():
                readings.append(read())
        if step < times[-1]:
            gradients = torch.autograd.grad(loss().sum(), parameters)
            with torch.no_grad():
                for parameter, gradient, rate in zip(parameters, gradients, rates[step], strict=True):
                    parameter.sub_(rate * gradient)
    losses, scales = zip(*readings, strict=True)
    return Course(torch.stack(losses, -1).double(), torch.stack(scales, -1).double())
