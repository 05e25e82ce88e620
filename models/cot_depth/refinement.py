"""How does a block learn to refine an estimate, and how well does its chain do? Objectives and rollouts, batched.

A block is a function `step(parameters, context, estimate) -> estimate`; estimates are (copies, contexts, states, d).
Trained on the first step alone it never meets an estimate other than 0 and fails from step 2 on (measured: error 0.26,
1.3, 4.1 at d = 16); the objectives show it later states as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.ensemble import Loss, Parameters

Step: TypeAlias = Callable[[Parameters, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class PretrainingSet:
    """The finite set of contexts of every copy, padded to the largest.

    Attributes:
        context: what the block reads of each context, shape (copies, contexts, ...).
        task: true weights, shape (copies, contexts, d).
        weight: 1 / (number of contexts of the copy) on real contexts and 0 on padding, shape (copies, contexts).
    """

    context: Float[Tensor, "copies contexts ..."]
    task: Float[Tensor, "copies contexts d"]
    weight: Float[Tensor, "copies contexts"]


def pad(contexts: list[Tensor], tasks: list[Tensor]) -> PretrainingSet:
    """Return the sets of all copies as one batch, the shorter ones filled up with zeros of weight 0."""
    most = max(len(each) for each in tasks)

    def fill(each: Tensor) -> Tensor:
        return torch.cat([each, each.new_zeros(most - len(each), *each.shape[1:])])

    weight = torch.stack([fill(torch.full_like(each[:, 0], 1 / len(each))) for each in tasks])
    return PretrainingSet(torch.stack([fill(c) for c in contexts]), torch.stack([fill(t) for t in tasks]), weight)


def single_step_loss(step: Step, data: PretrainingSet, chain: int) -> Loss:
    """Return the mean squared error per coordinate after one step from several states of each context.

    The states are w_0 = 0, the block's own (detached) chain of `chain` further steps, and the states that the batch
    holds: the batch is a tensor of shape (copies, contexts, states, d), for example noisy fractions of the task.
    """

    def loss(parameters: Parameters, states: Tensor) -> Tensor:
        start = torch.zeros_like(data.task)[:, :, None]
        visited = [start, states]
        with torch.no_grad():
            estimate = start
            for _ in range(chain):
                estimate = step(parameters, data.context, estimate)
                visited.append(estimate)
        after = step(parameters, data.context, torch.cat(visited, dim=2))
        return _error(after, data).mean(dim=-1)

    return loss


def chain_loss(step: Step, data: PretrainingSet, depth: int) -> Loss:
    """Return the mean squared error per coordinate averaged over depths 1..depth, trained through the whole chain."""

    def loss(parameters: Parameters, _: object) -> Tensor:
        errors, estimate = [], torch.zeros_like(data.task)[:, :, None]
        for _ in range(depth):
            estimate = step(parameters, data.context, estimate)
            errors.append(_error(estimate, data))
        return torch.cat(errors, dim=-1).mean(dim=-1)

    return loss


def quadratic_loss(gram: Float[Tensor, "copies d d"], cross: Float[Tensor, "copies d d"]) -> Loss:
    """Return half the mean squared error of one linear step from w_0 = 0, up to a constant, from second moments.

    With G = <h h^T> and B = <w h^T> over the contexts it is tr(Gamma G Gamma^T) / 2 - tr(Gamma B^T): the objective (2)
    of the cot-depth spec for the parameter "Gamma" of shape (copies, d, d), at a cost without the contexts.
    """

    def loss(parameters: Parameters, _: object) -> Tensor:
        gamma = parameters["Gamma"]
        return (gamma * (gamma @ gram / 2 - cross)).sum(dim=(-2, -1))

    return loss


def rollout(
    step: Step,
    parameters: Parameters,
    context: Float[Tensor, "copies contexts ..."],
    task: Float[Tensor, "copies contexts d"],
    depth: int,
) -> Float[Tensor, "copies contexts depths"]:
    """Return the error (1/d) |w - w_t|^2 of each test context at depths 0..depth of the chain from w_0 = 0."""
    with torch.no_grad():
        estimate = torch.zeros_like(task)[:, :, None]
        errors = [(task - estimate[:, :, 0]).square().mean(dim=-1)]
        for _ in range(depth):
            estimate = step(parameters, context, estimate)
            errors.append((task - estimate[:, :, 0]).square().mean(dim=-1))
    return torch.nan_to_num(torch.stack(errors, dim=-1), nan=torch.inf, posinf=torch.inf)


def teacher_states(
    task: Float[Tensor, "contexts d"], count: int, noise: float, generator: torch.Generator
) -> Float[Tensor, "contexts count d"]:
    """Draw intermediate states w_r = u w + noise xi: u uniform in [0, 1], xi standard normal, shrinking as u grows."""
    shape = (len(task), count, 1)
    fraction = torch.rand(shape, generator=generator, device=task.device, dtype=task.dtype)
    normal = torch.randn(len(task), count, task.shape[-1], generator=generator, device=task.device, dtype=task.dtype)
    return fraction * task[:, None] + noise * (1 - fraction).sqrt() * normal


def _error(estimate: Tensor, data: PretrainingSet) -> Tensor:
    """Return the error averaged over a copy's contexts, shape (copies, states)."""
    squared = (estimate - data.task[:, :, None]).square().mean(dim=-1)
    return torch.einsum("ecs,ec->es", squared, data.weight)
