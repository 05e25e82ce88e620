"""How much faster is a step of cot-depth's linear attention through second moments than token by token?

    python -m benchmarks.one_step_training [--dimension 50] [--batch 300] [--contexts 400] [--steps 30]

Both train on the same loss: one step from a random estimate, D = 50, minibatches of 300 of 400 contexts. Token by
token means what the tokens of the paper say, as it stands: each minibatch is laid out as (2 D + 2) x (N + 1) numbers a
context and backpropagated through. Medians of five rounds that alternate between the two, in CPU time of this process
(which does not count what others take); then what the paper's 225 cells of 5000 steps come to.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from solv.models.cot_depth.one_step import draw_block, draw_minibatch, linear_gradients
from solv.models.ensemble import Ensemble, Optimizer

PENALTY = 1e-3
CELLS, CELL_STEPS = 225, 5000


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dimension", type=int, default=50)
    parser.add_argument("--batch", type=int, default=300)
    parser.add_argument("--contexts", type=int, default=400)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    sizes = f"D = {options.dimension}, {options.batch} of {options.contexts} contexts"
    print(f"{sizes}, {options.threads} thread(s), CPU time")
    print("N      token by token   second moments   ratio")
    for length in (100, 400):
        tokens, moments = race(length, options.dimension, options.batch, options.contexts, options.steps)
        print(f"{length:<6} {1e3 * tokens:11.1f} ms {1e3 * moments:13.2f} ms {tokens / moments:7.0f}x")
    print(
        f"{CELLS} cells of {CELL_STEPS} steps: {CELLS * CELL_STEPS * moments / 60:.0f} minutes of one core at that rate"
    )


def race(length: int, d: int, batch: int, contexts: int, steps: int) -> tuple[float, float]:
    """Return the median CPU seconds of a step of both ways, token by token first."""
    stream = torch.Generator().manual_seed(0)
    inputs = torch.randn(contexts, d, length, generator=stream)
    tasks = torch.randn(contexts, d, generator=stream)
    by_tokens = _by_tokens(inputs, tasks, batch, stream)
    by_moments = _by_moments(inputs @ inputs.mT / length, tasks, batch, stream)
    rounds = [(_clock(by_tokens, max(2, steps // 10)), _clock(by_moments, steps)) for _ in range(6)]
    first, second = zip(*rounds[1:], strict=True)  # the first round warms up
    return statistics.median(first), statistics.median(second)


def _clock(step: Callable[[], None], steps: int) -> float:
    started = time.process_time()
    for _ in range(steps):
        step()
    return (time.process_time() - started) / steps


def _by_moments(moments: Tensor, tasks: Tensor, batch: int, stream: torch.Generator) -> Callable[[], None]:
    contexts, d = tasks.shape
    ensemble = Ensemble(draw_block(d, stream), Optimizer("adam", 1e-3))

    def step() -> None:
        draws = draw_minibatch(contexts, batch, d, stream)
        ensemble.apply(linear_gradients(ensemble.parameters, moments, tasks, draws, PENALTY))

    return step


def _by_tokens(inputs: Tensor, tasks: Tensor, batch: int, stream: torch.Generator) -> Callable[[], None]:
    contexts, d, length = inputs.shape
    width = 2 * d + 2
    labels = torch.einsum("cd,cdn->cn", tasks, inputs)
    value, query = (torch.nn.Parameter(0.01 * torch.randn(width, width, generator=stream)) for _ in "VW")
    optimizer = torch.optim.Adam([value, query], lr=1e-3)

    def step() -> None:
        draws = draw_minibatch(contexts, batch, d, stream)
        tokens = torch.zeros(batch, width, length + 1)
        tokens[:, :d, :length] = inputs[draws.chosen]
        tokens[:, d, :length] = labels[draws.chosen]
        tokens[:, d + 1 : 2 * d + 1, length] = draws.start
        tokens[:, -1, length] = 1.0
        seen = torch.ones(length + 1)
        seen[length] = 0.0
        last = tokens[:, :, length]
        scores = torch.einsum("btn,bt->bn", tokens, last @ query.T) / length * seen
        after = last + torch.einsum("btn,bn->bt", tokens, scores) @ value.T
        error = (after[:, d + 1 : 2 * d + 1] - tasks[draws.chosen]).square().sum(dim=1).mean()
        loss = error + PENALTY * (value.square().sum() + query.square().sum())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
