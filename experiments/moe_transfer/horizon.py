"""Part `horizon`: is the learning rate that is best on a short run also the best one on a longer?"""

import math
from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.moe_transfer.optima import STEP, optimum_of, optimum_table, rate_curve, read_optima
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import SCALED, models, seeds_of
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement, Verdict, missing, within
from solv.tracking.curves import Curves, Recorder, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "horizon")


class Panels(StrEnum):
    """The panels of this part."""

    HORIZON = "horizon"
    OPTIMUM = "horizon-optimum"
    OPTIMA = "horizon-optima"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the learning rate after few and many steps, and where its optimum lies."""
    if "settings" not in config.work:
        return []
    return [
        Panel(
            Panels.HORIZON,
            "Longer training at the same rates",
            "log2 learning rate",
            "training loss (nats)",
            series="{steps} steps",
            ordered=True,
        ),
        Panel(
            Panels.OPTIMUM,
            "... and where the optimum lies",
            "steps",
            "best learning rate",
            x_scale="log",
            y_scale="log",
            series="N={width} L={layers} E={experts} H={hidden}",
        ),
        Panel(Panels.OPTIMA, "Optima", "steps", "log2 of the best rate", drawn=False),
    ]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: the calculus of exponents says nothing about the number of steps."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss of the ladder's smallest model against the learning rate, after few and many steps."""
    if "settings" not in config.work:
        return
    from solv.experiments.moe_transfer.transformers import Laboratory

    settings = config.transfer
    laboratory = Laboratory(settings, context)
    small = models(settings, "ladder")[0]
    seeds = seeds_of(settings, small)
    lengths = sorted({settings.steps, settings.horizon * settings.steps})
    at = {"table": SCALED, **small.params}
    with context.progress.task("train for longer", len(lengths)) as step:
        for steps in lengths:
            found = laboratory.losses(SCALED, small, steps, seeds)
            rates, scores = found["rates"], found["scores"]
            y, y_err, n = standard_error(scores)
            yield RECORD.trained(
                Panels.HORIZON, {**at, "steps": steps}, x=("log2 rate", rates), y=("loss", y), y_err=y_err, n=n
            )
            optimum = optimum_of(rates, scores)
            yield from rate_curve(RECORD, Panels.OPTIMUM, at, "steps", steps, optimum)
            yield from optimum_table(RECORD, Panels.OPTIMA, at, steps, optimum)
            step.advance(note=f"{steps} steps")


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_horizon(curves: Curves) -> Judgement:
    optima = read_optima(curves)
    if len(optima) < 2:
        return missing("transfer.horizon >= 2")
    short, *_, long = optima.values()
    ends = f"from {min(optima):g} to {max(optima):g} steps"
    if math.isnan(short.log2_rate) or math.isnan(long.log2_rate):
        return Judgement(
            Verdict.UNDECIDED,
            predicted=0.0,
            measured=f"no optimum inside the grid both times, {ends}",
            needs="transfer.rates around both optima",
        )
    shift, error = long.log2_rate - short.log2_rate, math.hypot(short.error, long.error)
    everywhere = short.inside == long.inside == 1
    return Judgement(
        within(shift, 0.0, STEP, error) if everywhere else Verdict.UNDECIDED,
        predicted=0.0,
        measured=shift,
        error=None if math.isnan(error) else error,
        tolerance=f"one grid step, {STEP:g} octave, {ends}",
    )


HORIZON = Part(
    name="horizon",
    question="Is the learning rate that is best on a short run also the best one on a longer?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "horizon",
            "The rate that is best on a short run is within a step of the best one on a longer.",
            reads=(Panels.OPTIMA,),
            judge=_judge_horizon,
            needs={"transfer.seeds": 4},
        ),
    ),
)
