"""Which Poisson-Dirichlet clusters are drawn, at which k, and how is their gap sampled?"""

import math

import numpy as np

from solv.experiments.jailbreak.settings import JailbreakConfig

GAP, SAMPLES = "chance that no answer is unsafe", "samples k"  # the axes of every panel that shows a gap
CASE_LABEL = "x={breakpoint} m={m}"


def cases(config: JailbreakConfig) -> list[tuple[float, int]]:
    """Return every (x, m)."""
    return [(x, m) for x in config.x for m in config.m]


def field_cases(config: JailbreakConfig) -> list[tuple[float, int]]:
    """Return the (x, m) that are drawn in a field: the i-th x with the i-th m, the last m for the x that are left."""
    return [(x, config.m[min(i, len(config.m) - 1)]) for i, x in enumerate(config.x)]


def counts(config: JailbreakConfig) -> np.ndarray:
    """Return the k of the curves, shape (ks,): four a decade."""
    grid: np.ndarray = np.unique(
        np.geomspace(1, config.most, 4 * round(math.log10(config.most)) + 1).round().astype(int)
    )
    return grid


def seen(config: JailbreakConfig, k: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Return the k whose expected chance is seen in enough samples: chosen by theory, not by the outcome.

    Args:
        config: its `clusters` say how many samples there are, and how many of them must count.
        k, gaps: numbers of samples and the chance that theory expects there, shape (ks,).
    """
    return k[config.clusters.samples * gaps >= config.clusters.least_seen]


def safe_masses(config: JailbreakConfig, rng: np.random.Generator, x: float, m: int) -> np.ndarray:
    """Return p of sampled clusters, shape (groups, samples a group): what m broken sticks leave."""
    groups = config.clusters.groups
    i = np.arange(1, m + 1)
    left = rng.beta(i * x, 1 - x, size=(groups, config.clusters.samples // groups, m))
    masses: np.ndarray = left.prod(axis=-1)
    return masses


def log_ratio(top: np.ndarray, bottom: np.ndarray) -> tuple[float, float]:
    """Return log(mean top / mean bottom) of paired groups, shape (groups,) each, and its jackknife error."""
    count = len(top)
    whole = math.log(top.mean() / bottom.mean())
    left_out = np.log((top.sum() - top) / (bottom.sum() - bottom))
    return whole, float(np.sqrt((count - 1) / count * np.sum((left_out - left_out.mean()) ** 2)))
