"""Part `expert-count`: at the same active parameters, are more and smaller experts better, at the same best rate?"""

from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Scan, judge_stays
from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import SCALED, SHOWN, expert_count_models
from solv.tracking.claims import Claim, Judgement
from solv.tracking.curves import Curves, Recorder

RECORD = Recorder("moe-transfer", "expert-count")
AXIS = "experts E, each of size 1/E"


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "expert-count-rates"
    OPTIMUM = "expert-count-optimum"
    BEST = "expert-count-best"
    OPTIMA = "expert-count-optima"


def _lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    return [Line(SCALED, SCALED, expert_count_models(settings))]


SCAN = Scan(RECORD, Panels, "Experts at fixed active parameters", AXIS, SHOWN, _lines, precise=True)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    return judge_stays(curves, Panels.OPTIMA, "transfer.expert_counts has two values")


EXPERT_COUNT = SCAN.part(
    "At the same active parameters, are more and smaller experts better, and is the best rate the same?",
    (
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
