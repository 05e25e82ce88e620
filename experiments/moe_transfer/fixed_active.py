"""Part `fixed-active`: does the best rate move if experts are added and no more of them are active? A control.

The paper expects no transfer between active fractions (arXiv:2601.20205, section 3.2): here one must be seen to move.
"""

import math
from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Scan, shift_of
from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import SCALED, SHOWN, sparse_models
from solv.tracking.claims import Claim, Judgement, exceeds, missing
from solv.tracking.curves import Curves, Recorder

RECORD = Recorder("moe-transfer", "fixed-active")
AXIS = "experts E"
REPORTED = 0.11  # octaves per doubling of E that a co-author measured, 0.13 decades over a factor of 16


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "fixed-active-rates"
    OPTIMUM = "fixed-active-optimum"
    BEST = "fixed-active-best"
    OPTIMA = "fixed-active-optima"


def _lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    return [Line(SCALED, SCALED, sparse_models(settings))]


SCAN = Scan(RECORD, Panels, "As many active experts of more", AXIS, SHOWN, _lines)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    shift, error = shift_of(curves, Panels.OPTIMA, SCALED)
    if math.isnan(shift):
        return missing("transfer.sparse_experts has two values, an optimum inside the grid at each")
    return Judgement(
        exceeds(shift, 0.0, error),
        predicted=REPORTED,
        measured=shift,
        error=None if math.isnan(error) else error,
        tolerance="above 0 by 2 s.e., in octaves per doubling of E",
    )


FIXED_ACTIVE = SCAN.part(
    "Does the best rate move if experts are added and no more of them are active?",
    (
        Claim(
            "no-transfer-over-active-fraction",
            "If experts are added and no more of them are active, the best rate rises: the active fraction must stay.",
            reads=(Panels.OPTIMA,),
            judge=_judge,
            figure="",
            needs={"transfer.sparse_experts": 64, "transfer.seeds": 8, "transfer.refine": 1},
        ),
    ),
)
