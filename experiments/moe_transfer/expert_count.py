"""Part `expert-count`: at the same active parameters, are more and smaller experts better, at the same best rate?"""

from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Names, judge_stays, measure_lines, scan_panels
from solv.experiments.moe_transfer.settings import MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import SCALED, SHOWN, expert_count_models
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "expert-count")
AXIS = "experts E, each of size 1/E"


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "expert-count-rates"
    OPTIMUM = "expert-count-optimum"
    BEST = "expert-count-best"
    OPTIMA = "expert-count-optima"


NAMES = Names(Panels.RATES, Panels.OPTIMUM, Panels.BEST, Panels.OPTIMA)


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the rate, and the best of both against the number of experts."""
    if "ablations" not in config.work:
        return []
    return scan_panels(NAMES, "Experts at fixed active parameters", AXIS, SHOWN)


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: how many experts are best is not predicted."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the losses of every model, and the best of them."""
    if "ablations" in config.work:
        yield from measure_lines(RECORD, NAMES, AXIS, lines(config.transfer), config.transfer, context)


def lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    return [Line(SCALED, SCALED, expert_count_models(settings))]


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    return judge_stays(curves, Panels.OPTIMA, "transfer.expert_counts has two values")


EXPERT_COUNT = Part(
    name="expert-count",
    question="At the same active parameters, are more and smaller experts better, and is the best rate the same?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "lr-transfers-over-expert-count",
            "At fixed active parameters the best rate is the same for few large and many small experts.",
            reads=(Panels.OPTIMA,),
            judge=_judge,
            figure="",
            needs={"transfer.seeds": 4},
        ),
    ),
    figure="Fig. 5",
)
