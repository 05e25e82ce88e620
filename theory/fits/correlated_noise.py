"""How does noise go together along one curve, and how are fits made as if it did not?

The points of one training share their noise: a smoothed loss, a lucky stretch of data. The noise e of points in order
is taken for a sum of an independent part and one that forgets slowly,

    cov(e_i, e_j) = sigma^2 (share delta_ij + (1 - share) rho^|i - j|),

which contains white noise (share = 1), the running averages of dashboards (share = 0: an exponential moving average is
exactly that) and white noise on a slow drift. Nobody knows rho and share: a fit is made for each pair of a grid, and
the likelihoods are added up.

A long curve is averaged in blocks that grow with their place, as points on a log axis do; their covariance is exact.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import cholesky, solve_triangular

MOST_BLOCKS = 200
REPRESENTATIVES = 16  # points of a block at which a law is averaged
CORRELATIONS = (0.5, 0.75, 0.9, 0.96, 0.99, 0.997)
SHARES = (0.0, 0.3, 0.6, 0.9)
NOISES = ((0.0, 1.0), *((rho, share) for rho in CORRELATIONS for share in SHARES))


@dataclass(frozen=True)
class Blocks:
    """Consecutive points of a curve, averaged.

    Attributes:
        x: abscissae that stand for each block, one block after the other, shape (representatives,).
        starts: where those of each block begin, shape (blocks,).
        y: mean ordinate of each block.
        first, length: place of a block's first point among all points, and its number of points.
    """

    x: Float[np.ndarray, "representatives"]
    starts: Int[np.ndarray, "blocks"]
    y: Float[np.ndarray, "blocks"]
    first: Int[np.ndarray, "blocks"]
    length: Int[np.ndarray, "blocks"]

    def __len__(self) -> int:
        return len(self.y)

    @property
    def begin(self) -> Float[np.ndarray, "blocks"]:
        """Smallest x of each block."""
        return np.asarray(self.x[self.starts])

    def mean_of(self, values: Float[np.ndarray, "representatives laws"]) -> Float[np.ndarray, "blocks laws"]:
        """Return the mean over each block of laws that were evaluated at `x`."""
        count = np.diff([*self.starts, len(self.x)])
        return np.asarray(np.add.reduceat(values, self.starts, axis=0) / count[:, None])

    def since(self, block: int) -> "Blocks":
        """Return the blocks from one on."""
        place = self.starts[block]
        return Blocks(
            self.x[place:], self.starts[block:] - place, self.y[block:], self.first[block:], self.length[block:]
        )

    @cached_property
    def factors(self) -> Float[np.ndarray, "noises blocks blocks"]:
        """Lower Cholesky factors of the covariance of the blocks for each of `NOISES`, at sigma = 1."""
        return np.stack([cholesky(self.covariance(*noise), lower=True) for noise in NOISES])

    @cached_property
    def log_determinants(self) -> Float[np.ndarray, "noises"]:
        """Log determinants of those covariances."""
        return np.asarray(2 * np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1))

    def covariance(self, rho: float, share: float) -> Float[np.ndarray, "blocks blocks"]:
        """Return the covariance of the blocks' means at sigma = 1, rho in [0, 1)."""
        independent = np.diag(share / self.length)
        if rho == 0:
            return np.asarray(independent + np.diag((1 - share) / self.length))
        n = self.length.astype(float)
        total = (1 - rho**n) / (1 - rho)  # of rho^0, ..., rho^(n - 1)
        last = self.first + self.length - 1
        apart = np.maximum(self.first[None, :] - last[:, None], 0)
        upper = np.triu(total[:, None] * total[None, :] * rho**apart / (n[:, None] * n[None, :]), 1)
        own = ((1 + rho) / (1 - rho) - 2 * rho * (1 - rho**n) / (n * (1 - rho) ** 2)) / n
        return np.asarray(independent + (1 - share) * (upper + upper.T + np.diag(own)))

    def whitened(self, columns: Float[np.ndarray, "blocks columns"]) -> Float[np.ndarray, "noises blocks columns"]:
        """Return columns as they would be had the noise been independent and of size 1, for each of `NOISES`."""
        return np.stack([solve_triangular(factor, columns, lower=True, check_finite=False) for factor in self.factors])


def in_blocks(x: Float[np.ndarray, "points"], y: Float[np.ndarray, "points"]) -> Blocks:
    """Return the points of a curve, x increasing, as at most `MOST_BLOCKS` blocks; each its own if there are few."""
    edges = _edges(len(x))
    first, length = edges[:-1], np.diff(edges)
    counts = np.minimum(length, REPRESENTATIVES)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    within = np.arange(counts.sum()) - np.repeat(starts, counts)
    chosen = np.repeat(first, counts) + ((within + 0.5) * np.repeat(length / counts, counts)).astype(int)
    return Blocks(x[chosen], starts, np.add.reduceat(y, first) / length, first, length)


def _edges(points: int) -> Int[np.ndarray, "edges"]:
    """Return where blocks begin, and the end: each point its own, then blocks of a fixed share of their place."""
    if points <= MOST_BLOCKS:
        return np.arange(points + 1)
    low, high = 0.0, 1.0  # the share
    for _ in range(40):
        share = (low + high) / 2
        low, high = (share, high) if len(_growing(points, share)) - 1 > MOST_BLOCKS else (low, share)
    return _growing(points, high)


def _growing(points: int, share: float) -> Int[np.ndarray, "edges"]:
    edges = [0]
    while edges[-1] < points and len(edges) < MOST_BLOCKS + 3:
        edges.append(edges[-1] + max(1, int(share * edges[-1])))
    edges[-1] = min(edges[-1], points)
    return np.array(edges)
