"""Is it a power law at all? Laws of one noisy curve, compared by Akaike's criterion.

Each law is fitted by maximum likelihood, with the noise (`correlated_noise`) that suits it best: a law that does not
describe the curve has to call its own misfit noise, and pays for it. AICc = -2 log L + 2 p n / (n - p - 1) of p
parameters and n points (or blocks of points). Two laws within about 4 of each other cannot be told apart by the curve;
beyond 10 the worse one has next to no support (Burnham and Anderson 2002, section 2.6).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from solv.theory.fits.correlated_noise import Blocks

NODES, ZOOMS = 40, 8
NOISE_PARAMETERS = 3  # sigma, rho and share
ROUNDING = 8 * np.finfo(float).eps
TINY = 1e-100  # so that a curve of zeros has a logarithm of its squares
TOLD_APART, NO_SUPPORT = 4.0, 10.0  # differences of the criterion


@dataclass(frozen=True)
class Law:
    """One of the laws that were compared.

    Attributes:
        name: of the law.
        formula: of y.
        parameters: by their names in the formula.
        criterion: AICc above that of the best law, >= 0.
    """

    name: str
    formula: str
    parameters: dict[str, float]
    criterion: float


@dataclass(frozen=True)
class _Best:
    """The best of a family of laws: -2 log L, its nonlinear parameter, and the linear ones."""

    value: float
    parameter: float
    linear: tuple[float, ...]


def compare_laws(blocks: Blocks) -> tuple[Law, ...]:
    """Return a power law with and without a limit, an exponential, a logarithm and a constant, best first."""
    at = blocks.x[:, None]
    begin, span = float(blocks.x[0]), float(blocks.x[-1] - blocks.x[0])
    scale = float(np.exp(np.log(blocks.x).mean()))

    def power(nus: Float[np.ndarray, "laws"]) -> Float[np.ndarray, "blocks laws"]:
        return blocks.mean_of((at / scale) ** -nus)

    def decay(times: Float[np.ndarray, "laws"]) -> Float[np.ndarray, "blocks laws"]:
        return blocks.mean_of(np.exp(-(at - begin) / times))

    def logarithm(_: Float[np.ndarray, "laws"]) -> Float[np.ndarray, "blocks laws"]:
        return blocks.mean_of(np.log(at / scale))

    nus = np.geomspace(0.01, 5, NODES)
    either = np.concatenate([-nus[::-1], nus])
    times = np.geomspace(span / (4 * len(blocks)), 10 * span, NODES)
    limited = _least(blocks, power, nus, with_limit=True)
    pure = _least(blocks, power, either, with_limit=False)
    exponential = _least(blocks, decay, times, with_limit=True)
    straight = _least(blocks, logarithm, np.ones(1), with_limit=True)
    flat = _least(blocks, None, np.ones(1), with_limit=True)
    (limit, a), (b,), (base, c), (height, slope) = limited.linear, pure.linear, exponential.linear, straight.linear
    nu, mu, time = limited.parameter, pure.parameter, exponential.parameter
    rows = [
        (limited, 3, "power law to a limit", "E + A x^-nu", {"E": limit, "A": a * scale**nu, "nu": nu}),
        (pure, 2, "power law", "A x^-nu", {"A": b * scale**mu, "nu": mu}),
        (exponential, 3, "exponential", "E + A e^(-x/T)", {"E": base, "A": c * np.exp(begin / time), "T": time}),
        (straight, 2, "logarithm", "E + B log x", {"E": height - slope * np.log(scale), "B": slope}),
        (flat, 1, "constant", "E", {"E": flat.linear[0]}),
    ]
    values = [best.value + _penalty(count, len(blocks)) for best, count, *_ in rows]
    laws = [
        Law(name, formula, {key: float(each) for key, each in parameters.items()}, value - min(values))
        for value, (_, _, name, formula, parameters) in zip(values, rows, strict=True)
    ]
    return tuple(sorted(laws, key=lambda law: law.criterion))


def _least(
    blocks: Blocks,
    family: Callable[[Float[np.ndarray, "laws"]], Float[np.ndarray, "blocks laws"]] | None,
    grid: Float[np.ndarray, "laws"],
    *,
    with_limit: bool,
) -> _Best:
    """Return the best law of a family over its nonlinear parameter, on a grid that is refined."""
    white_y = blocks.whitened(blocks.y[:, None])[:, :, 0]
    ones = blocks.whitened(np.ones((len(blocks), 1))) if with_limit else None
    least = len(blocks) * (ROUNDING * max(np.abs(blocks.y).max(), TINY)) ** 2
    for _ in range(ZOOMS if len(grid) > 1 else 1):
        best, place = _best_on(blocks, white_y, ones, None if family is None else family(grid), least)
        found = _Best(best.value, float(grid[place]), best.linear)
        first, last = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
        grid = np.linspace(first, last, NODES)
    return found


def _best_on(
    blocks: Blocks,
    white_y: Float[np.ndarray, "noises blocks"],
    ones: Float[np.ndarray, "noises blocks 1"] | None,
    columns: Float[np.ndarray, "blocks laws"] | None,
    least: float,
) -> tuple[_Best, int]:
    """Return the best of laws over all noises, and which of them it is."""
    laws = 1 if columns is None else columns.shape[1]
    parts = [] if ones is None else [np.broadcast_to(ones, (*ones.shape[:2], laws))]
    if columns is not None:
        parts.append(blocks.whitened(columns))
    design = np.stack(parts, axis=-1).transpose(0, 2, 1, 3)
    q, r = np.linalg.qr(design)
    along = np.einsum("glbp,gb->glp", q, white_y)
    left = white_y[:, None, :] - np.einsum("glbp,glp->glb", q, along)
    n = len(blocks)
    values = n * np.log(np.maximum(np.sum(left**2, axis=2), least) / n) + blocks.log_determinants[:, None]
    g, law = np.unravel_index(int(np.argmin(values)), values.shape)
    linear = np.linalg.solve(r[g, law], along[g, law])
    return _Best(float(values[g, law]), 0.0, tuple(float(each) for each in linear)), int(law)


def _penalty(parameters: int, n: int) -> float:
    count = parameters + NOISE_PARAMETERS
    return 2 * count * n / max(n - count - 1, 1)
