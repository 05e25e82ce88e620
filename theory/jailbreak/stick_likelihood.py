"""Which Poisson-Dirichlet parameter do the cluster weights of one glass have? The likelihood of its broken sticks.

In size-biased order W_1, W_2, ... of Poisson-Dirichlet weights, the sticks V_i = W_i / (1 - W_1 - ... - W_{i-1}) are
independent Beta(1 - x, i x). The authors of arXiv:2603.11331 take x as the maximum of the mean log-likelihood of the
first 8 sticks over 32 orders drawn of each glass, on a grid, and average over glasses. The likelihood needs two sums of
the sticks alone: with A = mean sum_i log V_i and B = mean sum_i i log(1 - V_i),

    log L(x) = -x A + x B - sum_i log Beta(1 - x, i x) + const.

Other than 1 - E sum_i W_i^2 it does not need the flip symmetry to be broken: a twin makes the second stick about 1, of
which the likelihood at small x thinks little.
"""

import numpy as np
from jaxtyping import Float
from scipy.special import betaln

from solv.theory.validation import require_integer

STICKS, ORDERS = 8, 32  # the authors' numbers
GRID = np.linspace(0.01, 0.99, 199)
AT_ONCE = 500  # glasses
LEAST = 1e-12  # a stick and what it leaves are at least this


def stick_parameters(
    weights: Float[np.ndarray, "glasses clusters"],
    rng: np.random.Generator,
    *,
    sticks: int = STICKS,
    orders: int = ORDERS,
) -> Float[np.ndarray, "glasses"]:
    """Return the parameter x of every glass, a value of the grid 0.01 .. 0.99 of 199.

    Args:
        weights: of clusters, in any order, >= 0, each glass with one above 0; the lightest ones may be left out.
        rng: source of the size-biased orders.
        sticks: first sticks of an order that count, >= 2; fewer where a glass has fewer clusters.
        orders: size-biased orders drawn of a glass, >= 1.

    Raises:
        ValueError: a number out of range, or a glass without weight.

    Cost: orders x clusters random numbers a glass.
    """
    sticks, orders = require_integer("sticks", sticks, least=2), require_integer("orders", orders, least=1)
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 2 or weights.min() < 0 or not (weights.sum(axis=1) > 0).all():
        raise ValueError("weights is not a table of non-negative weights, a glass a row, with one above 0 in each")
    blocks = [weights[start : start + AT_ONCE] for start in range(0, len(weights), AT_ONCE)]
    return np.concatenate([_likeliest(block, rng, sticks, orders) for block in blocks])


def _likeliest(weights: np.ndarray, rng: np.random.Generator, sticks: int, orders: int) -> np.ndarray:
    normed = weights / weights.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        keys = np.log(normed)[:, None, :] + rng.gumbel(size=(len(normed), orders, normed.shape[1]))
    first = np.argsort(-keys, axis=2)[:, :, :sticks]
    drawn = np.take_along_axis(np.broadcast_to(normed[:, None, :], keys.shape), first, axis=2)
    left = np.maximum(1 - np.cumsum(drawn, axis=2) + drawn, LEAST)
    broken = np.clip(drawn / left, LEAST, 1 - LEAST)
    number = np.arange(1, broken.shape[2] + 1)
    counted = drawn > 0
    sums = (np.log(broken) * counted).sum(axis=2).mean(axis=1)
    remainders = (number * np.log1p(-broken) * counted).sum(axis=2).mean(axis=1)
    each = betaln(1 - GRID[:, None], number * GRID[:, None])
    likelihood = GRID * (remainders - sums)[:, None] - counted.mean(axis=1) @ each.T
    found: np.ndarray = GRID[np.argmax(likelihood, axis=1)]
    return found
