"""Which contexts does linear attention learn in-context regression from, when the tasks have structure?

The tasks of the icl-alignment spec, section 1: a fixed set of k tasks w ~ N(0, C), each context picks one at random;
x_i ~ N(0, I_d / d), i = 1..l+1, and y_i = link(w . x_i) + noise of variance rho. The last pair is the query.

Every draw is a batch, made on the device of its generator; the leading axes (repeats, ...) are independent.

| symbol | name | shape / range |
|---|---|---|
| d | token dimension | >= 1 |
| l | context length | >= 1 |
| n | contexts per repeat | >= 1 |
| k | distinct tasks per repeat | >= 1 |
| rho | label-noise variance | >= 0 |
| z | what attention keeps of a context: (d/l) sum y_i x_i, then (1/l) sum y_i^2 | (d + 1,) |
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor

LINKS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "linear": lambda field: field,
        "tanh": torch.tanh,
        "square": torch.square,
        "cube": lambda field: field**3,
    }
)


@dataclass(frozen=True)
class AttentionContexts:
    """What reduced linear attention sees of each context: the target is predicted as query^T Gamma memory.

    query: x_{l+1}, shape (*batch, n, d).
    memory: z, shape (*batch, n, d + 1).
    target: y_{l+1}, shape (*batch, n).
    """

    query: Float[Tensor, "*batch n d"]
    memory: Float[Tensor, "*batch n features"]
    target: Float[Tensor, "*batch n"]


@dataclass(frozen=True)
class LabelledContexts:
    """Contexts in full, the query pair last.

    x: tokens, shape (*batch, n, l + 1, d).
    y: labels, shape (*batch, n, l + 1).
    """

    x: Float[Tensor, "*batch n tokens d"]
    y: Float[Tensor, "*batch n tokens"]


def draw_tasks(
    batch: Sequence[int],
    k: int,
    covariance: Float[Tensor, "..."],
    generator: torch.Generator,
) -> Float[Tensor, "*batch k d"]:
    """Draw the k tasks w ~ N(0, C) of each batch entry.

    Args:
        batch: leading shape, for example (repeats,).
        k: tasks per entry, >= 1.
        covariance: C as its diagonal (d,) or as a positive semi-definite matrix (d, d), on the generator's device;
            its dtype is that of the tasks.
        generator: source of randomness.

    Raises:
        ValueError: k below 1 or a covariance of another shape.

    """
    _require_sizes(batch, k=k)
    d = len(covariance)
    normals = torch.randn(*batch, k, d, generator=generator, device=generator.device, dtype=covariance.dtype)
    if covariance.dim() == 1:
        return normals * covariance.sqrt()
    if covariance.shape != (d, d):
        raise ValueError(f"covariance has shape {tuple(covariance.shape)}; valid: (d,) or (d, d)")
    variances, basis = torch.linalg.eigh(covariance)
    tasks: Tensor = normals * variances.clamp(min=0).sqrt() @ basis.mT
    return tasks


def draw_attention_contexts(
    tasks: Float[Tensor, "*batch k d"],
    n: int,
    l: int,  # noqa: E741
    rho: float,
    generator: torch.Generator,
) -> AttentionContexts:
    """Draw (x_{l+1}, z, y_{l+1}) of n contexts with linear labels, without drawing the l context tokens.

    Given w, the labels are independent normals of variance v = |w|^2 / d + rho, and given the labels each token is
    normal around w y_i / (v d), with the variance rho / v of the others along w. Hence with Y = sum y_i^2, v times a
    chi-square of l degrees, e = w / |w| and g ~ N(0, I_d),

        sum y_i x_i = [ sqrt(Y) (g + (sqrt(rho / v) - 1) (e . g) e) + Y w / (v sqrt(d)) ] / sqrt(d)   (spec, section 3).

    Args:
        tasks: w, shape (*batch, k, d), none of them exactly zero.
        n: contexts per batch entry, >= 1, each with one of its k tasks chosen uniformly.
        l: context length, >= 1.
        rho: label-noise variance, >= 0.
        generator: source of randomness, on the device of the tasks.

    Raises:
        ValueError: a size below 1 or rho negative or not finite.

    Cost: O(d) random numbers and multiplications per context, whatever l is.

    """
    *batch, k, d = tasks.shape
    _require_sizes(batch, rho=rho, n=n, l=l)
    w = _assign(tasks, n, k, generator)
    signal = w.square().sum(dim=-1)
    variance = signal / d + rho
    # torch.distributions takes no generator; this is the sampler underneath it. Chi-square is twice a gamma variable.
    halves = torch.full_like(variance, l / 2)
    labels_squared = 2 * variance * torch._standard_gamma(halves, generator=generator)

    g = _normal_like(w, generator)
    along = (w * g).sum(dim=-1) / signal * ((rho / variance).sqrt() - 1)
    shift = along + (labels_squared / d).sqrt() / variance
    correlation = (labels_squared / d).sqrt()[..., None] * (g + shift[..., None] * w)
    memory = torch.cat([d / l * correlation, labels_squared[..., None] / l], dim=-1)

    query = _normal_like(w, generator) / math.sqrt(d)
    target = (query * w).sum(dim=-1) + math.sqrt(rho) * _normal_like(variance, generator)
    return AttentionContexts(query=query, memory=memory, target=target)


def draw_labelled_contexts(
    tasks: Float[Tensor, "*batch k d"],
    n: int,
    l: int,  # noqa: E741
    rho: float,
    generator: torch.Generator,
    link: str = "linear",
) -> LabelledContexts:
    """Draw whole contexts (x_i, y_i), i = 1..l+1, for models that read them token by token.

    Args:
        tasks: w, shape (*batch, k, d).
        n: contexts per batch entry, >= 1, each with one of its k tasks chosen uniformly.
        l: context length, >= 1.
        rho: label-noise variance, >= 0, added after the link.
        generator: source of randomness, on the device of the tasks.
        link: label as a function of the field w . x: a key of LINKS.

    Raises:
        ValueError: a size below 1, rho negative or not finite, or an unknown link.

    Cost: O(l d) normals per context.

    """
    *batch, k, d = tasks.shape
    _require_sizes(batch, rho=rho, n=n, l=l)
    if link not in LINKS:
        raise ValueError(f"link = {link!r} is unknown; valid: {', '.join(LINKS)}")
    w = _assign(tasks, n, k, generator)
    shape = (*batch, n, l + 1, d)
    x = torch.randn(shape, generator=generator, device=tasks.device, dtype=tasks.dtype) / math.sqrt(d)
    field = (x @ w[..., None]).squeeze(-1)
    return LabelledContexts(x=x, y=LINKS[link](field) + math.sqrt(rho) * _normal_like(field, generator))


def attention_contexts(contexts: LabelledContexts) -> AttentionContexts:
    """Return what linear attention sees of whole contexts: equation (1) of the spec."""
    x, y = contexts.x[..., :-1, :], contexts.y[..., :-1]
    l, d = x.shape[-2:]  # noqa: E741
    correlation = d / l * (y[..., None, :] @ x).squeeze(-2)
    power = y.square().mean(dim=-1, keepdim=True)
    return AttentionContexts(
        query=contexts.x[..., -1, :], memory=torch.cat([correlation, power], dim=-1), target=contexts.y[..., -1]
    )


def _assign(tasks: Tensor, n: int, k: int, generator: torch.Generator) -> Tensor:
    *batch, _, d = tasks.shape
    chosen = torch.randint(k, (*batch, n), generator=generator, device=tasks.device)
    return tasks.gather(-2, chosen[..., None].expand(*batch, n, d))


def _normal_like(shaped: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(shaped.shape, generator=generator, device=shaped.device, dtype=shaped.dtype)


def _require_sizes(batch: Sequence[int], rho: float = 0.0, **sizes: int) -> None:
    for name, size in (*sizes.items(), *(("batch", size) for size in batch)):
        if size < 1:
            raise ValueError(f"{name} = {size} is out of range; valid: integers >= 1")
    if not (math.isfinite(rho) and rho >= 0):
        raise ValueError(f"rho = {rho} is out of range; valid: >= 0")
