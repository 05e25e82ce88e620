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

from solv.theory.validation import require_integer, require_real

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


@dataclass(frozen=True)
class _Window:
    """Times lo..hi-1, being solved; the rows before lo of every kernel are final, those after hi are zero."""

    lo: int
    hi: int

    def product(self, left: Matrix, right: Matrix) -> Matrix:
        """Return the rows of `left @ right`."""
        return np.asarray(left[self.lo : self.hi, : self.hi] @ right[: self.hi, : self.hi])

    def conjugate(self, left: Matrix, middle: Matrix) -> Matrix:
        """Return the rows of `left @ middle @ left.T`."""
        return np.asarray(self.product(left, middle) @ left[: self.hi, : self.hi].T)

    def past(self, correlation: Matrix) -> Matrix:
        """Return the rows of S .* correlation."""
        return np.tril(correlation[self.lo : self.hi, : self.hi], self.lo - 1)

    def rows(self, matrix: Matrix) -> Matrix:
        return matrix[self.lo : self.hi, : self.hi]

    def put(self, target: Matrix, rows: Matrix) -> None:
        target[self.lo : self.hi, : self.hi] = rows

    def put_symmetric(self, target: Matrix, rows: Matrix) -> None:
        self.put(target, rows)
        target[: self.lo, self.lo : self.hi] = rows[:, : self.lo].T

    def put_inverse(self, target: Matrix, loop: Matrix) -> None:
        """Extend target = (1 + L)^-1 by the rows `loop` of a strictly causal L."""
        corner, _ = lapack.dtrtri(loop[:, self.lo :], lower=1, unitdiag=1)
        np.fill_diagonal(corner, 1.0)
        target[self.lo : self.hi, self.lo : self.hi] = corner
        target[self.lo : self.hi, : self.lo] = -corner @ (loop[:, : self.lo] @ target[: self.lo, : self.lo])

    def hold(self, correlation: Matrix) -> None:
        """Start a correlation as it was at the last solved time, or at 1 if there is none."""
        if self.lo == 0:
            self.put(correlation, np.ones((self.hi, self.hi)))
            return
        last = correlation[self.lo - 1, : self.lo]
        rows = np.concatenate([last, np.full(self.hi - self.lo, last[-1])])
        self.put_symmetric(correlation, np.tile(rows, (self.hi - self.lo, 1)))


class _Kernels:
    """The unknowns of (18), (19) as T x T arrays that fill up window by window, and the matrices between them.

    Lists of signals have H + 1 entries: h_0..h_H going forward, b_1..b_{H+1} coming back.
    """

    def __init__(self, network: DeepLinear, steps: int) -> None:
        def empty() -> Matrix:
            return np.zeros((steps, steps))

        layers = network.hidden_layers
        self.network = network
        self.Ch, self.Rd, self.Cb, self.Ru = ([empty() for _ in range(layers + 1)] for _ in range(4))
        self.P, self.Q, self.A, self.B = ([empty() for _ in range(layers + 1)] for _ in range(4))
        self.K, self.F, self.FK, self.G, self.GR = (empty() for _ in range(5))
        self.R_v, self.C_v, self.C_D = (empty() for _ in range(3))
        self.Cb[layers][:] = 1.0

    def observed(self) -> list[Matrix]:
        return [self.C_D, self.C_v, *self.Ch, *self.Cb]

    def clear(self, window: _Window) -> None:
        """Take back what a window that did not settle has left."""
        alone = [self.K, self.F, self.FK, self.G, self.GR, self.R_v, self.C_v, self.C_D]
        for kernel in [*alone, *self.Ch, *self.Rd, *self.Cb[:-1], *self.Ru, *self.P, *self.Q, *self.A, *self.B]:
            kernel[window.lo : window.hi] = 0.0
            kernel[:, window.lo : window.hi] = 0.0

    def sweep(self, window: _Window) -> None:
        """Update every kernel in the window once: (18) layer by layer, then (19)."""
        for layer in range(1, self.network.hidden_layers + 1):
            self._sweep_layer(window, layer)
        self._sweep_input(window)

    def _sweep_layer(self, window: _Window, layer: int) -> None:
        # Entry `layer` of the backward lists is b_{layer+1}; above the last layer it is the constant 1, without
        # response.
        ch_in, rd_in, cb_in, ru_in = self.Ch[layer - 1], self.Rd[layer - 1], self.Cb[layer], self.Ru[layer]
        rd, ru = self.Rd[layer], self.Ru[layer - 1]
        p, q, a, b = self.P[layer], self.Q[layer], self.A[layer], self.B[layer]
        step = self.network.eta * self.network.richness
        window.put(p, window.rows(rd_in) + step * window.past(ch_in))
        window.put(q, window.rows(ru_in) + step * window.past(cb_in))
        window.put_inverse(a, -window.product(p, q))
        window.put(rd, window.product(a, p))
        window.put(b, _identity_rows(window) + window.product(q, rd))
        window.put(ru, window.product(b, q))
        window.put_symmetric(self.Ch[layer], window.conjugate(a, ch_in) + window.conjugate(rd, cb_in))
        window.put_symmetric(self.Cb[layer - 1], window.conjugate(b, cb_in) + window.conjugate(ru, ch_in))

    def _sweep_input(self, window: _Window) -> None:
        network = self.network
        cb, hi = self.Cb[0], window.hi
        readout = 1 / (network.richness * network.width)
        source = 1 + cb[:hi, :hi] * (readout / network.richness)
        window.put(self.K, window.rows(self.Ru[0]) / network.richness + network.eta * window.past(cb))
        window.put_inverse(self.F, window.product(self.K, self.R_v))
        window.put(self.FK, window.product(self.F, self.K))
        window.put(self.G, _identity_rows(window) - window.product(self.R_v, self.FK))
        window.put(self.GR, window.product(self.G, self.R_v))
        window.put(self.Rd[0], -readout * window.rows(self.GR))
        gradient = window.conjugate(self.GR, source) + window.conjugate(self.G, self.C_v) / network.samples
        window.put_symmetric(self.Ch[0], gradient)
        error = window.conjugate(self.F, source) + window.conjugate(self.FK, self.C_v) / network.samples
        window.put_symmetric(self.C_D, error)
        window.put_inverse(self.R_v, window.rows(self.FK) / network.samples)
        window.put_symmetric(self.C_v, window.conjugate(self.R_v, self.C_D[:hi, :hi] + network.label_noise))


def deep_linear_dynamics(network: DeepLinear, steps: int) -> DeepLinearDynamics:
    """Solve the two-time theory of the network for t = 0..steps-1 (spec equations (18), (19)).

    Exact for discrete gradient descent as D -> infinity. The equations are causal, so the leading n x n block is solved
    before the next: 20 new times are swept until no correlation moves by more than 1e-11 of its largest entry, then
    kept. Where the sweeps overflow, fewer new times are taken at once, down to one, whose sweep is exact.

    Args:
        network: architecture, task and learning rate.
        steps: T >= 2; the first entry is before the first update.

    Raises:
        ValueError: steps < 2.
        RuntimeError: a kernel overflows (training diverges: eta too large) or a block does not settle in 400 sweeps;
            the message names the block.

    Cost: O(T^3): T/20 blocks of about 12 sweeps of some 10 + 12 H products of 20 x T by T x T matrices.

    """
    steps = require_integer("steps", steps, least=2)
    kernels = _Kernels(network, steps)
    _settle(kernels, _Window(0, 1))
    lo, block = 1, BLOCK
    while lo < steps:
        window = _Window(lo, min(lo + block, steps))
        try:
            _settle(kernels, window)
        except OverflowError as error:
            # Sweeps of a long block may overflow on the way to a finite solution; one new time alone cannot.
            if window.hi - lo == 1:
                raise RuntimeError(str(error)) from None
            kernels.clear(window)
            block = max(1, (window.hi - lo) // 4)
            continue
        lo = window.hi
    return DeepLinearDynamics(
        network,
        error=kernels.C_D,
        residual=kernels.C_v,
        forward=tuple(kernels.Ch),
        forward_response=tuple(kernels.Rd),
        backward=tuple(kernels.Cb),
        backward_response=tuple(kernels.Ru),
        teacher_error=kernels.F.sum(axis=1),
    )


def _settle(kernels: _Kernels, window: _Window) -> None:
    """Sweep the window until no correlation moves."""
    for correlation in kernels.observed():
        window.hold(correlation)
    window.put(kernels.R_v, _identity_rows(window))
    for _ in range(MOST_SWEEPS):
        before = [window.rows(correlation).copy() for correlation in kernels.observed()]
        with np.errstate(over="ignore", invalid="ignore"):
            kernels.sweep(window)
            moves = [
                np.max(np.abs(window.rows(new) - old)) / np.max(np.abs(window.rows(new)))
                for new, old in zip(kernels.observed(), before, strict=True)
            ]
        if not np.all(np.isfinite(moves)):
            raise OverflowError(
                f"the kernels overflow in the block of times {window.lo}..{window.hi - 1}: "
                f"training diverges, eta = {kernels.network.eta:g} is too large"
            )
        if max(moves) <= SWEEP_TOLERANCE:
            return
    raise RuntimeError(
        f"the block of times {window.lo}..{window.hi - 1} did not settle in {MOST_SWEEPS} sweeps: move {max(moves):.1e}"
    )


def _identity_rows(window: _Window) -> Matrix:
    return np.eye(window.hi - window.lo, window.hi, window.lo)
