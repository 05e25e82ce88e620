"""What does a transformer with mixture-of-experts layers predict? Many copies of one shape, as one batch.

The moe-transfer spec, section 1 (arXiv:2601.20205): decoder-only, pre-norm (root mean square, no gains), causal
attention with QK-norm, a mixture of experts in every block, no other bias, embedding and head untied.

    x = embedding of the token + of its position
    block:  x <- x + branch att(norm x);   x <- x + branch moe(norm x)
    logits = logit_scale W_U norm(x)

How a model is drawn is said from outside, one standard deviation per *group* of parameters (`GROUPS`), so that any
parameterization can be applied to it; a learning-rate factor per group goes to the optimiser (`by_parameter`).

| group | parameters | fan-in |
|---|---|---|
| embedding | token; position, which starts at 0 | 1 |
| attention | query, key, value, out of each block | width |
| router | router | width |
| up, down | W1, W2 of the experts | width, hidden |
| unembedding | W_U | width |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from solv.models.ensemble import Parameters
from solv.models.moe_transfer.layer import Gate, mix_experts, route

GROUPS = ("embedding", "attention", "router", "up", "down", "unembedding")
Probe: TypeAlias = Callable[[str, Tensor, str, Tensor], None]  # name, input, parameter, output of a linear map


@dataclass(frozen=True)
class MoeShape:
    """The architecture.

    Attributes:
        vocabulary, context: number of tokens, longest sequence.
        width: N, of the residual stream; `head_width` divides it.
        layers: L. head_width: coordinates of an attention head, fixed as the width grows.
        experts, active: E, and the K of them that a token goes to.
        hidden: H, units of an expert.
        gate: "sigmoid" or "softmax".
        branch: multiplier of what a branch adds. logit_scale: multiplier of the logits.
    """

    width: int
    layers: int
    experts: int = 4
    active: int = 1
    hidden: int = 16
    vocabulary: int = 256
    context: int = 32
    head_width: int = 16
    gate: Gate = "sigmoid"
    branch: float = 1.0
    logit_scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("width", "layers", "experts", "active", "hidden", "vocabulary", "context", "head_width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; valid: at least 1")
        if self.active > self.experts:
            raise ValueError(f"active = {self.active} is more than experts = {self.experts}")
        if self.width % self.head_width:
            raise ValueError(f"width = {self.width} is not a multiple of head_width = {self.head_width}")

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter of one copy, by its name."""
        n, h, e = self.width, self.hidden, self.experts
        found: dict[str, tuple[int, ...]] = {"token": (self.vocabulary, n), "position": (self.context, n)}
        for layer in range(self.layers):
            found |= {f"{name}{layer}": (n, n) for name in ("query", "key", "value", "out")}
            found |= {f"router{layer}": (n, e), f"up{layer}": (e, n, h), f"down{layer}": (e, h, n)}
        return found | {"unembedding": (n, self.vocabulary)}


def group_of(parameter: str) -> str:
    """Return the group that a parameter belongs to."""
    name = parameter.rstrip("0123456789")
    return {"token": "embedding", "position": "embedding"}.get(name, name if name in GROUPS else "attention")


def by_parameter(shape: MoeShape, by_group: Mapping[str, float]) -> dict[str, float]:
    """Return one value per parameter from one per group.

    Raises:
        ValueError: a group is missing or unknown.
    """
    if set(by_group) != set(GROUPS):
        raise ValueError(f"groups {sorted(by_group)}; valid: exactly {', '.join(GROUPS)}")
    return {name: by_group[group_of(name)] for name in shape.sizes()}


def draw_moe(shape: MoeShape, stds: Mapping[str, float], copies: Sequence[torch.Generator]) -> Parameters:
    """Draw stacked parameters, N(0, std^2) with the standard deviation of their group, float32; positions are 0.

    Args:
        shape: the architecture.
        stds: standard deviation of each group, >= 0.
        copies: one generator a copy.

    Raises:
        ValueError: a group is missing or unknown.
    """
    deviations = {**by_parameter(shape, stds), "position": 0.0}
    return {
        name: torch.stack([deviations[name] * torch.randn(size, generator=g, device=g.device) for g in copies])
        for name, size in shape.sizes().items()
    }


def predict_tokens(
    parameters: Parameters,
    shape: MoeShape,
    bias: Float[Tensor, "copies layers experts"],
    tokens: Int[Tensor, "batch time"],
    probe: Probe | None = None,
) -> tuple[Float[Tensor, "copies batch time vocabulary"], Float[Tensor, "copies layers experts"]]:
    """Return the logits of every copy for the same tokens, and the loads of its experts.

    Args:
        parameters: stacked, as `draw_moe` makes them.
        shape: the architecture.
        bias: balance bias of every layer.
        tokens: at most `context` long.
        probe: told every linear map that a coordinate check looks at.
    """
    told = probe if probe is not None else _ignore
    time = tokens.shape[1]
    stream = parameters["token"][:, tokens] + parameters["position"][:, None, :time]
    loads = []
    for layer in range(shape.layers):
        stream = stream + shape.branch * _attend(parameters, shape, layer, _normalise(stream), told)
        flat = _normalise(stream).flatten(1, 2)
        logits = _apply(parameters, f"router{layer}", flat, told)
        routing = route(logits, bias[:, layer], shape.active, shape.gate)
        mixed = mix_experts(flat, parameters[f"up{layer}"], parameters[f"down{layer}"], routing)
        told(f"moe output {layer}", flat, "", mixed)
        stream = stream + shape.branch * mixed.view(stream.shape)
        told(f"residual stream {layer}", flat, "", stream)
        loads.append(routing.loads)
    logits = shape.logit_scale * _normalise(stream) @ parameters["unembedding"][:, None]
    told("logits", shape.logit_scale * _normalise(stream), "unembedding", logits)
    return logits, torch.stack(loads, 1)


def next_token_loss(
    logits: Float[Tensor, "copies batch time vocabulary"], targets: Int[Tensor, "batch time"]
) -> Float[Tensor, "copies"]:
    """Return the mean cross-entropy of every copy, in nats."""
    everyone = targets.expand(len(logits), *targets.shape)
    flat = functional.cross_entropy(logits.flatten(0, 2).float(), everyone.flatten(), reduction="none")
    return flat.view(len(logits), -1).mean(1)


def _attend(parameters: Parameters, shape: MoeShape, layer: int, inputs: Tensor, told: Probe) -> Tensor:
    copies, batch, time, width = inputs.shape
    flat = inputs.flatten(1, 2)

    def heads(name: str) -> Tensor:
        product = _apply(parameters, f"{name}{layer}", flat, told)
        return product.view(copies * batch, time, -1, shape.head_width).transpose(1, 2)

    query, key = _normalise(heads("query")), _normalise(heads("key"))
    mixed = functional.scaled_dot_product_attention(query, key, heads("value"), is_causal=True)
    out = _apply(parameters, f"out{layer}", mixed.transpose(1, 2).reshape(copies, batch * time, width), told)
    return out.view(inputs.shape)


def _apply(parameters: Parameters, name: str, flat: Tensor, told: Probe) -> Tensor:
    product = flat @ parameters[name]
    told(name, flat, name, product)
    return product


def _normalise(values: Tensor) -> Tensor:
    return functional.rms_norm(values, values.shape[-1:], eps=1e-6)


def _ignore(name: str, inputs: Tensor, parameter: str, output: Tensor) -> None:
    pass
