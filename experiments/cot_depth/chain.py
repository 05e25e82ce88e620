"""What does the exact model do at finite dimension? Chains of thought with the fitted step, simulated in batches."""

import math
from collections.abc import Sequence

import numpy as np
import torch

from solv.data.cot_depth.in_context_regression import draw_context_statistics, draw_pretraining_pairs
from solv.experiments.cot_depth.settings import CotDepthConfig, Simulation
from solv.experiments.cot_depth.work import contexts_at_once
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.cot_depth.simulation import refine, ridgeless_steps


def simulate(
    config: CotDepthConfig,
    context: Context,
    name: str,
    alpha: float,
    taus: Sequence[float],
    rho: float,
    depth: int,
    dimension: int | None = None,
    *,
    rho_test: float = 0.0,
    sizes: Simulation | None = None,
) -> dict[str, np.ndarray]:
    """Return the error of each repeat at depths 0..depth over its contexts, of all amounts of pretraining as one batch.

    Each repeat draws from streams of its own, named by (alpha, noise, dimension, repeat): amounts of pretraining are
    nested subsets of one stream, and no other cell, tau or repeat changes a point.

    Args:
        config: its `simulation` says how many repeats and contexts, unless `sizes` does.
        context: of the run; the arrays are one unit of it.
        name: what the unit is for.
        alpha, taus, rho: context length, amounts of pretraining, label noise in pretraining.
        depth: of the chain.
        dimension: d, if it is not that of the sizes.
        rho_test: label noise in test contexts; the paper's are clean.
        sizes: dimension, repeats and contexts, if they are not the config's.

    Returns:
        Arrays of shape (repeats, taus, depth + 1): the `mean` over contexts, their `median`, and their geometric mean,
        called `typical`. All three have theory as their limit d -> infinity, where every context has the same error.
        At finite d, near the critical line, the mean is that of rare contexts whose chain explodes. And `last`, the
        error of every single chain at the largest depth, (repeats, taus, contexts).

    Raises:
        ConfigurationError: tau d is not above d.
    """
    sizes = sizes or config.simulation
    d = dimension or sizes.dimension
    for tau in taus:
        if math.isfinite(tau) and round(tau * d) <= d:
            raise ConfigurationError(f"tau = {tau:g} is too close to 1: n = {round(tau * d)} is not > d = {d}")
    label = f"{name} alpha={alpha:g} tau={','.join(f'{tau:g}' for tau in taus)} rho={rho:g} rho_test={rho_test:g} d={d}"
    return context.unit(label, lambda: _simulate(sizes, context, alpha, taus, (rho, rho_test), depth, d))


def _simulate(
    sizes: Simulation,
    context: Context,
    alpha: float,
    taus: Sequence[float],
    noise: tuple[float, float],
    depth: int,
    d: int,
) -> dict[str, np.ndarray]:
    rho, rho_test = noise
    device, length = context.device, max(1, round(alpha * d))
    counts = sorted({round(tau * d) for tau in taus if math.isfinite(tau)})
    at_once, chunks = contexts_at_once(d), []
    count = min(sizes.repeats, math.ceil(sizes.repeats * sizes.contexts / at_once))
    for repeats in np.array_split(np.arange(sizes.repeats), count):
        identity = torch.eye(d, dtype=torch.float64, device=device).expand(len(repeats), d, d)
        gamma = {math.inf: alpha / (1 + alpha + rho) * identity}
        if counts:
            streams = [context.seeds.torch("pretraining", alpha, rho, d, r, device=device) for r in repeats]
            pairs = [draw_pretraining_pairs((), counts[-1], d, length, rho, stream) for stream in streams]
            tasks, statistics = (torch.stack(column) for column in zip(*pairs, strict=True))
            gamma |= dict(zip(counts, ridgeless_steps(tasks, statistics, counts).unbind(1), strict=True))
        steps = torch.stack([gamma[tau if math.isinf(tau) else round(tau * d)] for tau in taus], dim=1)
        streams = [context.seeds.torch("test", alpha, rho_test, d, r, device=device) for r in repeats]
        pieces = []
        for first in range(0, sizes.contexts, at_once):
            piece = min(at_once, sizes.contexts - first)
            drawn = [draw_context_statistics((piece,), d, length, rho_test, stream) for stream in streams]
            s, h, w = (torch.stack([getattr(each, field) for each in drawn]) for field in ("s", "h", "w"))
            pieces.append(refine(steps, s, h, w, depth).cpu().numpy())
        chunks.append(np.concatenate(pieces, axis=2))
    errors = np.concatenate(chunks)  # (repeats, taus, contexts, depths)
    with np.errstate(over="ignore"):
        typical = np.exp(np.log(errors).mean(axis=2))
    return {
        "mean": errors.mean(axis=2),
        "median": np.median(errors, axis=2),
        "typical": typical,
        "last": errors[..., -1],
    }
