"""Part `limit-rates`: are the best learning rate, and that from which training diverges, those of the exact limit?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.residual_networks import (
    descend,
    descent_work,
    limit_of,
    limit_work,
    params_of,
)
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.curves import Curves, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "limit-rates")
STEP = 1.0  # octaves between learning rates: an optimum is known to no less


class Panels(StrEnum):
    """The panel of this part."""

    RATES = "limit-rates"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss after some steps against the learning rate."""
    if "limit" not in config.work:
        return []
    settings = config.limit
    return [
        Panel(
            Panels.RATES,
            f"Learning rate, {settings.activation[-1]}, after {settings.rate_steps} steps",
            "log2 η (all η equal)",
            "mean squared error",
            y_scale="log",
            series="N = E = {width}",
            ordered=True,
            note="beyond the last point: divergence",
            main=True,
        )
    ]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield the loss of the limit at every learning rate, beside networks of every size."""
    if "limit" not in config.work:
        return
    settings, powers = config.limit, sorted(config.limit.rate_powers)
    losses = [
        limit_of(settings, settings.activation[-1], rate=2.0**power, steps=settings.rate_steps).loss[-1]
        for power in powers
    ]
    for size in settings.size:
        yield RECORD.theory(Panels.RATES, _params(config, size), x=("log2 rate", powers), y=("loss", losses))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss of finite networks at every learning rate."""
    if "limit" not in config.work:
        return
    settings = config.limit
    with context.progress.task("train networks at many learning rates", len(settings.size)) as step:
        for size in settings.size:
            for power in sorted(settings.rate_powers):
                networks = descend(
                    settings,
                    context,
                    settings.activation[-1],
                    size,
                    size,
                    settings.repeats // 2,
                    rate=2.0**power,
                    steps=settings.rate_steps,
                )
                y, y_err, n = standard_error(networks["loss"][:, -1])
                at = _params(config, size)
                yield RECORD.simulation(Panels.RATES, at, x=("log2 rate", power), y=("loss", y), y_err=y_err, n=n)
            step.advance(note=f"N = E = {size}")


def _params(config: MoeTransferConfig, size: int) -> dict[str, object]:
    settings = config.limit
    return params_of(
        settings, settings.activation[-1], layers=1, balance=0, width=size, experts=size, steps=settings.rate_steps
    )


def work(config: MoeTransferConfig) -> Work:
    """Return the work of the limit and of networks of all sizes, at every learning rate."""
    if "limit" not in config.work:
        return Work()
    settings, steps = config.limit, config.limit.rate_steps
    sizes = (descent_work(settings, size, size, settings.repeats // 2, steps=steps) for size in settings.size)
    return len(settings.rate_powers) * (limit_work(settings, settings.activation[-1], steps=steps) + sum(sizes, Work()))


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_rates(curves: Curves) -> Judgement:
    best, edge = _best_and_edge(next(rows for _, rows in each_curve(select(curves, source="theory"))))
    if math.isinf(edge):
        return missing("limit.rate_powers reach a divergence")
    verdicts, shown = [], []
    for params, line in each_curve(select(curves, source="simulation")):
        best_here, edge_here = _best_and_edge(line)
        close = abs(best_here - best) <= STEP and edge_here == edge
        verdicts.append(Verdict.HOLDS if close else Verdict.FAILS)
        shown.append(f"N = E = {params['width']}: {best_here:g}, {edge_here:g}")
    return Judgement(
        all_of(verdicts),
        predicted=f"best 2^{best:g}, diverges from 2^{edge:g} on",
        measured="; ".join(shown),
        tolerance="the best one within one step, the same edge",
    )


def _best_and_edge(line: Curves) -> tuple[float, float]:
    """Return the x of the least y, and the least x of an infinite one (inf: none is)."""
    gone = line.loc[~np.isfinite(line["y"]), "x"]
    return float(line.iloc[int(np.argmin(line["y"]))]["x"]), float(gone.min()) if len(gone) else math.inf


LIMIT_RATES = Part(
    name="limit-rates",
    question="Which learning rate is best for a residual network of experts, and from which on does it diverge?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "dmft-lr-curve",
            "At every size the best learning rate and the edge of divergence are the limit's.",
            reads=(Panels.RATES,),
            judge=_judge_rates,
            needs={"limit.rate_powers": 1, "limit.repeats": 8},
        ),
    ),
)
