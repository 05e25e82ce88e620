"""What error has the best of k answers that the teacher itself picks? Drawn once for both parts that ask.

The first of them, `inverse-square-law`, counts the work; `difficulty` alone would take as long.
"""

from collections.abc import Iterator

import numpy as np

from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.contract import Context
from solv.theory.best_of_k.selection import Equivalents

EXPONENT_WINDOW = (64, 256)  # samples between which the exponent of the decay is read, in theory and simulation


def difficulty(judged: Equivalents) -> float:
    """Return D2/s2, the error of the posterior mean in units of the predictive variance."""
    return judged.bias_variance / judged.predictive_variance


def simulated_counts(config: BestOfKConfig) -> list[int]:
    """Return the numbers of samples at which the simulated error is read; both ends of the window are among them."""
    return sorted({*(count for count in config.k if count <= EXPONENT_WINDOW[1]), *EXPONENT_WINDOW})


def simulate_teacher(config: BestOfKConfig, context: Context) -> Iterator[tuple[float, np.ndarray]]:
    """Yield each alpha of `best_of` with the errors of its repeats at T = 0, shape (repeats, counts)."""
    from solv.experiments.best_of_k.drawn_samples import simulate

    best, counts = config.best_of, simulated_counts(config)
    with context.progress.task("simulate the best of k", len(best.alpha)) as step:
        for alpha in best.alpha:
            errors = simulate(
                config,
                context,
                "best of",
                alpha,
                [(0.0, 0.0)],
                counts,
                [0.0],
                repeats=best.repeats,
                test_points=best.points,
            )
            step.advance(note=f"alpha={alpha:g}")
            yield alpha, errors[:, 0, 0]
