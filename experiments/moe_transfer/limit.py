"""Part `limit`: do finite residual networks of experts follow their exact limit, and how fast do they approach it?"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.residual_networks import (
    descend,
    descent_work,
    limit_of,
    limit_work,
    on_the_limit,
    params_of,
    rate_params,
)
from solv.experiments.moe_transfer.settings import Activation, LimitSettings, MoeTransferConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking import confidence
from solv.tracking.claims import Claim, Judgement, all_of, known, missing
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("moe-transfer", "limit")
LEAST_SIZES = 3  # numbers of experts of a scan; fewer do not tell a power
SLOPE, SLOPE_BAND = -0.55, 0.25  # log-log slope of a run's deviation: -1/2, and down to -0.8 at few experts
MEAN_BAND = 0.03  # relative deviation of the mean from the limit beyond its own scatter


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "limit-loss"
    DEVIATION = "limit-deviation"
    MEAN = "limit-mean"
    OUTPUTS = "limit-outputs"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss beside its limit, how far networks and their mean are from it, and the outputs."""
    if "limit" not in config.work:
        return []
    settings = config.limit
    top, last = max(settings.size), settings.activation[-1]
    return [
        Panel(
            Panels.LOSS,
            "Exact limit and networks N = E, {activation}, "
            f"κ = {settings.active_fraction:g}, α = {settings.hidden_ratio:g}",
            "steps t",
            "mean squared error",
            y_scale="log",
            facets=("activation",),
            series="N = E = {width}",
            ordered=True,
            main=True,
        ),
        Panel(
            Panels.DEVIATION,
            "How far single networks are from the limit",
            "size that grows",
            "relative deviation of a run",
            x_scale="log",
            y_scale="log",
            series=_grown_label,
            slopes=(Slope(-0.5, 0.28, min(settings.experts), max(settings.experts), "slope -1/2"),),
        ),
        Panel(
            Panels.MEAN,
            "... and the mean over networks",
            "N = E",
            "relative deviation of the mean",
            x_scale="log",
            y_scale="log",
            series="{activation}",
            note="bars: what the scatter of runs alone would give",
        ),
        Panel(
            Panels.OUTPUTS,
            f"Outputs f on the training points, {last}, N = E = {top}",
            "steps t",
            "f",
            series="point {point}",
            main=True,
        ),
    ]


def _grown_label(params: Params) -> str:
    if params["grows"] == "experts":
        return f"E at N = {params['width']}"
    return f"N at E = {params['experts']}" if params["grows"] == "width" else f"N = E, {params['activation']}"


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield the loss of the limit, beside networks of every size, and its outputs."""
    if "limit" not in config.work:
        return
    settings = config.limit
    t = np.arange(settings.steps + 1)
    last, top = settings.activation[-1], max(settings.size)
    for name in settings.activation:
        for size in settings.size:
            at = _params(settings, name, width=size, experts=size)
            yield RECORD.theory(Panels.LOSS, at, x=("t", t), y=("loss", limit_of(settings, name).loss))
    for number, outputs in enumerate(limit_of(settings, last).outputs.T):
        at = _params(settings, last, width=top, experts=top, point=number + 1)
        yield RECORD.theory(Panels.OUTPUTS, at, x=("t", t), y=("f", outputs))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the curves of finite networks, and how far they are from the limit."""
    if "limit" not in config.work:
        return
    settings = config.limit
    last, top, grown = settings.activation[-1], max(settings.size), _grown(settings)
    jobs = len(settings.activation) * len(settings.size) + sum(map(len, grown.values()))
    with context.progress.task("train networks beside their limit", jobs) as step:
        for name in settings.activation:
            for size in settings.size:
                yield from _size(settings, context, name, size)
                step.advance(note=f"{name} {size}")
        for grows, sizes in grown.items():
            losses = {}
            for width, experts in sizes:
                networks = descend(settings, context, last, width, experts, settings.scan_repeats)
                losses[experts if grows == "experts" else width] = networks["loss"]
                step.advance(note=f"N = {width}, E = {experts}")
            fixed: dict[str, object] = {"width": top} if grows == "experts" else {"experts": top}
            yield from _deviations(settings, last, {"grows": grows, **fixed}, losses)


def _grown(settings: LimitSettings) -> dict[str, list[tuple[int, int]]]:
    """Return width and experts of the networks of which one alone grows, from the largest N = E on."""
    top = max(settings.size)
    return {
        "experts": [(top, experts) for experts in settings.experts if experts != top],
        "width": [(width, top) for width in settings.width if width != top],
    }


def work(config: MoeTransferConfig) -> Work:
    """Return the work of the limit and of networks of all sizes, for every activation, and of those that grow alone."""
    if "limit" not in config.work:
        return Work()
    settings = config.limit
    limits = (limit_work(settings, activation) for activation in settings.activation)
    sizes = (descent_work(settings, size, size, settings.repeats) for size in settings.size)
    ways = [each for sizes in _grown(settings).values() for each in sizes]
    alone = (descent_work(settings, width, experts, settings.scan_repeats) for width, experts in ways)
    return sum(limits, Work()) + len(settings.activation) * sum(sizes, Work()) + sum(alone, Work())


def _params(settings: LimitSettings, activation: Activation, **more: object) -> dict[str, object]:
    return params_of(settings, activation, layers=1, balance=0, **rate_params(settings), **more)


def _size(settings: LimitSettings, context: Context, name: Activation, size: int) -> Iterator[Curves]:
    networks = descend(settings, context, name, size, size, settings.repeats)
    limit = limit_of(settings, name).loss
    t = np.arange(settings.steps + 1)
    y, y_err, n = standard_error(networks["loss"])
    at = _params(settings, name, width=size, experts=size)
    yield RECORD.simulation(Panels.LOSS, at, x=("t", t), y=("loss", y), y_err=y_err, n=n)
    yield from _deviations(settings, name, {"grows": "both"}, {size: networks["loss"]})
    scale = np.sqrt(np.mean(limit**2))
    with np.errstate(invalid="ignore"):
        deviation, noise = np.sqrt(np.mean((y - limit) ** 2)) / scale, np.sqrt(np.mean(y_err**2)) / scale
    at = _params(settings, name, grows="both")
    if np.isnan(deviation):  # a divergence of either
        deviation, noise = np.inf, np.nan
    yield RECORD.simulation(Panels.MEAN, at, x=("size", size), y=("deviation", deviation), y_err=noise, n=n)
    if size == max(settings.size) and name == settings.activation[-1]:
        for number in range(networks["outputs"].shape[-1]):
            y, y_err, n = standard_error(networks["outputs"][:, :, number])
            at = _params(settings, name, width=size, experts=size, point=number + 1)
            yield RECORD.simulation(Panels.OUTPUTS, at, x=("t", t), y=("f", y), y_err=y_err, n=n)


def _deviations(
    settings: LimitSettings, name: Activation, grown: Mapping[str, object], losses: Mapping[int, np.ndarray]
) -> Iterator[Curves]:
    """Root mean square over time of a run's loss minus the limit's, over that of the limit's."""
    limit = limit_of(settings, name).loss
    for x, loss in losses.items():
        with np.errstate(invalid="ignore"):
            each = np.sqrt(np.mean((loss - limit) ** 2, axis=1) / np.mean(limit**2))
        y, y_err, n = standard_error(each)
        at = _params(settings, name, **grown)
        yield RECORD.simulation(Panels.DEVIATION, at, x=("size", x), y=("deviation", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_convergence(curves: Curves) -> Judgement:
    mean = select(curves, panel=Panels.MEAN, source="simulation")
    scan = select(curves, panel=Panels.DEVIATION, source="simulation", grows="experts")
    if len(scan) < LEAST_SIZES:
        return missing(f"limit.experts has {LEAST_SIZES} values beside the largest size")
    largest = mean[mean["x"] == mean["x"].max()]
    verdicts = on_the_limit(largest, MEAN_BAND)
    x, y = np.log(scan["x"].to_numpy()), np.log(scan["y"].to_numpy())
    errors = [known(error, n) / value for error, n, value in zip(scan["y_err"], scan["n"], scan["y"], strict=True)]
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    slope, slope_error = float(weights @ y), float(np.sqrt(weights**2 @ np.square(errors)))
    verdicts.append(confidence.within(slope, SLOPE, SLOPE_BAND, slope_error, scan["n"].min()))
    size, percent = largest["x"].iloc[0], 100 * largest["y"].max()
    return Judgement(
        all_of(verdicts),
        predicted="slope -1/2",
        measured=f"slope {slope:.2f} in E; mean at N = {size:g} within {percent:.1f} %",
        error=None if np.isnan(slope_error) else slope_error,
        tolerance=(
            f"slope from {SLOPE - SLOPE_BAND:g} to {SLOPE + SLOPE_BAND:g}; mean within {100 * MEAN_BAND:g} % beyond "
            f"its scatter, and the scatter known to be less; {confidence.STUDENT}"
        ),
    )


LIMIT = Part(
    name="limit",
    question="Do residual networks of experts converge to their exact limit as they grow, and how fast?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "dmft-converges",
            "Networks converge to the limit: single ones as E^(-1/2), their mean to within 3 % or its scatter.",
            reads=(Panels.MEAN, Panels.DEVIATION),
            judge=_judge_convergence,
            needs={"limit.scan_repeats": 10, "limit.repeats": 8},
        ),
    ),
)
