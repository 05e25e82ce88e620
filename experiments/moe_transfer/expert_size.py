"""Part `expert-size`: does the best rate stay as experts get many hidden units, with W2 by the paper and by fan-in?"""

import math
from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Scan, shift_of
from solv.experiments.moe_transfer.settings import TransferSettings
from solv.experiments.moe_transfer.sizes import large_expert_models
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, missing, within
from solv.tracking.curves import Curves, Recorder

RECORD = Recorder("moe-transfer", "expert-size")
AXIS = "hidden units H"
SHOWN = {"paper": "W2 ~ √N/H", "fan-in": "W2 ~ H^(-1/2)"}
LARGE = 16  # times the smallest, from which on exponents are clean
DRIFT = 0.1  # octaves per doubling; the authors' fan-in optimum falls by 0.19 to 0.31, and by 1/2 where H is large


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "large-experts-rates"
    OPTIMUM = "large-experts-optimum"
    BEST = "large-experts-best"
    OPTIMA = "large-experts-optima"


def _lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    models = large_expert_models(settings)
    return [Line("paper", "paper", models), Line("fan-in", "transfer", models)]


SCAN = Scan(RECORD, Panels, "Large experts", AXIS, SHOWN, _lines)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    ours, error = shift_of(curves, Panels.OPTIMA, "paper")
    other, other_error = shift_of(curves, Panels.OPTIMA, "fan-in")
    if math.isnan(ours) or math.isnan(other) or curves["x"].max() < LARGE * curves["x"].min():
        return missing(f"transfer.large_alpha over a factor of {LARGE} and more, an optimum inside the grid at each")
    return Judgement(
        all_of([within(ours, 0.0, DRIFT, error), exceeds(-other, DRIFT, other_error)]),
        predicted="0; fan-in -0.5 where H is large, -0.19 to -0.31 in the paper",
        measured=f"{ours:.2f} ± {error:.2f}; fan-in {other:.2f} ± {other_error:.2f} octaves per doubling of H",
        error=None if math.isnan(error) else error,
        tolerance=f"{DRIFT:g} octaves per doubling",
    )


EXPERT_SIZE = SCAN.part(
    "Does the best rate stay as experts get many hidden units, with W2 by the paper and by fan-in?",
    (
        Claim(
            "fan-in-drifts",
            "As experts grow the best rate stays with W2 of deviation sqrt(N)/H, and falls with H^(-1/2), its fan-in.",
            reads=(Panels.OPTIMA,),
            judge=_judge,
            figure="Fig. 11",
            needs={"transfer.large_alpha": 64, "transfer.seeds": 4, "transfer.refine": 1},
        ),
    ),
    figure="Fig. 11",
)
