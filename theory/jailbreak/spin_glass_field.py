"""How rare is a low overlap with a strong field? The replica-symmetric rate of a Sherrington-Kirkpatrick glass.

In a field h along a direction that is independent of the couplings, N spins have the overlap M with it with a chance
e^{-N I_h(M)} (jailbreak spec, section 2, equation (7)); a safe answer needs M below that of the unsafe cluster. I_h is
the Legendre transform of psi(h) = -beta f(h), the replica-symmetric free energy:

    psi(h) = (beta j0)^2 (1 - q)^2 / 4 + E log 2 cosh(beta (j0 sqrt(q) z + h)),   q = E tanh^2(beta (j0 sqrt(q) z + h))

Assumed: no replica symmetry breaking (wrong at low temperature and weak field), and a centre that is independent of the
couplings: that of a real cluster is a low-lying state, which the couplings hold in place, so that its rate is larger.
"""

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import roots_hermitenorm

from solv.theory.validation import require_real

NODES = 200
_Z, _WEIGHTS = roots_hermitenorm(NODES)
_WEIGHTS = _WEIGHTS / math.sqrt(2 * math.pi)
MOST_FIELD = 50.0


def magnetization(beta: float, h: float, j0: float = 1.0) -> float:
    """Return m = E tanh(beta (j0 sqrt(q) z + h)), the overlap with the field's direction.

    Args:
        beta: inverse temperature > 0.
        h: field, any sign.
        j0: strength of the couplings, J_ij ~ N(0, j0^2 / N), >= 0.

    Raises:
        ValueError: an argument is out of range.
    """
    beta, h, j0 = _require(beta, h, j0)
    return float(_WEIGHTS @ np.tanh(beta * (j0 * math.sqrt(_overlap(beta, h, j0)) * _Z + h)))


def overlap_rate(beta: float, h: float, overlap: float, j0: float = 1.0) -> float:
    """Return I_h(M) of an overlap of at most M: 0 where M is above the magnetization, else the Legendre transform.

    Args:
        beta, h, j0: as in `magnetization`.
        overlap: M in (-1, 1).

    Raises:
        ValueError: an argument is out of range.

    Cost: some hundred sums over 200 nodes.
    """
    beta, h, j0 = _require(beta, h, j0)
    overlap = require_real("overlap", overlap, above=-1, below=1)
    if magnetization(beta, h, j0) <= overlap:
        return 0.0
    tilted = brentq(lambda field: magnetization(beta, field, j0) - overlap, -MOST_FIELD - abs(h), h, xtol=1e-12)
    return beta * (tilted - h) * overlap - _psi(beta, tilted, j0) + _psi(beta, h, j0)


def _psi(beta: float, h: float, j0: float) -> float:
    q = _overlap(beta, h, j0)
    argument = np.abs(beta * (j0 * math.sqrt(q) * _Z + h))
    return (beta * j0 * (1 - q)) ** 2 / 4 + float(_WEIGHTS @ (argument + np.log1p(np.exp(-2 * argument))))


def _overlap(beta: float, h: float, j0: float) -> float:
    def excess(q: float) -> float:
        return float(_WEIGHTS @ np.tanh(beta * (j0 * math.sqrt(q) * _Z + h)) ** 2) - q

    if excess(1e-12) <= 0:
        return 0.0
    return 1.0 if excess(1.0) >= 0 else float(brentq(excess, 1e-12, 1.0, xtol=1e-14))


def _require(beta: float, h: float, j0: float) -> tuple[float, float, float]:
    return require_real("beta", beta, above=0), require_real("h", h), require_real("j0", j0, least=0)
