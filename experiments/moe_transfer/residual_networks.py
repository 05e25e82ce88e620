"""What do residual networks of experts do under gradient descent: in their exact limit, and at finite size?"""

from functools import lru_cache
from typing import Any

import numpy as np

from solv.experiments.moe_transfer.settings import LimitSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.theory.moe_transfer.limit import Activation, MoeCurves, MoeDescent, MoeNetwork, MoeTask, Quadrature, moe_limit


def task() -> MoeTask:
    """Return three points in the plane: those of the reference values."""
    number = np.arange(1, 4)[:, None]
    return MoeTask(np.sqrt(2) * np.cos(1.3 * number * np.arange(1, 3) + 0.4 * number), np.array([1, -0.7, 0.5]))


def params_of(settings: LimitSettings, activation: Activation, **more: object) -> dict[str, object]:
    """Return the params of a curve of these networks: what all of them share, and what is said of this one."""
    return {
        "activation": activation,
        "active_fraction": settings.active_fraction,
        "hidden_ratio": settings.hidden_ratio,
        "router_std": settings.router_std,
        "norm": settings.norm,
        **more,
    }


def rate_params(settings: LimitSettings) -> dict[str, object]:
    """Return the params of a curve whose networks learn at the configured rates."""
    return {"rate": settings.rate, "router_rate": settings.router_rate}


def middle_size(settings: LimitSettings) -> int:
    """Return the size N = E at which the depth is varied."""
    return sorted(settings.size)[len(settings.size) // 2]


@lru_cache(maxsize=64)  # the same limit is drawn, and compared with, in several panels
def limit_of(
    settings: LimitSettings,
    activation: Activation,
    layers: int = 1,
    balance: float = 0.0,
    rate: float | None = None,
    steps: int | None = None,
) -> MoeCurves:
    """Return the limit of infinitely many experts, hidden units and coordinates.

    Args:
        settings: of the networks.
        activation: phi of the hidden units.
        layers: depth L.
        balance: rate of the balance bias.
        rate: learning rate, of the router too; None: those of the settings.
        steps: of gradient descent; None: those of the settings.
    """
    network = MoeNetwork(
        activation, settings.active_fraction, settings.hidden_ratio, layers, settings.norm, settings.router_std
    )
    router = settings.router_rate if rate is None else rate
    descent = MoeDescent(settings.rate if rate is None else rate, router, balance, steps or settings.steps)
    return moe_limit(task(), network, descent, Quadrature(settings.quadrature_experts, settings.quadrature_hidden))


def descend(
    settings: LimitSettings,
    context: Context,
    activation: Activation,
    width: int,
    experts: int,
    repeats: int,
    layers: int = 1,
    balance: float = 0.0,
    rate: float | None = None,
    steps: int | None = None,
) -> dict[str, np.ndarray]:
    """Return what finite networks do: one unit of work, each repeat drawn from a stream of its own.

    Args:
        settings, activation, layers, balance, rate, steps: as in `limit_of`.
        context: of the run.
        width, experts: N and E.
        repeats: number of networks.

    Returns:
        `loss` (repeats, steps + 1), `outputs` (repeats, steps + 1, points), `router_std` and `load_std`
        (repeats, steps + 1).

    Raises:
        ConfigurationError: the active experts, or the hidden units of one, would not be an integer >= 1.
    """
    active, hidden = settings.active_fraction * experts, settings.hidden_ratio * width
    for name, value in (("limit.active_fraction times experts", active), ("limit.hidden_ratio times width", hidden)):
        if abs(value - round(value)) > 1e-9 or round(value) < 1:
            raise ConfigurationError(f"{name} = {value:g} (width {width}, experts {experts}) is not an integer >= 1")
    eta, router = (settings.rate, settings.router_rate) if rate is None else (rate, rate)

    def compute() -> dict[str, Any]:
        import torch

        from solv.models.moe_transfer.residual import ResidualShape, draw_residual
        from solv.models.moe_transfer.residual import descend as train

        shape = ResidualShape(
            width, experts, round(hidden), round(active), layers, activation, settings.norm, settings.router_std
        )
        name = "limit", width, experts, layers
        streams = [context.seeds.torch(*name, repeat, device=context.device) for repeat in range(repeats)]
        given = task()
        inputs, targets = (torch.from_numpy(part).to(context.device) for part in (given.inputs, given.targets))
        drawn = draw_residual(shape, inputs.shape[1], streams, settings.whiten)
        rates = torch.full((repeats,), eta, dtype=torch.float64, device=context.device)
        descent = train(shape, drawn, inputs, targets, rates, router / eta * rates, balance, steps or settings.steps)
        return {
            "loss": descent.loss.cpu().numpy(),
            "outputs": descent.outputs.cpu().numpy(),
            "router_std": descent.router_std.cpu().numpy(),
            "load_std": descent.load_std.cpu().numpy(),
        }

    unit = f"limit {activation} N={width} E={experts} L={layers} balance={balance} rate={rate} repeats={repeats}"
    return context.unit(unit, compute)
