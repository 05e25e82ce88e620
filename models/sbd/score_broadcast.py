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
from typing import Any, Literal, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from solv.models.ensemble import Parameters
from solv.models.sbd.augmentation import views
from solv.models.sbd.broadcast_layers import Dropout, Layer, Linear, LocallyConnected, Pool, Shape
from solv.models.sbd.regularisers import told_by_activations, update_inverse, weight_entropy_gradient
from solv.models.sbd.starts import Distribution, correlations
from solv.models.sbd.starts import weights as drawn_weights

PerLayer: TypeAlias = float | tuple[float, ...]  # one number, or one for each hidden layer
MOST_TESTED = 2000  # examples times copies that are tested at once
Features: TypeAlias = Callable[
    [Tensor, Tensor], Tensor
]  # inputs, output probabilities -> phi (copies, batch, features)


@dataclass(frozen=True)
class Network:
    """A chain of layers with rectifiers between them; a pool follows the rectifier of the layer before it.

    Attributes:
        input_shape: of one example.
        parts: layers, pools and dropouts; the last one is the output layer.
    """

    input_shape: Shape
    parts: tuple[Layer | Pool | Dropout, ...]

    @cached_property
    def layers(self) -> list[tuple[Layer, Shape]]:
        """The layers with the shapes of their inputs."""
        found, shape = [], self.input_shape
        for part in self.parts:
            if not isinstance(part, Pool | Dropout):
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

    def initial(
        self, copies: int, generator: torch.Generator, *, gain: float = 2**0.5, uniform: bool = False
    ) -> Parameters:
        """Return weights of deviation gain / sqrt(fan in) and zero biases, stacked, on the generator's device.

        Args:
            copies: how many networks.
            generator: source of the weights.
            gain: sqrt(2) is He's for rectifiers.
            uniform: whether weights are uniform instead of normal.
        """
        found: Parameters = {}
        for number, (layer, shape) in enumerate(self.layers):
            size = (copies, *layer.weight_shape(shape))
            kind: Distribution = "uniform" if uniform else "normal"
            found[f"weight {number}"] = drawn_weights(size, layer.fan_in(shape), generator, gain=gain, shape=kind)
            if layer.bias:
                outputs = layer.output_shape(shape)[0]
                found[f"bias {number}"] = torch.zeros(copies, outputs, device=generator.device)
        return found

    def run(
        self,
        parameters: Mapping[str, Tensor],
        x: Float[Tensor, "copies batch ..."],
        dropping: torch.Generator | None = None,
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Return the output, every layer's input, and the activations of the hidden layers.

        Args:
            parameters: stacked.
            x: examples of every copy.
            dropping: decides which units dropout drops; None: none, as in a test.
        """
        h, inputs, activations, number = x, [], [], 0
        last = len(self.layers) - 1
        for part in self.parts:
            if isinstance(part, Pool):
                h = part.forward(h)
                continue
            if isinstance(part, Dropout):
                h = h if dropping is None else part.dropped(h, dropping)
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
        glorot: whether R is drawn uniformly after Glorot, `start` being the gain; at the layers that are maps, or at
            those that are not, or at all.
        start_of_maps: `start` of the layers that are maps; None: as everywhere.
        power, power_target: strength and target of the power normalisation, one number or one a hidden layer.
        entropy: strength of the entropy, one number or one a hidden layer: of the layer where it is fully connected,
            of the weights where it is a map.
        entropy_memory: lambda_E of the layer entropy.
        entropy_floor: eps of the weight entropy.
        sparsity: strength of the l1 penalty of activations, one number or one a hidden layer.
        forward: strength of forward broadcast: the output layer also descends the correlations through its score.
        rates: of every layer's own part of the update, the output's last; what regularises is not scaled. None: 1.
        momentum: memory of a running mean of that part, in [0, 1).
    """

    squared: Float[Tensor, "copies"]
    memory: Float[Tensor, "copies"]
    start: float | Float[Tensor, "copies"] = 1e-2
    expansion: Float[Tensor, "copies features"] | None = None
    features: Features | None = None
    glorot: Literal["none", "units", "maps", "all"] = "none"
    start_of_maps: float | None = None
    power: PerLayer = 0.0
    power_target: PerLayer = 1.0
    entropy: PerLayer = 0.0
    entropy_memory: float = 0.99999
    entropy_floor: float = 1e-8
    sparsity: PerLayer = 0.0
    forward: float = 0.0
    rates: tuple[float, ...] | None = None
    momentum: float = 0.0

    def __post_init__(self) -> None:
        if not bool(((self.memory > 0) & (self.memory <= 1)).all()):
            raise ValueError("memory (lambda) lies outside (0, 1]")
        if float(torch.as_tensor(self.start).min()) <= 0:
            raise ValueError(f"start = {self.start}; valid: > 0, since R = 0 lets activations collapse")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum = {self.momentum}; valid: [0, 1)")

    def regularises(self, number: int) -> bool:
        """Return whether a hidden layer's activations are regularised."""
        return any(_of(strength, number) for strength in (self.power, self.sparsity, self.entropy))


@dataclass
class BroadcastState:
    """What learning by broadcast remembers beside its weights.

    Attributes:
        correlations: R of every hidden layer.
        inverses: of its activations' correlation, by the number of the layers that use the layer entropy.
        velocities: running means of the layers' own updates, by parameter, where there is momentum.
    """

    correlations: list[Float[Tensor, "copies units broadcast"]]
    inverses: dict[int, Float[Tensor, "copies units units"]] = field(default_factory=dict)
    velocities: Parameters = field(default_factory=dict)

    def state_dict(self) -> dict[str, Any]:
        """Return copies of all tensors."""
        return {
            "correlations": [r.clone() for r in self.correlations],
            "inverses": {number: inverse.clone() for number, inverse in self.inverses.items()},
            "velocities": {name: velocity.clone() for name, velocity in self.velocities.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a saved state."""
        self.correlations = [r.clone() for r in state["correlations"]]
        self.inverses = {number: inverse.clone() for number, inverse in state["inverses"].items()}
        self.velocities = {name: velocity.clone() for name, velocity in state["velocities"].items()}


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


def start_state(
    network: Network, rule: BroadcastRule, classes: int, generator: torch.Generator, *, blocks: int = 1
) -> BroadcastState:
    """Return R as training starts with it.

    Args:
        network: of every copy.
        rule: of the copies.
        classes: outputs.
        generator: source of R.
        blocks: the copies are so many blocks of equal seeds; a seed has the same R in every block, but for `start`.
    """
    copies, device = len(rule.memory), generator.device
    features = 0 if rule.expansion is None else rule.expansion.shape[1]
    found = []
    for number in network.hidden:
        maps = not isinstance(network.layers[number][0], Linear)
        drawn = correlations(
            copies // blocks,
            network.correlated_units(number),
            classes,
            features,
            generator,
            glorot=rule.glorot in ("all", "maps" if maps else "units"),
        )
        start = rule.start if rule.start_of_maps is None or not maps else rule.start_of_maps
        found.append(torch.as_tensor(start, device=device).expand(copies)[:, None, None] * drawn.repeat(blocks, 1, 1))
    inverses = {
        number: torch.eye(found[number].shape[1], device=device).repeat(copies, 1, 1)
        for number in network.hidden
        if _of(rule.entropy, number) and isinstance(network.layers[number][0], Linear)
    }
    return BroadcastState(found, inverses)


def local_update(
    layer: Layer,
    h_in: Tensor,
    h: Tensor,
    sbar: Float[Tensor, "copies batch broadcast"],
    r: Float[Tensor, "copies units broadcast"],
    memory: Float[Tensor, "copies"],
) -> tuple[Tensor, Tensor, Tensor]:
    """Return a hidden layer's new R and the gradients of its weights and biases: equations (1), (3), (4).

    Args:
        layer: the layer.
        h_in, h: its input and its activations (after the rectifier).
        sbar: the broadcast.
        r: its correlation so far.
        memory: lambda of equation (1).
    """
    batch = h.shape[1]
    seen = layer.correlated(h)
    new = torch.baddbmm(r * memory[:, None, None], seen.transpose(1, 2) * ((1 - memory) / batch)[:, None, None], sbar)
    q = torch.bmm(sbar, new.transpose(1, 2))
    weight, bias = layer.gradient(h_in, layer.spread(q, h.shape[2:]) * (h > 0) / batch)
    return new, weight, bias


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
    dropping: torch.Generator | None = None,
    boost: float = 1.0,
) -> Parameters:
    """Return the updates of all layers, as gradients to descend, and move the state on.

    Args:
        network: of every copy.
        parameters: stacked.
        state: of the copies; moved on.
        rule: of the copies.
        x, labels: a batch of every copy.
        dropping: decides which units dropout drops; None: none.
        boost: factor of the layers' own part of the update, beside `rule.rates`.
    """
    with torch.no_grad():
        z, inputs, activations = network.run(parameters, x, dropping)
        s, p = score(z, labels, rule.squared)
        sbar = broadcast(rule, s, p, x)
        own: Parameters = {}
        layers = [layer for layer, _ in network.layers]
        for number, h in enumerate(activations):
            state.correlations[number], own[f"weight {number}"], own[f"bias {number}"] = local_update(
                layers[number], inputs[number], h, sbar, state.correlations[number], rule.memory
            )
        last = len(layers) - 1
        told = s
        if rule.forward:
            every = [layers[number].correlated(h) for number, h in enumerate(activations)]
            told = s + rule.forward * forward_error(every, state.correlations, p, rule.squared)
        own[f"weight {last}"], own[f"bias {last}"] = layers[last].gradient(inputs[last], told / x.shape[1])
        found = _with_momentum({name: own[name] for name in parameters}, state, rule, boost)
        for number in network.hidden:
            if rule.regularises(number):
                _regularise(found, number, layers[number], parameters, inputs[number], activations[number], state, rule)
        return found


def _with_momentum(own: Parameters, state: BroadcastState, rule: BroadcastRule, boost: float) -> Parameters:
    """Return the layers' own updates, scaled, or their running means."""
    if rule.momentum:
        for name, value in own.items():
            if name not in state.velocities:
                state.velocities[name] = torch.zeros_like(value)
            state.velocities[name].lerp_(value, 1 - rule.momentum)
        own = dict(state.velocities)
    if rule.rates is None:
        return dict(own)
    return {name: value * (boost * rule.rates[int(name.split()[1])]) for name, value in own.items()}


def _regularise(
    found: Parameters,
    number: int,
    layer: Layer,
    parameters: Mapping[str, Tensor],
    h_in: Tensor,
    h: Tensor,
    state: BroadcastState,
    rule: BroadcastRule,
) -> None:
    """Add the gradients of a hidden layer's regularisers to its update."""
    inverse = state.inverses.get(number)
    if inverse is not None:
        inverse = state.inverses[number] = update_inverse(inverse, layer.correlated(h), rule.entropy_memory)
    entropy = _of(rule.entropy, number)
    told = told_by_activations(
        h,
        power=_of(rule.power, number),
        power_target=_of(rule.power_target, number),
        sparsity=_of(rule.sparsity, number),
        entropy=entropy,
        inverse=inverse,
    )
    weight, bias = layer.gradient(h_in, told * (h > 0) / h.shape[1])
    if entropy and inverse is None:
        axis = 3 if isinstance(layer, LocallyConnected) else 1
        weight = weight - entropy * weight_entropy_gradient(parameters[f"weight {number}"], axis, rule.entropy_floor)
    found[f"weight {number}"] = found[f"weight {number}"] + weight
    if f"bias {number}" in found:
        found[f"bias {number}"] = found[f"bias {number}"] + bias


def backpropagated_gradients(
    network: Network,
    parameters: Mapping[str, Tensor],
    squared: Float[Tensor, "copies"],
    x: Float[Tensor, "copies batch ..."],
    labels: Int[Tensor, "copies batch"],
    dropping: torch.Generator | None = None,
) -> Parameters:
    """Return the gradients of the mean loss by autograd: what broadcast is compared with."""
    leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
    z, _, _ = network.run(leaves, x, dropping)
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
    *,
    augmented: bool = False,
) -> Float[Tensor, "copies"]:
    """Return the fraction that each copy classifies right, all copies on the same examples.

    Args:
        network: of every copy.
        parameters: stacked.
        x, labels: the examples.
        augmented: whether the output is the mean over the six views of test-time augmentation.
    """
    copies = len(next(iter(parameters.values())))
    right = torch.zeros(copies, device=x.device)
    chunk = max(MOST_TESTED // copies, 1)
    with torch.no_grad():
        for start in range(0, len(x), chunk):
            part = x[start : start + chunk].expand(copies, *x[start : start + chunk].shape)
            looks = views(part) if augmented else [part]
            z = torch.stack([network.run(parameters, look)[0] for look in looks]).mean(0)
            right += (z.argmax(-1) == labels[start : start + chunk]).sum(-1)
    return right / len(x)


def _of(strength: PerLayer, number: int) -> float:
    """Return a strength of one hidden layer."""
    return strength if isinstance(strength, int | float) else strength[number]
