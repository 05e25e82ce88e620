"""What does one layer of attention do that refines its own estimate of a regression task?

The block of arXiv:2606.03217 as the cot-depth spec trains it (E4, E5). Tokens live in R^m, m = 2 d + 2:

    context   z_i = (x_i, y_i / sqrt(d), 0_d, 0)      i = 1..l
    estimate  z_t = (0_d, 0, w_t, 1)

and one step reads the d estimate coordinates of  z_t + P (mix of the z_i with the scores z_i . Q z_t).  Linear
attention mixes with the scores themselves over l; softmax attention with softmax(scores). Several heads, each with
its P and Q, are added up. P and Q are full m x m matrices, of which the tokens' zeros leave a part without effect:
only that part is multiplied out. Equation (1) is the solution of linear attention

    P = [[., .], [Gamma, 0], ...],   Q = [[-I, 0], [0, sqrt(d)]] from (w_t, 1) to (x, y).

Everything is batched over copies of the block with parameters of their own: shapes begin (copies, contexts, states).
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.ensemble import Parameters


def draw_attention(
    copies: list[torch.Generator],
    d: int,
    *,
    heads: int = 1,
    scale: float = 0.05,
    mlp_width: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Parameters:
    """Draw stacked parameters: P and Q of shape (copies, heads, m, m), entries N(0, scale^2); on request an MLP, too.

    Args:
        copies: one generator a copy; all on one device.
        d: input dimension, >= 1.
        heads: number of attention heads, >= 1.
        scale: standard deviation of the entries; small, so that the block starts as the identity.
        mlp_width: hidden units of a residual MLP behind the attention, 0 for none; its last layer starts at 0.
        dtype: floating-point type.

    Raises:
        ValueError: d < 1, heads < 1 or no copies.
    """
    if d < 1 or heads < 1 or not copies:
        raise ValueError(f"d = {d}, heads = {heads} and {len(copies)} copies; valid: at least 1 of each")
    width = 2 * d + 2
    shapes: dict[str, tuple[int, ...]] = {"P": (heads, width, width), "Q": (heads, width, width)}
    if mlp_width:
        shapes["U"] = (2 * d, mlp_width)

    def draw(generator: torch.Generator) -> Parameters:
        device = generator.device
        return {
            name: torch.randn(shape, generator=generator, device=device, dtype=dtype)
            * (1 / math.sqrt(shape[0]) if name == "U" else scale)
            for name, shape in shapes.items()
        }

    drawn = [draw(generator) for generator in copies]
    parameters = {name: torch.stack([each[name] for each in drawn]) for name in shapes}
    if mlp_width:
        parameters["V"] = parameters["U"].new_zeros(len(copies), mlp_width, d)
    return parameters


def context_tokens(x: Float[Tensor, "*batch l d"], y: Float[Tensor, "*batch l"]) -> Float[Tensor, "*batch l d+1"]:
    """Return the d + 1 coordinates of the context's tokens that are not 0 by construction: (x_i, y_i / sqrt(d))."""
    return torch.cat([x, y[..., None] / math.sqrt(x.shape[-1])], dim=-1)


def context_moments(tokens: Float[Tensor, "*batch l e"]) -> Float[Tensor, "*batch e e"]:
    """Return C = (1/l) sum_i z_i z_i^T: all that linear attention needs of a context."""
    return tokens.mT @ tokens / tokens.shape[-2]


def linear_step(
    parameters: Parameters,
    moments: Float[Tensor, "copies contexts d+1 d+1"],
    estimate: Float[Tensor, "copies contexts states d"],
) -> Float[Tensor, "copies contexts states d"]:
    """Return the refined estimates of linear attention: w + P C Q (w, 1), read at the estimate coordinates."""
    value, query = _active(parameters, estimate.shape[-1])
    mixed = _query(query, estimate) @ moments[:, None]
    return estimate + _read(mixed, value)


def softmax_step(
    parameters: Parameters,
    tokens: Float[Tensor, "copies contexts l d+1"],
    estimate: Float[Tensor, "copies contexts states d"],
) -> Float[Tensor, "copies contexts states d"]:
    """Return the refined estimates of softmax attention, and of the MLP behind it if the block has one."""
    d = estimate.shape[-1]
    value, query = _active(parameters, d)
    scores = _query(query, estimate) @ tokens[:, None].mT
    update = _read(scores.softmax(dim=-1) @ tokens[:, None], value)
    if "U" in parameters:
        hidden = torch.cat([update, estimate], dim=-1) @ parameters["U"][:, None]
        update = update + torch.nn.functional.gelu(hidden) @ parameters["V"][:, None]
    return estimate + update


def _active(parameters: Parameters, d: int) -> tuple[Tensor, Tensor]:
    """Return the parts of P and Q that meet no zero: context -> estimate, (copies, heads, d, d + 1); and back."""
    return parameters["P"][..., d + 1 : 2 * d + 1, : d + 1], parameters["Q"][..., : d + 1, d + 1 :]


def _query(query: Tensor, estimate: Tensor) -> Tensor:
    """Return Q z_t in context coordinates, shape (copies, heads, contexts, states, d + 1)."""
    d = estimate.shape[-1]
    projected = estimate[:, None] @ query[:, :, None, :, :d].mT
    constant: Tensor = query[:, :, None, None, :, d]
    return projected + constant


def _read(mixed: Tensor, value: Tensor) -> Tensor:
    """Return what all heads together add to the estimate, shape (copies, contexts, states, d)."""
    return (mixed @ value[:, :, None].mT).sum(dim=1)
