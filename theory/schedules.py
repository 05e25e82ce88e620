"""By which factor is the learning rate multiplied at step t? Schedules with and without a horizon, with warm-up.

Anytime spec, section 4. Every function takes steps t = 1, 2, ... (a scalar or an array) and returns factors of the
peak learning rate of the same shape; step t uses the factor of t. The horizon-free ones need no T.

| symbol | argument | range |
|---|---|---|
| t | step, counted from 1 | integers >= 1 |
| t_w | warmup: the first t_w steps grow linearly, t / t_w; the schedule then begins at t - t_w | integers >= 0 |
| gamma | exponent | [0, 1) |
| alpha | offset: steps after which a power begins to fall | > 0 |
| T | horizon | integers > t_w |
| f | final: factor that a cosine or a linear decay ends on | [0, 1] |
| p | stable: fraction of T before the linear decay | (0, 1) |
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solv.theory.validation import require_integer, require_real

Factors = Float[np.ndarray, "*steps"]


def constant(t: ArrayLike, warmup: int = 0) -> Factors:
    """Return 1 after the warm-up.

    Raises:
        ValueError: t not integers >= 1, or warmup < 0.
    """
    steps, warmup = _require_steps(t), require_integer("warmup", warmup, least=0)
    return _warmed(steps, warmup, np.ones(steps.shape))


def polynomial(t: ArrayLike, gamma: float, warmup: int = 0) -> Factors:
    """Return (t - t_w)^-gamma, horizon-free.

    Raises:
        ValueError: t not integers >= 1, gamma outside [0, 1) or warmup < 0.
    """
    steps, warmup = _require_steps(t), require_integer("warmup", warmup, least=0)
    gamma = require_real("gamma", gamma, least=0, below=1)
    return _warmed(steps, warmup, np.maximum(steps - warmup, 1) ** -gamma)


def offset_polynomial(t: ArrayLike, gamma: float, alpha: float, warmup: int = 0) -> Factors:
    """Return (alpha / (t - t_w + alpha))^gamma, horizon-free: 1 for t << alpha, the power t^-gamma for t >> alpha.

    Raises:
        ValueError: t not integers >= 1, gamma outside [0, 1), alpha <= 0 or warmup < 0.
    """
    steps, warmup = _require_steps(t), require_integer("warmup", warmup, least=0)
    gamma, alpha = require_real("gamma", gamma, least=0, below=1), require_real("alpha", alpha, above=0)
    return _warmed(steps, warmup, (alpha / (np.maximum(steps - warmup, 0) + alpha)) ** gamma)


def inverse_sqrt(t: ArrayLike, alpha: float, warmup: int = 0) -> Factors:
    """Return sqrt(alpha / (t - t_w + alpha)), the `offset_polynomial` of gamma = 1/2.

    Raises:
        ValueError: t not integers >= 1, alpha <= 0 or warmup < 0.
    """
    return offset_polynomial(t, 0.5, alpha, warmup)


def cosine(t: ArrayLike, horizon: int, final: float = 0.0, warmup: int = 0) -> Factors:
    """Return f + (1 - f) (1 + cos(pi (t - 1 - t_w) / (T - t_w))) / 2 for t_w < t <= T; f afterwards.

    Raises:
        ValueError: t not integers >= 1, final outside [0, 1], warmup < 0 or horizon <= warmup.
    """
    steps, warmup = _require_steps(t), require_integer("warmup", warmup, least=0)
    horizon, final = _require_horizon(horizon, warmup), require_real("final", final, least=0, most=1)
    part = np.clip((steps - 1 - warmup) / (horizon - warmup), 0.0, 1.0)
    return _warmed(steps, warmup, final + (1 - final) * (1 + np.cos(np.pi * part)) / 2)


def warmup_stable_decay(
    t: ArrayLike, horizon: int, stable: float = 0.9, final: float = 0.0, warmup: int = 0
) -> Factors:
    """Return 1 up to t = p T, then the line that ends on f at t = T; f afterwards.

    Up to p T it is the constant schedule: its decay may branch from a checkpoint of that run.

    Raises:
        ValueError: t not integers >= 1, stable outside (0, 1), final outside [0, 1], warmup < 0 or horizon <= warmup.
    """
    steps, warmup = _require_steps(t), require_integer("warmup", warmup, least=0)
    horizon, final = _require_horizon(horizon, warmup), require_real("final", final, least=0, most=1)
    stable = require_real("stable", stable, above=0, below=1)
    part = np.clip((steps - stable * horizon) / (horizon - stable * horizon), 0.0, 1.0)
    return _warmed(steps, warmup, 1 - (1 - final) * part)


def _warmed(steps: Factors, warmup: int, after: Factors) -> Factors:
    return np.asarray(np.where(steps <= warmup, steps / max(warmup, 1), after))


def _require_horizon(horizon: int, warmup: int) -> int:
    horizon = require_integer("horizon", horizon, least=1)
    if warmup >= horizon:
        raise ValueError(f"warmup = {warmup} is out of range; valid: less than the horizon {horizon}")
    return horizon


def _require_steps(t: ArrayLike) -> Factors:
    steps = np.asarray(t)
    if steps.dtype.kind not in "iuf" or steps.size == 0:
        raise ValueError(f"t = {t!r} holds no numbers; valid: integers >= 1")
    bad = ~(np.isfinite(steps) & (steps >= 1) & (steps == np.floor(steps)))
    if np.any(bad):
        raise ValueError(f"t = {steps[bad].flat[0]} is out of range; valid: integers >= 1")
    return steps.astype(np.float64)
