"""Which teachers do the students of softmax-law learn from? Drawn from the run's seed, the same in theory and training.

| symbol | name    | meaning                                                    |
| ------ | ------- | ---------------------------------------------------------- |
| W*     | weights | centred weights of a teacher, (classes, d)                 |
| a*     | norm    | norm of W* over beta                                       |
| C      | peak    | constant of the boundary layer, of the direction W* / |W*| |
"""

import math
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.harness.seeds import Seeds
from solv.theory.softmax_law.loss import LogitSample, centre, sample_logits, two_classes


def teacher_weights(
    config: SoftmaxLawConfig, classes: int, dimension: int | None = None
) -> Float[np.ndarray, "repeats classes d"]:
    """Return centred W* of each repeat, entries N(0, 1/d) before centring; d: the first dimension by default."""
    return _weights(config.seed, classes, dimension or config.dimension[0], config.repeats)


def teacher_norms(config: SoftmaxLawConfig, classes: int) -> Float[np.ndarray, "repeats"]:
    """Return the norm of each W* in the first dimension."""
    return np.asarray(np.linalg.norm(teacher_weights(config, classes), axis=(1, 2)))


def teacher_samples(config: SoftmaxLawConfig, classes: int, dimension: int | None = None) -> list[LogitSample]:
    """Return the quadrature of each teacher's direction; exact for two classes, where all directions are alike."""
    return list(_samples(config.seed, classes, dimension or config.dimension[0], config.repeats, config.theory_points))


def teacher_peaks(config: SoftmaxLawConfig, classes: int, dimension: int | None = None) -> Float[np.ndarray, "repeats"]:
    """Return C of each teacher's direction."""
    return np.array([sample.peak for sample in teacher_samples(config, classes, dimension)])


def _weights(seed: int, classes: int, dimension: int, repeats: int) -> Float[np.ndarray, "repeats classes d"]:
    streams = [Seeds(seed).numpy("teacher", classes, dimension, r) for r in range(repeats)]
    return np.stack([centre(stream.standard_normal((classes, dimension)) / math.sqrt(dimension)) for stream in streams])


@lru_cache(maxsize=16)  # theory and measurement ask for the same ones
def _samples(seed: int, classes: int, dimension: int, repeats: int, points: int) -> tuple[LogitSample, ...]:
    if classes == 2:
        return (two_classes(1000),) * repeats
    weights = _weights(seed, classes, dimension, repeats)
    return tuple(sample_logits(each, points, place) for place, each in enumerate(weights))
