"""How does a student of a softmax teacher learn by gradient descent? Many targets, teachers and rules as one batch.

The toy model of the softmax-law spec, section 1: x ~ N(0, I_d), teacher logits W* x with entries of W* ~ N(0, 1/d),
target softmax(beta W* x) (beta = inf: one-hot at the largest), student logits W x from W = 0, loss the mean divergence.
The gradient (1/N) (P - Q)^T X is written out: no graph is kept, and all the targets of one teacher share its inputs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Rule = Literal["descent", "normalised", "adam", "squared"]


@dataclass(frozen=True)
class Teacher:
    """Inputs and true weights of each repeat.

    x: shape (repeats, samples, d).
    weights: W*, centred over classes, shape (repeats, V, d).
    """

    x: Float[Tensor, "repeats samples d"]
    weights: Float[Tensor, "repeats classes d"]


def draw_teacher(
    weights: Float[Tensor, "repeats classes d"], streams: Sequence[torch.Generator], samples: int
) -> Teacher:
    """Draw the inputs of each repeat from its own stream, in float32; the weights are centred over classes.

    Raises:
        ValueError: fewer than 2 classes, no samples, or not one stream per repeat.
    """
    if weights.ndim != 3 or weights.shape[1] < 2 or samples < 1 or len(streams) != len(weights):
        raise ValueError(
            f"weights of shape {tuple(weights.shape)}, samples = {samples}, {len(streams)} streams; "
            "valid: (repeats, V >= 2, d), at least 1 sample and one stream per repeat"
        )
    x = torch.stack([_draw(stream, samples, weights.shape[2]) for stream in streams])
    centred = weights - weights.mean(dim=1, keepdim=True)
    return Teacher(x, centred.to(device=x.device, dtype=x.dtype))


@dataclass(frozen=True)
class Descent:
    """What was measured along the training, each of shape (repeats, targets, times).

    loss: divergence from the target; norm: Frobenius norm of W; gradient: Frobenius norm of the gradient.
    """

    loss: Float[Tensor, "repeats targets times"]
    norm: Float[Tensor, "repeats targets times"]
    gradient: Float[Tensor, "repeats targets times"]


def descend(
    teacher: Teacher,
    betas: Sequence[float],
    rates: Sequence[float],
    read_at: Sequence[int],
    *,
    rule: Rule = "descent",
    streams: Sequence[torch.Generator] = (),
    batch: int = 2048,
    memory: tuple[float, float] = (0.9, 0.999),
    told: Callable[[int], None] = lambda step: None,
) -> Descent:
    """Train one student for every repeat and target, on fresh batches or on the teacher's own inputs.

    Args:
        teacher: inputs and true weights.
        betas: inverse temperatures of the targets, > 0 or inf.
        rates: learning rate of each step.
        read_at: numbers of steps, increasing, after which the student is measured; the last at most len(rates).
        rule: "descent"; "normalised": the gradient over its norm; "adam"; "squared": descent on half the squared error
            of the logits (beta must be finite) in place of the divergence.
        streams: one stream per repeat, from which each step draws a fresh batch; none: descend on `teacher.x`.
        batch: size of a fresh batch.
        memory: beta1 and beta2 of Adam.
        told: told the number of steps taken now and then.

    Returns:
        Measures at each time of `read_at`; the loss in float64, since a divergence below 1e-6 is rounding in float32.

    Raises:
        ValueError: betas, rates or read_at out of range.

    Cost: O(repeats targets batch V d) per step (samples in place of batch without streams), in float64 per reading.
    """
    if any(beta <= 0 or math.isnan(beta) for beta in betas) or (rule == "squared" and any(map(math.isinf, betas))):
        raise ValueError(f"betas = {list(betas)} is out of range; valid: > 0, and finite for the squared loss")
    times = list(read_at)
    if times != sorted(set(times)) or not times or times[-1] > len(rates):
        raise ValueError(f"read_at = {times} is out of range; valid: increasing, at most {len(rates)} steps")
    if not all(math.isfinite(rate) and rate > 0 for rate in rates):
        raise ValueError("rates hold values out of range; valid: finite, > 0")
    targets = _targets(teacher, betas, rule)
    repeats, classes, d = teacher.weights.shape
    weights = targets.new_zeros(repeats, len(betas) * classes, d)
    first, second = torch.zeros_like(weights), torch.zeros_like(weights)
    readings: list[tuple[Tensor, Tensor, Tensor]] = []
    for step in range(times[-1] + 1):
        if step in times:
            gradient = _gradient(teacher, targets, weights, rule)
            readings.append(_read(teacher, betas, weights, gradient, rule))
            told(step)
        if step == times[-1]:
            break
        if streams:
            shown = Teacher(torch.stack([_draw(stream, batch, d) for stream in streams]), teacher.weights)
            gradient = _gradient(shown, _targets(shown, betas, rule), weights, rule)
        elif step not in times:
            gradient = _gradient(teacher, targets, weights, rule)
        if rule == "normalised":
            by_target = gradient.view(repeats, len(betas), classes * d)
            gradient = (by_target / by_target.norm(dim=2, keepdim=True)).view(gradient.shape)
        elif rule == "adam":
            first.lerp_(gradient, 1 - memory[0])
            second.lerp_(gradient.square(), 1 - memory[1])
            bias = [1 - beta ** (step + 1) for beta in memory]
            gradient = (first / bias[0]) / ((second / bias[1]).sqrt() + 1e-12)
        weights.sub_(rates[step] * gradient)
    loss, norm, size = (torch.stack(column, dim=-1) for column in zip(*readings, strict=True))
    return Descent(loss, norm, size)


def _draw(stream: torch.Generator, count: int, d: int) -> Tensor:
    return torch.randn(count, d, generator=stream, device=stream.device)


def _targets(teacher: Teacher, betas: Sequence[float], rule: Rule) -> Tensor:
    """Return Q (or the target logits), shape (repeats, samples, targets * V)."""
    logits = teacher.x @ teacher.weights.mT
    if rule == "squared":
        return torch.cat([beta * logits for beta in betas], dim=-1)
    one_hot = torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
    return torch.cat([one_hot if math.isinf(beta) else (beta * logits).softmax(-1) for beta in betas], dim=-1)


def _gradient(teacher: Teacher, targets: Tensor, weights: Tensor, rule: Rule) -> Tensor:
    """Return the gradient of every student's loss, shape (repeats, targets * V, d)."""
    out = teacher.x @ weights.mT
    if rule != "squared":
        classes = teacher.weights.shape[1]
        out = out.view(*out.shape[:-1], -1, classes).softmax(-1).view(out.shape)
    return (out - targets).mT @ teacher.x / teacher.x.shape[1]


def _read(
    teacher: Teacher, betas: Sequence[float], weights: Tensor, gradient: Tensor, rule: Rule
) -> tuple[Tensor, Tensor, Tensor]:
    """Return loss, norm of the weights and of the gradient, (repeats, targets) each, in float64."""
    classes = teacher.weights.shape[1]
    x = teacher.x.double()
    true = x @ teacher.weights.double().mT
    losses = []
    for index, beta in enumerate(betas):
        logits = x @ weights[:, index * classes : (index + 1) * classes].double().mT
        if rule == "squared":
            losses.append((logits - beta * true).square().sum(-1).mean(-1) / 2)
            continue
        log_student = logits.log_softmax(-1)
        if math.isinf(beta):
            losses.append(-log_student.gather(-1, true.argmax(-1, keepdim=True))[..., 0].mean(-1))
        else:
            log_target = (beta * true).log_softmax(-1)
            losses.append((log_target.exp() * (log_target - log_student)).sum(-1).mean(-1))
    shape = (len(x), len(betas), -1)
    return torch.stack(losses, 1), *(each.double().view(shape).norm(dim=2) for each in (weights, gradient))
