"""How fast does the averaged risk fall with the number of steps, and with which schedule fastest?

Anytime spec, section 3, equations (5) and (6): eta_t = eta t^-gamma, the average of the last half of the iterates,
capacity a and source b of `theory/anytime/spectrum.py`. With N = sum eta_t ~ T^(1-gamma) the bias is that of the
directions with lam < 1/N, N^(-(b-1)/a), and the variance sigma2 N^(1/a) / T.

Without an average, warmup-stable-decay has the exponents of gamma = 0: theorem 2 of arXiv:2602.03702.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.validation import require_real


def risk_exponent(a: float, b: float, gamma: ArrayLike) -> Float[np.ndarray, "*gammas"]:
    """Return r of R ~ T^r, the larger of -(1 - gamma)(b - 1)/a (bias) and (1 - gamma)/a - 1 (variance) (equation (5)).

    Raises:
        ValueError: a or b <= 1, or gamma outside [0, 1).
    """
    a, b = require_real("a", a, above=1), require_real("b", b, above=1)
    exponents = np.asarray(gamma, dtype=np.float64)
    if not np.all((exponents >= 0) & (exponents < 1)):
        raise ValueError(f"gamma = {exponents.tolist()} is out of range; valid: >= 0 and < 1")
    return np.maximum(-(1 - exponents) * (b - 1) / a, (1 - exponents) / a - 1)


def best_schedule_exponent(a: float, b: float) -> float:
    """Return gamma* = max(1 - a/b, 0), which no other gamma beats in `risk_exponent` (equation (6)).

    For b <= a a constant learning rate is best; for b > a gamma* reaches the minimax rate -(1 - 1/b).

    Raises:
        ValueError: a or b <= 1.
    """
    a, b = require_real("a", a, above=1), require_real("b", b, above=1)
    return max(1 - a / b, 0.0)


def stable_decay_exponent(a: float, b: float) -> float:
    """Return the exponent in T of the last iterate of warmup-stable-decay, max(-(b - 1)/a, -(1 - 1/a)).

    Constant up to a fixed part of T, then linear to 0, whatever that part (theorem 2): what averaging takes off the
    noise of a constant rate, the decay takes off too.

    Args:
        a: capacity, in (1, 2), for which the theorem is stated.
        b: source, > 1.

    Raises:
        ValueError: a or b out of range.
    """
    a = require_real("a", a, above=1, below=2)
    return float(risk_exponent(a, b, 0.0))
