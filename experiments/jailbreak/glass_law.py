"""Which law does a finite glass follow by its own clusters? Their x, the shift of a field, and the errors of both.

The Poisson-Dirichlet law of a glass stands on two numbers that are measured of it, and there are several ways to each:

* x: from E sum_c W_c^2 = 1 - x (`squares`; (1 - x) / 2 where every cluster has a twin), or the mean over glasses of the
  likeliest x of their broken sticks (`sticks`: the authors');
* lambda = beta h N Delta q. `gibbs`: mean overlap with the unsafe centre of unsafe minus that of safe Gibbs states.
  `uniform`: mean overlap of the unsafe cluster's states, each counted once, and 0 outside (what the authors' code does
  on several GPUs). `centres`: the same less the mean |overlap| of the centres, at least 0.01 (what their text says).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solv.experiments.jailbreak.settings import Glass
from solv.models.jailbreak.spin_glass_clusters import Profiles
from solv.theory.jailbreak.clusters import asr_gap, twin_gap
from solv.theory.jailbreak.stick_likelihood import stick_parameters

JACKKNIFE_GROUPS = 20
LEAST_DELTA_Q = 0.01  # the authors' floor
LEAST_X = 1e-6


@dataclass(frozen=True)
class Measured:
    """Enumerated glasses, and the likeliest x of each one's sticks, shape (disorders,)."""

    profiles: Profiles
    sticks: np.ndarray

    def of_glasses(self, kept: np.ndarray) -> "Measured":
        """Return some of the glasses; `kept` is a mask, shape (disorders,)."""
        import torch

        return Measured(self.profiles.of_glasses(torch.from_numpy(kept)), self.sticks[kept])


def measured(profiles: Profiles, rng: np.random.Generator) -> Measured:
    """Return glasses with the x of their sticks, whose orders are drawn from `rng`."""
    return Measured(profiles, stick_parameters(profiles.weights.numpy(), rng))


def x_of(glass: Glass, of: Measured) -> float:
    """Return the Poisson-Dirichlet parameter of the glasses, as `glass.x_from` reads it."""
    if glass.x_from == "sticks":
        return float(of.sticks.mean())
    squares = float(of.profiles.all_squares.mean()) * (1 if glass.flip_breaking else 2)
    return min(max(1 - squares, LEAST_X), 1 - LEAST_X)


def delta_q(glass: Glass, of: Measured) -> float:
    """Return the overlap that a step into the unsafe cluster gains, as `glass.delta_q` defines it."""
    if glass.delta_q == "gibbs":
        inside, outside = of.profiles.mean_overlaps()
        return inside - outside
    gained = of.profiles.plain_overlap
    if glass.delta_q == "centres":
        gained = gained - of.profiles.centre_overlap
    return float(of.profiles.mean(gained.clamp(min=LEAST_DELTA_Q)).mean())


def shift(glass: Glass, of: Measured, field: float) -> float:
    """Return lambda of a field h."""
    return glass.beta * field * glass.spins * delta_q(glass, of)


def law(glass: Glass, k: np.ndarray, field: float, of: Measured) -> np.ndarray:
    """Return the gap that the glasses' own x and lambda give; with twins, where no field has killed them."""
    if field == 0 and not glass.flip_breaking:
        return twin_gap(x_of(glass, of), k)
    return asr_gap(x_of(glass, of), 1, shift(glass, of, field), k)


def jackknife(statistic: Callable[[Measured], np.ndarray], of: Measured) -> tuple[np.ndarray, np.ndarray]:
    """Return a statistic of all glasses and its standard error, from leaving out groups of them."""
    disorders = len(of.sticks)
    group = np.arange(disorders) % min(JACKKNIFE_GROUPS, disorders)
    groups = group.max() + 1
    left_out = np.stack([statistic(of.of_glasses(group != number)) for number in range(groups)])
    squares = np.sum((left_out - left_out.mean(axis=0)) ** 2, axis=0)
    return statistic(of), np.sqrt((groups - 1) / groups * squares)
