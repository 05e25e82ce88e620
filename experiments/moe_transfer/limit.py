"""Do finite residual networks of experts follow their exact limit? E0 of moe-transfer: predictions and measurements."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

from solv.experiments.moe_transfer.panels import points
from solv.experiments.moe_transfer.settings import LimitSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.theory.moe_transfer.limit import Activation, MoeCurves, MoeDescent, MoeNetwork, MoeTask, Quadrature, moe_limit
from solv.tracking.curves import Curves, standard_error

DEPTH_TIME = 5


def task() -> MoeTask:
    """Return three points in the plane: those of the reference values."""
    number = np.arange(1, 4)[:, None]
    return MoeTask(np.sqrt(2) * np.cos(1.3 * number * np.arange(1, 3) + 0.4 * number), np.array([1, -0.7, 0.5]))


def predict_limit(settings: LimitSettings) -> Iterator[Curves]:
    """Yield the theory curves of E0."""
    t = np.arange(settings.steps + 1)
    last = settings.activation[-1]
    for name in settings.activation:
        loss = _limit(settings, name).loss
        for size in settings.size:
            yield points(f"limit {name}", f"N = E = {size}", "theory", "t", t, "loss", loss)
    for number, outputs in enumerate(_limit(settings, last).outputs.T):
        yield points("limit outputs", f"point {number + 1}", "theory", "t", t, "f", outputs)
    for balance in settings.balance_rates:
        found = _limit(settings, last, balance=balance)
        series = f"η_b = {balance:g}"
        yield points("limit router", series, "theory", "t", t, "deviation", found.router_std)
        yield points("limit load", series, "theory", "t", t, "deviation", found.load_std)
    by_depth = [_limit(settings, last, layers=layers).loss[DEPTH_TIME] for layers in settings.layers]
    yield points("limit depth", last, "theory", "L", settings.layers, "loss", by_depth)
    powers = sorted(settings.rate_powers)
    losses = [_limit(settings, last, rate=2.0**power, steps=settings.rate_steps).loss[-1] for power in powers]
    for size in settings.size:
        yield points("limit rates", f"N = E = {size}", "theory", "log2 rate", powers, "loss", losses)


def measure_limit(settings: LimitSettings, context: Context) -> Iterator[Curves]:
    """Yield the curves of finite networks."""
    last, top = settings.activation[-1], max(settings.size)
    jobs = len(settings.activation) * len(settings.size) + len(settings.experts) + len(settings.width)
    jobs += len(settings.balance_rates) + len(settings.layers) + len(settings.size)
    with context.progress.task("train networks beside their limit", jobs) as step:
        for name in settings.activation:
            for size in settings.size:
                yield from _size(settings, context, name, size)
                step.advance(note=f"{name} {size}")
        grown = {f"E at N = {top}": [(top, e) for e in settings.experts if e != top]}
        grown[f"N at E = {top}"] = [(n, top) for n in settings.width if n != top]
        for series, sizes in grown.items():
            losses = {}
            for width, experts in sizes:
                found = _descend(settings, context, last, width, experts, settings.scan_repeats)
                losses[experts if series.startswith("E") else width] = found["loss"]
                step.advance(note=series)
            yield from _deviations(settings, series, losses, last)
        yield from _balanced(settings, context, last, top)
        step.advance(len(settings.balance_rates))
        yield from _depths(settings, context, last)
        step.advance(len(settings.layers))
        for size in settings.size:
            yield from _learning_rates(settings, context, last, size)
            step.advance(note=f"learning rates {size}")


def _size(settings: LimitSettings, context: Context, name: Activation, size: int) -> Iterator[Curves]:
    found = _descend(settings, context, name, size, size, settings.repeats)
    limit = _limit(settings, name).loss
    t = np.arange(settings.steps + 1)
    y, y_err, n = standard_error(found["loss"])
    yield points(f"limit {name}", f"N = E = {size}", "simulation", "t", t, "loss", y, y_err=y_err, n=n)
    yield from _deviations(settings, f"N = E, {name}", {size: found["loss"]}, name)
    scale = np.sqrt(np.mean(limit**2))
    deviation, noise = np.sqrt(np.mean((y - limit) ** 2)) / scale, np.sqrt(np.mean(y_err**2)) / scale
    yield points("limit mean", name, "simulation", "size", size, "deviation", deviation, y_err=noise, n=n)
    if size == max(settings.size) and name == settings.activation[-1]:
        for number in range(found["outputs"].shape[-1]):
            y, y_err, n = standard_error(found["outputs"][:, :, number])
            yield points("limit outputs", f"point {number + 1}", "simulation", "t", t, "f", y, y_err=y_err, n=n)


def _deviations(
    settings: LimitSettings, series: str, losses: Mapping[int, np.ndarray], name: Activation
) -> Iterator[Curves]:
    """Root mean square over time of a run's loss minus the limit's, over that of the limit's."""
    limit = _limit(settings, name).loss
    for x, loss in losses.items():
        each = np.sqrt(np.mean((loss - limit) ** 2, axis=1) / np.mean(limit**2))
        y, y_err, n = standard_error(each)
        yield points("limit deviation", series, "simulation", "size", x, "deviation", y, y_err=y_err, n=n)


def _balanced(settings: LimitSettings, context: Context, name: Activation, size: int) -> Iterator[Curves]:
    t = np.arange(settings.steps + 1)
    for balance in settings.balance_rates:
        found = _descend(settings, context, name, size, size, settings.repeats, balance=balance)
        for what in ("router", "load"):
            y, y_err, n = standard_error(found[f"{what}_std"])
            place = f"limit {what}", f"η_b = {balance:g}", "simulation"
            yield points(*place, "t", t, "deviation", y, y_err=y_err, n=n, params={"balance": balance})


def _depths(settings: LimitSettings, context: Context, name: Activation) -> Iterator[Curves]:
    size = sorted(settings.size)[len(settings.size) // 2]
    for layers in settings.layers:
        found = _descend(settings, context, name, size, size, settings.repeats, layers=layers)
        y, y_err, n = standard_error(found["loss"][:, DEPTH_TIME])
        yield points("limit depth", name, "simulation", "L", layers, "loss", y, y_err=y_err, n=n)


def _learning_rates(settings: LimitSettings, context: Context, name: Activation, size: int) -> Iterator[Curves]:
    for power in sorted(settings.rate_powers):
        found = _descend(
            settings, context, name, size, size, settings.repeats // 2, rate=2.0**power, steps=settings.rate_steps
        )
        y, y_err, n = standard_error(found["loss"][:, -1])
        yield points("limit rates", f"N = E = {size}", "simulation", "log2 rate", power, "loss", y, y_err=y_err, n=n)


@lru_cache(maxsize=64)  # the same limit is drawn, and compared with, in several panels
def _limit(
    settings: LimitSettings,
    activation: Activation,
    layers: int = 1,
    balance: float = 0.0,
    rate: float | None = None,
    steps: int | None = None,
) -> MoeCurves:
    """Return the limit; a given `rate` is that of the router too."""
    network = MoeNetwork(
        activation, settings.active_fraction, settings.hidden_ratio, layers, settings.norm, settings.router_std
    )
    router = settings.router_rate if rate is None else rate
    descent = MoeDescent(settings.rate if rate is None else rate, router, balance, steps or settings.steps)
    return moe_limit(task(), network, descent, Quadrature(settings.quadrature_experts, settings.quadrature_hidden))


def _descend(
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
    import torch

    from solv.models.moe_transfer.residual import ResidualShape, descend, draw_residual

    active, hidden = settings.active_fraction * experts, settings.hidden_ratio * width
    for said, value in (("limit.active_fraction times experts", active), ("limit.hidden_ratio times width", hidden)):
        if abs(value - round(value)) > 1e-9 or round(value) < 1:
            raise ConfigurationError(f"{said} = {value:g} (width {width}, experts {experts}) is not an integer >= 1")
    shape = ResidualShape(
        width, experts, round(hidden), round(active), layers, activation, settings.norm, settings.router_std
    )
    unit = f"limit {activation} N={width} E={experts} L={layers} balance={balance:g} rate={rate} repeats={repeats}"
    eta, router = (settings.rate, settings.router_rate) if rate is None else (rate, rate)

    def compute() -> dict[str, np.ndarray]:
        name = "limit", width, experts, layers
        streams = [context.seeds.torch(*name, repeat, device=context.device) for repeat in range(repeats)]
        given = task()
        inputs, targets = (torch.from_numpy(part).to(context.device) for part in (given.inputs, given.targets))
        drawn = draw_residual(shape, inputs.shape[1], streams, settings.whiten)
        rates = torch.full((repeats,), eta, dtype=torch.float64, device=context.device)
        found = descend(shape, drawn, inputs, targets, rates, router / eta * rates, balance, steps or settings.steps)
        return {
            "loss": found.loss.cpu().numpy(),
            "outputs": found.outputs.cpu().numpy(),
            "router_std": found.router_std.cpu().numpy(),
            "load_std": found.load_std.cpu().numpy(),
        }

    return context.unit(unit, compute)
