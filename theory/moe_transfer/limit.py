"""What is the limit of a residual network with mixtures of experts as width, experts and hidden units grow?

Gradient descent on P points of a residual network of L layers, each a top-K mixture of E experts with H hidden units,
K = kappa E, H = alpha N, stays in the span of the D + 1 initial vectors of read-out and embedding (arXiv:2601.20205;
the moe-transfer spec, section 3). Averages over experts and, inside an expert, over hidden units replace the sums:

    h^0_mu = U x_mu / sqrt D,   r_e = s_e . h,   selected: r_e + b_e among the fraction kappa of largest,
    h^{l+1} = h^l + (1/(kappa L)) E_e[ g_e alpha < q phi(p . h) >_e ],   g = sigmoid(r) where selected,   f = a . h^L

with every vector of D + 1 coordinates. The limit is thus a small network itself, of quadrature experts (normal router
vectors s by Sobol points) and quadrature hidden units; it is trained by gradients written out here.

| symbol | name | meaning |
|---|---|---|
| kappa | active_fraction | K / E |
| alpha | hidden_ratio | H / N |
| s_r | router_std | standard deviation of the initial router logits of a unit vector |
| eta, eta_r, eta_b | rate, router_rate, balance_rate | learning rates |
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float
from scipy.special import expit, ndtri

from solv.theory.validation import require_integer, require_real

Activation: TypeAlias = Literal["linear", "tanh", "relu"]
Down: TypeAlias = Literal["fan-in", "mean-field"]
Select: TypeAlias = Literal["gate", "logit"]
ACTIVATIONS: tuple[Activation, ...] = ("linear", "tanh", "relu")
DOWNS: tuple[Down, ...] = ("fan-in", "mean-field")
SELECTS: tuple[Select, ...] = ("gate", "logit")
EPSILON = 1e-8  # of the root-mean-square norm
DIVERGED = 1e6  # mean squared error from which on a run counts as diverged


@dataclass(frozen=True)
class MoeTask:
    """What is learned.

    inputs: P points of D coordinates, shape (P, D). targets: shape (P,).
    """

    inputs: Float[np.ndarray, "points d"]
    targets: Float[np.ndarray, "points"]

    def __post_init__(self) -> None:
        if self.inputs.ndim != 2 or 0 in self.inputs.shape or self.targets.shape != self.inputs.shape[:1]:
            raise ValueError(
                f"inputs {self.inputs.shape} and targets {self.targets.shape}; valid: (P, D) and (P,), P and D >= 1"
            )


@dataclass(frozen=True)
class MoeNetwork:
    """The network in its limit.

    Attributes:
        activation: phi of the hidden units: "linear", "tanh" or "relu".
        active_fraction: kappa, in (0, 1].
        hidden_ratio: alpha > 0.
        layers: L >= 1.
        norm: whether router and experts read h / rms(h).
        router_std, bias_std: s_r and s_b >= 0; both 0 only where all experts are active: else which are is chance.
        down: initial size of W2, and rates of W1 and W2: "fan-in" or "mean-field".
        select: whether the bias is added to the "gate" or to the "logit".
    """

    activation: Activation = "linear"
    active_fraction: float = 0.25
    hidden_ratio: float = 1.0
    layers: int = 1
    norm: bool = False
    router_std: float = 1.0
    bias_std: float = 0.0
    down: Down = "fan-in"
    select: Select = "gate"

    def __post_init__(self) -> None:
        for name, valid in (("activation", ACTIVATIONS), ("down", DOWNS), ("select", SELECTS)):
            if getattr(self, name) not in valid:
                raise ValueError(f"{name} = {getattr(self, name)!r}; valid: {', '.join(valid)}")
        require_real("active_fraction", self.active_fraction, above=0, most=1)
        require_real("hidden_ratio", self.hidden_ratio, above=0)
        require_integer("layers", self.layers, least=1)
        require_real("router_std", self.router_std, least=0)
        require_real("bias_std", self.bias_std, least=0)
        if self.router_std == self.bias_std == 0 and self.active_fraction < 1:
            raise ValueError(
                "router_std = 0 and bias_std = 0 leave all experts tied, and chance to select among them; "
                "valid: one of them > 0, or active_fraction = 1"
            )

    @property
    def hidden_std(self) -> float:
        """Standard deviation of q, whose coordinates are sqrt(N) times those of W2: alpha^(-1/2), or alpha^(-1)."""
        return float(self.hidden_ratio ** (-1.0 if self.down == "mean-field" else -0.5))

    @property
    def rate_ratio(self) -> float:
        """What the rate of W1 is multiplied, and that of W2 divided, by."""
        return self.hidden_ratio if self.down == "mean-field" else 1.0


@dataclass(frozen=True)
class MoeDescent:
    """Full-batch gradient descent: rate eta > 0, router_rate eta_r >= 0, balance_rate eta_b >= 0, steps T >= 1."""

    rate: float = 0.1
    router_rate: float = 1.0
    balance_rate: float = 0.0
    steps: int = 30

    def __post_init__(self) -> None:
        require_real("rate", self.rate, above=0)
        require_real("router_rate", self.router_rate, least=0)
        require_real("balance_rate", self.balance_rate, least=0)
        require_integer("steps", self.steps, least=1)


@dataclass(frozen=True)
class Quadrature:
    """How fine the averages are: `experts` a power of 2; `hidden` units, a multiple of 4 (ignored for linear phi)."""

    experts: int = 4096
    hidden: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        require_integer("experts", self.experts, least=1)
        require_integer("hidden", self.hidden, least=4)
        if self.experts & (self.experts - 1) or self.hidden % 4:
            raise ValueError(
                f"experts = {self.experts}, hidden = {self.hidden}; valid: a power of 2, and a multiple of 4"
            )


@dataclass(frozen=True)
class MoeCurves:
    """What happens along training, at t = 0..T; inf from a divergence on.

    loss: mean squared error, shape (T + 1,). outputs: f_mu, shape (T + 1, P). router_std: standard deviation of the
    router logit over experts, mean over points and layers. load_std: that of the fraction of points an expert gets.
    """

    loss: Float[np.ndarray, "steps"]
    outputs: Float[np.ndarray, "steps points"]
    router_std: Float[np.ndarray, "steps"]
    load_std: Float[np.ndarray, "steps"]


@dataclass
class _Layer:
    """Quadrature points of one layer, in training: s (experts, d), b (experts,), p and q (experts, d, hidden)."""

    s: np.ndarray
    b: np.ndarray
    p: np.ndarray
    q: np.ndarray


@dataclass
class _Used:
    """What the experts that one point is sent to did with it, and what they were; nothing is computed of the others."""

    experts: np.ndarray  # their places, (active,)
    p: np.ndarray  # (active, d, hidden)
    q: np.ndarray
    gate: np.ndarray  # (active, 1)
    active: np.ndarray  # phi of the preactivation, (active, hidden)
    slope: np.ndarray | float  # its derivative


@dataclass
class _Pass:
    """What one layer's forward pass leaves for the backward pass."""

    z: np.ndarray  # what router and experts read, (points, d)
    size: np.ndarray  # what h was divided by, (points,)
    r: np.ndarray  # (experts, points)
    selected: np.ndarray  # 1 or 0, (experts, points)
    used: list[_Used]  # of each point


@dataclass
class _State:
    a: np.ndarray
    u: np.ndarray  # (d, D)
    layers: list[_Layer] = field(default_factory=list)


def moe_limit(
    task: MoeTask, network: MoeNetwork, descent: MoeDescent, quadrature: Quadrature | None = None
) -> MoeCurves:
    """Return the curves of the limit N, E, H -> infinity at fixed kappa, alpha, L, P, D (spec, section 3).

    Quadrature error at 4096 experts: 1e-6 for kappa = 1, linear phi; up to 5e-4 for kappa < 1, whose integrand jumps.
    Cost: steps x layers x experts x hidden x P x D multiplications; 0.2 s for linear phi, 4096 experts, 30 steps.

    Raises:
        ValueError: kappa times the number of quadrature experts is not an integer >= 1.
    """
    quadrature = quadrature if quadrature is not None else Quadrature()
    count = network.active_fraction * quadrature.experts
    if abs(count - round(count)) > 1e-9 or count < 0.5:
        raise ValueError(
            f"active_fraction = {network.active_fraction:g} of experts = {quadrature.experts} is {count:g}; "
            "valid: an integer >= 1"
        )
    state = _initial(task, network, quadrature)
    points = len(task.targets)
    found = [np.full((descent.steps + 1, *shape), np.inf) for shape in ((), (points,), (), ())]
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(descent.steps + 1):
            outputs, passes, stream = _forward(task, network, state, round(count))
            loss = np.mean((task.targets - outputs) ** 2)
            if not loss < DIVERGED:
                break
            router = np.mean([np.std(each.r, axis=0).mean() for each in passes])
            load = np.mean([np.std(each.selected.mean(axis=1)) for each in passes])
            for values, value in zip(found, (loss, outputs, router, load), strict=True):
                values[step] = value
            _descend(task, network, descent, state, passes, stream, outputs)
    return MoeCurves(*found)


def moe_linear_limit(
    task: MoeTask, network: MoeNetwork, descent: MoeDescent, experts: int = 4096, seed: int = 0
) -> Float[np.ndarray, "steps"]:
    """Return the loss of one layer of linear experts from their second moments alone: an independent way.

    The dynamics of (p, q) is linear, hence S_e = <(p, q)(p, q)^T> is all that is needed of an expert's hidden units:
    S <- T S T^T, T = [[1, G], [G^T, 1]], G = eta sum_mu Delta_mu g h a^T (spec, section 3.4).

    Raises:
        ValueError: another activation, several layers, a norm, `down` mean-field, or initial biases.
    """
    if network.activation != "linear" or network.layers != 1 or network.norm:
        raise ValueError("moments close for one layer of linear experts without norm")
    if (network.down, network.bias_std) != ("fan-in", 0):
        raise ValueError("moments are those of down = fan-in and routing that starts from the router")
    d = task.inputs.shape[1] + 1
    count = round(network.active_fraction * experts)
    alpha, kappa = network.hidden_ratio, network.active_fraction
    s = network.router_std * _normal(d, experts, seed)
    b = np.zeros(experts)
    moments = np.zeros((experts, 2 * d, 2 * d))
    moments[:, range(d), range(d)] = 1.0
    moments[:, range(d, 2 * d), range(d, 2 * d)] = 1 / alpha
    a, u = _read_out_and_embedding(d)
    x = task.inputs / np.sqrt(d - 1)
    losses = []
    for _ in range(descent.steps + 1):
        h = x @ u.T
        r = s @ h.T
        selected = _select(_keys(network, r, b), count)
        gate = selected * expit(r)
        outputs = alpha * np.einsum("eij,mj->emi", moments[:, d:, :d], h)
        h1 = h + np.einsum("em,emi->mi", gate, outputs) / count
        residual = task.targets - h1 @ a
        losses.append(np.mean(residual**2))
        delta = residual / len(residual)
        back = gate[:, :, None] * alpha * np.einsum("eij,j->ei", moments[:, :d, d:], a)[:, None]
        slope = selected * expit(r) * expit(-r) * (outputs @ a)
        fields = a + (back.sum(0) + np.einsum("em,ei->mi", slope, s)) / count
        coupling = descent.rate * np.einsum("m,em,mi,j->eij", delta, gate, h, a)
        transfer = np.tile(np.eye(2 * d), (experts, 1, 1))
        transfer[:, :d, d:] = coupling
        transfer[:, d:, :d] = coupling.transpose(0, 2, 1)
        moments = transfer @ moments @ transfer.transpose(0, 2, 1)
        s = s + descent.router_rate * np.einsum("m,em,mi->ei", delta, slope, h)
        a, u = a + descent.rate * delta @ h1, u + descent.rate * (delta[:, None] * fields).T @ x
        b = b + descent.balance_rate * (kappa - selected.mean(axis=1))
    return np.array(losses)


# -- the network ----------------------------------------------------------------------------------------------------


def _initial(task: MoeTask, network: MoeNetwork, quadrature: Quadrature) -> _State:
    d = task.inputs.shape[1] + 1
    p, q = _hidden_units(d, network, quadrature)
    shape = (quadrature.experts, *p.T.shape)
    layers = [
        _Layer(
            s=network.router_std * _normal(d, quadrature.experts, 1000 * quadrature.seed + layer),
            b=network.bias_std * _normal(1, quadrature.experts, 1000 * quadrature.seed + 500 + layer)[:, 0],
            p=np.broadcast_to(p.T, shape).copy(),
            q=np.broadcast_to(q.T, shape).copy(),
        )
        for layer in range(network.layers)
    ]
    return _State(*_read_out_and_embedding(d), layers)


def _read_out_and_embedding(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of a and of U in the basis that they are: a is its first vector."""
    return np.eye(d)[0], np.eye(d)[:, 1:]


def _hidden_units(d: int, network: MoeNetwork, quadrature: Quadrature) -> tuple[np.ndarray, np.ndarray]:
    """Return p, q of shape (hidden, d); <q phi(p)> = 0 exactly, and all second moments are exact for linear phi."""
    if network.activation == "linear":
        both = np.sqrt(2 * d) * np.eye(2 * d)
    else:
        half = _normal(2 * d, quadrature.hidden // 2, 1000 * quadrature.seed + 999)
        both = np.concatenate([half, np.concatenate([half[:, :d], -half[:, d:]], axis=1)])
    return both[:, :d], both[:, d:] * network.hidden_std


def _normal(dimension: int, count: int, seed: int) -> np.ndarray:
    """Return standard normal points, as even as a scrambled Sobol sequence."""
    from scipy.stats import qmc  # a second of import

    exponent = int(np.ceil(np.log2(count))) if count > 1 else 0
    uniform = qmc.Sobol(dimension, scramble=True, rng=np.random.default_rng(seed)).random_base2(exponent)[:count]
    return np.asarray(ndtri(np.clip(uniform, 1e-12, 1 - 1e-12)))


def _keys(network: MoeNetwork, r: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return what the selected experts have the largest of, (experts, points)."""
    return np.asarray((expit(r) if network.select == "gate" else r) + b[:, None])


def _select(keys: np.ndarray, count: int) -> np.ndarray:
    """Return 1 for the `count` largest of each column."""
    chosen = np.argpartition(-keys, count - 1, axis=0)[:count]
    selected = np.zeros(keys.shape)
    np.put_along_axis(selected, chosen, 1.0, axis=0)
    return selected


def _forward(
    task: MoeTask, network: MoeNetwork, state: _State, count: int
) -> tuple[np.ndarray, list[_Pass], np.ndarray]:
    """Return the outputs, what each layer leaves, and the last residual stream (points, d)."""
    h = task.inputs @ state.u.T / np.sqrt(task.inputs.shape[1])
    passes = []
    for layer in state.layers:
        size = np.sqrt((h**2).sum(1) + EPSILON) if network.norm else np.ones(len(h))
        z = h / size[:, None]
        r = layer.s @ z.T
        selected = _select(_keys(network, r, layer.b), count)
        scale = network.hidden_ratio / layer.q.shape[2] / (count * network.layers)
        used, branch = [], np.empty_like(h)
        for point, read in enumerate(z):
            experts = np.flatnonzero(selected[:, point])
            p, q, gate = layer.p[experts], layer.q[experts], expit(r[experts, point])[:, None]
            active, slope = _activate(network.activation, read @ p)
            branch[point] = scale * (q @ (active * gate)[:, :, None]).sum(0)[:, 0]
            used.append(_Used(experts, p, q, gate, active, slope))
        h = h + branch
        passes.append(_Pass(z, size, r, selected, used))
    return h @ state.a, passes, h


def _activate(name: Activation, k: np.ndarray) -> tuple[np.ndarray, np.ndarray | float]:
    if name == "linear":
        return k, 1.0
    if name == "tanh":
        value = np.tanh(k)
        return value, 1 - value**2
    positive = k > 0
    return k * positive, positive.astype(float)


def _descend(
    task: MoeTask,
    network: MoeNetwork,
    descent: MoeDescent,
    state: _State,
    passes: list[_Pass],
    stream: np.ndarray,
    outputs: np.ndarray,
) -> None:
    """Take one step. The quadrature's weights 1/(K L) and alpha/hidden cancel in the rates of p, q and s."""
    delta = (task.targets - outputs) / len(outputs)
    field_ = delta[:, None] * state.a  # of the residual stream, (points, d)
    state.a = state.a + descent.rate * delta @ stream
    for layer, done in zip(reversed(state.layers), reversed(passes), strict=True):
        experts, _, hidden = layer.p.shape
        count = network.active_fraction * experts
        scale = network.hidden_ratio / hidden
        gain, below = np.zeros_like(done.r), np.empty_like(field_)
        for point, used in enumerate(done.used):
            towards = field_[point] @ used.q  # (active, hidden)
            here = scale * (used.active * towards).sum(1) * used.gate[:, 0] * expit(-done.r[used.experts, point])
            gain[used.experts, point] = here
            back_k = towards * used.gate * used.slope
            below[point] = scale * (used.p @ back_k[:, :, None]).sum(0)[:, 0] + here @ layer.s[used.experts]
            taught = descent.rate * network.rate_ratio * done.z[point]
            layer.p[used.experts] += back_k[:, None, :] * taught[:, None]
            taught = descent.rate / network.rate_ratio * field_[point]
            layer.q[used.experts] += (used.active * used.gate)[:, None, :] * taught[:, None]
        below /= count * network.layers
        layer.s = layer.s + descent.router_rate * gain @ done.z
        layer.b = layer.b + descent.balance_rate * (network.active_fraction - done.selected.mean(axis=1))
        if network.norm:
            below = (below - done.z * (below * done.z).sum(1, keepdims=True)) / done.size[:, None]
        field_ = field_ + below
    state.u = state.u + descent.rate * field_.T @ task.inputs / np.sqrt(task.inputs.shape[1])
