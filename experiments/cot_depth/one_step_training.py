"""How is attention trained as the paper trains it? One step from a random estimate, on a finite set of contexts.

Inputs are N(0, I_d) and labels free of noise; every context of a minibatch starts from an estimate w_0 ~ N(0, I) of its
own, in training and at test, so that the error at depth 0 is 2. Shared by the parts that redo the paper's trainings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from solv.data.cot_depth.in_context_regression import draw_context_statistics, draw_contexts
from solv.experiments.cot_depth.settings import AttentionGrid
from solv.experiments.cot_depth.work import TESTED_AT_ONCE
from solv.harness.contract import Context
from solv.models.cot_depth.one_step import (
    Mix,
    chain_errors,
    draw_block,
    draw_minibatch,
    linear_gradients,
    linear_mix,
    one_step_loss,
    softmax_mix,
)
from solv.models.ensemble import Ensemble, Optimizer, Parameters

Kind: TypeAlias = Literal["linear", "softmax"]

LEARNING_RATE = 1e-3  # of Adam, in all trainings of the paper


@dataclass(frozen=True)
class Training:
    """What one training consists of.

    Attributes:
        kind: of attention.
        dimension: d.
        context: number N of examples in a context.
        pretraining: number M of contexts that are trained on.
        steps, batch: minibatches, and draws of each.
        penalty: L2 on V and W.
        tested: test contexts.
        depth: of their chains.
    """

    kind: Kind
    dimension: int
    context: int
    pretraining: int
    steps: int
    batch: int
    penalty: float
    tested: int
    depth: int


def train_and_test(training: Training, seed: int, context: Context) -> Mapping[str, np.ndarray]:
    """Train one block and run the chain of each test context: one unit of work.

    Returns:
        `mean` and `typical`, the arithmetic and the geometric mean over test contexts of the error at depths 0..depth;
        `V` of shape (d, d + 1) and `W` of shape (d + 1, d + 1), the learned entries that have an effect.
    """
    this = training
    name = f"{this.kind} attention d={this.dimension} N={this.context} M={this.pretraining} seed={seed}"
    how = f"steps={this.steps} batch={this.batch} penalty={this.penalty:g} depth={this.depth} tests={this.tested}"
    return context.unit(f"{name} {how}", lambda: _compute(this, seed, context))


def train_grid(kind: Kind, grid: AttentionGrid, context: Context) -> np.ndarray:
    """Return the mean error over test contexts of every cell of a grid, (seeds, pretraining, context, depths)."""
    errors = np.empty((grid.seeds, len(grid.pretraining), len(grid.context), grid.depth + 1))
    with context.progress.task(f"train {kind} attention on a grid", errors[..., 0].size) as bar:
        for seed, row, column in np.ndindex(*errors.shape[:3]):
            cell = Training(
                kind,
                grid.dimension,
                grid.context[column],
                grid.pretraining[row],
                grid.steps,
                grid.batch,
                grid.penalty,
                grid.test_contexts,
                grid.depth,
            )
            errors[seed, row, column] = train_and_test(cell, seed, context)["mean"]
            bar.advance(note=f"L={cell.context} M={cell.pretraining} seed={seed}")
    return errors


def _compute(this: Training, seed: int, context: Context) -> Mapping[str, np.ndarray]:
    parameters = _train(this, seed, context)
    stream = _stream(this, seed, context, "test")
    errors = []
    at_once = max(1, TESTED_AT_ONCE // (this.dimension * max(this.dimension, this.context)))
    for first in range(0, this.tested, at_once):
        contexts, tasks = _draw(this, min(at_once, this.tested - first), stream)
        start = torch.randn(tasks.shape, generator=stream, device=stream.device)
        errors.append(chain_errors(parameters, tasks, _mix(this)(contexts), start, this.depth))
    found = torch.cat(errors).double().cpu().numpy()
    with np.errstate(over="ignore"):
        typical = np.exp(np.log(found).mean(axis=0))
    blocks = {name: value[0].detach().cpu().numpy() for name, value in parameters.items()}
    return {"mean": found.mean(axis=0), "typical": typical, **blocks}


def _train(this: Training, seed: int, context: Context) -> Parameters:
    contexts, tasks = _draw(this, this.pretraining, _stream(this, seed, context, "pretraining"))
    minibatches = _stream(this, seed, context, "minibatches")
    ensemble = Ensemble(
        draw_block(this.dimension, _stream(this, seed, context, "initial")), Optimizer("adam", LEARNING_RATE)
    )
    loss = one_step_loss(contexts, tasks, softmax_mix, this.penalty)
    for _ in range(this.steps):
        draws = draw_minibatch(this.pretraining, this.batch, this.dimension, minibatches)
        if this.kind == "linear":
            ensemble.apply(linear_gradients(ensemble.parameters, contexts, tasks, draws, this.penalty))
        else:
            ensemble.update(loss, draws)
    return ensemble.parameters


def _draw(this: Training, count: int, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return fresh contexts, as what the attention needs of them, and their tasks."""
    sizes = ((count,), this.dimension, this.context, 0.0, stream, torch.float32)
    if this.kind == "linear":
        moments = draw_context_statistics(*sizes)
        return moments.s, moments.w
    drawn = draw_contexts(*sizes)
    return drawn.x, drawn.w


def _mix(this: Training) -> Callable[[Tensor], Mix]:
    return linear_mix if this.kind == "linear" else softmax_mix


def _stream(this: Training, seed: int, context: Context, what: str) -> torch.Generator:
    at = (this.kind, this.dimension, this.context, this.pretraining, seed)
    return context.seeds.torch("one step", *at, what, device=context.device)
