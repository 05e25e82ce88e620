"""Part `learning-rate`: which learning rate is best for transformers with experts, and does it stay as they grow?"""

import math
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.optima import (
    Optimum,
    optimum_of,
    optimum_table,
    rate_curve,
    read_optima,
    shift_per_doubling,
    tolerance_of,
    transfer_of,
)
from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import (
    AXES,
    SCALED,
    SHOWN,
    models,
    rates_of,
    scan_work,
    seeds_of,
    trained,
    trained_first,
    trainings,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.moe_transfer.parameter_tables import TABLES, predicted_shift
from solv.tracking.claims import Claim, Judgement, Verdict, exceeds, missing
from solv.tracking.confidence import STUDENT
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("moe-transfer", "learning-rate")
SHIFTED = 0.6  # octaves per doubling that the standard optimum falls at least; -1 is the asymptote
CLAIMS = {  # direction -> claim, and what grows in words
    "ladder": ("lr-transfers-over-ladder", "width and depth together"),
    "width": ("lr-transfers-over-width", "width"),
    "depth": ("lr-transfers-over-depth", "depth"),
    "experts": ("lr-transfers-over-experts", "the experts"),
    "hidden": ("lr-transfers-over-expert-size", "the hidden units of an expert"),
}


class Panels(StrEnum):
    """The panels of this part; the best rate has one for each direction, whose abscissa is another size."""

    RATES = "rates"
    OPTIMUM_LADDER = "optimum-ladder"
    OPTIMUM_WIDTH = "optimum-width"
    OPTIMUM_DEPTH = "optimum-depth"
    OPTIMUM_EXPERTS = "optimum-experts"
    OPTIMUM_HIDDEN = "optimum-hidden"
    SHIFT = "shift"
    OPTIMA = "optima"


OPTIMUM: Mapping[str, Panels] = {
    "ladder": Panels.OPTIMUM_LADDER,
    "width": Panels.OPTIMUM_WIDTH,
    "depth": Panels.OPTIMUM_DEPTH,
    "experts": Panels.OPTIMUM_EXPERTS,
    "hidden": Panels.OPTIMUM_HIDDEN,
}


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the learning rate, where the best rate lies, and how it moves."""
    if not trained(config.work):
        return []
    rates = Panel(
        Panels.RATES,
        "Rates over {direction}: {table} parameterization",
        "log2 learning rate",
        "training loss (nats)",
        y_limits=(None, 3.5),
        facets=("direction", "table"),
        series="N={width} L={layers} E={experts} H={hidden}",
        ordered=True,
        main=True,
    )
    shift = Panel(
        Panels.SHIFT,
        "Shift of the optimum",
        "",
        "octaves per doubling of the size",
        series=_table_label,
        category=("direction",),
        main=True,
    )
    optima = Panel(
        Panels.OPTIMA,
        "Optima: {table}, {direction}",
        "size",
        "log2 of the best rate",
        facets=("direction", "table"),
        drawn=False,
    )
    return [rates, *(_optimum_panel(config, direction) for direction in config.transfer.directions), shift, optima]


def _optimum_panel(config: MoeTransferConfig, direction: str) -> Panel:
    settings = config.transfer
    grown = models(settings, direction)
    start, stop = grown[0].along, grown[-1].along
    slopes = []
    for table in trained(config.work):
        exponent, rates = predicted_shift(TABLES[table], direction), rates_of(settings, table)
        amplitude = 2.0 ** rates[len(rates) // 2] / start**exponent
        slopes.append(Slope(exponent, amplitude, start, stop, f"{SHOWN[table]}: predicted {exponent:+g}"))
    return Panel(
        OPTIMUM[direction],
        f"{direction.capitalize()}: where the optimum lies",
        AXES[direction],
        "best learning rate",
        x_scale="log",
        y_scale="log",
        series=_table_label,
        slopes=tuple(slopes),
        note="lines: predicted slopes for large sizes, of any height",
        main=True,
    )


def _table_label(params: Params) -> str:
    return SHOWN[str(params["table"])]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield by how much the calculus of exponents lets the optimum move."""
    for table in trained(config.work):
        for direction in config.transfer.directions:
            shift = predicted_shift(TABLES[table], direction)
            at = {"table": table, "direction": direction}
            yield RECORD.theory(Panels.SHIFT, at, x=("direction", 0), y=("octaves per doubling", shift))


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss of every model against the learning rate, its optimum, and how that moves."""
    from solv.experiments.moe_transfer.transformers import Laboratory

    settings, jobs = config.transfer, list(trainings(config))
    laboratory = Laboratory(settings, context)
    optima_by_way: dict[tuple[str, str], dict[float, Optimum]] = {}
    with context.progress.task("train transformers with experts", len(jobs)) as step:
        for job in jobs:
            found = laboratory.losses(job.table, job.model, settings.steps, seeds_of(settings, job.model), precise=True)
            rates, scores = found["rates"], found["scores"]
            y, y_err, n = standard_error(scores)
            place: Params = {"table": job.table, "direction": job.direction, "steps": settings.steps}
            at = {**place, **job.model.params}
            yield RECORD.trained(Panels.RATES, at, x=("log2 rate", rates), y=("loss", y), y_err=y_err, n=n)
            optimum = optimum_of(rates, scores)
            optima_by_way.setdefault((job.table, job.direction), {})[job.model.along] = optimum
            yield from rate_curve(RECORD, OPTIMUM[job.direction], place, AXES[job.direction], job.model.along, optimum)
            yield from optimum_table(RECORD, Panels.OPTIMA, place, job.model.along, optimum)
            step.advance(note=f"{job.table} {job.model.name}")
    for (table, direction), optima in optima_by_way.items():
        inside = {size: each for size, each in optima.items() if not math.isnan(each.log2_rate)}
        if len(inside) > 1:
            slope, error = shift_per_doubling({size: (each.log2_rate, each.error) for size, each in inside.items()})
            if any(each.vague for each in inside.values()):
                error = math.nan
            at = {"table": table, "direction": direction}
            n = 1 if np.isnan(error) else settings.seeds
            yield RECORD.trained(
                Panels.SHIFT, at, x=("direction", 0), y=("octaves per doubling", slope), y_err=error, n=n
            )


def work(config: MoeTransferConfig) -> Work:
    """Return the work of training every model once, though several directions begin with it."""
    settings, jobs = config.transfer, trained_first(config).items()
    each = (scan_work(settings, table, model, settings.steps, precise=True) for (table, _), model in jobs)
    return sum(each, Work())


# -- claims --------------------------------------------------------------------------------------------------------


def _optima(curves: Curves, table: str, direction: str) -> dict[float, Optimum]:
    return read_optima(select(curves, panel=Panels.OPTIMA, table=table, direction=direction))


def _vague(optima: Mapping[float, Optimum]) -> str:
    """Say how many optima are not known, if any is not."""
    unknown = sum(each.vague or each.inside < 1 for each in optima.values())
    return f"; {unknown} of {len(optima)} unknown: at an edge of the grid or beside a divergence" if unknown else ""


def _judge_transfer(direction: str) -> Callable[[Curves], Judgement]:
    def judged(curves: Curves) -> Judgement:
        optima = _optima(curves, SCALED, direction)
        if len(optima) < 2:
            return missing(f"work includes transfer, transfer.directions {direction}, which has two sizes")
        if sum(not math.isnan(each.log2_rate) for each in optima.values()) < 2:
            return _unknown(0.0, optima)
        tolerance = tolerance_of(optima.values())
        found = transfer_of(optima, tolerance)
        return Judgement(
            Verdict.UNDECIDED if _vague(optima) else found.verdict,
            predicted=0.0,
            measured=found.shift,
            error=None if math.isnan(found.error) else found.error,
            tolerance=(
                f"the best rate of {len(optima)} sizes within {tolerance:g} octaves of the smallest's (the worst: "
                f"{AXES[direction].split()[0]} {found.size:g}){_vague(optima)}; {STUDENT}"
            ),
        )

    return judged


def _judge_shift(curves: Curves) -> Judgement:
    optima = _optima(curves, "standard", "ladder")
    if len(optima) < 2:
        return missing("work includes standard, transfer.directions ladder, which has two sizes")
    inside = {size: (each.log2_rate, each.error) for size, each in optima.items() if not math.isnan(each.log2_rate)}
    if len(inside) < 2:
        return _unknown(-1.0, optima)
    slope, error = shift_per_doubling(inside)
    verdict = exceeds(-slope, SHIFTED, error)
    return Judgement(
        Verdict.UNDECIDED if _vague(optima) else verdict,
        predicted=-1.0,
        measured=slope,
        error=None if math.isnan(error) else error,
        tolerance=f"at most -{SHIFTED:g} octaves per doubling; -1 is the asymptote{_vague(optima)}",
    )


def _unknown(predicted: float, optima: Mapping[float, Optimum]) -> Judgement:
    return Judgement(
        Verdict.UNDECIDED,
        predicted=predicted,
        measured=f"no two optima{_vague(optima)}",
        needs="learning rates around every optimum, transfer.rates and transfer.standard_rates",
    )


LEARNING_RATE = Part(
    name="learning-rate",
    question="Which learning rate is best for a transformer with experts, and does it stay the best as it grows?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        *(
            Claim(
                name,
                f"Under the transferring parameterization the best learning rate stays as one scales {what}.",
                reads=(Panels.OPTIMA,),
                judge=_judge_transfer(direction),
                needs={"transfer.seeds": 4},
            )
            for direction, (name, what) in CLAIMS.items()
        ),
        Claim(
            "sp-does-not-transfer",
            "Under the standard parameterization the best learning rate falls as width and depth double.",
            reads=(Panels.OPTIMA,),
            judge=_judge_shift,
            needs={"transfer.seeds": 4, "transfer.ladder_width": 128},
        ),
    ),
)
