"""What does a finite residual network with mixtures of experts learn? Many copies, full-batch gradient descent.

The network whose limit `theory/moe_transfer/limit.py` solves (arXiv:2601.20205; the moe-transfer spec, section 3.1):

    h^0 = U x / sqrt D,  r_e = w_e . h,  K largest of sigmoid(r_e) + b_e selected,  g = sigmoid(r) where selected
    h^{l+1} = h^l + (1/(K L)) sum_e g_e W2_e phi(W1_e h^l),   f = (1/N) a . h^L

with learning rates eta x (read-out N, embedding N, W1 and W2 K L, router K L / N); under `down="mean-field"` W1 has
alpha times that and W2 one over alpha, alpha = H / N. Gradients are autograd's, so that nothing but the model is shared
with the theory.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.ensemble import Ensemble, Optimizer, Parameters

EPSILON = 1e-8
PHI = {"linear": lambda k: k, "tanh": torch.tanh, "relu": torch.relu}


@dataclass(frozen=True)
class ResidualShape:
    """The architecture: width N, experts E, hidden units H, active K of the experts, layers L.

    `down`, `select`, `router_std` and `bias_std` are the choices of the theory's `MoeNetwork`: the initial size of W2
    (variance 1/H, or deviation sqrt(N)/H), what the bias is added to, and how routing starts.
    """

    width: int
    experts: int
    hidden: int
    active: int
    layers: int = 1
    activation: Literal["linear", "tanh", "relu"] = "linear"
    norm: bool = False
    router_std: float = 1.0
    bias_std: float = 0.0
    down: Literal["fan-in", "mean-field"] = "fan-in"
    select: Literal["gate", "logit"] = "gate"

    def __post_init__(self) -> None:
        for name in ("width", "experts", "hidden", "active", "layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; valid: at least 1")
        if self.active > self.experts:
            raise ValueError(f"active = {self.active} is more than experts = {self.experts}")
        if self.activation not in PHI:
            raise ValueError(f"activation = {self.activation!r}; valid: {', '.join(PHI)}")
        if self.router_std == self.bias_std == 0 and self.active < self.experts:
            raise ValueError("router_std = 0 and bias_std = 0 leave all experts tied; valid: one of them > 0")

    @property
    def down_std(self) -> float:
        """Initial standard deviation of W2."""
        return sqrt(self.width) / self.hidden if self.down == "mean-field" else 1 / sqrt(self.hidden)


@dataclass(frozen=True)
class Descended:
    """Along training, at t = 0..T: loss (copies, T + 1), mean squared error, inf from a divergence on; outputs
    (copies, T + 1, points); router_std and load_std (copies, T + 1), over the experts, mean over points and layers.
    """

    loss: Float[Tensor, "copies steps"]
    outputs: Float[Tensor, "copies steps points"]
    router_std: Float[Tensor, "copies steps"]
    load_std: Float[Tensor, "copies steps"]


def draw_residual(
    shape: ResidualShape, dimension: int, copies: list[torch.Generator], whiten: bool = True
) -> Parameters:
    """Draw stacked parameters in float64: a, U ~ N(0, 1), W1 ~ N(0, 1/N), w ~ N(0, s_r^2 / N), W2 as `down` says.

    The biases, `bias{layer}` ~ N(0, s_b^2), are among them; no gradient reaches them.

    Args:
        shape: the architecture.
        dimension: D of the inputs.
        copies: one generator a copy.
        whiten: make the columns of (a, U) orthogonal and of length sqrt N exactly; this takes away the fluctuation of
            order N^(-1/2) of the first output and of the inputs' Gram matrix, and leaves the limit as it is.

    Raises:
        ValueError: whiten with N < D + 1.
    """
    n, e, h = shape.width, shape.experts, shape.hidden
    if whiten and n < dimension + 1:
        raise ValueError(f"width = {n} is below D + 1 = {dimension + 1}; valid with whiten: at least that")
    sizes: dict[str, tuple[tuple[int, ...], float]] = {"basis": ((n, dimension + 1), 1.0)}
    for layer in range(shape.layers):
        sizes |= {
            f"router{layer}": ((e, n), shape.router_std / sqrt(n)),
            f"up{layer}": ((e * h, n), 1 / sqrt(n)),
            f"down{layer}": ((n, e * h), shape.down_std),
        }
        if shape.bias_std:
            sizes[f"bias{layer}"] = ((e,), shape.bias_std)
    drawn = {
        name: torch.stack([std * torch.randn(size, generator=g, dtype=torch.float64, device=g.device) for g in copies])
        for name, (size, std) in sizes.items()
    }
    basis = drawn.pop("basis")
    if whiten:
        upper = torch.linalg.cholesky(basis.mT @ basis / n).mT
        basis = torch.linalg.solve_triangular(upper, basis, upper=True, left=False)
    return {"read": basis[..., 0], "embedding": basis[..., 1:], **drawn}


def descend(
    shape: ResidualShape,
    parameters: Parameters,
    inputs: Float[Tensor, "points d"],
    targets: Float[Tensor, "points"],
    rates: Float[Tensor, "copies"],
    router_rates: Float[Tensor, "copies"],
    balance_rate: float,
    steps: int,
) -> Descended:
    """Train every copy on the same points, each at its own rates, and return what happens along the way."""
    active, layers, width = shape.active, shape.layers, shape.width
    ratio = shape.hidden / width if shape.down == "mean-field" else 1.0
    factors: dict[str, float | Tensor] = {"read": width, "embedding": width}
    for layer in range(layers):
        factors |= {f"up{layer}": active * layers * ratio, f"down{layer}": active * layers / ratio}
        factors[f"router{layer}"] = active * layers / width * router_rates / rates
    learning = {name: value for name, value in parameters.items() if not name.startswith("bias")}
    ensemble = Ensemble(learning, Optimizer(rule="sgd", learning_rate=rates, factors=factors))
    bias = _initial_bias(parameters, shape)
    seen: dict[str, list[Tensor]] = {"loss": [], "outputs": [], "router_std": [], "load_std": []}

    def half_error(values: Parameters, batch: None) -> Tensor:
        nonlocal bias
        outputs, logits, selected = _predict(values, shape, bias, inputs)
        squares = (outputs - targets).square().mean(1)
        load = selected.mean(-1)
        for name, value in {
            "loss": squares,
            "outputs": outputs,
            "router_std": logits.std(2, correction=0).mean((1, 2)),
            "load_std": load.std(2, correction=0).mean(1),
        }.items():
            seen[name].append(value.detach())
        bias = bias + balance_rate * (active / shape.experts - load)
        return squares / 2

    for _ in range(steps + 1):
        ensemble.update(half_error, None)
    found = {name: torch.stack(values, 1) for name, values in seen.items()}
    gone = (~torch.isfinite(found["loss"])).cummax(1).values
    found["loss"] = found["loss"].masked_fill(gone, torch.inf)
    return Descended(**found)


def initial_branches(
    shape: ResidualShape, parameters: Parameters, inputs: Float[Tensor, "points d"]
) -> Float[Tensor, "copies"]:
    """Return the variance of a coordinate of h^L - h^0 over coordinates and points, before anything is learned."""
    with torch.no_grad():
        first = parameters["embedding"] @ inputs.T / sqrt(inputs.shape[1])
        last, *_ = _stream(parameters, shape, _initial_bias(parameters, shape), inputs)
        return (last - first).square().mean((1, 2))


def _initial_bias(parameters: Parameters, shape: ResidualShape) -> Float[Tensor, "copies layers experts"]:
    read = parameters["read"]
    if not shape.bias_std:
        return read.new_zeros(len(read), shape.layers, shape.experts)
    return torch.stack([parameters[f"bias{layer}"] for layer in range(shape.layers)], 1)


def _predict(values: Parameters, shape: ResidualShape, bias: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return outputs (copies, points), and router logits and selections (copies, layers, experts, points)."""
    h, logits, selections = _stream(values, shape, bias, inputs)
    return (values["read"][:, :, None] * h).mean(1), logits, selections


def _stream(values: Parameters, shape: ResidualShape, bias: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return h^L (copies, width, points), and router logits and selections (copies, layers, experts, points)."""
    copies, points = len(bias), len(inputs)
    h = values["embedding"] @ inputs.T / sqrt(inputs.shape[1])
    logits, selections = [], []
    for layer in range(shape.layers):
        z = h / (h.square().mean(1, keepdim=True) + EPSILON).sqrt() if shape.norm else h
        r = values[f"router{layer}"] @ z
        steered = r.detach().sigmoid() if shape.select == "gate" else r.detach()
        chosen = (steered + bias[:, layer, :, None]).topk(shape.active, dim=1).indices
        selected = torch.zeros_like(r.detach()).scatter(1, chosen, 1.0)
        gate = selected * r.sigmoid()
        active = PHI[shape.activation](values[f"up{layer}"] @ z).view(copies, shape.experts, shape.hidden, points)
        weighted = (active * gate[:, :, None]).view(copies, -1, points)
        h = h + values[f"down{layer}"] @ weighted / (shape.active * shape.layers)
        logits.append(r.detach())
        selections.append(selected)
    return h, torch.stack(logits, 1), torch.stack(selections, 1)
