"""How much do the branches add to the stream before anything is learned? The free coordinate check at t = 0.

Every expert's output is random at first, and a sum over L layers of means over K = kappa E experts of H hidden units is
a mean of as many independent terms. With the paper's W2, of standard deviation sqrt(N)/H, a coordinate has the variance

    Var(h^L - h^0) = c N / (kappa E H L),
    c = < sigmoid(r)^2 >_selected  < phi(k)^2 >,   r ~ N(0, s_r^2 m),  k ~ N(0, m)

at a point of mean square m (arXiv:2601.20205, section 4: the limit is an ODE where N/(E H L) vanishes, and an SDE where
it does not; the constant is ours). Slopes -1 in L, E and alpha = H/N, 0 in N. With W2 of variance 1/H it is
c / (kappa E L). The mean over the K selected of E is exact; what the stream's own growth adds is of second order and
left out.
"""

import numpy as np
from scipy.special import bdtr, expit, ndtr

from solv.theory.moe_transfer.limit import ACTIVATIONS, Activation, MoeNetwork, MoeTask
from solv.theory.validation import require_integer

GRID = 4001  # points of the integrals, over +- SPREAD standard deviations
SPREAD = 8.0


def initial_branch_variance(task: MoeTask, network: MoeNetwork, width: int, experts: int) -> float:
    """Return the variance of a coordinate of h^L - h^0 over coordinates and points, for N = width, E = experts.

    Args:
        task: its inputs give the mean squares m.
        network: all but the rates matters; its biases must start at 0.
        width: N >= 1.
        experts: E >= 1, of which kappa E is an integer >= 1.

    Raises:
        ValueError: a size out of range, or biases that do not start at 0.
    """
    require_integer("width", width, least=1)
    require_integer("experts", experts, least=1)
    active = network.active_fraction * experts
    if abs(active - round(active)) > 1e-9 or round(active) < 1:
        raise ValueError(
            f"active_fraction = {network.active_fraction:g} of experts = {experts} is {active:g}; "
            "valid: an integer >= 1"
        )
    if network.bias_std:
        raise ValueError(f"bias_std = {network.bias_std:g}; valid: 0")
    squares = np.mean(task.inputs**2, axis=1)
    if network.norm:
        squares = np.ones_like(squares)
    constants = [
        _selected_gate(network.router_std * np.sqrt(m), round(active), experts)
        * _hidden_square(network.activation, float(np.sqrt(m)))
        for m in squares
    ]
    hidden = network.hidden_ratio * width
    spread = width / hidden if network.down == "mean-field" else 1.0
    return float(np.mean(constants)) * spread / (active * network.layers)


def _selected_gate(deviation: float, active: int, experts: int) -> float:
    """Return the mean square of the gate over the `active` largest of `experts` normal logits."""
    z = np.linspace(-SPREAD, SPREAD, GRID)
    among = bdtr(active - 1, experts - 1, ndtr(-z)) * experts / active
    return float(np.trapezoid(_normal_density(z) * among * expit(deviation * z) ** 2, z))


def _normal_density(z: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def _hidden_square(activation: Activation, deviation: float) -> float:
    """Return < phi(k)^2 > for k ~ N(0, deviation^2)."""
    assert activation in ACTIVATIONS
    if activation == "tanh":
        z = np.linspace(-SPREAD, SPREAD, GRID)
        return float(np.trapezoid(_normal_density(z) * np.tanh(deviation * z) ** 2, z))
    return deviation**2 * (0.5 if activation == "relu" else 1.0)
