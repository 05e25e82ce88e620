"""Which bound does theorem 1 set to the averaged risk, and where is what it assumes true?

Meterez, Nair, Morwani, Pehlevan, Kakade, arXiv:2602.03702, theorem 1 and assumption 1; symbols as in
`theory/anytime/risk.py`. SGD with eta_t = eta t^-gamma on single samples, averaged over the N iterates after step s:

    R <~ (1/N) sum_{k <= k*} lam_k w*_k^2 + sum_{k > k*} lam_k w*_k^2
         + sigma2 [ (1 + N/s)^gamma k*/N + sum_{k > k*} (eta^2 lam_k^2 s^(1-2 gamma) + eta lam_k s^-gamma) ],

    k* = max {k : lam_k >= log N / (eta s^(1-gamma))}: the directions that are forgotten before the average begins.

The theorem hides a constant and logarithms. Assumption 1, under which it is proved: the risk R(w_t) + sigma2/2 of every
iterate is at most c sigma2/2, so that the gradient's noise is that of the labels.
"""

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.anytime.spectrum import Spectrum
from solv.theory.validation import require_integer, require_real


def learned_directions(spectrum: Spectrum, eta: float, gamma: float, start: int, steps: int) -> int:
    """Return k* of theorem 1: how many directions have forgotten where they began when the average begins.

    Args:
        spectrum: inputs and target; a node counts as a whole.
        eta: learning rate of the first step, > 0.
        gamma: exponent of the schedule, in [0, 1).
        start: s, steps before the average, >= 1.
        steps: N, iterates that are averaged, >= 2.

    Raises:
        ValueError: an argument is out of range.
    """
    return int(spectrum.multiplicity[_head(spectrum, eta, gamma, start, steps)].sum())


def tail_average_bound(
    spectrum: Spectrum, sigma2: float, eta: float, gamma: float, start: int, steps: int
) -> Float[np.ndarray, "*runs"]:
    """Return the right side of theorem 1, without its constant.

    Args:
        spectrum: inputs and target, or one target for each of several runs.
        sigma2: variance of the label noise, >= 0.
        eta, gamma, start, steps: as in `learned_directions`.

    Returns:
        The bound up to a constant: a number, or one for each target.

    Raises:
        ValueError: an argument is out of range.
    """
    sigma2 = require_real("sigma2", sigma2, least=0)
    head = _head(spectrum, eta, gamma, start, steps)
    tail, m = ~head, spectrum.multiplicity
    signal = m * spectrum.signal
    bias = signal[..., head].sum(axis=-1) / steps + signal[..., tail].sum(axis=-1)
    reached = eta * spectrum.eigenvalue[tail] * start**-gamma  # of a step at the start of the average
    unlearned = m[tail] @ (reached**2 * start + reached)
    variance = (1 + steps / start) ** gamma * m[head].sum() / steps + unlearned
    return np.asarray(bias + sigma2 * variance)


def least_noise(spectrum: Spectrum, c: float) -> Float[np.ndarray, "*runs"]:
    """Return the variance of the label noise from which on assumption 1 holds with the constant c at w_0 = 0.

    The excess risk sum lam w*^2 / 2 of the start is (c - 1) sigma2 / 2 there. Along a stable run it only falls, but for
    what the noise adds (`theory/anytime/stability.py`): the start decides.

    Args:
        spectrum: inputs and target, or one target for each of several runs.
        c: the assumption's constant, > 1.

    Raises:
        ValueError: c <= 1.
    """
    c = require_real("c", c, above=1)
    return np.asarray((spectrum.signal * spectrum.multiplicity).sum(axis=-1) / (c - 1))


def noise_ratio(risk: ArrayLike, sigma2: float) -> Float[np.ndarray, "*times"]:
    """Return (R + sigma2/2) / (sigma2/2) of excess risks R: what assumption 1 bounds by c.

    Raises:
        ValueError: sigma2 <= 0.
    """
    sigma2 = require_real("sigma2", sigma2, above=0)
    return 1 + 2 * np.asarray(risk, dtype=np.float64) / sigma2


def _head(spectrum: Spectrum, eta: float, gamma: float, start: int, steps: int) -> np.ndarray:
    eta, gamma = require_real("eta", eta, above=0), require_real("gamma", gamma, least=0, below=1)
    start, steps = require_integer("start", start, least=1), require_integer("steps", steps, least=2)
    return np.asarray(spectrum.eigenvalue >= math.log(steps) / (eta * start ** (1 - gamma)))
