"""How does a network learn without weight transport? Every hidden layer correlates itself with a broadcast score.

Notation (sbd spec, section 1; Uzun, Erdogan, Pehlevan and Erdogan, arXiv:2605.30638, and for mean squared error
Erdogan, Pehlevan and Erdogan, arXiv:2504.11558)

| symbol | name | shape |
|---|---|---|
| s | score, gradient of the loss of one example at the output z | (copies, batch, C) |
| sbar | broadcast: [s; a s phi^T], phi a function of the input | (copies, batch, S) |
| R | running correlation of a layer's activations with sbar, equation (1) | (copies, units, S) |
| q = R sbar | what the units of a layer are told | (copies, batch, units) |
| theta | g'(h) f'(u) q, equation (3), with g the identity and f a rectifier | as h |

Updates are written by hand: a hidden layer's update is a function of its own input, its own activations and the
broadcast (`local_update`), so that no weight of a later layer can enter it but through the score.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from solv.models.ensemble import Parameters
from solv.models.sbd.broadcast_layers import Layer, Pool, Shape

Features: TypeAlias = Callable[
    [Tensor, Tensor], Tensor
]  # inputs, output probabilities -> phi (copies, batch, features)


@dataclass(frozen=True)
class Network:
    """A chain of layers with rectifiers between them; a pool follows the rectifier of the layer before it.

    Attributes:
        input_shape: of one example.
        parts: layers and pools; the last one is the output layer.
    """

    input_shape: Shape
    parts: tuple[Layer | Pool, ...]

    @cached_property
    def layers(self) -> list[tuple[Layer, Shape]]:
        """The layers with the shapes of their inputs."""
        found, shape = [], self.input_shape
        for part in self.parts:
            if not isinstance(part, Pool):
                found.append((part, shape))
            shape = part.output_shape(shape)
            if min(shape) < 1:
                raise ValueError(f"{part} makes nothing of an input of shape {self.input_shape}; use larger images")
        return found

    @property
    def hidden(self) -> list[int]:
        """Numbers of the hidden layers."""
        return list(range(len(self.layers) - 1))

    def correlated_units(self, number: int) -> int:
        """Return with how many numbers a hidden layer enters its correlation."""
        layer, shape = self.layers[number]
        probe = torch.zeros(1, 1, *layer.output_shape(shape), device="cpu")
        return layer.correlated(probe).shape[-1]

    def initial(self, copies: int, generator: torch.Generator) -> Parameters:
        """Return He-normal weights and zero biases, stacked, on the generator's device."""
        found: Parameters = {}
        for number, (layer, shape) in enumerate(self.layers):
            size, device = (copies, *layer.weight_shape(shape)), generator.device
            weight = torch.randn(size, generator=generator, device=device)
            found[f"weight {number}"] = weight * (2 / layer.fan_in(shape)) ** 0.5
            if layer.bias:
                outputs = layer.output_shape(shape)[0]
                found[f"bias {number}"] = torch.zeros(copies, outputs, device=device)
        return found

    def run(
        self, parameters: Mapping[str, Tensor], x: Float[Tensor, "copies batch ..."]
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Return the output, every layer's input, and the activations of the hidden layers."""
        h, inputs, activations, number = x, [], [], 0
        last = len(self.layers) - 1
        for part in self.parts:
            if isinstance(part, Pool):
                h = part.forward(h)
                continue
            inputs.append(h)
            h = part.forward(parameters[f"weight {number}"], parameters.get(f"bias {number}"), h)
            if number < last:
                h = h.relu()
                activations.append(h)
            number += 1
        return h, inputs, activations


@dataclass(frozen=True)
class BroadcastRule:
    """What each copy does with the score.

    Attributes:
        squared: whether a copy's score is that of the squared error (z - y) instead of cross-entropy (p - y).
        memory: lambda of equation (1) in (0, 1], one a copy; 1 freezes R: direct feedback alignment.
        start: standard deviation of R before training, > 0, one number or one a copy.
        expansion: a of the expanded score, one a copy and feature; zeros leave the score alone.
        features: phi; None: no copy expands. The output p is a copy's own: softmax(z), or z for the squared error.
        power, power_target: strength of the power normalisation sum_i (mean h_i^2 - target)^2.
        entropy: strength of the layer entropy's gradient (R_h + eps)^-1 h.
        sparsity: strength of the l1 penalty of activations.
        forward: strength of forward broadcast: the output layer also descends the correlations through its score.
    """

    squared: Float[Tensor, "copies"]
    memory: Float[Tensor, "copies"]
    start: float | Float[Tensor, "copies"] = 1e-2
    expansion: Float[Tensor, "copies features"] | None = None
    features: Features | None = None
    power: float = 0.0
    power_target: float = 1.0
    entropy: float = 0.0
    entropy_memory: float = 0.99999
    sparsity: float = 0.0
    forward: float = 0.0

    def __post_init__(self) -> None:
        if not bool(((self.memory > 0) & (self.memory <= 1)).all()):
            raise ValueError("memory (lambda) lies outside (0, 1]")
        if float(torch.as_tensor(self.start).min()) <= 0:
            raise ValueError(f"start = {self.start}; valid: > 0, since R = 0 lets activations collapse")


@dataclass
class BroadcastState:
    """R of every hidden layer, and the inverse of its activations' correlation where entropy is used."""

    correlations: list[Float[Tensor, "copies units broadcast"]]
    inverses: list[Float[Tensor, "copies units units"]] = field(default_factory=list)

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Return copies of all tensors."""
        return {"correlations": [r.clone() for r in self.correlations], "inverses": [m.clone() for m in self.inverses]}

    def load_state_dict(self, state: Mapping[str, Sequence[Tensor]]) -> None:
        """Go back to a saved state."""
        self.correlations = [r.clone() for r in state["correlations"]]
        self.inverses = [m.clone() for m in state["inverses"]]


def score(
    z: Float[Tensor, "copies batch classes"], labels: Int[Tensor, "copies batch"], squared: Float[Tensor, "copies"]
) -> tuple[Tensor, Tensor]:
    """Return the score of each example (per example: not divided by the batch) and the output p."""
    p = torch.where(squared[:, None, None] > 0, z, z.softmax(-1))
    return p - functional.one_hot(labels, z.shape[-1]).to(z.dtype), p


def broadcast(
    rule: BroadcastRule, s: Float[Tensor, "copies batch classes"], p: Tensor, x: Tensor
) -> Float[Tensor, "copies batch broadcast"]:
    """Return sbar = [s; a vec(s phi^T)] (spec (5))."""
    if rule.features is None or rule.expansion is None:
        return s
    phi = rule.features(x, p) * rule.expansion[:, None]
    return torch.cat([s, (s[..., :, None] * phi[..., None, :]).flatten(2)], dim=2)


def start_state(network: Network, rule: BroadcastRule, classes: int, generator: torch.Generator) -> BroadcastState:
    """Return R drawn from N(0, start^2)."""
    copies, device = len(rule.memory), generator.device
    size = classes * (1 + (0 if rule.expansion is None else rule.expansion.shape[1]))
    units = [network.correlated_units(number) for number in network.hidden]
    start = torch.as_tensor(rule.start, device=device).expand(copies)[:, None, None]
    found = [start * torch.randn(copies, count, size, generator=generator, device=device) for count in units]
    inverses = [torch.eye(count, device=device).repeat(copies, 1, 1) for count in units] if rule.entropy else []
    return BroadcastState(found, inverses)


def local_update(
    layer: Layer,
    h_in: Tensor,
    h: Tensor,
    sbar: Float[Tensor, "copies batch broadcast"],
    r: Float[Tensor, "copies units broadcast"],
    rule: BroadcastRule,
    inverse: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return a hidden layer's new R and the gradients of its weights and biases: equations (1), (3), (4).

    Args:
        layer: the layer.
        h_in, h: its input and its activations (after the rectifier).
        sbar: the broadcast.
        r: its correlation so far.
        rule: of the copies.
        inverse: of R_h + eps, where entropy is used (`update_inverse`).
    """
    batch = h.shape[1]
    seen = layer.correlated(h)
    memory = rule.memory[:, None, None]
    r = memory * r + (1 - memory) / batch * torch.bmm(seen.transpose(1, 2), sbar)
    q = torch.bmm(sbar, r.transpose(1, 2))
    if inverse is not None:
        q = q - rule.entropy * torch.bmm(seen, inverse)
    told = layer.spread(q, h.shape[2:])
    if rule.power:
        told = told + 4 * rule.power * (h.square().mean(1, keepdim=True) - rule.power_target) * h
    if rule.sparsity:
        told = told + rule.sparsity
    weight, bias = layer.gradient(h_in, told * (h > 0) / batch)
    return r, weight, bias


def update_inverse(inverse: Tensor, seen: Float[Tensor, "copies batch units"], memory: float) -> Tensor:
    """Return the inverse of memory A + (1 - memory) / B seen^T seen from that of A.

    By a solve of the size of the batch (Woodbury), or of the units where they are fewer.
    """
    batch, units = seen.shape[1:]
    factor = (1 - memory) / batch
    if units < batch:
        former = torch.cholesky_inverse(torch.linalg.cholesky(inverse))
        new = memory * former + factor * torch.bmm(seen.transpose(1, 2), seen)
        return torch.cholesky_inverse(torch.linalg.cholesky(new))
    told = torch.bmm(seen, inverse)
    inner = torch.bmm(told, seen.transpose(1, 2)) + memory / factor * torch.eye(batch, device=seen.device)
    solved = torch.cholesky_solve(told, torch.linalg.cholesky(inner))  # positive definite, as the inverse is
    return (inverse - torch.bmm(told.transpose(1, 2), solved)) / memory


def forward_error(
    seen: Sequence[Float[Tensor, "copies batch units"]],
    correlations: Sequence[Float[Tensor, "copies units broadcast"]],
    p: Float[Tensor, "copies batch classes"],
    squared: Float[Tensor, "copies"],
) -> Float[Tensor, "copies batch classes"]:
    """Return what the correlations of all hidden layers add to the error of the output: ds/dz R^T h, summed.

    The part of R that belongs to the score itself is used, not that of its expansion.
    """
    classes = p.shape[-1]
    projected = sum(torch.bmm(h, r[..., :classes]) for h, r in zip(seen, correlations, strict=True))
    assert isinstance(projected, Tensor)
    through_softmax = p * (projected - (p * projected).sum(-1, keepdim=True))
    return torch.where(squared[:, None, None] > 0, projected, through_softmax)


def broadcast_gradients(
    network: Network,
    parameters: Mapping[str, Tensor],
    state: BroadcastState,
    rule: BroadcastRule,
    x: Float[Tensor, "copies batch ..."],
    labels: Int[Tensor, "copies batch"],
) -> Parameters:
    """Return the updates of all layers, as gradients to descend, and move the state on."""
    with torch.no_grad():
        z, inputs, activations = network.run(parameters, x)
        s, p = score(z, labels, rule.squared)
        sbar = broadcast(rule, s, p, x)
        found: Parameters = {}
        layers = [layer for layer, _ in network.layers]
        for number, h in enumerate(activations):
            inverse = None
            if rule.entropy:
                seen = layers[number].correlated(h)
                inverse = update_inverse(state.inverses[number], seen, rule.entropy_memory)
                state.inverses[number] = inverse
            state.correlations[number], weight, bias = local_update(
                layers[number], inputs[number], h, sbar, state.correlations[number], rule, inverse
            )
            found[f"weight {number}"], found[f"bias {number}"] = weight, bias
        last = len(layers) - 1
        told = s
        if rule.forward:
            every = [layers[number].correlated(h) for number, h in enumerate(activations)]
            told = s + rule.forward * forward_error(every, state.correlations, p, rule.squared)
        found[f"weight {last}"], found[f"bias {last}"] = layers[last].gradient(inputs[last], told / x.shape[1])
        return {name: found[name] for name in parameters}


def backpropagated_gradients(
    network: Network,
    parameters: Mapping[str, Tensor],
    squared: Float[Tensor, "copies"],
    x: Float[Tensor, "copies batch ..."],
    labels: Int[Tensor, "copies batch"],
) -> Parameters:
    """Return the gradients of the mean loss by autograd: what broadcast is compared with."""
    leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    z, _, _ = network.run(leaves, x)
    one_hot = functional.one_hot(labels, z.shape[-1]).to(z.dtype)
    losses = torch.where(
        squared > 0,
        0.5 * (z - one_hot).square().sum(-1).mean(1),
        -(z.log_softmax(-1) * one_hot).sum(-1).mean(1),
    )
    gradients = torch.autograd.grad(losses.sum(), list(leaves.values()))
    return dict(zip(leaves, gradients, strict=True))


def accuracy(
    network: Network,
    parameters: Mapping[str, Tensor],
    x: Float[Tensor, "examples ..."],
    labels: Int[Tensor, "examples"],
) -> Float[Tensor, "copies"]:
    """Return the fraction that each copy classifies right, all copies on the same examples."""
    copies = len(next(iter(parameters.values())))
    right = torch.zeros(copies, device=x.device)
    with torch.no_grad():
        for start in range(0, len(x), 500):
            part = x[start : start + 500]
            z, _, _ = network.run(parameters, part.expand(copies, *part.shape))
            right += (z.argmax(-1) == labels[start : start + 500]).sum(-1)
    return right / len(x)
