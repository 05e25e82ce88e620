"""How are attention blocks trained to refine their own estimate? Their pretraining sets, states and test, as one batch.

Attention is trained on the mean squared error, and so the error that is drawn is the mean over test contexts (then the
geometric mean over trainings), of the exact model beside it, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solv.data.cot_depth.in_context_regression import draw_contexts
from solv.experiments.cot_depth.settings import LinearAttention, SoftmaxAttention
from solv.harness.contract import Context
from solv.models.cot_depth.attention import context_tokens
from solv.models.cot_depth.refinement import teacher_states
from solv.models.ensemble import Ensemble, Loss, train

LOGS = 40  # training metrics recorded per training


@dataclass(frozen=True)
class PretrainingSets:
    """The pretraining sets of all copies, tau by tau and seed by seed, and the generators of what else they draw."""

    name: str
    sizes: LinearAttention | SoftmaxAttention
    context: Context
    tokens: list[Tensor]
    tasks: list[Tensor]
    initial: list[torch.Generator]

    def teacher_states(self, count: int, noise: float, pool: int) -> Tensor:
        """Return a pool of intermediate states for every context, (pool, copies, contexts, count, d)."""
        most = max(map(len, self.tasks))
        pools = []
        for (tau, seed), task in zip(_copies(self.sizes), self.tasks, strict=True):
            stream = self.context.seeds.torch(self.name, "states", tau, seed, device=self.context.device)
            drawn = torch.stack([teacher_states(task, count, noise, stream) for _ in range(pool)])
            pools.append(torch.cat([drawn, drawn.new_zeros(pool, most - len(task), *drawn.shape[2:])], dim=1))
        return torch.stack(pools, dim=1)

    def test(self) -> tuple[Tensor, Tensor]:
        """Return fresh test contexts, the same ones for every amount of pretraining of a seed."""
        d, length = self.sizes.dimension, round(self.sizes.alpha * self.sizes.dimension)
        drawn = []
        for seed in range(self.sizes.seeds):
            stream = self.context.seeds.torch(self.name, "test", seed, device=self.context.device)
            drawn.append(draw_contexts((self.sizes.contexts,), d, length, 0.0, stream))
        tokens = torch.stack([context_tokens(each.x, each.y) for each in drawn])
        repeats = len(self.sizes.tau)
        return tokens.repeat(repeats, 1, 1, 1), torch.stack([each.w for each in drawn]).repeat(repeats, 1, 1)

    def by_seed(self, errors: Tensor) -> np.ndarray:
        """Return errors (copies, contexts, depths) as means over contexts, (seeds, taus, depths)."""
        mean = errors.double().mean(dim=1).cpu().numpy()
        return mean.reshape(len(self.sizes.tau), self.sizes.seeds, -1).swapaxes(0, 1)


def draw_sets(name: str, sizes: LinearAttention | SoftmaxAttention, context: Context) -> PretrainingSets:
    """Return the pretraining sets of every amount of pretraining and seed, from streams called `name`."""
    d, length, device = sizes.dimension, round(sizes.alpha * sizes.dimension), context.device
    tokens, tasks, initial = [], [], []
    for tau, seed in _copies(sizes):
        stream = context.seeds.torch(name, "pretraining", tau, seed, device=device)
        drawn = draw_contexts((round(tau * d),), d, length, sizes.rho, stream)
        tokens.append(context_tokens(drawn.x, drawn.y))
        tasks.append(drawn.w)
        initial.append(context.seeds.torch(name, "initial", tau, seed, device=device))
    return PretrainingSets(name, sizes, context, tokens, tasks, initial)


def _copies(sizes: LinearAttention | SoftmaxAttention) -> list[tuple[float, int]]:
    return [(tau, seed) for tau in sizes.tau for seed in range(sizes.seeds)]


def train_blocks(
    task: str, ensemble: Ensemble, loss: Loss, steps: int, context: Context, states: Tensor | None = None
) -> None:
    """Train to the end, from the last checkpoint if there is one; the pool of states is gone through step by step."""
    checkpoint = context.checkpoint(task)
    saved = checkpoint.load()
    if saved is not None:
        ensemble.load_state_dict(saved)
    every = max(1, steps // LOGS)
    with context.progress.task(task, steps) as bar:
        bar.advance(ensemble.step)

        def report(step: int, losses: Tensor) -> None:
            shown = step % every == 0 or step == steps
            bar.advance(note=f"median loss {losses.median():.3g}" if shown else "")
            if shown:
                context.log_metrics(task, step, _summary(losses))

        train(
            ensemble,
            loss,
            lambda step: None if states is None else states[step % len(states)],
            steps,
            after_step=report,
            save=checkpoint.save,
            save_every=max(1, steps // 10),
        )


def _summary(losses: Tensor) -> Mapping[str, float]:
    return {"loss/median": float(losses.median()), "loss/largest": float(losses.max())}
