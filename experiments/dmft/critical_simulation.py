"""What do critical linear systems of finite size do? Units of work of `critical-dynamics`."""

from collections.abc import Sequence

import numpy as np
import torch

from solv.experiments.dmft.repeats import repeat
from solv.experiments.dmft.settings import DmftConfig
from solv.harness.contract import Context
from solv.models.dmft.elliptic import doubling_response_and_correlation, elliptic_matrices, shifted_responses
from solv.theory.dmft.critical import CRITICAL_SHIFT
from solv.tracking.progress import Step


def shifted_systems(
    config: DmftConfig, context: Context, step: Step, size: int, tail: np.ndarray, norm: np.ndarray
) -> dict[str, np.ndarray]:
    """Return R(t) of symmetric flows of N units at the critical shift.

    Args:
        config: its `critical` says how many.
        context, step: of the run and of the task that is shown; the arrays are one unit.
        size: N.
        tail, norm: times.

    Returns:
        `tail` and `norm`, (repeats, times) each.
    """

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        at = torch.tensor(np.concatenate([tail, norm]), dtype=torch.float64, device=context.device)
        response = shifted_responses(size, CRITICAL_SHIFT, at, len(streams), streams)
        return {"tail": response[:, : len(tail)], "norm": response[:, len(tail) :]}

    name = f"shifted N={size} t<={norm[-1]:g}"
    return repeat(context, step, name, config.critical.repeats, 8 * size**2 * 4, simulate)


def critical_systems(
    config: DmftConfig, context: Context, step: Step, tau: float, first: float
) -> dict[str, np.ndarray]:
    """Return `response` R(t) and `correlation` C(t, t) at the critical coupling, at t = first, 2 first, 4 first, ...

    Args:
        config: its `critical` says how many of which size, and how often the time is doubled.
        context, step: of the run and of the task that is shown; the arrays are one unit.
        tau: symmetry.
        first: shortest time.

    Returns:
        Arrays of shape (repeats, times).
    """
    size, doublings = config.critical.size, config.critical.doublings

    def simulate(streams: Sequence[torch.Generator]) -> dict[str, torch.Tensor]:
        coupling = elliptic_matrices(size, 1 / (1 + tau), tau, len(streams), streams)
        response, correlation = doubling_response_and_correlation(coupling, first, doublings)
        return {"response": response, "correlation": correlation}

    name = f"critical tau={tau:g} N={size} t={first:g} doublings={doublings}"
    return repeat(context, step, name, config.critical.size_repeats, 8 * size**2 * 8, simulate)
