"""How long does a whole figure of best-of-k's theory take, and what does one pass for all k save?

    python benchmarks/selection_error.py

Prints the CPU time of eps(k, T) on 1000 points (25 values of k up to 10^6, 8 temperatures, 5 judges), and of the same
points one k at a time (measured on every fifth judge and scaled), with the largest difference between the two.
"""

import time
from collections.abc import Sequence

import numpy as np

from solv.theory.best_of_k.selection import WeightMoments, equivalents_from_moments, selection_error

COUNTS = np.unique(np.geomspace(1, 10**6, 29).round().astype(int))[:25]
TEMPERATURES = (0.0, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0)
MISSES = (0.0, 0.3, 0.6, 1.0, 1.5)


def main() -> None:
    """Run the benchmark and print its lines."""
    started = time.process_time()
    together = _figure(MISSES)
    whole = time.process_time() - started
    started = time.process_time()
    alone = np.stack([_figure(MISSES[::5], [count])[..., 0] for count in COUNTS], axis=-1)
    single = (time.process_time() - started) * len(MISSES)
    difference = np.max(np.abs(alone / together[::5] - 1))
    print(f"{together.size} points: {whole:.1f} s in one pass for all k, {single:.1f} s one k at a time")
    print(f"ratio {single / whole:.1f}x, largest relative difference {difference:.1e}")


def _figure(misses: Sequence[float], counts: Sequence[int] | np.ndarray = COUNTS) -> np.ndarray:
    """Return errors of shape (judges, temperatures, ks)."""
    judges = [
        equivalents_from_moments(2.0, 0.5, 0.5, 1.0, np.ones(1), WeightMoments.of_random_judge(1, mis))
        for mis in misses
    ]
    return np.array([[selection_error(of, np.array(counts), each) for each in TEMPERATURES] for of in judges])


if __name__ == "__main__":
    main()
