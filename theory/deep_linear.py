"""How do the losses of a deep linear network that learns features fall under gradient descent on random data?

f(x) = (1/(g0 nu D)) a^T (W_{H-1}/sqrt N) ... (W_1/sqrt N) W_0 x with every weight trained from N(0,1) at learning rate
eta g0^2 N on noisy linear targets, D -> infinity at fixed N/D and P/D (arXiv:2601.01010; dmft spec section 5, model
M5). Time translation invariance is lost, so the theory is a fixed point for T x T correlations and responses.

Notation

| symbol | name | shape / range |
|---|---|---|
| H | hidden layers | integer >= 1 |
| nu, alpha | width N/D, samples P/D | > 0, inf allowed |
| g0 | richness: 0 is lazy, large is feature learning | > 0 |
| eta, sigma2 | learning rate in units of g0^2 N, label noise | > 0, >= 0 |
| S | strictly lower triangle of ones | (T, T) |
| h_l, b_l | forward signal of the gradient direction g = h_0, backward signal of the readout | fields over units |
| Ch_l, Cb_l | correlations of h_l, l = 0..H, and of b_l, l = 1..H+1 (b_{H+1} = 1) | (T, T) |
| Rd_l, Ru_l | response of h_l to backward noise, of b_l to forward noise | (T, T), lower triangular |
| P_l, Q_l | what a layer feeds forward and back, learned part included | (T, T), lower triangular |
| Delta, v | error beta* - beta, residual on the training set | fields |
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import lapack

from theory.validation import require_integer, require_real

BLOCK = 20
SWEEP_TOLERANCE = 1e-11
MOST_SWEEPS = 400

Matrix = Float[np.ndarray, "T T"]


@dataclass(frozen=True)
class DeepLinear:
    """A deep linear network and its task.

    Attributes:
        hidden_layers: H >= 1.
        richness: g0 > 0; below 0.3 the random initial function, of variance 1/(g0^2 nu), dominates.
        width: nu = N/D > 0, inf allowed.
        samples: alpha = P/D > 0, inf allowed.
        eta: learning rate in units of g0^2 N, > 0.
        label_noise: sigma2 >= 0.

    Raises:
        ValueError: a number out of range.

    """

    hidden_layers: int
    richness: float
    width: float
    samples: float
    eta: float
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        require_integer("hidden_layers", self.hidden_layers, least=1)
        require_real("richness", self.richness, above=0)
        require_real("width", self.width, above=0, infinite=True)
        require_real("samples", self.samples, above=0, infinite=True)
        require_real("eta", self.eta, above=0)
        require_real("label_noise", self.label_noise, least=0)


@dataclass(frozen=True)
class DeepLinearDynamics:
    """Solution of the theory at t = 0..T-1.

    Attributes:
        network: what was solved.
        error: C_D, mean over directions of Delta(t) Delta(s), (T, T).
        residual: C_v, mean over training samples of v(t) v(s), (T, T).
        forward, forward_response: Ch_l and Rd_l, l = 0..H.
        backward, backward_response: Cb_{l+1} and Ru_{l+1}, entry l = 0..H: what comes down to the output of W_l.
        teacher_error: mean over directions of beta* Delta(t), (T,).

    """

    network: DeepLinear
    error: Matrix
    residual: Matrix
    forward: tuple[Matrix, ...]
    forward_response: tuple[Matrix, ...]
    backward: tuple[Matrix, ...]
    backward_response: tuple[Matrix, ...]
    teacher_error: Float[np.ndarray, "T"]

    @property
    def test_loss(self) -> Float[np.ndarray, "T"]:
        """L(t) = |beta* - beta|^2 / D, label noise left out (spec equation (19))."""
        return np.diagonal(self.error)

    @property
    def train_loss(self) -> Float[np.ndarray, "T"]:
        """Lhat(t) = |y - f|^2 / P (spec equation (19))."""
        return np.diagonal(self.residual)

    @property
    def alignment(self) -> Float[np.ndarray, "T"]:
        """Cosine between the network's beta(t) and beta*, from <beta* beta> = 1 - <beta* Delta>.

        Zero where beta vanishes (t = 0 at infinite width).
        """
        overlap = 1 - self.teacher_error
        power = 1 - 2 * self.teacher_error + self.test_loss
        norm = np.sqrt(np.where(power > 0, power, 1.0))
        return np.where(power > 0, overlap / norm, 0.0)


@dataclass
class _Kernels:
    """The unknowns of (18), (19); forward lists have H + 1 entries, backward ones too, the last being constant."""

    Ch: list[Matrix]
    Rd: list[Matrix]
    Cb: list[Matrix]
    Ru: list[Matrix]
    R_v: Matrix
    C_v: Matrix
    C_D: Matrix
    teacher_error: Float[np.ndarray, "T"]


def deep_linear_dynamics(network: DeepLinear, steps: int) -> DeepLinearDynamics:
    """Solve the two-time theory of the network for t = 0..steps-1 (spec equations (18), (19)).

    Exact for discrete gradient descent as D -> infinity. The equations are causal, so the leading n x n block is solved
    before the next: blocks grow by 20, each swept from the smaller one until no kernel moves by more than 1e-11 of its
    largest entry.

    Args:
        network: architecture, task and learning rate.
        steps: T >= 2; the first entry is before the first update.

    Raises:
        ValueError: steps < 2.
        RuntimeError: a kernel overflows (training diverges: eta too large) or a block does not settle in 400 sweeps;
            the message names the block.

    Cost: O(T^4) in principle: T/20 blocks of about 10 sweeps of some 15 H products of T x T matrices.

    """
    steps = require_integer("steps", steps, least=2)
    kernels = _start(network)
    size = 1
    while size < steps:
        size = min(steps, BLOCK * (size // BLOCK + 1))
        kernels = _grow(kernels, size)
        _settle(network, kernels, size)
    return DeepLinearDynamics(
        network,
        error=kernels.C_D,
        residual=kernels.C_v,
        forward=tuple(kernels.Ch),
        forward_response=tuple(kernels.Rd),
        backward=tuple(kernels.Cb),
        backward_response=tuple(kernels.Ru),
        teacher_error=kernels.teacher_error,
    )


def _settle(network: DeepLinear, kernels: _Kernels, size: int) -> None:
    """Sweep (18), (19) in place until nothing moves."""
    for _ in range(MOST_SWEEPS):
        before = (kernels.C_D, kernels.C_v, kernels.Ch[0], kernels.Cb[0], kernels.Ch[-1])
        with np.errstate(over="ignore", invalid="ignore"):
            for layer in range(1, network.hidden_layers + 1):
                _sweep_layer(network, kernels, layer)
            _sweep_input(network, kernels)
            after = (kernels.C_D, kernels.C_v, kernels.Ch[0], kernels.Cb[0], kernels.Ch[-1])
            moves = [np.max(np.abs(new - old)) / np.max(np.abs(new)) for new, old in zip(after, before, strict=True)]
        if not np.all(np.isfinite(moves)):
            raise RuntimeError(
                f"the kernels overflow in the block of times 0..{size - 1}: "
                f"training diverges, or eta = {network.eta:g} is too large for the solver"
            )
        if max(moves) <= SWEEP_TOLERANCE:
            return
    raise RuntimeError(
        f"the block of times 0..{size - 1} did not settle in {MOST_SWEEPS} sweeps: move {max(moves):.1e}"
    )


def _sweep_layer(network: DeepLinear, kernels: _Kernels, layer: int) -> None:
    """Update the signals through hidden layer `layer` = 1..H (equation (18))."""
    ch_in, rd_in = kernels.Ch[layer - 1], kernels.Rd[layer - 1]
    # Entry `layer` of the backward lists is b_{layer+1}; above the last layer it is the constant 1, with no response.
    cb_in, ru_in = kernels.Cb[layer], kernels.Ru[layer]
    step = network.eta * network.richness
    p = rd_in + step * np.tril(ch_in, -1)
    q = ru_in + step * np.tril(cb_in, -1)
    a = _inverse_unit_lower(np.eye(len(p)) - p @ q)
    rd = a @ p
    b = np.eye(len(p)) + q @ rd
    ru = b @ q
    kernels.Rd[layer], kernels.Ru[layer - 1] = rd, ru
    kernels.Ch[layer] = a @ ch_in @ a.T + rd @ cb_in @ rd.T
    kernels.Cb[layer - 1] = b @ cb_in @ b.T + ru @ ch_in @ ru.T


def _sweep_input(network: DeepLinear, kernels: _Kernels) -> None:
    """Update error, residual and gradient direction (equation (19))."""
    cb, ru = kernels.Cb[0], kernels.Ru[0]
    one = np.eye(len(cb))
    readout = 1 / (network.richness * network.width)
    k = ru / network.richness + network.eta * np.tril(cb, -1)
    source = 1 + cb * readout / network.richness
    f = _inverse_unit_lower(one + k @ kernels.R_v)
    fk = f @ k
    g = one - kernels.R_v @ fk
    g_r = g @ kernels.R_v
    data_noise = kernels.C_v / network.samples
    kernels.Rd[0] = -readout * g_r
    kernels.Ch[0] = g @ data_noise @ g.T + g_r @ source @ g_r.T
    kernels.C_D = f @ source @ f.T + fk @ data_noise @ fk.T
    kernels.R_v = _inverse_unit_lower(one + fk / network.samples)
    kernels.C_v = kernels.R_v @ (kernels.C_D + network.label_noise) @ kernels.R_v.T
    kernels.teacher_error = f.sum(axis=1)


def _start(network: DeepLinear) -> _Kernels:
    """Return the kernels at t = 0, where every signal has its initial variance and nothing has responded."""
    layers, readout = network.hidden_layers, 1 / (network.richness * network.width)
    error = 1 + readout / network.richness
    residual = error + network.label_noise
    gradient = error + residual / network.samples

    def constant(value: float) -> Matrix:
        return np.full((1, 1), value)

    return _Kernels(
        Ch=[constant(gradient) for _ in range(layers + 1)],
        Rd=[constant(-readout) for _ in range(layers + 1)],
        Cb=[constant(1.0) for _ in range(layers + 1)],
        Ru=[constant(0.0) for _ in range(layers + 1)],
        R_v=constant(1.0),
        C_v=constant(residual),
        C_D=constant(error),
        teacher_error=np.ones(1),
    )


def _grow(kernels: _Kernels, size: int) -> _Kernels:
    """Extend the kernels to `size` times: correlations go on as they are, responses are 0, R_v is the identity."""
    more = size - len(kernels.C_D)

    def held(correlation: Matrix) -> Matrix:
        return np.pad(correlation, (0, more), mode="edge")

    def silent(response: Matrix) -> Matrix:
        return np.pad(response, (0, more))

    r_v = np.eye(size)
    r_v[:-more, :-more] = kernels.R_v
    return _Kernels(
        Ch=[held(c) for c in kernels.Ch],
        Rd=[silent(r) for r in kernels.Rd],
        Cb=[held(c) for c in kernels.Cb],
        Ru=[silent(r) for r in kernels.Ru],
        R_v=r_v,
        C_v=held(kernels.C_v),
        C_D=held(kernels.C_D),
        teacher_error=np.pad(kernels.teacher_error, (0, more), mode="edge"),
    )


def _inverse_unit_lower(matrix: Matrix) -> Matrix:
    """Return the inverse of a lower triangular matrix with unit diagonal, as every causal loop here is."""
    inverse, _ = lapack.dtrtri(matrix, lower=1, unitdiag=1)
    return np.asarray(inverse)
