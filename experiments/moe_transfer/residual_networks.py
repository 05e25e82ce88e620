"""What do residual networks of experts do under gradient descent: in their exact limit, and at finite size?"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from solv.experiments.moe_transfer.settings import Down, LimitSettings, RoutingInit
from solv.experiments.moe_transfer.sizes import PASS
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.harness.work import Work
from solv.theory.moe_transfer.limit import Activation, MoeCurves, MoeDescent, MoeNetwork, MoeTask, Quadrature, moe_limit
from solv.tracking import confidence
from solv.tracking.claims import Verdict, known, within
from solv.tracking.curves import Curves

LIMIT_PASSES, LIMIT_CALLS = 12, 60  # of a step: a coordinate of an active hidden unit at a point; calls of a point
STEP_PASSES, DRAW_PASSES, STEP_CALLS = 10, 20, 60  # of a weight, in double precision; of a layer


def task() -> MoeTask:
    """Return three points in the plane: those of the reference values."""
    number = np.arange(1, 4)[:, None]
    return MoeTask(np.sqrt(2) * np.cos(1.3 * number * np.arange(1, 3) + 0.4 * number), np.array([1, -0.7, 0.5]))


@dataclass(frozen=True)
class Variant:
    """What one panel varies of the networks beside their sizes; None: as the settings have it."""

    hidden_ratio: float | None = None
    down: Down | None = None
    routing_init: RoutingInit | None = None


AS_SET = Variant()


def params_of(
    settings: LimitSettings, activation: Activation, variant: Variant = AS_SET, /, **more: object
) -> dict[str, object]:
    """Return the params of a curve of these networks: what all of them share, and what is said of this one."""
    routing_init = variant.routing_init or settings.routing_init
    start = {"bias_std": settings.bias_std} if routing_init == "bias" else {"router_std": settings.router_std}
    return {
        "activation": activation,
        "active_fraction": settings.active_fraction,
        "hidden_ratio": variant.hidden_ratio or settings.hidden_ratio,
        "down": variant.down or settings.down,
        "select": settings.select,
        "routing_init": routing_init,
        **start,
        "norm": settings.norm,
        **more,
    }


def network_of(
    settings: LimitSettings, activation: Activation, layers: int = 1, variant: Variant = AS_SET
) -> MoeNetwork:
    """Return the network whose limit is taken.

    Raises:
        ConfigurationError: nothing would tell the experts apart.
    """
    from_bias = (variant.routing_init or settings.routing_init) == "bias"
    try:
        return MoeNetwork(
            activation,
            settings.active_fraction,
            variant.hidden_ratio or settings.hidden_ratio,
            layers,
            settings.norm,
            0.0 if from_bias else settings.router_std,
            settings.bias_std if from_bias else 0.0,
            variant.down or settings.down,
            settings.select,
        )
    except ValueError as error:
        raise ConfigurationError(f"limit: {error}") from error


def rate_params(settings: LimitSettings) -> dict[str, object]:
    """Return the params of a curve whose networks learn at the configured rates."""
    return {"rate": settings.rate, "router_rate": settings.router_rate}


def middle_size(settings: LimitSettings) -> int:
    """Return the size N = E at which the depth is varied."""
    return sorted(settings.size)[len(settings.size) // 2]


def limit_of(
    settings: LimitSettings,
    activation: Activation,
    layers: int = 1,
    balance: float = 0.0,
    rate: float | None = None,
    steps: int | None = None,
    variant: Variant = AS_SET,
) -> MoeCurves:
    """Return the limit of infinitely many experts, hidden units and coordinates.

    Args:
        settings: of the networks.
        activation: phi of the hidden units.
        layers: depth L.
        balance: rate of the balance bias.
        rate: learning rate, of the router too; None: those of the settings.
        steps: of gradient descent; None: those of the settings.
        variant: what is varied beside.
    """
    network = network_of(settings, activation, layers, variant)
    router = settings.router_rate if rate is None else rate
    descent = MoeDescent(settings.rate if rate is None else rate, router, balance, steps or settings.steps)
    return _limit(network, descent, Quadrature(settings.quadrature_experts, settings.quadrature_hidden))


@lru_cache(maxsize=64)  # the same limit is drawn, and compared with, in several panels of several parts
def _limit(network: MoeNetwork, descent: MoeDescent, quadrature: Quadrature) -> MoeCurves:
    return moe_limit(task(), network, descent, quadrature)


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
    variant: Variant = AS_SET,
) -> dict[str, np.ndarray]:
    """Return what finite networks do: one unit of work, each repeat drawn from a stream of its own.

    Args:
        settings, activation, layers, balance, rate, steps, variant: as in `limit_of`.
        context: of the run.
        width, experts: N and E.
        repeats: number of networks.

    Returns:
        `loss` (repeats, steps + 1), `outputs` (repeats, steps + 1, points), `router_std` and `load_std`
        (repeats, steps + 1).

    Raises:
        ConfigurationError: the active experts, or the hidden units of one, would not be an integer >= 1.
    """
    network = network_of(settings, activation, layers, variant)
    shape = shape_of(network, width, experts)
    eta, router = (settings.rate, settings.router_rate) if rate is None else (rate, rate)

    def compute() -> dict[str, Any]:
        import torch

        from solv.models.moe_transfer.residual import ResidualShape, draw_residual
        from solv.models.moe_transfer.residual import descend as train

        sizes = ResidualShape(**shape)
        name = "limit", width, experts, layers
        streams = [context.seeds.torch(*name, repeat, device=context.device) for repeat in range(repeats)]
        given = task()
        inputs, targets = (torch.from_numpy(part).to(context.device) for part in (given.inputs, given.targets))
        drawn = draw_residual(sizes, inputs.shape[1], streams, settings.whiten)
        rates = torch.full((repeats,), eta, dtype=torch.float64, device=context.device)
        descent = train(sizes, drawn, inputs, targets, rates, router / eta * rates, balance, steps or settings.steps)
        return {
            "loss": descent.loss.cpu().numpy(),
            "outputs": descent.outputs.cpu().numpy(),
            "router_std": descent.router_std.cpu().numpy(),
            "load_std": descent.load_std.cpu().numpy(),
        }

    unit = f"limit {activation} N={width} E={experts} L={layers} balance={balance} rate={rate} repeats={repeats}"
    unit += f" steps={steps or settings.steps} alpha={network.hidden_ratio:g} down={network.down}"
    return context.unit(f"{unit} bias={network.bias_std:g}", compute)


def shape_of(network: MoeNetwork, width: int, experts: int) -> dict[str, Any]:
    """Return the sizes and choices of a finite network, as `models/moe_transfer/residual.py` takes them.

    Raises:
        ConfigurationError: the active experts, or the hidden units of one, would not be an integer >= 1.
    """
    active, hidden = network.active_fraction * experts, network.hidden_ratio * width
    for name, value in (("limit.active_fraction times experts", active), ("limit.hidden_ratio times width", hidden)):
        if abs(value - round(value)) > 1e-9 or round(value) < 1:
            raise ConfigurationError(f"{name} = {value:g} (width {width}, experts {experts}) is not an integer >= 1")
    choices = {name: getattr(network, name) for name in ("layers", "activation", "norm", "router_std", "bias_std")}
    sizes = {"width": width, "experts": experts, "hidden": round(hidden), "active": round(active)}
    return {**sizes, **choices, "down": network.down, "select": network.select}


def limit_work(settings: LimitSettings, activation: Activation, layers: int = 1, steps: int | None = None) -> Work:
    """Return the work of `limit_of`; memory: all hidden units, and what a point keeps of those it is sent to."""
    points, coordinates = len(task().targets), task().inputs.shape[1] + 1
    hidden = 2 * coordinates if activation == "linear" else settings.quadrature_hidden
    units = settings.quadrature_experts * hidden * layers
    sent, taken = settings.active_fraction * units * points, (steps or settings.steps) + 1
    flops = PASS * LIMIT_PASSES * sent * coordinates * taken
    return Work(flops, LIMIT_CALLS * layers * points * taken, 16 * (coordinates * units + (coordinates + 1) * sent))


def weights_of(width: int, experts: int, layers: int, hidden_ratio: float) -> float:
    """Return how many weights the routers and experts of a residual network have."""
    return layers * experts * width * (1 + 2 * hidden_ratio * width)


def descent_work(
    settings: LimitSettings,
    width: int,
    experts: int,
    repeats: int,
    layers: int = 1,
    steps: int | None = None,
    hidden_ratio: float | None = None,
) -> Work:
    """Return the work of `descend`: three points are few, and the time is that of going through all weights.

    Memory: weights as drawn, in training, their gradient and its multiple.
    """
    held = repeats * weights_of(width, experts, layers, hidden_ratio or settings.hidden_ratio)
    taken = (steps or settings.steps) + 1
    return Work(PASS * held * (STEP_PASSES * taken + DRAW_PASSES), STEP_CALLS * (layers + 1) * taken, 4 * 8 * held)


def on_the_limit(rows: Curves, band: float) -> list[Verdict]:
    """Judge of each row whether the mean over networks lies within a relative band of the limit.

    Its deviation is a root mean square, to which its scatter adds: what is left beyond that is judged.

    Args:
        rows: deviations of the mean, with its scatter over networks as error; all are judged together.
        band: largest deviation beyond the scatter, > 0; a scatter above it decides nothing.
    """
    verdicts = []
    for deviation, error, n in zip(rows["y"], rows["y_err"], rows["n"], strict=True):
        scatter = known(error, n)
        excess = float(np.sqrt(max(deviation**2 - scatter**2, 0.0))) if np.isfinite(scatter) else np.nan
        near = within(excess, 0.0, band, scatter, sigmas=1)
        if near is Verdict.FAILS:
            near = confidence.within(excess, 0.0, band, error, n, comparisons=len(rows))
        verdicts.append(near)
    return verdicts
