"""What is the risk of SGD and of its averaged weights at every step? Exact recursions for linear regression.

Meterez, Nair, Morwani, Pehlevan, Kakade, arXiv:2602.03702; equation numbers are those of the anytime spec, section 2.
x ~ N(0, H), y = <w*, x> + noise of variance sigma2, w_0 = 0, fresh batches of B, learning rate eta_t at step t >= 1.

| symbol | name | shape / range |
|---|---|---|
| lam, m | eigenvalue and multiplicity of a node (`theory/anytime/spectrum.py`) | (nodes,) |
| eta | learning rates: steps x runs, each run with a schedule and a peak of its own | (steps, runs), >= 0 |
| p = lam E(w - w*)^2 | risk of one index of a node, doubled | (runs, nodes) |
| q = sum m p | twice the risk of the iterate | (runs,) |
| C = lam E(wbar - w*)(w - w*) | the average against the iterate | (runs, nodes) |

Risks are excess risks R = (1/2) sum lam E(w - w*)^2, exact to rounding; a run that diverges has risk inf.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.linalg.blas import dger

from solv.theory.anytime.spectrum import Spectrum
from solv.theory.anytime.weight_averaging import Average
from solv.theory.spectrum_points import Interpolation, Interpolations
from solv.theory.validation import require_integer, require_real

BLOCK = 128  # steps between two sums over all nodes
AT_ONCE = 2**14  # factors that are computed together: they stay in the cache of a core
SMALLEST_SCALE = 1e-40  # an average is rescaled where the weight of its past would fall below


@dataclass(frozen=True)
class Risks:
    """Excess risks along the runs.

    Attributes:
        last: of the iterate w_t, shape (times, runs).
        averaged: of each average, shape (averages, times, runs).
    """

    last: Float[np.ndarray, "times runs"]
    averaged: Float[np.ndarray, "averages times runs"]


def excess_risk(
    spectrum: Spectrum,
    sigma2: float,
    rates: ArrayLike,
    read_at: Sequence[int],
    averages: Sequence[Average] = (),
    batch: int = 1,
) -> Risks:
    """Return the excess risk of SGD and of its averages after chosen steps (equations (1) and (2)).

    Args:
        spectrum: inputs and target.
        sigma2: variance of the label noise, >= 0.
        rates: learning rate of each step and run, shape (steps, runs), finite and >= 0; `np.outer(factors, peaks)` for
            one schedule at several peaks.
        read_at: steps, increasing, from 1 to the number of steps.
        averages: averages of the weights that are followed along the same runs.
        batch: B, >= 1.

    Raises:
        ValueError: an argument is out of range.

    Cost: about 10 us per step, and .1 us per step and run with 50 nodes or more, half as much again for each average;
    hardly more for a thousand nodes, and however often it is read.
    """
    sigma2, batch = require_real("sigma2", sigma2, least=0), require_integer("batch", batch, least=1)
    eta = _require_rates(rates)
    times = list(read_at)
    if not times or times != sorted(set(times)) or times[0] < 1 or times[-1] > len(eta):
        raise ValueError(f"read_at = {times} is out of range; valid: increasing steps from 1 to {len(eta)}")
    with np.errstate(over="ignore", invalid="ignore"):  # diverging runs
        doubled = _evolve(spectrum, sigma2, eta[: times[-1]], times, [a.rates(times[-1]) for a in averages], batch)
    doubled = np.where(np.isfinite(doubled), doubled, np.inf) / 2
    return Risks(doubled[0], doubled[1:])


def bias_and_variance(
    spectrum: Spectrum,
    sigma2: float,
    rates: ArrayLike,
    read_at: Sequence[int],
    averages: Sequence[Average] = (),
    batch: int = 1,
) -> tuple[Risks, Risks]:
    """Return the risk without label noise and the risk without signal; they add up to `excess_risk` exactly.

    Both recursions are linear in (w*^2, sigma2). The first holds the noise of the batches as well as the mean.
    Arguments and errors as in `excess_risk`.
    """
    sigma2 = require_real("sigma2", sigma2, least=0)
    bias = excess_risk(spectrum, 0.0, rates, read_at, averages, batch)
    return bias, excess_risk(spectrum.without_signal, sigma2, rates, read_at, averages, batch)


def _evolve(
    spectrum: Spectrum,
    sigma2: float,
    eta: Float[np.ndarray, "steps runs"],
    times: list[int],
    rhos: list[Float[np.ndarray, "steps"]],
    batch: int,
) -> Float[np.ndarray, "curves times runs"]:
    """Return twice the risks, the iterate's first.

    Only C is kept of an average: A of equation (2) enters the risk through its sum alone, whose increments are sums
    over C. Between two ends of a block, C and that sum are counted in units of the weight of the average's past, so
    that an average costs one decay and one addition a step. Without averages a run is left out once its rates are 0 for
    good: schedules of several horizons are runs of one recursion. Within a block, small eigenvalues are followed at a
    few points that stand for all of them.
    """
    falling = np.argsort(-spectrum.eigenvalue, kind="stable")
    lam, m = spectrum.eigenvalue[falling], spectrum.multiplicity[falling]
    interpolations = Interpolations(lam, m, BLOCK)
    steps, runs = eta.shape
    p = np.broadcast_to(spectrum.signal[..., falling], (runs, len(lam))).copy()
    q = p @ m
    groups = _groups(rhos, p.shape)
    going = np.arange(runs)  # a run whose rates are 0 from some step on stays where it is
    ends = steps - np.argmax(eta[::-1] != 0, axis=0) if not rhos else np.full(runs, steps)
    found = np.empty((1 + len(rhos), len(times), runs))
    settled = q.copy()
    for first, last in _blocks(steps, set(ends.tolist()), groups):
        if np.any(ends[going] <= first):
            settled[going] = q
            kept = ends[going] > first
            going, p, q = going[kept], p[kept], q[kept]
        low, high = np.searchsorted(times, [first, last], side="right")
        read = np.array(times[low:high], dtype=int) - first - 1
        found[:, low:high] = settled
        live = [group for group in groups if group.start <= first]
        if len(going):
            rates = np.ascontiguousarray(eta[first:last, going])
            history = _advance(p, q, sigma2, rates, batch, interpolations, live, first)
            q = history[-1]
            found[:, low:high, going] = history[read]
        for group in live:
            found[1 + group.places, low:high] = group.totals[read].swapaxes(0, 1)
        for group in groups:
            if group.start == last:
                group.reset(p, q)
    return found


def _advance(
    p: Float[np.ndarray, "runs nodes"],
    q: Float[np.ndarray, "runs"],
    sigma2: float,
    rates: Float[np.ndarray, "steps runs"],
    batch: int,
    interpolations: Interpolations,
    groups: list["_RunningAverages"],
    first: int,
) -> Float[np.ndarray, "steps runs"]:
    """Bring p and the averages, in place, over the block of steps that follow step `first`; return q after each."""
    near = interpolations.over(len(rates), float(rates.max()))
    lam, gain, weight = near.followed, near.gain, near.weight
    changes = [True, *np.any(rates[1:] != rates[:-1], axis=1).tolist()]
    factors = _polynomials(rates[changes], [np.ones_like(lam), -2 * lam, (1 + 1 / batch) * lam**2])
    decays = _polynomials(rates[changes], [np.ones_like(lam), -lam]) if groups else repeat(lam)  # not read
    noise, history = rates**2 / batch, np.empty(rates.shape)
    state = near.begin(p, 1.0)
    flat = state.reshape(-1)
    for group in groups:
        group.begin(first, near, rates)
    for row, changed in enumerate(changes):
        if changed:
            factor, decay = next(factors), next(decays)
        state *= factor
        dger(1.0, gain, (q + sigma2) * noise[row], a=state.T, overwrite_a=1)  # state += an outer product, in place
        q = np.dot(state, weight, out=history[row])
        for group in groups:
            group.step(row, decay, flat, weight)
    for group in groups:
        group.end(p, history)
    near.end(p, state, near.unforced(state))
    return history


def _polynomials(
    rates: Float[np.ndarray, "steps runs"], coefficients: list[Float[np.ndarray, "followed"]]
) -> Iterator[Float[np.ndarray, "runs followed"]]:
    """Yield sum_k coefficients_k rates^k of each step, until the next is asked for; many are computed at once."""
    (steps, runs), matrix = rates.shape, np.stack(coefficients)
    powers = np.stack([rates**k for k in range(len(matrix))], axis=2)
    several = min(steps, max(1, AT_ONCE // (runs * matrix.shape[1])))
    values = np.empty((several, runs, matrix.shape[1]))
    for first in range(0, steps, several):
        part = powers[first : first + several]
        found = values[: len(part)]
        np.dot(part.reshape(-1, len(matrix)), matrix, out=found.reshape(-1, matrix.shape[1]))
        yield from found


class _RunningAverages:
    """C and the risk of the averages that begin at one step; see `_evolve`."""

    def __init__(
        self, rhos: Float[np.ndarray, "averages steps"], places: list[int], start: int, shape: tuple[int, int]
    ):
        self.rhos, self.places, self.start = rhos, np.array(places), start
        self.cross, self.total = np.empty((len(rhos), *shape)), np.empty((len(rhos), shape[0]))
        with np.errstate(divide="ignore"):
            self.log_past = np.cumsum(np.where(rhos == 1, 0.0, np.log1p(-rhos)), axis=1)

    def reset(self, p: Float[np.ndarray, "runs nodes"], q: Float[np.ndarray, "runs"]) -> None:
        self.cross[:], self.total[:] = p, q

    def begin(self, first: int, near: Interpolation, rates: Float[np.ndarray, "steps runs"]) -> None:
        rho = self.rhos[:, first : first + len(rates)]
        self.past = np.cumprod(1 - rho, axis=1)
        self.weight = np.ascontiguousarray((rho / self.past).T)
        self.used = np.any(self.weight != 0, axis=1).tolist()
        self.near, self.left = near, near.decay(rates)
        self.state = near.begin(self.cross, 0.0)
        averages, followed = len(self.state), self.state.shape[2]
        self.stacked, self.outer = self.state.reshape(-1, followed), self.state.reshape(averages, -1).T  # views
        self.decayed = self.state[0] if averages == 1 else self.state  # without broadcasting where there is none
        self.products = np.zeros((len(rates), len(self.stacked)))

    def step(
        self,
        row: int,
        decay: Float[np.ndarray, "runs followed"],
        p: Float[np.ndarray, "values"],
        weight: Float[np.ndarray, "followed"],
    ) -> None:
        self.decayed *= decay
        if self.used[row]:
            # state += an outer product of the averages' weights with p, in place
            dger(1.0, p, self.weight[row], a=self.outer, overwrite_a=1)
            np.dot(self.stacked, weight, out=self.products[row])

    def end(self, p: Float[np.ndarray, "runs nodes"], history: Float[np.ndarray, "steps runs"]) -> None:
        weight = self.weight[:, :, None]
        increments = weight * (2 * self.products.reshape(len(weight), *self.total.shape) - weight * history[:, None])
        self.totals = (self.total + np.cumsum(increments, axis=0)) * self.past.T[:, :, None] ** 2
        self.total = self.totals[-1]
        self.near.end(self.cross, self.state, self.left)
        added = self.near.unforced(self.state) @ self.near.basis.T  # of p at the start of the block
        added *= p[:, self.near.kept :]
        self.cross[..., self.near.kept :] += added
        self.cross *= self.past[:, -1, None, None]


def _groups(rhos: list[Float[np.ndarray, "steps"]], shape: tuple[int, int]) -> list[_RunningAverages]:
    """Return the averages, those together that begin at one step: up to there each is the last iterate."""
    starts = [int(np.flatnonzero(rho == 1)[-1]) + 1 for rho in rhos]
    groups = []
    for start in sorted(set(starts)):
        places = [place for place, each in enumerate(starts) if each == start]
        groups.append(_RunningAverages(np.stack([rhos[place] for place in places]), places, start, shape))
    return groups


def _blocks(steps: int, ends: set[int], groups: list[_RunningAverages]) -> list[tuple[int, int]]:
    """Return the stretches of steps: ended where runs end, where an average begins, and before its scale vanishes."""
    cuts = {0, steps, *ends, *(group.start for group in groups if group.start < steps)}
    for log_past in (row for group in groups for row in group.log_past):
        passed = np.floor(log_past / np.log(SMALLEST_SCALE)).astype(int)
        cuts.update((np.flatnonzero(np.diff(passed)) + 1).tolist())
    ordered = sorted(cuts)
    return [
        (first, min(first + BLOCK, last)) for begin, last in pairwise(ordered) for first in range(begin, last, BLOCK)
    ]


def _require_rates(rates: ArrayLike) -> Float[np.ndarray, "steps runs"]:
    eta = np.asarray(rates, dtype=np.float64)
    if eta.ndim != 2 or not eta.size:
        raise ValueError(f"rates has shape {eta.shape}; valid: (steps, runs)")
    if not (np.all(np.isfinite(eta)) and np.all(eta >= 0)):
        raise ValueError("rates hold values out of range; valid: finite, >= 0")
    return eta
