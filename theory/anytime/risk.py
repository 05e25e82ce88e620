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

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.linalg.blas import dger

from solv.theory.anytime.spectrum import Spectrum
from solv.theory.anytime.weight_averaging import Average
from solv.theory.validation import require_integer, require_real

BLOCK = 64  # steps between two sums of the averages' risks
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

    Cost: about 12 ns per step, run and 10 nodes, and as much again for each average; 20 % more where rates change.
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
    good: schedules of several horizons are runs of one recursion.
    """
    lam, m = spectrum.eigenvalue, spectrum.multiplicity
    steps, runs = eta.shape
    p = np.broadcast_to(spectrum.signal, (runs, len(lam))).copy()
    q = p @ m
    factor, decay = np.empty_like(p), np.empty_like(p)
    # 1 - 2 eta lam + (1 + 1/B) (eta lam)^2 and 1 - eta lam, as products of the powers of eta with those of lam
    of_factor = np.stack([np.ones_like(lam), -2 * lam, (1 + 1 / batch) * lam**2])
    of_decay = np.stack([np.ones_like(lam), -lam])
    lam2 = lam**2
    changes = [True, *np.any(eta[1:] != eta[:-1], axis=1).tolist()]
    groups = _groups(rhos, p.shape)
    going = np.arange(runs)  # a run whose rates are 0 from some step on stays where it is
    ends = steps - np.argmax(eta[::-1] != 0, axis=0) if not rhos else np.full(runs, steps)
    found = np.empty((1 + len(rhos), len(times), runs))
    settled = q.copy()
    history = np.empty((BLOCK, runs))
    for first, last in _blocks(steps, [*times, *set(ends.tolist())], groups):
        if np.any(ends[going] <= first):
            settled[going] = q
            kept = ends[going] > first
            going, p, q = going[kept], p[kept], q[kept]
            factor, history = np.empty_like(p), np.empty((BLOCK, len(going)))
        live = [group for group in groups if group.start <= first]
        for group in live:
            group.begin(first, last)
        rates = eta[first:last, going]
        linear = np.stack([np.ones_like(rates), rates], axis=2)
        square = np.stack([np.ones_like(rates), rates, rates**2], axis=2)
        noise = rates**2 / batch
        renewed = True
        for row, changed in enumerate(changes[first:last] if len(going) else ()):
            if changed or renewed:
                np.dot(square[row], of_factor, out=factor)
                if groups:
                    np.dot(linear[row], of_decay, out=decay)
                renewed = False
            p *= factor
            dger(1.0, lam2, (q + sigma2) * noise[row], a=p.T, overwrite_a=1)  # p += an outer product, in place
            q = np.dot(p, m, out=history[row])
            for group in live:
                group.step(row, decay, p, m)
        for group in live:
            group.end(history)
        for group in groups:
            if group.start == last:
                group.reset(p, q)
        if last in times:
            column = times.index(last)
            settled[going] = q
            found[:, column] = settled
            for group in groups:
                if group.start <= last:
                    found[1 + group.places, column] = group.total
    return found


class _RunningAverages:
    """C and the risk of the averages that begin at one step; see `_evolve`."""

    def __init__(
        self, rhos: Float[np.ndarray, "averages steps"], places: list[int], start: int, shape: tuple[int, int]
    ):
        self.rhos, self.places, self.start = rhos, np.array(places), start
        self.cross, self.total = np.empty((len(rhos), *shape)), np.empty((len(rhos), shape[0]))
        self.stacked, self.outer = self.cross.reshape(-1, shape[1]), self.cross.reshape(len(rhos), -1).T  # views
        self.products = np.empty((BLOCK, len(self.stacked)))
        self.decayed = self.cross[0] if len(rhos) == 1 else self.cross  # without broadcasting where there is none
        with np.errstate(divide="ignore"):
            self.log_past = np.cumsum(np.where(rhos == 1, 0.0, np.log1p(-rhos)), axis=1)

    def reset(self, p: Float[np.ndarray, "runs nodes"], q: Float[np.ndarray, "runs"]) -> None:
        self.cross[:], self.total[:] = p, q

    def begin(self, first: int, last: int) -> None:
        past = np.cumprod(1 - self.rhos[:, first:last], axis=1)
        self.weight, self.scale = np.ascontiguousarray((self.rhos[:, first:last] / past).T), past[:, -1]
        self.used = np.any(self.weight != 0, axis=1).tolist()

    def step(
        self,
        row: int,
        decay: Float[np.ndarray, "runs nodes"],
        p: Float[np.ndarray, "runs nodes"],
        m: Float[np.ndarray, "nodes"],
    ) -> None:
        self.decayed *= decay
        if self.used[row]:
            # cross += an outer product of the averages' weights with p, in place
            dger(1.0, p.reshape(-1), self.weight[row], a=self.outer, overwrite_a=1)
            np.dot(self.stacked, m, out=self.products[row])

    def end(self, history: Float[np.ndarray, "steps runs"]) -> None:
        used = np.flatnonzero(self.used)
        weight = self.weight[used]
        products = self.products[used].reshape(len(used), *self.total.shape)
        self.total += np.einsum("sa,sar->ar", 2 * weight, products) - (weight**2).T @ history[used]
        self.total *= self.scale[:, None] ** 2
        self.cross *= self.scale[:, None, None]


def _groups(rhos: list[Float[np.ndarray, "steps"]], shape: tuple[int, int]) -> list[_RunningAverages]:
    """Return the averages, those together that begin at one step: up to there each is the last iterate."""
    starts = [int(np.flatnonzero(rho == 1)[-1]) + 1 for rho in rhos]
    groups = []
    for start in sorted(set(starts)):
        places = [place for place, each in enumerate(starts) if each == start]
        groups.append(_RunningAverages(np.stack([rhos[place] for place in places]), places, start, shape))
    return groups


def _blocks(steps: int, ends: list[int], groups: list[_RunningAverages]) -> list[tuple[int, int]]:
    """Return the stretches of steps: ended by readings, by the start of an average, and before its scale vanishes."""
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
