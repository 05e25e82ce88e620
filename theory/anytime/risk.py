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
from scipy.linalg.blas import daxpy, dger

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
    that an average costs one decay and one addition a step.
    """
    lam, m = spectrum.eigenvalue, spectrum.multiplicity
    runs = eta.shape[1]
    p = np.broadcast_to(spectrum.signal, (runs, len(lam))).copy()
    q = p @ m
    factor, decay = np.empty_like(p), np.empty_like(p)
    # 1 - 2 eta lam + (1 + 1/B) (eta lam)^2 and 1 - eta lam, as products of the powers of eta with those of lam
    of_factor = np.stack([np.ones_like(lam), -2 * lam, (1 + 1 / batch) * lam**2])
    of_decay = np.stack([np.ones_like(lam), -lam])
    lam2 = lam**2
    changes = [True, *np.any(eta[1:] != eta[:-1], axis=1).tolist()]
    averages = [_RunningAverage(rho, p.shape) for rho in rhos]
    found = np.empty((1 + len(averages), len(times), runs))
    history = np.empty((BLOCK, runs))
    for first, last in _blocks(len(eta), times, averages):
        live = [average for average in averages if average.start <= first]
        for average in live:
            average.begin(first, last)
        rates = eta[first:last]
        linear = np.stack([np.ones_like(rates), rates], axis=2)
        square = np.stack([np.ones_like(rates), rates, rates**2], axis=2)
        noise = rates**2 / batch
        for row, changed in enumerate(changes[first:last]):
            if changed:
                np.dot(square[row], of_factor, out=factor)
                if averages:
                    np.dot(linear[row], of_decay, out=decay)
            p *= factor
            dger(1.0, lam2, (q + sigma2) * noise[row], a=p.T, overwrite_a=1)  # p += an outer product, in place
            q = np.dot(p, m, out=history[row])
            for average in live:
                average.step(row, decay, p, m)
        for average in live:
            average.end(history)
        for average in averages:
            if average.start == last:
                average.reset(p, q)
        if last in times:
            column = times.index(last)
            found[0, column] = q
            for index, average in enumerate(averages):
                found[1 + index, column] = average.total if average.start <= last else q
    return found


class _RunningAverage:
    """C and the risk of one average; see `_evolve`."""

    def __init__(self, rho: Float[np.ndarray, "steps"], shape: tuple[int, ...]):
        self.rho = rho
        self.start = int(np.flatnonzero(rho == 1)[-1]) + 1  # up to this step it is the last iterate
        self.cross, self.products = np.empty(shape), np.empty((BLOCK, shape[0]))
        self.total = np.empty(shape[0])
        with np.errstate(divide="ignore"):
            self.log_past = np.cumsum(np.where(rho == 1, 0.0, np.log1p(-rho)))

    def reset(self, p: Float[np.ndarray, "runs nodes"], q: Float[np.ndarray, "runs"]) -> None:
        self.cross[:], self.total[:] = p, q

    def begin(self, first: int, last: int) -> None:
        past = np.cumprod(1 - self.rho[first:last])
        self.weight, self.scale = self.rho[first:last] / past, past[-1]
        self.weights = self.weight.tolist()

    def step(
        self,
        row: int,
        decay: Float[np.ndarray, "runs nodes"],
        p: Float[np.ndarray, "runs nodes"],
        m: Float[np.ndarray, "nodes"],
    ) -> None:
        self.cross *= decay
        if self.weights[row]:
            daxpy(p.reshape(-1), self.cross.reshape(-1), a=self.weights[row])  # cross += weight p, in place
            np.dot(self.cross, m, out=self.products[row])

    def end(self, history: Float[np.ndarray, "steps runs"]) -> None:
        used = np.flatnonzero(self.weight)
        weight = self.weight[used]
        self.total += (2 * weight) @ self.products[used] - weight**2 @ history[used]
        self.total *= self.scale**2
        self.cross *= self.scale


def _blocks(steps: int, times: list[int], averages: list[_RunningAverage]) -> list[tuple[int, int]]:
    """Return the stretches of steps: ended by readings, by the start of an average, and before its scale vanishes."""
    cuts = {0, steps, *times, *(average.start for average in averages if average.start < steps)}
    for average in averages:
        passed = np.floor(average.log_past / np.log(SMALLEST_SCALE)).astype(int)
        cuts.update((np.flatnonzero(np.diff(passed)) + 1).tolist())
    ends = sorted(cuts)
    return [(first, min(first + BLOCK, last)) for begin, last in pairwise(ends) for first in range(begin, last, BLOCK)]


def _require_rates(rates: ArrayLike) -> Float[np.ndarray, "steps runs"]:
    eta = np.asarray(rates, dtype=np.float64)
    if eta.ndim != 2 or not eta.size:
        raise ValueError(f"rates has shape {eta.shape}; valid: (steps, runs)")
    if not (np.all(np.isfinite(eta)) and np.all(eta >= 0)):
        raise ValueError("rates hold values out of range; valid: finite, >= 0")
    return eta
