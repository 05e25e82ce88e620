"""Part `limit-routing`: does the limit hold where routing starts from random biases and a router at 0?

So does the paper's own theory (arXiv:2601.20205, appendix E). A router at 0 with biases at 0 would leave all experts
tied.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.residual_networks import (
    Variant,
    descend,
    descent_work,
    limit_of,
    limit_work,
    on_the_limit,
    params_of,
    rate_params,
)
from solv.experiments.moe_transfer.settings import MoeTransferConfig, RoutingInit
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of
from solv.tracking.confidence import STUDENT
from solv.tracking.curves import Curves, Recorder, decode_params, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "limit-routing")
BAND = 0.05  # relative deviation of the networks' mean from the limit, beyond its own scatter, at N = E = 64
STARTS: tuple[RoutingInit, ...] = ("router", "bias")


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "routing-loss"
    MEAN = "routing-mean"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss beside its limit for both ways in which routing starts, and how far the mean is from it."""
    if "limit" not in config.work:
        return []
    return [
        Panel(
            Panels.LOSS,
            f"Routing starts from the {{routing_init}}, {config.limit.activation[-1]}",
            "steps t",
            "mean squared error",
            y_scale="log",
            facets=("routing_init",),
            series="N = E = {width}",
            ordered=True,
        ),
        Panel(
            Panels.MEAN, "Deviation of the mean", "N = E", "relative deviation", series="{routing_init}", drawn=False
        ),
    ]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield the loss of both limits, beside networks of every size."""
    if "limit" not in config.work:
        return
    settings, t = config.limit, np.arange(config.limit.steps + 1)
    for start in STARTS:
        loss = limit_of(settings, settings.activation[-1], variant=Variant(routing_init=start)).loss
        for size in settings.size:
            yield RECORD.theory(Panels.LOSS, _params(config, start, size), x=("t", t), y=("loss", loss))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss of finite networks, and how far their mean is from the limit."""
    if "limit" not in config.work:
        return
    settings, t = config.limit, np.arange(config.limit.steps + 1)
    with context.progress.task("train networks routed by biases", len(STARTS) * len(settings.size)) as step:
        for start in STARTS:
            variant = Variant(routing_init=start)
            limit = limit_of(settings, settings.activation[-1], variant=variant).loss
            scale = np.sqrt(np.mean(limit**2))
            for size in settings.size:
                losses = descend(
                    settings, context, settings.activation[-1], size, size, settings.repeats, variant=variant
                )["loss"]
                y, y_err, n = standard_error(losses)
                at = _params(config, start, size)
                yield RECORD.simulation(Panels.LOSS, at, x=("t", t), y=("loss", y), y_err=y_err, n=n)
                with np.errstate(invalid="ignore"):
                    deviation, noise = np.sqrt(np.mean((y - limit) ** 2)) / scale, np.sqrt(np.mean(y_err**2)) / scale
                if np.isnan(deviation):  # a divergence of either
                    deviation, noise = np.inf, np.nan
                yield RECORD.simulation(
                    Panels.MEAN,
                    {"routing_init": start},
                    x=("size", size),
                    y=("deviation", deviation),
                    y_err=noise,
                    n=n,
                )
                step.advance(note=f"{start} {size}")


def _params(config: MoeTransferConfig, start: RoutingInit, size: int) -> dict[str, object]:
    settings = config.limit
    return params_of(
        settings,
        settings.activation[-1],
        Variant(routing_init=start),
        layers=1,
        balance=0,
        width=size,
        experts=size,
        **rate_params(settings),
    )


def work(config: MoeTransferConfig) -> Work:
    """Return the work of both limits, and of the networks of the start that the part `limit` has not."""
    if "limit" not in config.work:
        return Work()
    settings = config.limit
    others = STARTS if config.parts and "limit" not in config.parts else STARTS[1:]  # the settings' start is one of two
    sizes = (descent_work(settings, size, size, settings.repeats) for size in settings.size)
    return len(STARTS) * limit_work(settings, settings.activation[-1]) + len(others) * sum(sizes, Work())


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_routing(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.MEAN, source="simulation")
    largest = rows[rows["x"] == rows["x"].max()]
    shown = [
        f"{decode_params(row.params)['routing_init']} {100 * row.y:.1f} % ± {100 * row.y_err:.1f}"
        for row in largest.itertuples()
    ]
    return Judgement(
        all_of(on_the_limit(largest, BAND)),
        predicted="0",
        measured=f"at N = {largest['x'].iloc[0]:g}, starting from the {', '.join(shown)}",
        tolerance=f"{100 * BAND:g} % beyond the mean's scatter, and the scatter known to be less; {STUDENT}",
    )


LIMIT_ROUTING = Part(
    name="limit-routing",
    question="Do residual networks of experts follow their limit also where routing starts from random biases?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "limit-from-either-routing",
            "Whether routing starts from a random router or from random biases, the mean over networks is the limit.",
            reads=(Panels.MEAN,),
            judge=_judge_routing,
            needs={"limit.repeats": 16, "limit.size": 64},
        ),
    ),
)
