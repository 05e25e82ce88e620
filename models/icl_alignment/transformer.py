"""What does a nonlinear transformer predict that was trained on in-context linear regression?

Two architectures, those of the two versions of the paper (2509.26551), which differ in more than a detail. Both have
one attention head, no positions and the width d + 1 of a token; the token of pair i is (x_i, y_i), that of the query
(x_{l+1}, 0), and the prediction is read off the query token, the last one.

    encoder (ICLR 2026): every token attends to all; layers normalise what they read and drop units at random
        h <- h + drop(softmax(n(h) Q (n(h) K)^T / sqrt(d + 1)) n(h) V)
        h <- h + drop(drop(relu(n(h) U + u)) D + e)
        prediction = n(h_{l+1}) . r + r_0
    decoder (preprint): tokens attend to earlier ones; layers normalise what they write; its MLP is one linear layer
        h <- token E + e
        h <- n(h + softmax(causal (h Q)(h K)^T / sqrt(d + 1)) h V);  h <- n(h + h U + u)
        prediction = h_{l+1} . r + r_0

n is layer normalisation with a gain and a shift of its own each time. The last layer is evaluated at the query alone,
since nothing else of it is read. Everything is batched over copies with parameters of their own: shapes begin (copies,
contexts).

| symbol | name | shape |
|---|---|---|
| d, l | token dimension, context length | - |
| hidden | units of the encoder's MLP | - |
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from solv.models.ensemble import Parameters

EPSILON = 1e-6  # of layer normalisation, as in the authors' code


@dataclass(frozen=True)
class Dropout:
    """How units are dropped in training.

    Attributes:
        rate: probability of a unit to be dropped, in [0, 1).
        generator: of the masks, on the device of the parameters.
    """

    rate: float
    generator: torch.Generator

    def __call__(self, units: Tensor) -> Tensor:
        """Return the units, each zero with probability `rate`, the others enlarged so that the mean is kept."""
        if self.rate == 0:
            return units
        return units * torch.empty_like(units).bernoulli_(1 - self.rate, generator=self.generator) / (1 - self.rate)


def draw_encoder(copies: Sequence[torch.Generator], d: int, *, hidden: int, layers: int = 2) -> Parameters:
    """Draw the encoder's stacked parameters, matrices with entries N(0, 1 / rows); biases 0, gains 1; float32.

    Args:
        copies: one generator a copy; all on one device.
        d: token dimension, >= 1.
        hidden: hidden units of each MLP, >= 1.
        layers: attention layers, each with its MLP, >= 1.

    Raises:
        ValueError: a size below 1 or no copies.
    """
    _require(d=d, hidden=hidden, layers=layers, copies=len(copies))
    width = d + 1
    matrices, biases = {"read": (width, 1)}, {"read_bias": 1}
    for layer in range(layers):
        matrices |= {f"{name}{layer}": (width, width) for name in ("query", "key", "value")}
        matrices |= {f"up{layer}": (width, hidden), f"down{layer}": (hidden, width)}
        biases |= {f"up_bias{layer}": hidden, f"down_bias{layer}": width}
    norms = [f"{name}{layer}" for layer in range(layers) for name in ("attention", "mlp")]
    return _draw(copies, matrices, biases, [*norms, "read"], width)


def draw_decoder(copies: Sequence[torch.Generator], d: int, *, layers: int = 2) -> Parameters:
    """Draw the decoder's stacked parameters, matrices with entries N(0, 1 / rows); biases 0, gains 1; float32.

    Args:
        copies, d, layers: as in `draw_encoder`.

    Raises:
        ValueError: a size below 1 or no copies.
    """
    _require(d=d, layers=layers, copies=len(copies))
    width = d + 1
    matrices, biases = {"embed": (width, width), "read": (width, 1)}, {"embed_bias": width, "read_bias": 1}
    for layer in range(layers):
        matrices |= {f"{name}{layer}": (width, width) for name in ("query", "key", "value", "up")}
        biases |= {f"up_bias{layer}": width}
    norms = [f"{name}{layer}" for layer in range(layers) for name in ("attention", "mlp")]
    return _draw(copies, matrices, biases, norms, width)


def encode(
    parameters: Parameters,
    x: Float[Tensor, "copies contexts tokens d"],
    y: Float[Tensor, "copies contexts tokens"],
    dropout: Dropout | None = None,
) -> Float[Tensor, "copies contexts"]:
    """Return the encoder's prediction of the last label of each context, which is not looked at.

    Args:
        parameters: stacked, as `draw_encoder` makes them.
        x, y: pairs with the query last, x with variance 1/d per coordinate.
        dropout: of training; None: nothing is dropped.

    Cost: per context and layer about 2 l d (3 d + 2 hidden + 2 l) multiplications; the last layer costs less.
    """
    drop = dropout or (lambda units: units)
    layers = _layers(parameters)
    stream = _tokens(x, y)
    for layer in range(layers):
        read = _normalise(stream, parameters, f"attention{layer}")
        last = layer == layers - 1
        asking, asked = (stream[:, :, -1:], read[:, :, -1:]) if last else (stream, read)
        attended = asking + drop(_attend(parameters, layer, asked, read))
        read = _normalise(attended, parameters, f"mlp{layer}")
        units = drop(torch.relu(_affine(read, parameters[f"up{layer}"], parameters[f"up_bias{layer}"])))
        stream = attended + drop(_affine(units, parameters[f"down{layer}"], parameters[f"down_bias{layer}"]))
    final = _normalise(stream, parameters, "read")
    prediction: Tensor = _affine(final, parameters["read"], parameters["read_bias"])[:, :, -1, 0]
    return prediction


def decode(
    parameters: Parameters,
    x: Float[Tensor, "copies contexts tokens d"],
    y: Float[Tensor, "copies contexts tokens"],
) -> Float[Tensor, "copies contexts"]:
    """Return the decoder's prediction of the last label of each context, which is not looked at.

    Args:
        parameters: stacked, as `draw_decoder` makes them.
        x, y: as in `encode`.

    Cost: per context and layer about 2 l d (4 d + 2 l) multiplications; the last layer costs less.
    """
    layers = _layers(parameters)
    stream = _affine(_tokens(x, y), parameters["embed"], parameters["embed_bias"])
    for layer in range(layers):
        asking = stream[:, :, -1:] if layer == layers - 1 else stream
        mixed = _attend(parameters, layer, asking, stream, causal=asking is stream)
        attended = _normalise(asking + mixed, parameters, f"attention{layer}")
        update = _affine(attended, parameters[f"up{layer}"], parameters[f"up_bias{layer}"])
        stream = _normalise(attended + update, parameters, f"mlp{layer}")
    prediction: Tensor = _affine(stream, parameters["read"], parameters["read_bias"])[:, :, -1, 0]
    return prediction


def _draw(
    copies: Sequence[torch.Generator],
    matrices: dict[str, tuple[int, int]],
    biases: dict[str, int],
    norms: Sequence[str],
    width: int,
) -> Parameters:
    device = copies[0].device
    drawn = {
        name: torch.stack([torch.randn(shape, generator=g, device=device) / math.sqrt(shape[0]) for g in copies])
        for name, shape in matrices.items()
    }
    zero = {name: torch.zeros(len(copies), size, device=device) for name, size in biases.items()}
    shifts = {f"{name}_shift": torch.zeros(len(copies), width, device=device) for name in norms}
    gains = {f"{name}_gain": torch.ones(len(copies), width, device=device) for name in norms}
    return drawn | zero | shifts | gains


def _require(**sizes: int) -> None:
    if min(sizes.values()) < 1:
        raise ValueError(f"{', '.join(f'{name} = {size}' for name, size in sizes.items())}; valid: at least 1 of each")


def _layers(parameters: Parameters) -> int:
    return sum(name.startswith("query") for name in parameters)


def _tokens(x: Tensor, y: Tensor) -> Tensor:
    labels = torch.cat([y[..., :-1], torch.zeros_like(y[..., -1:])], dim=-1)
    return torch.cat([x, labels[..., None]], dim=-1)


def _attend(parameters: Parameters, layer: int, asking: Tensor, asked: Tensor, *, causal: bool = False) -> Tensor:
    """Mix the values of the tokens `asked` as the tokens `asking` attend to them."""
    query = _affine(asking, parameters[f"query{layer}"])
    key, value = (_affine(asked, parameters[f"{name}{layer}"]) for name in ("key", "value"))
    return nn.functional.scaled_dot_product_attention(query, key, value, is_causal=causal)


def _affine(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply every token by its copy's matrix, all tokens of a copy in one product."""
    flat = inputs.flatten(1, 2)
    product = flat @ weight if bias is None else torch.baddbmm(bias[:, None], flat, weight)
    return product.view(*inputs.shape[:-1], weight.shape[-1])


def _normalise(stream: Tensor, parameters: Parameters, norm: str) -> Tensor:
    """Apply layer normalisation with each copy's gain and shift."""
    gain, shift = (parameters[f"{norm}_{name}"][:, None, None] for name in ("gain", "shift"))
    return nn.functional.layer_norm(stream, stream.shape[-1:], eps=EPSILON) * gain + shift
