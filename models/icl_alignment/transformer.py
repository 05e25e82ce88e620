"""What does a nonlinear transformer predict that was trained on in-context linear regression?

A decoder without positional embedding, as the icl-alignment spec asks for (E4). The token of pair i is
(sqrt(d) x_i, y_i), that of the query (sqrt(d) x_{l+1}, 0); the prediction is read off the query token, the last one:

    h = E token + e
    layer:  h <- LayerNorm(h + softmax(causal (h Q)(h K)^T / sqrt(width)) h V);  h <- LayerNorm(h + MLP(h))
    prediction = h_{l+1} . r + r_0

with one attention head and a GELU layer in the MLP. The last layer is evaluated at the query alone, since nothing
else of it is read. Everything is batched over copies with parameters of their own: shapes begin (copies, contexts).

| symbol | name | shape |
|---|---|---|
| d, l | token dimension, context length | - |
| width | dimension of the residual stream | - |
| hidden | units of the MLP | - |
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from solv.models.ensemble import Parameters


def draw_transformer(
    copies: Sequence[torch.Generator], d: int, *, width: int, hidden: int, layers: int = 2
) -> Parameters:
    """Draw stacked parameters, matrices with entries N(0, 1 / rows); biases 0, gains 1; float32.

    Args:
        copies: one generator a copy; all on one device.
        d: token dimension, >= 1.
        width: dimension of the residual stream, >= 1.
        hidden: hidden units of each MLP, >= 1.
        layers: attention layers, each with its MLP, >= 1.

    Raises:
        ValueError: a size below 1 or no copies.
    """
    if min(d, width, hidden, layers, len(copies)) < 1:
        raise ValueError(
            f"d = {d}, width = {width}, hidden = {hidden}, layers = {layers} and {len(copies)} copies; "
            "valid: at least 1 of each"
        )
    matrices = {"embed": (d + 1, width), "read": (width, 1)}
    constants = {"embed_bias": (width, 0.0), "read_bias": (1, 0.0)}
    for layer in range(layers):
        matrices |= {f"{name}{layer}": (width, width) for name in ("query", "key", "value")}
        matrices |= {f"up{layer}": (width, hidden), f"down{layer}": (hidden, width)}
        constants |= {f"up_bias{layer}": (hidden, 0.0), f"down_bias{layer}": (width, 0.0)}
        for norm in ("attention", "mlp"):
            constants |= {f"{norm}_gain{layer}": (width, 1.0), f"{norm}_shift{layer}": (width, 0.0)}
    device = copies[0].device
    drawn = {
        name: torch.stack([torch.randn(shape, generator=g, device=device) / math.sqrt(shape[0]) for g in copies])
        for name, shape in matrices.items()
    }
    filled = {name: torch.full((len(copies), size), value, device=device) for name, (size, value) in constants.items()}
    return drawn | filled


def predict_query(
    parameters: Parameters,
    x: Float[Tensor, "copies contexts tokens d"],
    y: Float[Tensor, "copies contexts tokens"],
) -> Float[Tensor, "copies contexts"]:
    """Return the prediction of the last label of each context, which is not looked at.

    Args:
        parameters: stacked, as `draw_transformer` makes them.
        x, y: pairs with the query last, x with variance 1/d per coordinate.

    Cost: per context about 2 (l + 1) width (3 width + 2 hidden) multiplications per layer but the last, and
    l + 1 times less of the MLP in the last.
    """
    layers = sum(name.startswith("query") for name in parameters)
    labels = torch.cat([y[..., :-1], torch.zeros_like(y[..., -1:])], dim=-1)
    tokens = torch.cat([math.sqrt(x.shape[-1]) * x, labels[..., None]], dim=-1)
    stream = _affine(tokens, parameters["embed"], parameters["embed_bias"])
    for layer in range(layers):
        asking = stream[:, :, -1:] if layer == layers - 1 else stream
        query = _affine(asking, parameters[f"query{layer}"])
        key, value = (_affine(stream, parameters[f"{name}{layer}"]) for name in ("key", "value"))
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=asking is stream)
        attended = _normalise(asking + mixed, parameters, "attention", layer)
        hidden = nn.functional.gelu(_affine(attended, parameters[f"up{layer}"], parameters[f"up_bias{layer}"]))
        update = _affine(hidden, parameters[f"down{layer}"], parameters[f"down_bias{layer}"])
        stream = _normalise(attended + update, parameters, "mlp", layer)
    prediction: Tensor = _affine(stream, parameters["read"], parameters["read_bias"])[:, :, -1, 0]
    return prediction


def squared_loss(
    parameters: Parameters,
    batch: tuple[Float[Tensor, "copies contexts tokens d"], Float[Tensor, "copies contexts tokens"]],
) -> Float[Tensor, "copies"]:
    """Return each copy's mean squared error of the query label: the loss of `solv.models.ensemble`."""
    x, y = batch
    return (predict_query(parameters, x, y) - y[..., -1]).square().mean(dim=-1)


def _affine(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply every token by its copy's matrix, all tokens of a copy in one product."""
    flat = inputs.flatten(1, 2)
    product = flat @ weight if bias is None else torch.baddbmm(bias[:, None], flat, weight)
    return product.view(*inputs.shape[:-1], weight.shape[-1])


def _normalise(stream: Tensor, parameters: Parameters, norm: str, layer: int) -> Tensor:
    """Apply layer normalisation with each copy's gain and shift."""
    gain, shift = (parameters[f"{norm}_{name}{layer}"][:, None, None] for name in ("gain", "shift"))
    return nn.functional.layer_norm(stream, stream.shape[-1:]) * gain + shift
