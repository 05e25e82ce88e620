"""How much work are drawn samples, their scores and the exact error? Counted from sizes, as `Part.work` asks.

Numbers that go through memory one by one take longer than in a product of matrices: they are counted as the operations
of a product in float32 that take the same time on one core.
"""

import math
from collections.abc import Sequence

from solv.experiments.best_of_k.settings import BestOfKConfig
from solv.harness.work import Work

DOUBLE = 2  # an operation of a product in float64
PASS = 30  # a number of an array is read, changed and written
EXPONENTIAL = 350  # ... and its exponential or logarithm taken by NumPy
DRAW = 1000  # a random number of a given stream in float64
ROW = 700  # start of a reduction over a short row
WORD = 8  # bytes of a float64
SCORED_AT_ONCE = 2**20  # as in `models/best_of_k/simulation.py`, which needs torch
ANSWERS, NODES = 45, 500  # of the judge, and distances or scores of a sample: the grids of the exact error


def exact_error(counts: int, temperature: float) -> Work:
    """Return the work of `selection_error` for so many numbers of samples.

    Where T > 0 two exponentials say for every score and distance which sample wins, and products average them for every
    answer, in two chunks of answers; every number of samples averages over scores and answers.
    """
    winners = 2 * (2 * EXPONENTIAL + 4 * PASS) * NODES**2 + DOUBLE * 6 * ANSWERS * NODES**2
    densities = 4 * EXPONENTIAL * ANSWERS * NODES
    of_each = EXPONENTIAL * ANSWERS * NODES * counts
    return Work(densities + of_each + (winners if temperature > 0 else 0), calls=100 + 10 * counts)


def posterior(dimension: int, training: float) -> Work:
    """Return the work of a training set, its Gram matrix and the Cholesky factor of that."""
    drawn = training * dimension
    products = 2 * drawn * dimension + dimension**3 / 3
    return Work((DRAW + PASS) * drawn + DOUBLE * products, calls=20, memory=WORD * (2 * drawn + 3 * dimension**2))


def predictions(dimension: int, points: int, judges: int) -> Work:
    """Return the work of test points: their inputs, whitened by the Cholesky factor, and every judge's answer."""
    drawn = points * dimension
    products = drawn * (dimension + 2 * judges)
    return Work((DRAW + 3 * PASS) * drawn + DOUBLE * products, calls=10, memory=3 * WORD * drawn)


def selected(points: int, judges: int, temperatures: int, counts: Sequence[int]) -> Work:
    """Return the work of samples at test points from which every judge selects one at every temperature and k."""
    scores = judges * temperatures
    sample = 2 * DRAW + EXPONENTIAL + 6 * PASS + 3 * PASS * judges + 3 * PASS * scores  # with its Gumbel noise
    rows = scores * len(counts) * 2 * ROW
    calls = 10 + 3 * judges + scores * (3 + 5 * len(counts))
    return _chunked(points, counts, Work(points * (max(counts) * sample + rows)), calls)


def weighted(points: int, judges: int, temperatures: int, counts: Sequence[int]) -> Work:
    """Return the work of samples at test points that every judge weighs at every temperature and k."""
    scores = judges * temperatures
    sample = DRAW + 5 * PASS + 4 * PASS * judges + 10 * PASS * scores
    rows = scores * len(counts) * 3 * ROW
    kept = 2 * WORD * scores * len(counts) * points  # errors of all points, and their product with the control variate
    calls = 10 + 4 * judges + scores * (3 + 12 * len(counts))
    return _chunked(points, counts, Work(points * (max(counts) * sample + rows), memory=kept), calls)


def _chunked(points: int, counts: Sequence[int], of_all: Work, calls: int) -> Work:
    """Return the work with the calls of every chunk of points, and ten arrays of a chunk's samples."""
    chunk = min(points, max(1, SCORED_AT_ONCE // max(counts)))
    memory = of_all.memory + 10 * WORD * chunk * max(counts)
    return Work(of_all.flops, calls * math.ceil(points / chunk), memory)


def drawn_samples(
    config: BestOfKConfig,
    alpha: float,
    judges: int,
    temperatures: int,
    counts: Sequence[int],
    *,
    repeats: int | None = None,
    points: int | None = None,
    paired: bool = False,
) -> Work:
    """Return the work of `drawn_samples.simulate`: each judge and temperature has training sets of its own."""
    sizes = config.simulation
    d, points = sizes.dimension, points or sizes.points
    together = (judges, temperatures) if paired else (1, 1)
    once = posterior(d, alpha * d) + predictions(d, points, together[0]) + selected(points, *together, counts)
    return (repeats or sizes.repeats) * (1 if paired else judges * temperatures) * once


def paper_samples(
    config: BestOfKConfig, judges: int, temperatures: int, counts: Sequence[int], training: int | None = None
) -> Work:
    """Return the work of `paper_regression.simulate_paper`: judges, temperatures and k share their samples."""
    paper = config.paper
    points, set_of = paper.points, posterior(paper.dimension, training or paper.training)
    return paper.repeats * (
        set_of + predictions(paper.dimension, points, judges) + weighted(points, judges, temperatures, counts)
    )
