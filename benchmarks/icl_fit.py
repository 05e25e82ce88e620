"""How much does the matrix-free fit of linear attention save over the normal equations, and how far does it reach?

    python -m benchmarks.icl_fit [--threads 1] [--budget 60]

Prints the CPU time of both fits at d = 20, 40, 60, their ratio, how far apart the two Gammas are, the fitted cost
exponents (near 4 against 6: n = tau d^2 rows), and the largest d whose fit ends within the budget.
"""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from solv.data.icl_alignment.tasks import AttentionContexts, draw_attention_contexts, draw_tasks
from solv.models.icl_alignment.fit import fit, fit_dense
from solv.theory.icl_alignment.covariances import power_law_spectrum

TAU, ALPHA, KAPPA, RHO = 2, 2, 2, 0.05
SIZES = (20, 40, 60)
LARGE_SIZES = (40, 60, 80, 100)


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of one fit, for the reach")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    print(f"tau = {TAU}, alpha = {ALPHA}, kappa = {KAPPA}, {options.threads} thread(s)")
    print("  d  unknowns    rows   dense s  matrix-free s   ratio  difference")
    dense_times = []
    for d in SIZES:
        contexts = contexts_of(d)
        dense, dense_time = timed(fit_dense, contexts)
        free, free_time = timed(fit, contexts)
        dense_times.append(dense_time)
        difference = float((dense - free).norm() / dense.norm())
        print(
            f"{d:3d} {d * (d + 1):9d} {TAU * d * d:7d} {dense_time:9.3f} {free_time:14.4f} "
            f"{dense_time / free_time:7.1f} {difference:11.1e}"
        )
    times = [timed(fit, contexts_of(d))[1] for d in LARGE_SIZES]
    dense_exponent, free_exponent = _exponent(SIZES, dense_times), _exponent(LARGE_SIZES, times)
    print(
        f"cost exponents: dense {dense_exponent:.2f} at d = {SIZES}, matrix-free {free_exponent:.2f} at {LARGE_SIZES}"
    )

    reach = LARGE_SIZES[-1] * (options.budget / times[-1]) ** (1 / free_exponent)
    dense_reach = SIZES[-1] * (options.budget / dense_times[-1]) ** (1 / dense_exponent)
    memory = 8 * TAU * reach**2 * 4 * reach / 2**30
    print(
        f"extrapolated reach in {options.budget:g} s: d = {reach:.0f} matrix-free ({memory:.1f} GiB), "
        f"d = {dense_reach:.0f} by normal equations"
    )


def contexts_of(d: int) -> AttentionContexts:
    """Return the contexts of a fit in d dimensions."""
    generator = torch.Generator().manual_seed(d)
    tasks = draw_tasks((1,), KAPPA * d, torch.as_tensor(power_law_spectrum(d, 0.8)), generator)
    return draw_attention_contexts(tasks, TAU * d * d, ALPHA * d, RHO, generator)


def timed(solver: Callable[[Tensor, Tensor, Tensor], Tensor], contexts: AttentionContexts) -> tuple[Tensor, float]:
    """Return the solution and the least CPU time of a run, over runs of at least half a second together."""
    best, spent = math.inf, 0.0
    while spent < 0.5:
        start = time.process_time()
        gamma = solver(contexts.query, contexts.memory, contexts.target)
        elapsed = time.process_time() - start
        best, spent = min(best, elapsed), spent + elapsed
    return gamma, best


def _exponent(sizes: tuple[int, ...], times: list[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


if __name__ == "__main__":
    main()
