"""Part `paper-model`: does the best rate stay as the width grows for the paper's own model, base and constants?"""

from dataclasses import replace
from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Scan, judge_stays
from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import AXES, models
from solv.tracking.claims import Claim, Judgement
from solv.tracking.curves import Curves, Recorder, select

RECORD = Recorder("moe-transfer", "paper-model")
AXIS = AXES["width"]
LEAST_SEEDS = 16  # where best rates scatter by a sixth of an octave, a shift of an eighth is within a quarter
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
    found = judge_stays(curves, Panels.OPTIMA, "transfer.width has two values")
    if found.needs:
        return found
    had = int(select(curves, y_name="log2_rate")["n"].min())
    return replace(found, needs=f"transfer.paper_seeds >= {max(2 * had, LEAST_SEEDS)}")


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
