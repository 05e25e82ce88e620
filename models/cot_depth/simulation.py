"""What does the chain of thought of the exactly solvable model do at finite dimension?

The model of the cot-depth spec, section 1: a step Gamma fitted by least squares to pretraining pairs, equation (2),
and the chain w_0 = 0, w_{t+1} = w_t + Gamma (h - S w_t), equation (1), on contexts given by (S, h, w). Repeats, the
steps that share test contexts (`variants`, for example several amounts of pretraining) and contexts are one batch.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor


def ridgeless_steps(
    w: Float[Tensor, "repeats n d"], h: Float[Tensor, "repeats n d"], counts: Sequence[int]
) -> Float[Tensor, "repeats variants d d"]:
    """Return Gamma = argmin sum_mu |w_mu - Gamma h_mu|^2 over the first `count` pairs, for each count: equation (2).

    The nested sets share their Gram matrices: each pair is visited once. Repeats stay independent; the counts of
    one repeat do not.

    Args:
        w: task weights, shape (repeats, n, d).
        h: context statistics X^T y / l, shape (repeats, n, d).
        counts: numbers of pretraining contexts, increasing, each > d and <= n.

    Returns:
        Shape (repeats, len(counts), d, d).

    Raises:
        ValueError: shapes that differ, or counts not increasing within d + 1..n.

    Cost: O(n d^2 + len(counts) d^3) multiplications per repeat. The normal equations square the condition number,
    about (1 + tau^{-1/2})^2 / (1 - tau^{-1/2})^2 before squaring: use float64.

    """
    if w.shape != h.shape or w.dim() != 3:
        raise ValueError(f"w and h have shapes {tuple(w.shape)} and {tuple(h.shape)}; valid: equal, (repeats, n, d)")
    repeats, n, d = h.shape
    bounds = [0, *counts]
    if len(bounds) == 1 or bounds[1] <= d or bounds[-1] > n or sorted(set(bounds)) != bounds:
        raise ValueError(f"counts = {list(counts)} is out of range; valid: increasing integers from {d + 1} to {n}")
    gram, cross = h.new_zeros(repeats, d, d), h.new_zeros(repeats, d, d)
    steps = []
    for first, last in pairwise(bounds):
        gram = torch.baddbmm(gram, h[:, first:last].mT, h[:, first:last])
        cross = torch.baddbmm(cross, h[:, first:last].mT, w[:, first:last])
        steps.append(torch.cholesky_solve(cross, torch.linalg.cholesky(gram)).mT)
    return torch.stack(steps, dim=1)


def refine(
    gamma: Float[Tensor, "repeats variants d d"],
    s: Float[Tensor, "repeats contexts d d"],
    h: Float[Tensor, "repeats contexts d"],
    w: Float[Tensor, "repeats contexts d"],
    depth: int,
) -> Float[Tensor, "repeats variants contexts depths"]:
    """Return the error (1/d) |w - w_t|^2 of each context at every depth t = 0..depth of the chain (1).

    Every variant runs on the same test contexts; each repeat has its own, so that the standard error of a curve is
    that over repeats.

    Args:
        gamma: learned steps, shape (repeats, variants, d, d).
        s: X^T X / l of the test contexts, shape (repeats, contexts, d, d).
        h: X^T y / l, shape (repeats, contexts, d).
        w: true weights, shape (repeats, contexts, d).
        depth: number of refinement steps, >= 0.

    Returns:
        Shape (repeats, variants, contexts, depth + 1); overflow is inf.

    Raises:
        ValueError: depth negative.

    Cost: O(repeats contexts variants depth d^2) multiplications; memory is that of s.

    """
    if depth < 0:
        raise ValueError(f"depth = {depth} is out of range; valid: integers >= 0")
    variants = gamma.shape[1]
    target = w[..., None, :].expand(-1, -1, variants, -1).mT
    gap = target.clone()  # w - w_t, shape (repeats, contexts, d, variants)
    label_noise = h[..., None] - s @ w[..., None]
    errors = [gap.square().mean(dim=2).mT]
    for _ in range(depth):
        residual = s @ gap + label_noise  # h - S w_t
        gap = gap - torch.einsum("rvde,rcev->rcdv", gamma, residual)
        errors.append(gap.square().mean(dim=2).mT)
    return torch.nan_to_num(torch.stack(errors, dim=-1), nan=torch.inf, posinf=torch.inf)
