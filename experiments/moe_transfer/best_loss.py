"""Part `best-loss`: at its own best learning rate, is a larger transformer with experts better?"""

import math
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np

from solv.experiments.moe_transfer.settings import DIRECTIONS, MoeTransferConfig
from solv.experiments.moe_transfer.sizes import AXES, SCALED, SHOWN, seeds_of, trained, trainings
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "best-loss")
NOISE = 0.02  # loss in nats that another initialisation may cost


class Panels(StrEnum):
    """The panel of this part."""

    BEST = "best"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss at the best learning rate against each size."""
    if not trained(config.work):
        return []
    return [
        Panel(
            Panels.BEST,
            "Best loss, {direction}",
            "size: N (ladder, width), L, E or H",
            "training loss (nats)",
            x_scale="log",
            facets=("direction",),
            series=_table_label,
        )
    ]


def _table_label(params: Params) -> str:
    return SHOWN[str(params["table"])]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: the theory says how losses compare, not what they are."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the least loss of every model over the learning rates."""
    from solv.experiments.moe_transfer.transformers import Laboratory

    settings, jobs = config.transfer, list(trainings(config))
    laboratory = Laboratory(settings, context)
    with context.progress.task("losses at the best learning rate", len(jobs)) as step:
        for job in jobs:
            seeds = seeds_of(settings, job.model)
            y, y_err, n = standard_error(
                laboratory.losses(job.table, job.model, settings.steps, seeds, precise=True)["scores"]
            )
            best = int(np.argmin(y))
            at = {"table": job.table, "direction": job.direction, "steps": settings.steps}
            x = AXES[job.direction], job.model.along
            yield RECORD.trained(Panels.BEST, at, x=x, y=("loss", y[best]), y_err=y_err[best], n=n)
            step.advance(note=f"{job.table} {job.model.name}")


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_bigger(curves: Curves) -> Judgement:
    verdicts, rises = [], []
    for direction in DIRECTIONS:
        rows = select(curves, table=SCALED, direction=direction, source="trained").sort_values("x")
        for small, large in pairwise(rows.itertuples()):
            rise, error = _difference(large, small)
            rises.append((rise, error, f"{direction} {small.x:g} to {large.x:g}"))
            verdicts.append(exceeds(NOISE - rise, 0.0, error))
    if not verdicts:
        return missing("work includes transfer, two sizes of a direction")
    worst = max(rises, key=lambda each: -math.inf if math.isnan(each[0]) else each[0] - 2 * np.nan_to_num(each[1]))
    return Judgement(
        all_of(verdicts),
        predicted="< 0",
        measured=worst[0] if math.isfinite(worst[0]) else "no finite loss",
        error=None if math.isnan(worst[1]) else worst[1],
        tolerance=(
            f"change of the best loss up to {NOISE:g} nats (the worst: {worst[2]}); single axes gain a few hundredths "
            "a doubling"
        ),
    )


def _judge_standard_depth(curves: Curves) -> Judgement:
    rows = select(curves, table="standard", direction="depth", source="trained").sort_values("x")
    if len(rows) < 2:
        return missing("work includes standard, transfer.directions depth, which has two sizes")
    shallow, *_, deep = rows.itertuples()
    rise, error = _difference(deep, shallow)
    return Judgement(
        exceeds(rise, 0.0, error),
        predicted="> 0",
        measured=rise if math.isfinite(rise) else "no finite loss",
        error=None if math.isnan(error) else error,
        tolerance=f"best loss at L = {deep.x:g} minus that at {shallow.x:g}, 2 s.e.",
    )


def _difference(one: Any, other: Any) -> tuple[float, float]:
    """Return one loss minus another, and its standard error; that of a single seed counts as the other's.

    Where every rate of a model diverged its best loss is not known, nor is any difference to it.
    """
    if not (math.isfinite(one.y) and math.isfinite(other.y)):
        return math.nan, math.nan
    errors = [known(row.y_err, row.n) for row in (one, other)]
    largest = max((error for error in errors if not math.isnan(error)), default=math.nan)
    return one.y - other.y, math.hypot(*(largest if math.isnan(error) else error for error in errors))


BEST_LOSS = Part(
    name="best-loss",
    question="At its own best learning rate, is a larger transformer with experts better?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "bigger-is-better",
            "Under the transferring parameterization every step up lowers the best loss, whatever grows.",
            reads=(Panels.BEST,),
            judge=_judge_bigger,
            needs={"transfer.seeds": 8},
        ),
        Claim(
            "sp-depth-hurts",
            "Under the standard parameterization a deeper model of the same width is worse.",
            reads=(Panels.BEST,),
            judge=_judge_standard_depth,
            needs={"transfer.depth": 8, "transfer.seeds": 4},
        ),
    ),
)
