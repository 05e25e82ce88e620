"""Part `gates`: does the best rate stay as the width grows both with sigmoid and with softmax gates?"""

from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Scan, judge_stays
from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import AXES, SCALED, models
from solv.tracking.claims import Claim, Judgement
from solv.tracking.curves import Curves, Recorder

RECORD = Recorder("moe-transfer", "gates")
AXIS = AXES["width"]
SHOWN = {"sigmoid": "sigmoid gates", "softmax": "softmax gates"}


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "gates-rates"
    OPTIMUM = "gates-optimum"
    BEST = "gates-best"
    OPTIMA = "gates-optima"


def _lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    changes = {gate: {} if gate == settings.gate else {"gate": gate} for gate in SHOWN}
    return [Line(gate, SCALED, models(settings, "width"), changes[gate]) for gate in SHOWN]


SCAN = Scan(RECORD, Panels, "Gates", AXIS, SHOWN, _lines, precise=True)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    return judge_stays(curves, Panels.OPTIMA, "transfer.width has two values")


GATES = SCAN.part(
    "Does the best rate stay as the width grows both with sigmoid and with softmax gates?",
    (
        Claim(
            "lr-transfers-with-either-gate",
            "The best rate is the same at all widths with sigmoid gates, and with softmax gates.",
            reads=(Panels.OPTIMA,),
            judge=_judge,
            figure="",
            needs={"transfer.seeds": 4},
        ),
    ),
    figure="Fig. 18",
)
