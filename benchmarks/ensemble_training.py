"""How much faster do many small models train as one batch than one after the other?

    python benchmarks/ensemble_training.py [--copies 32] [--threads 2] [--steps 60]

Trains the attention blocks of cot-depth (E4, E5: d = 8, alpha = 4, tau = 3) and a small MLP written as a plain module:
all copies as one `Ensemble`, and each copy in an `Ensemble` of its own. Every figure is the median of three repeats
that alternate between the two ways. Prints milliseconds per step of all copies and the ratio.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from solv.data.cot_depth.in_context_regression import draw_contexts
from solv.models.cot_depth.attention import context_moments, context_tokens, draw_attention, linear_step, softmax_step
from solv.models.cot_depth.refinement import chain_loss, pad, single_step_loss
from solv.models.ensemble import Ensemble, Loss, Optimizer, stack, train, vmapped_loss

D, LENGTH, CONTEXTS = 8, 32, 24


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.copies} copies, {options.threads} thread(s)")
    print("model                                  one batch   one by one   ratio")
    for name, build in (
        ("linear attention, step by step", _linear),
        ("softmax attention, step by step", _softmax),
        ("softmax attention, through 12 steps", _softmax_chain),
        ("MLP 16-64-1 by vmap, batch 64", _mlp),
    ):
        batched, sequential = _race(build, options.copies, options.steps)
        print(f"{name:38} {1e3 * batched:6.2f} ms {1e3 * sequential:9.1f} ms {sequential / batched:6.1f}x")


def _race(build: Callable[[int, int], tuple[Ensemble, Loss, Tensor]], copies: int, steps: int) -> tuple[float, float]:
    """Return the seconds per step of all copies, as one batch and one after the other."""
    together = build(0, copies)
    alone = [build(copy, 1) for copy in range(copies)]
    batched, sequential = [], []
    for _ in range(4):
        batched.append(_clock([together], steps))
        sequential.append(_clock(alone, max(steps // 10, 1)))
    return statistics.median(batched[1:]), statistics.median(sequential[1:])  # the first round warms up


def _clock(trainings: list[tuple[Ensemble, Loss, Tensor]], steps: int) -> float:
    started = time.perf_counter()
    for ensemble, loss, batch in trainings:
        train(ensemble, loss, lambda step, batch=batch: batch, ensemble.step + steps)  # type: ignore[misc]
    return (time.perf_counter() - started) / steps


def _contexts(first: int, copies: int) -> tuple[list[Tensor], list[Tensor]]:
    drawn = [draw_contexts((CONTEXTS,), D, LENGTH, 0.0, _seeded(copy)) for copy in range(first, first + copies)]
    return [context_tokens(each.x, each.y) for each in drawn], [each.w for each in drawn]


def _states(copies: int) -> Tensor:
    return torch.randn(copies, CONTEXTS, 2, D, generator=_seeded(0))


def _linear(first: int, copies: int) -> tuple[Ensemble, Loss, Tensor]:
    tokens, tasks = _contexts(first, copies)
    data = pad([context_moments(each) for each in tokens], tasks)
    return _ensemble(first, copies), single_step_loss(linear_step, data, chain=3), _states(copies)


def _softmax(first: int, copies: int) -> tuple[Ensemble, Loss, Tensor]:
    data = pad(*_contexts(first, copies))
    return _ensemble(first, copies), single_step_loss(softmax_step, data, chain=3), _states(copies)


def _softmax_chain(first: int, copies: int) -> tuple[Ensemble, Loss, Tensor]:
    data = pad(*_contexts(first, copies))
    return _ensemble(first, copies), chain_loss(softmax_step, data, 12), _states(copies)


def _ensemble(first: int, copies: int) -> Ensemble:
    return Ensemble(draw_attention([_seeded(first + copy) for copy in range(copies)], D), Optimizer("adam", 3e-3))


def _mlp(first: int, copies: int) -> tuple[Ensemble, Loss, Tensor]:
    modules = [nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 1)) for _ in range(copies)]
    loss = vmapped_loss(modules[0], lambda model, x: (model(x) - x.sum(-1, keepdim=True)).square().mean())
    return (
        Ensemble(stack(modules), Optimizer("adam", 1e-3)),
        loss,
        torch.randn(copies, 64, 16, generator=_seeded(first)),
    )


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


if __name__ == "__main__":
    main()
