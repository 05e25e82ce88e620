"""Part `limit-depth`: how does the loss of a residual network of experts depend on its number of layers?"""

from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.moe_transfer.residual_networks import (
    descend,
    descent_work,
    limit_of,
    limit_work,
    middle_size,
    params_of,
    rate_params,
)
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "limit-depth")
TIME = 5  # steps after which depths are compared


class Panels(StrEnum):
    """The panel of this part."""

    DEPTH = "limit-depth"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the depth."""
    if "limit" not in config.work:
        return []
    where = f"{config.limit.activation[-1]}, N = E = {middle_size(config.limit)}"
    return [
        Panel(
            Panels.DEPTH,
            f"Depth, {where}",
            "layers L",
            f"mean squared error at t = {TIME}",
            series="{activation}",
        )
    ]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield the loss of the limit at every depth."""
    if "limit" not in config.work:
        return
    settings = config.limit
    losses = [
        limit_of(settings, settings.activation[-1], layers=layers, steps=TIME).loss[TIME] for layers in settings.layers
    ]
    yield RECORD.theory(Panels.DEPTH, _params(config), x=("L", settings.layers), y=("loss", losses))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss of finite networks at every depth."""
    if "limit" not in config.work:
        return
    settings, size = config.limit, middle_size(config.limit)
    with context.progress.task("train networks of many depths", len(settings.layers)) as step:
        for layers in settings.layers:
            networks = descend(
                settings, context, settings.activation[-1], size, size, settings.repeats, layers=layers, steps=TIME
            )
            y, y_err, n = standard_error(networks["loss"][:, TIME])
            yield RECORD.simulation(Panels.DEPTH, _params(config), x=("L", layers), y=("loss", y), y_err=y_err, n=n)
            step.advance(note=f"L = {layers}")


def _params(config: MoeTransferConfig) -> dict[str, object]:
    settings, size = config.limit, middle_size(config.limit)
    return params_of(
        settings, settings.activation[-1], width=size, experts=size, balance=0, t=TIME, **rate_params(settings)
    )


def work(config: MoeTransferConfig) -> Work:
    """Return the work of the limit and of networks at every depth."""
    if "limit" not in config.work:
        return Work()
    settings, size = config.limit, middle_size(config.limit)
    limits = (limit_work(settings, settings.activation[-1], layers, TIME) for layers in settings.layers)
    networks = (descent_work(settings, size, size, settings.repeats, layers, TIME) for layers in settings.layers)
    return sum(limits, Work()) + sum(networks, Work())


LIMIT_DEPTH = Part(
    name="limit-depth",
    question="How does the loss of a residual network of experts depend on its number of layers?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
