"""Part `paper-model`: does the best rate stay as the width grows for the paper's own model, base and constants?"""

from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Scan, judge_stays
from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import AXES, models
from solv.tracking.claims import Claim, Judgement
from solv.tracking.curves import Curves, Recorder

RECORD = Recorder("moe-transfer", "paper-model")
AXIS = AXES["width"]
SHOWN = {"paper": "the paper's model"}


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "paper-model-rates"
    OPTIMUM = "paper-model-optimum"
    BEST = "paper-model-best"
    OPTIMA = "paper-model-optima"


def _lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained: the smallest from more initialisations, since all others are compared with it."""
    changes: dict[str, object] = {"model": "paper", "rates": settings.paper_rates}
    if (seeds := settings.paper_seeds) > 0:
        changes |= {"seeds": seeds, "large_seeds": seeds, "first_seeds": 2 * seeds}
    return [Line("paper", "paper", models(settings, "width"), changes)]


SCAN = Scan(RECORD, Panels, "The paper's model", AXIS, SHOWN, _lines, precise=True)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    return judge_stays(curves, Panels.OPTIMA, "transfer.width has two values")


PAPER_MODEL = SCAN.part(
    "Does the best rate stay as the width grows for the paper's own model, base and constants?",
    (
        Claim(
            "papers-model-transfers",
            "With the paper's model, table, base and constants the best rate is the same at all widths.",
            reads=(Panels.OPTIMA,),
            judge=_judge,
            figure="Fig. 2",
            needs={"transfer.seeds": 4},
        ),
    ),
    figure="Fig. 2",
)
