"""Part `horizon`: is the learning rate that is best on a short run also the best one on a longer?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.optima import STEP, Optimum, optimum_of, optimum_table, rate_curve, read_optima
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import SCALED, models, scan_work, seeds_of, trained_first
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing, within
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "horizon")
READ_CALLS = 5000  # of NumPy: to read a finished training and find its optimum


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
            "Longer training at the same rates: N={width} L={layers}",
            "log2 learning rate",
            "training loss (nats)",
            facets=("width", "layers"),
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
    """Yield the loss of the ladder's smallest models against the learning rate, after few and many steps."""
    if "settings" not in config.work:
        return
    from solv.experiments.moe_transfer.transformers import Laboratory

    settings = config.transfer
    laboratory = Laboratory(settings, context)
    small = models(settings, "ladder")[: settings.horizon_models]
    lengths = sorted({settings.steps, settings.horizon * settings.steps})
    with context.progress.task("train for longer", len(small) * len(lengths)) as step:
        for model in small:
            at = {"table": SCALED, **model.params}
            for steps in lengths:
                found = laboratory.losses(SCALED, model, steps, seeds_of(settings, model))
                rates, scores = found["rates"], found["scores"]
                y, y_err, n = standard_error(scores)
                yield RECORD.trained(
                    Panels.HORIZON, {**at, "steps": steps}, x=("log2 rate", rates), y=("loss", y), y_err=y_err, n=n
                )
                optimum = optimum_of(rates, scores)
                yield from rate_curve(RECORD, Panels.OPTIMUM, at, "steps", steps, optimum)
                yield from optimum_table(RECORD, Panels.OPTIMA, at, steps, optimum)
                step.advance(note=f"{model.name}, {steps} steps")


def work(config: MoeTransferConfig) -> Work:
    """Return the work of what neither `learning-rate` trains nor `load`, whose smallest model trains as long."""
    if "settings" not in config.work:
        return Work()
    settings, first = config.transfer, trained_first(config)
    small = models(settings, "ladder")[: settings.horizon_models]
    short = [model for model in small if (SCALED, model.name) not in first]
    longer = small if config.parts and "load" not in config.parts else small[1:]
    lengths = {settings.steps: short, settings.horizon * settings.steps: longer if settings.horizon > 1 else short}
    each = (scan_work(settings, SCALED, model, steps) for steps, members in lengths.items() for model in members)
    return Work(calls=READ_CALLS * len(small)) + sum(each, Work())


# -- claims --------------------------------------------------------------------------------------------------------


def _by_size(curves: Curves) -> list[tuple[str, dict[float, Optimum]]]:
    """Return the optima of every model by steps, the smallest model first, with the model in words."""
    sizes = sorted(set(zip(parameter(curves, "width"), parameter(curves, "layers"), strict=True)))
    return [
        (f"N = {width}, L = {layers}", read_optima(select(curves, width=width, layers=layers)))
        for width, layers in sizes
    ]


def _judge_horizon(curves: Curves) -> Judgement:
    shifts = []
    for name, optima in _by_size(curves):
        if len(optima) < 2:
            return missing("transfer.horizon >= 2")
        short, *_, long = optima.values()
        shifts.append((short, long, f"{name}, from {min(optima):g} to {max(optima):g} steps"))
    return _judged(shifts)


def _judge_larger(curves: Curves) -> Judgement:
    (small, first), *larger = _by_size(curves)
    if len(first) < 2:
        return missing("transfer.horizon >= 2")
    if not larger:
        return missing("transfer.horizon_models >= 2")
    short = first[min(first)]
    return _judged(
        [
            (short, optima[max(optima)], f"{small} after {min(first):g} steps, {name} after {max(optima):g}")
            for name, optima in larger
        ]
    )


def _judged(pairs: list[tuple[Optimum, Optimum, str]]) -> Judgement:
    """Judge whether the best rates of every pair are within a step of the grid; the worst pair is shown."""
    if any(math.isnan(each.log2_rate) for one, other, _ in pairs for each in (one, other)):
        lost = next(what for one, other, what in pairs if math.isnan(one.log2_rate) or math.isnan(other.log2_rate))
        return Judgement(
            Verdict.UNDECIDED,
            predicted=0.0,
            measured=f"no optimum inside the grid both times: {lost}",
            needs="transfer.rates around both optima",
        )
    found = []
    for one, other, what in pairs:
        shift, error = other.log2_rate - one.log2_rate, math.hypot(one.error, other.error)
        verdict = within(shift, 0.0, STEP, error) if one.inside == other.inside == 1 else Verdict.UNDECIDED
        found.append((verdict, shift, error, what))
    _, shift, error, what = max(found, key=lambda each: abs(each[1]) + 2 * np.nan_to_num(each[2]))
    return Judgement(
        all_of(verdict for verdict, *_ in found),
        predicted=0.0,
        measured=shift,
        error=None if math.isnan(error) else error,
        tolerance=f"one grid step, {STEP:g} octave; {what}",
    )


HORIZON = Part(
    name="horizon",
    question="Is the rate that is best on a short run also the best one on a longer, and for a larger model?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "horizon",
            "The rate that is best on a short run is within a step of the best one on a longer.",
            reads=(Panels.OPTIMA,),
            judge=_judge_horizon,
            needs={"transfer.seeds": 4, "transfer.steps": 100},
        ),
        Claim(
            "horizon-of-larger-model",
            "The rate that is best for a small model on a short run is within a step of the best one of a larger model "
            "on a longer.",
            reads=(Panels.OPTIMA,),
            judge=_judge_larger,
            needs={"transfer.seeds": 4, "transfer.steps": 100, "transfer.horizon_models": 2},
        ),
    ),
)
