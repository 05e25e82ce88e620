"""Which contexts does a model learn in-context regression from, and which is it tested on?

The task of the cot-depth spec, section 1: x_i ~ N(0, I_d), w ~ N(0, I_d), y_i = w . x_i + sqrt(rho d) eps_i, i = 1..l,
and the two statistics of a context that a linear learner sees, S = X^T X / l and h = X^T y / l.

Every draw is a batch, made on the device of its generator.

| symbol | name | shape / range |
|---|---|---|
| d | input dimension | >= 1 |
| l | context length | >= 1 |
| rho | label-noise variance relative to the signal | >= 0 |
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

PAIRS_PER_DRAW = 128


@dataclass(frozen=True)
class RegressionContexts:
    """Contexts in full.

    x: inputs, shape (*batch, l, d).
    y: labels, shape (*batch, l).
    w: task weights, shape (*batch, d).
    """

    x: Float[Tensor, "*batch l d"]
    y: Float[Tensor, "*batch l"]
    w: Float[Tensor, "*batch d"]


@dataclass(frozen=True)
class ContextStatistics:
    """What one step of linear attention needs of a context, with the task behind it.

    s: X^T X / l, shape (*batch, d, d).
    h: X^T y / l, shape (*batch, d).
    w: task weights, shape (*batch, d).
    """

    s: Float[Tensor, "*batch d d"]
    h: Float[Tensor, "*batch d"]
    w: Float[Tensor, "*batch d"]


def draw_contexts(
    batch: Sequence[int],
    d: int,
    l: int,  # noqa: E741
    rho: float,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> RegressionContexts:
    """Draw whole contexts (X, y, w), for models that read them token by token.

    Args:
        batch: leading shape, for example (repeats, contexts).
        d, l: input dimension and context length, >= 1.
        rho: label-noise variance, >= 0.
        generator: source of randomness; its device is the device of the result.
        dtype: floating-point type of the result.

    Raises:
        ValueError: a size below 1 or rho negative or not finite.

    Cost: O(l d) normals per context.

    """
    _require_sizes(batch, d, l, rho)
    w = _normal((*batch, d), generator, dtype)
    x = _normal((*batch, l, d), generator, dtype)
    noise = _normal((*batch, l), generator, dtype)
    y = torch.einsum("...ld,...d->...l", x, w) + math.sqrt(rho * d) * noise
    return RegressionContexts(x=x, y=y, w=w)


def draw_context_statistics(
    batch: Sequence[int],
    d: int,
    l: int,  # noqa: E741
    rho: float,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
) -> ContextStatistics:
    """Draw (S, h, w) of fresh contexts without drawing X.

    X^T = L R with R of orthonormal rows, independent of the d x min(d, l) lower trapezoidal L: the squared diagonal
    of L is chi-square with l, l - 1, ... degrees of freedom and its lower entries are normal (Bartlett; for l < d the
    singular Wishart law). Hence S = L L^T / l and, with zeta = R eps normal, h = S w + sqrt(rho d) L zeta / l.

    Args:
        batch: leading shape, for example (repeats, contexts).
        d, l: input dimension and context length, >= 1; l < d gives a singular S.
        rho: label-noise variance, >= 0.
        generator: source of randomness; its device is the device of the result.
        dtype: floating-point type of the result.

    Raises:
        ValueError: a size below 1 or rho negative or not finite.

    Cost: O(d^2) normals and O(d^3) multiplications per context.

    """
    _require_sizes(batch, d, l, rho)
    rank = min(d, l)
    w = _normal((*batch, d), generator, dtype)
    factor = _normal((*batch, d, rank), generator, dtype).tril(-1)
    freedom = torch.arange(l, l - rank, -1, device=generator.device, dtype=dtype)
    factor.diagonal(dim1=-2, dim2=-1).copy_(_chi_square(freedom.expand(*batch, rank), generator).sqrt())
    zeta = _normal((*batch, rank), generator, dtype)
    s = factor @ factor.mT / l
    label_noise = math.sqrt(rho * d) / l * torch.einsum("...dr,...r->...d", factor, zeta)
    return ContextStatistics(s=s, h=torch.einsum("...de,...e->...d", s, w) + label_noise, w=w)


def draw_pretraining_pairs(
    batch: Sequence[int],
    n: int,
    d: int,
    l: int,  # noqa: E741
    rho: float,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
) -> tuple[Float[Tensor, "*batch n d"], Float[Tensor, "*batch n d"]]:
    """Draw the pairs (w, h) of n contexts without drawing X: the exact short cut of the cot-depth spec, section 4.

    With u = X w / |w|, normal and independent of the inputs' components orthogonal to w,
    h = (w / |w|) (u . y) / l + |y| P_perp(w) z / l, z normal. Of u and the label noise only |u|^2, u . eps / |u| and
    the rest of |eps|^2 enter: two chi-squares and a normal.

    The first pairs do not depend on n, so that nested pretraining sets (the first tau d pairs of one draw) are the
    same whatever the largest tau is. Different entries of `batch` are independent.

    Args:
        batch: leading shape, for example (repeats,).
        n: contexts per entry of the batch, >= 1.
        d, l: input dimension and context length, >= 1.
        rho: label-noise variance, >= 0.
        generator: source of randomness; its device is the device of the result.
        dtype: floating-point type of the result.

    Returns:
        (w, h), each of shape (*batch, n, d).

    Raises:
        ValueError: a size below 1 or rho negative or not finite.

    Cost: O(d) normals per context.

    """
    _require_sizes(batch, d, l, rho)
    if n < 1:
        raise ValueError(f"n = {n} is out of range; valid: integers >= 1")
    draws = [_pretraining_block(batch, d, l, rho, generator, dtype) for _ in range(0, n, PAIRS_PER_DRAW)]
    w, h = (torch.cat(blocks, dim=-2)[..., :n, :] for blocks in zip(*draws, strict=True))
    return w, h


def _pretraining_block(
    batch: Sequence[int],
    d: int,
    l: int,  # noqa: E741
    rho: float,
    generator: torch.Generator,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    shape = (*batch, PAIRS_PER_DRAW)
    w = _normal((*shape, d), generator, dtype)
    length = w.norm(dim=-1)
    inputs_squared = _chi_square(torch.full(shape, float(l), device=generator.device, dtype=dtype), generator)
    noise_along = math.sqrt(rho * d) * _normal(shape, generator, dtype)
    others = torch.full(shape, float(l - 1), device=generator.device, dtype=dtype)
    noise_across_squared = rho * d * _chi_square(others, generator)
    label_along = length * inputs_squared.sqrt() + noise_along
    label_length = (label_along**2 + noise_across_squared).sqrt()
    z = _normal((*shape, d), generator, dtype)
    direction = w / length[..., None]
    across = z - (z * direction).sum(dim=-1, keepdim=True) * direction
    along = (inputs_squared.sqrt() * label_along)[..., None] * direction
    return w, (along + label_length[..., None] * across) / l


def _normal(shape: Sequence[int], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
    return torch.randn(*shape, generator=generator, device=generator.device, dtype=dtype)


def _chi_square(freedom: Tensor, generator: torch.Generator) -> Tensor:
    """Chi-square draws with the given degrees of freedom; exactly 0 at 0 degrees."""
    # torch.distributions takes no generator; this is the sampler underneath it.
    draws = 2 * torch._standard_gamma(freedom.clamp(min=1) / 2, generator=generator)
    return torch.where(freedom > 0, draws, 0.0)


def _require_sizes(batch: Sequence[int], d: int, l: int, rho: float) -> None:  # noqa: E741
    for name, size in (("d", d), ("l", l), *(("batch", size) for size in batch)):
        if size < 1:
            raise ValueError(f"{name} = {size} is out of range; valid: integers >= 1")
    if not (math.isfinite(rho) and rho >= 0):
        raise ValueError(f"rho = {rho} is out of range; valid: >= 0")
