"""What does a transformer with mixture-of-experts layers predict? Many copies of one shape, as one batch.

Decoder-only, pre-norm, causal attention, a mixture of experts in every block, learned positions:

    x = embedding of the token + of its position
    block:  x <- x + branch att(norm x);   x <- x + branch moe(norm x)
    logits = logit_scale W_U norm(x)

| `model` | "paper" (arXiv:2601.20205, section 3.1) | "ours" |
|---|---|---|
| norm | LayerNorm with gain and shift | root mean square, no gain |
| linear maps but the router's | with biases | without |
| scores of attention | q . k / head_width | q . k / head_width^(1/2), q and k normalised |
| embedding and head | tied, W_U = W_E^T | untied |
| positions at first | random | 0 |
| gate | sigmoid(r) | 2 sigmoid(r) |

Experts are W2 gelu(W1 h) in both. How a model is drawn is said from outside, one standard deviation per *group* of
parameters (`groups`), so that any parameterization can be applied to it; a learning-rate factor per group goes to the
optimiser (`by_parameter`).

| group | parameters | fan-in |
|---|---|---|
| embedding | token, position | 1 |
| query_key, value, output | of each block's attention | width |
| router | router | width |
| up, down | W1, W2 of the experts | width, hidden |
| norm | gains, which start at 1, and shifts, at 0 | - |
| bias | of linear maps; start at 0 | - |
| unembedding | W_U | width |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from solv.models.ensemble import Parameters
from solv.models.moe_transfer.layer import Gate, Select, mix_experts, route

ModelKind: TypeAlias = Literal["ours", "paper"]
GROUPS = ("embedding", "query_key", "value", "output", "router", "up", "down", "norm", "bias", "unembedding")
_GROUP_OF = {
    **dict.fromkeys(("token", "position"), "embedding"),
    **dict.fromkeys(("query", "key"), "query_key"),
    "out": "output",
}
LINEAR = ("query", "key", "value", "out")
Value = TypeVar("Value")
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
        gate: "sigmoid" or "softmax". select: what the balance bias is added to, "gate" or "logit".
        model: "ours" or "paper".
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
    select: Select = "gate"
    model: ModelKind = "ours"
    branch: float = 1.0
    logit_scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("width", "layers", "experts", "active", "hidden", "vocabulary", "context", "head_width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; valid: at least 1")
        if self.model not in ("ours", "paper"):
            raise ValueError(f"model = {self.model!r}; valid: ours, paper")
        if self.active > self.experts:
            raise ValueError(f"active = {self.active} is more than experts = {self.experts}")
        if self.width % self.head_width:
            raise ValueError(f"width = {self.width} is not a multiple of head_width = {self.head_width}")

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter of one copy, by its name."""
        n, h, e = self.width, self.hidden, self.experts
        found: dict[str, tuple[int, ...]] = {"token": (self.vocabulary, n), "position": (self.context, n)}
        paper = self.model == "paper"
        for layer in range(self.layers):
            found |= {f"{name}{layer}": (n, n) for name in LINEAR}
            found |= {f"router{layer}": (n, e), f"up{layer}": (e, n, h), f"down{layer}": (e, h, n)}
            if paper:
                found |= {f"{name}_bias{layer}": (n,) for name in LINEAR}
                found |= {f"up_bias{layer}": (e, h), f"down_bias{layer}": (e, n)}
                found |= {f"{name}{layer}": (n,) for name in ("gain", "shift", "gain_moe", "shift_moe")}
        return found | ({"gain": (n,), "shift": (n,)} if paper else {"unembedding": (n, self.vocabulary)})

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that its parameters are of."""
        found = {group_of(name) for name in self.sizes()}
        return tuple(group for group in GROUPS if group in found)


def group_of(parameter: str) -> str:
    """Return the group that a parameter belongs to."""
    name = parameter.rstrip("0123456789")
    if name.startswith(("gain", "shift")):
        return "norm"
    return "bias" if name.endswith("_bias") else _GROUP_OF.get(name, name)


def by_parameter(shape: MoeShape, by_group: Mapping[str, Value]) -> dict[str, Value]:
    """Return one value per parameter from one per group; groups that the shape has not are left alone.

    Raises:
        ValueError: a group is missing or unknown.
    """
    if not set(shape.groups) <= set(by_group) <= set(GROUPS):
        raise ValueError(f"groups {sorted(by_group)}; valid: {', '.join(shape.groups)}, of {', '.join(GROUPS)}")
    return {name: by_group[group_of(name)] for name in shape.sizes()}


def draw_moe(shape: MoeShape, stds: Mapping[str, float], copies: Sequence[torch.Generator]) -> Parameters:
    """Draw stacked parameters, N(0, std^2) with the standard deviation of their group, float32.

    Gains are 1; shifts, biases, and the positions of our model are 0.

    Args:
        shape: the architecture.
        stds: standard deviation of each random group, >= 0.
        copies: one generator a copy.

    Raises:
        ValueError: a group is missing or unknown.
    """
    deviations = by_parameter(shape, {**stds, "norm": 0.0, "bias": 0.0})
    if shape.model == "ours":
        deviations["position"] = 0.0
    drawn = {
        name: torch.stack([deviations[name] * torch.randn(size, generator=g, device=g.device) for g in copies])
        for name, size in shape.sizes().items()
    }
    return {name: value + 1 if name.startswith("gain") else value for name, value in drawn.items()}


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
        stream = stream + shape.branch * _attend(parameters, shape, layer, _norm(parameters, stream, f"{layer}"), told)
        flat = _norm(parameters, stream, f"_moe{layer}").flatten(1, 2)
        logits = _apply(parameters, f"router{layer}", flat, told)
        scale = 1.0 if shape.model == "paper" else 2.0
        routing = route(logits, bias[:, layer], shape.active, shape.gate, shape.select, scale)
        up, down = parameters[f"up{layer}"], parameters[f"down{layer}"]
        biases = None
        if shape.model == "paper":
            biases = parameters[f"up_bias{layer}"], parameters[f"down_bias{layer}"]
        mixed = mix_experts(flat, up, down, routing, biases=biases)
        told(f"moe output {layer}", flat, "", mixed)
        stream = stream + shape.branch * mixed.view(stream.shape)
        told(f"residual stream {layer}", flat, "", stream)
        loads.append(routing.loads)
    read = shape.logit_scale * _norm(parameters, stream, "")
    head = "token" if shape.model == "paper" else "unembedding"
    logits = read @ (parameters[head].mT if shape.model == "paper" else parameters[head])[:, None]
    told("logits", read, head, logits)
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

    query, key, scale = heads("query"), heads("key"), 1 / shape.head_width
    if shape.model == "ours":
        query, key, scale = _normalise(query), _normalise(key), shape.head_width**-0.5
    mixed = functional.scaled_dot_product_attention(query, key, heads("value"), is_causal=True, scale=scale)
    out = _apply(parameters, f"out{layer}", mixed.transpose(1, 2).reshape(copies, batch * time, width), told)
    return out.view(inputs.shape)


def _apply(parameters: Parameters, name: str, flat: Tensor, told: Probe) -> Tensor:
    """Return a linear map of the inputs, with its bias if the model has one."""
    product = flat @ parameters[name]
    bias = parameters.get(_bias_of(name))
    if bias is not None:
        product = product + bias[:, None]
    told(name, flat, name, product)
    return product


def _bias_of(name: str) -> str:
    kind = name.rstrip("0123456789")
    return f"{kind}_bias{name.removeprefix(kind)}"


def _norm(parameters: Parameters, stream: Tensor, where: str) -> Tensor:
    """Return the normalised stream: a LayerNorm if the model has the gain of this place, else by its mean square."""
    gain, shift = parameters.get(f"gain{where}"), parameters.get(f"shift{where}")
    if gain is None or shift is None:
        return _normalise(stream)
    return functional.layer_norm(stream, stream.shape[-1:], eps=1e-5) * gain[:, None, None] + shift[:, None, None]


def _normalise(values: Tensor) -> Tensor:
    return functional.rms_norm(values, values.shape[-1:], eps=1e-6)


def _ignore(name: str, inputs: Tensor, parameter: str, output: Tensor) -> None:
    pass
