"""Which few points stand for all small eigenvalues over a stretch of steps? Chebyshev points, exact to rounding.

Over a stretch the recursion of `theory/anytime/risk.py` (arXiv:2602.03702, equations (1) and (2)) makes of a node
p = P(lam) p_start + lam^2 N(lam). P and N are the same polynomials for every node, near exp(-2 lam sum eta): where
2 lam sum eta <= REACH they equal their interpolants on POINTS Chebyshev points up to about
2 (REACH / 4)^POINTS / POINTS! = 2e-16. So the recursion runs on the larger eigenvalues and on the points alone, for
three things at each point:

| at a point | begins as | noise of strength 1 adds | weight in sums over all indices |
|---|---|---|---|
| N | 0 | 1 | its polynomial's sum of m lam^2 |
| P times its polynomial's sum of m p_start | that sum | 0 | 1 |
| P | 1 | 0 | 0: only for p at the end of the stretch |
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy.polynomial.chebyshev import chebpts1, chebvander

POINTS = 12
REACH = 1.0
TERMS = 7  # of log(1 - eta lam); eta lam is at most REACH / 2 over the most steps of a stretch
FEWEST_STEPS = 24  # of a stretch for which the points are worth their sums at its ends


@dataclass(frozen=True)
class Interpolation:
    """What the recursion follows over a stretch: the larger eigenvalues as they are, points for the others.

    Attributes:
        eigenvalue: all eigenvalues, falling, shape (nodes,).
        multiplicity: how many indices each stands for, shape (nodes,).
        kept: how many of the largest are followed as they are.
        points: of the others, shape (POINTS,); empty where every node is followed.
        basis: the points' Lagrange polynomials at the others' eigenvalues, shape (nodes - kept, POINTS).
    """

    eigenvalue: Float[np.ndarray, "nodes"]
    multiplicity: Float[np.ndarray, "nodes"]
    kept: int
    points: Float[np.ndarray, "points"]
    basis: Float[np.ndarray, "others points"]

    @cached_property
    def followed(self) -> Float[np.ndarray, "followed"]:
        """Eigenvalues at which the recursion runs: the kept ones, then the points three times."""
        return np.concatenate([self.eigenvalue[: self.kept], np.tile(self.points, 3)])

    @cached_property
    def gain(self) -> Float[np.ndarray, "followed"]:
        """What noise of strength 1 adds to what is followed."""
        at_points = np.repeat([1.0, 0.0, 0.0], len(self.points))
        return np.concatenate([self.eigenvalue[: self.kept] ** 2, at_points])

    @cached_property
    def weight(self) -> Float[np.ndarray, "followed"]:
        """Weights of what is followed in a sum over all indices."""
        of_noise = self.multiplicity[self.kept :] @ self._squared
        return np.concatenate([self.multiplicity[: self.kept], of_noise, np.repeat([1.0, 0.0], len(self.points))])

    def begin(self, values: Float[np.ndarray, "*more nodes"], unforced: float) -> Float[np.ndarray, "*more followed"]:
        """Return what is followed from these values of the nodes on, P = `unforced`."""
        noise = np.zeros((*values.shape[:-1], len(self.points)))
        parts = [values[..., : self.kept], noise, values[..., self.kept :] @ self._weighted, noise + unforced]
        return np.concatenate(parts, axis=-1)

    def end(
        self,
        values: Float[np.ndarray, "*more nodes"],
        state: Float[np.ndarray, "*more followed"],
        unforced: Float[np.ndarray, "*more points"],
    ) -> None:
        """Bring values of the nodes, in place, to the end of the stretch: P values + lam^2 N, P = `unforced`."""
        values[..., : self.kept] = state[..., : self.kept]
        others = values[..., self.kept :]
        others *= unforced @ self.basis.T
        others += state[..., self.kept : self.kept + len(self.points)] @ self._squared.T

    def unforced(self, state: Float[np.ndarray, "*more followed"]) -> Float[np.ndarray, "*more points"]:
        """Return P at the points."""
        return state[..., len(self.followed) - len(self.points) :]

    def decay(self, rates: Float[np.ndarray, "steps runs"]) -> Float[np.ndarray, "runs points"]:
        """Return the products of 1 - eta lam at the points, from the series of their logarithms."""
        power, exponent = np.ones_like(rates), np.zeros((rates.shape[1], len(self.points)))
        for k in range(1, TERMS + 1):
            power *= rates
            exponent -= np.outer(power.sum(axis=0), self.points**k / k)
        return np.exp(exponent)

    @cached_property
    def _weighted(self) -> Float[np.ndarray, "others points"]:
        return np.asarray(self.multiplicity[self.kept :, None] * self.basis)

    @cached_property
    def _squared(self) -> Float[np.ndarray, "others points"]:
        return np.asarray(self.eigenvalue[self.kept :, None] ** 2 * self.basis)


class Interpolations:
    """The interpolations of one spectrum, by the largest rate of a stretch."""

    def __init__(self, eigenvalue: Float[np.ndarray, "nodes"], multiplicity: Float[np.ndarray, "nodes"], steps: int):
        """Keep a spectrum.

        Args:
            eigenvalue: falling, > 0, shape (nodes,).
            multiplicity: how many indices each stands for, shape (nodes,).
            steps: most steps of a stretch, >= 1.
        """
        self.eigenvalue, self.multiplicity, self.steps = eigenvalue, multiplicity, steps
        self.none = Interpolation(eigenvalue, multiplicity, len(eigenvalue), np.empty(0), np.empty((0, 0)))
        self.cut, self.latest = np.inf, self.none

    def over(self, steps: int, rate: float) -> Interpolation:
        """Return the interpolation for so many steps at learning rates up to `rate`, >= 0.

        Short stretches, and spectra of which little would be saved, are followed node by node.
        """
        if steps < FEWEST_STEPS:
            return self.none
        largest = float(self.eigenvalue[0])
        cut = largest if rate == 0 else min(largest, np.exp2(-np.ceil(np.log2(2 * rate * self.steps / REACH))))
        if cut != self.cut:
            self.cut, self.latest = cut, self._up_to(cut)
        return self.latest

    def _up_to(self, cut: float) -> Interpolation:
        kept = int(np.searchsorted(-self.eigenvalue, -cut))
        if kept + 3 * POINTS > len(self.eigenvalue) / 2:  # little is gained
            return self.none
        roots = chebpts1(POINTS)
        # Chebyshev polynomials are orthogonal on these roots: their squares sum to POINTS / 2, of the 0-th to POINTS
        norms = np.append(1 / POINTS, np.full(POINTS - 1, 2 / POINTS))
        from_points = norms[:, None] * chebvander(roots, POINTS - 1).T
        basis = chebvander(2 * self.eigenvalue[kept:] / cut - 1, POINTS - 1) @ from_points
        return Interpolation(self.eigenvalue, self.multiplicity, kept, cut * (1 + roots) / 2, basis)
