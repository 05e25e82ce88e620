"""Part `loss-curves`: do the first steps of all sizes look alike at the rate that is best for the smallest?"""

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.moe_transfer.settings import MoeTransferConfig
from solv.experiments.moe_transfer.sizes import SCALED, SHOWN, Trained, models, seeds_of, trained, trainings
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement, Verdict, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "loss-curves")
EARLY = 4  # the first 1/EARLY of the steps are compared
TIMES = 1.5  # how many times further apart the standard curves are, at least, for the others to have collapsed


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "early-loss"
    APART = "early-apart"


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss of every size along the ladder against the step, and how far apart the first steps are."""
    if not trained(config.work):
        return []
    return [
        Panel(
            Panels.LOSS,
            "At the smallest's best rate: {table}",
            "step",
            "training loss (nats)",
            x_scale="log",
            facets=("table",),
            series="N={width} L={layers}",
            ordered=True,
        ),
        Panel(
            Panels.APART,
            "How far first steps are from those of the smallest",
            "width N",
            "nats, root mean square",
            x_scale="log",
            series=_table_label,
        ),
    ]


def _table_label(params: Params) -> str:
    return SHOWN[str(params["table"])]


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: the theory says that curves are alike, not what they are."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the loss along the ladder at the rate that is best for its smallest model, which is trained in any case."""
    from solv.experiments.moe_transfer.transformers import Laboratory

    settings, jobs = config.transfer, list(trainings(config, ["ladder"]))
    laboratory, smallest = Laboratory(settings, context), models(settings, "ladder")[0]
    early = max(settings.steps // EARLY, 2)
    with context.progress.task("first steps of all sizes", len(jobs)) as step:
        for job in jobs:
            first = laboratory.losses(job.table, smallest, settings.steps, seeds_of(settings, smallest), precise=True)
            best = int(np.argmin(first["scores"].mean(axis=0)))
            seeds, rate = seeds_of(settings, job.model), float(first["rates"][best])
            curves = laboratory.at_rate(job.table, job.model, settings.steps, seeds, rate, precise=True)["curves"]
            yield _loss(job, settings.steps, curves)
            yield _apart(job, settings.steps, curves[:, :early], first["curves"][:, best, :early])
            step.advance(note=f"{job.table} {job.model.name}")


def _loss(job: Trained, steps: int, curves: np.ndarray) -> Curves:
    y, y_err, n = standard_error(curves)
    at = {"table": job.table, "steps": steps, "width": job.model.width, "layers": job.model.layers}
    x = "step", np.arange(1, steps + 1)
    return RECORD.trained(Panels.LOSS, at, x=x, y=("loss", y), y_err=y_err, n=n)


def _apart(job: Trained, steps: int, early: np.ndarray, first: np.ndarray) -> Curves:
    """Return the distance over the first steps, seed by seed; seeds share the batches, and one size may have fewer."""
    count = min(len(early), len(first))
    with np.errstate(invalid="ignore"):  # both diverged
        each = np.sqrt(np.mean((early[:count] - first[:count]) ** 2, axis=1))
    y, y_err, n = standard_error(each)
    at = {"table": job.table, "steps": steps}
    return RECORD.trained(Panels.APART, at, x=("N", job.model.width), y=("distance", y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    ends = []
    for table in ("standard", SCALED):
        rows = select(curves, panel=Panels.APART, table=table).sort_values("x")
        if len(rows) < 2:
            return missing("work includes standard and transfer, transfer.ladder_width has two values")
        ends.append(rows.iloc[-1])
    errors = [known(float(row["y_err"]), int(row["n"])) / float(row["y"]) for row in ends]
    largest = max((each for each in errors if not math.isnan(each)), default=math.nan)  # of one seed: as the other's
    error = math.hypot(*(largest if math.isnan(each) else each for each in errors))
    ratio = math.log(ends[0]["y"] / ends[1]["y"]) if min(row["y"] for row in ends) > 0 else math.nan
    return Judgement(
        exceeds(ratio, math.log(TIMES), error) if not math.isnan(ratio) else Verdict.UNDECIDED,
        predicted=f"> {TIMES:g}",
        measured=math.exp(ratio) if not math.isnan(ratio) else "a training diverged",
        error=None if math.isnan(error) or math.isnan(ratio) else error * math.exp(ratio),
        tolerance=(
            f"distance of the first {1 / EARLY:.0%} of the losses of N = {ends[0]['x']:g} from those of the smallest, "
            "standard over transferring"
        ),
    )


LOSS_CURVES = Part(
    name="loss-curves",
    question="Do the first steps of all sizes look alike at the rate that is best for the smallest?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "early-curves-collapse",
            "At one rate the first losses of all sizes lie closer together under the transferring parameterization.",
            reads=(Panels.APART,),
            judge=_judge,
            figure="Fig. 3",
            needs={"transfer.seeds": 4},
        ),
    ),
    figure="Fig. 3",
)
