"""How does attention learn to take one step from a random estimate? The block and the loss of the paper's experiments.

Tokens live in R^{2d+2}: (x_i, y_i, 0, 0) with y_i = w . x_i for i = 1..N, and (0, 0, w_t, 1) for the estimate w_t. One
step reads the d estimate coordinates of  z_t + V sum_i s_i z_i  with weights s_i that are the scores z_i . W z_t over N
(linear attention) or their softmax at scale sqrt(2d+2): the estimate looks at the data alone. Of V and W, the zeros of
the tokens leave (d, d+1) and (d+1, d+1) entries with an effect; the others only decay, and are left out here.

As y_i = w . x_i, a context enters by its inputs alone: with q = W (w_t, 1) and a = q_x + q_y w,

    w_{t+1} = w_t + V (k, w . k),    k = (1/N) X X^T a   or   X softmax(X^T a / sqrt(2d+2)).

Linear attention thus sees a context only through its second moment S = X X^T / N, whatever N is; nothing is
approximated. A minibatch that meets a context several times reads its S once, for as many columns.

Takanami and Pehlevan, arXiv:2606.03217, experiments; a training is one step from w_0 ~ N(0, I), drawn anew for every
context of every minibatch, with an L2 penalty on V and W.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor

from solv.models.ensemble import Loss, Parameters

Mix: TypeAlias = Callable[[Float[Tensor, "batch d"]], Float[Tensor, "batch d"]]

MEETINGS = 2  # contexts per draw up to which a minibatch is grouped by context; with more of them few meet twice


@dataclass(frozen=True)
class Draws:
    """A minibatch: which contexts of the pretraining set are met, and from which estimates.

    Attributes:
        chosen: indices into the pretraining set, shape (batch,).
        start: the estimates w_0, shape (batch, d).
    """

    chosen: Int[Tensor, "batch"]
    start: Float[Tensor, "batch d"]


def draw_block(d: int, generator: torch.Generator, scale: float = 0.01) -> Parameters:
    """Draw V of shape (1, d, d + 1) and W of shape (1, d + 1, d + 1): one copy, entries N(0, scale^2), float32.

    Raises:
        ValueError: d < 1.
    """
    if d < 1:
        raise ValueError(f"d = {d} is out of range; valid: integers >= 1")
    shapes = {"V": (1, d, d + 1), "W": (1, d + 1, d + 1)}
    return {
        name: scale * torch.randn(shape, generator=generator, device=generator.device) for name, shape in shapes.items()
    }


def draw_minibatch(contexts: int, batch: int, d: int, generator: torch.Generator) -> Draws:
    """Draw `batch` of the contexts with replacement, each with a start of its own."""
    device = generator.device
    chosen = torch.randint(contexts, (batch,), generator=generator, device=device)
    return Draws(chosen, torch.randn(batch, d, generator=generator, device=device))


def step(
    parameters: Parameters, task: Float[Tensor, "batch d"], mix: Mix, estimate: Float[Tensor, "batch d"]
) -> Float[Tensor, "batch d"]:
    """Return the estimates after one step on contexts with the tasks `task`, whose inputs `mix` knows."""
    value, query = parameters["V"][0], parameters["W"][0]
    return estimate + _seen(_with_one(estimate) @ query.T, task, mix) @ value.T


def linear_mix(moments: Float[Tensor, "batch d d"]) -> Mix:
    """Return a -> S a of linear attention."""
    return lambda a: torch.bmm(moments, a[:, :, None])[:, :, 0]


def softmax_mix(inputs: Float[Tensor, "batch N d"]) -> Mix:
    """Return a -> X softmax(X^T a / sqrt(2 d + 2)) of softmax attention."""
    scale = 1 / math.sqrt(2 * inputs.shape[2] + 2)

    def mix(a: Tensor) -> Tensor:
        weights = torch.bmm(inputs, scale * a[:, :, None]).softmax(dim=1)
        return torch.bmm(weights.mT, inputs)[:, 0]

    return mix


def one_step_loss(
    contexts: Float[Tensor, "contexts rows d"],
    tasks: Float[Tensor, "contexts d"],
    kind: Callable[[Tensor], Mix],
    penalty: float,
) -> Loss:
    """Return the loss of a minibatch: mean |w - w_1|^2 plus penalty (|V|^2 + |W|^2), shape (1,).

    Args:
        contexts: second moments S for `linear_mix`, inputs (N, d) for `softmax_mix`.
        tasks: true weights.
        kind: `linear_mix` or `softmax_mix`.
        penalty: of V and W, >= 0.
    """

    def loss(parameters: Parameters, draws: Draws) -> Tensor:
        task = tasks[draws.chosen]
        after = step(parameters, task, kind(contexts[draws.chosen]), draws.start)
        error = (after - task).square().sum() / len(task)
        return (error + penalty * sum(value.square().sum() for value in parameters.values()))[None]

    return loss


@torch.no_grad()
def linear_gradients(
    parameters: Parameters,
    moments: Float[Tensor, "contexts d d"],
    tasks: Float[Tensor, "contexts d"],
    draws: Draws,
    penalty: float,
) -> Parameters:
    """Return the gradients of `one_step_loss` with `linear_mix`, written out: half the time of backpropagation.

    The arguments are those of `one_step_loss`. Cost: O(batch d^2) multiplications and one or two readings of the
    moments, whatever the length of a context.
    """
    value, query = parameters["V"][0], parameters["W"][0]
    chosen, start = draws.chosen, draws.start
    if len(moments) <= MEETINGS * len(chosen):
        order = torch.argsort(chosen)
        chosen, start = chosen[order], start[order]
        mix = _grouped_mix(moments, chosen)
    else:
        mix = linear_mix(moments[chosen])
    task, inputs = tasks[chosen], _with_one(start)
    seen = _seen(inputs @ query.T, task, mix)
    residual = start + seen @ value.T - task
    back = _seen(residual @ value, task, mix)
    scale = 2 / len(chosen)
    return {
        "V": (scale * residual.T @ seen + 2 * penalty * value)[None],
        "W": (scale * back.T @ inputs + 2 * penalty * query)[None],
    }


def chain_errors(
    parameters: Parameters, task: Float[Tensor, "batch d"], mix: Mix, start: Float[Tensor, "batch d"], depth: int
) -> Float[Tensor, "batch depths"]:
    """Return the error (1/d) |w - w_t|^2 of every context at depths 0..depth of the chain from `start`.

    An error beyond the floating-point range is inf.
    """
    estimate, errors = start, [(task - start).square().mean(dim=1)]
    with torch.no_grad():
        for _ in range(depth):
            estimate = step(parameters, task, mix, estimate)
            errors.append((task - estimate).square().mean(dim=1))
    return torch.nan_to_num(torch.stack(errors, dim=1), nan=torch.inf, posinf=torch.inf)


def _with_one(estimate: Float[Tensor, "batch d"]) -> Float[Tensor, "batch d+1"]:
    return torch.cat([estimate, estimate.new_ones(len(estimate), 1)], dim=1)


def _seen(scores: Float[Tensor, "batch d+1"], task: Float[Tensor, "batch d"], mix: Mix) -> Float[Tensor, "batch d+1"]:
    """Return (k, w . k) for scores q: what a query sees in the data coordinates of the tokens, as y_i = w . x_i."""
    d = task.shape[1]
    k = mix(scores[:, :d] + task * scores[:, d:])
    return torch.cat([k, (task * k).sum(dim=1, keepdim=True)], dim=1)


def _grouped_mix(moments: Float[Tensor, "contexts d d"], chosen: Int[Tensor, "batch"]) -> Mix:
    """Return a -> S a for draws sorted by context: one matrix product a context, with a column a draw of it."""
    contexts, d, _ = moments.shape
    counts = torch.bincount(chosen, minlength=contexts)
    columns = int(counts.max())
    first = counts.cumsum(0) - counts
    slot = chosen * columns + torch.arange(len(chosen), device=chosen.device) - first[chosen]

    def mix(a: Tensor) -> Tensor:
        rows = a.new_zeros(contexts * columns, d).index_copy(0, slot, a)
        return torch.bmm(rows.view(contexts, columns, d), moments).view(-1, d)[slot]

    return mix
