"""Part `fixed-active`: does the best rate move if experts are added and no more of them are active? A control.

The paper expects no transfer between active fractions (arXiv:2601.20205, section 3.2): here one must be seen to move.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Names, measure_lines, scan_panels, shift_of
from solv.experiments.moe_transfer.settings import MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import SCALED, SHOWN, sparse_models
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement, exceeds, missing
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "fixed-active")
AXIS = "experts E"
REPORTED = 0.11  # octaves per doubling of E that a co-author measured, 0.13 decades over a factor of 16


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "fixed-active-rates"
    OPTIMUM = "fixed-active-optimum"
    BEST = "fixed-active-best"
    OPTIMA = "fixed-active-optima"


NAMES = Names(Panels.RATES, Panels.OPTIMUM, Panels.BEST, Panels.OPTIMA)


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the rate, and the best of both against the number of experts."""
    if "ablations" not in config.work:
        return []
    return scan_panels(NAMES, "As many active experts of more", AXIS, SHOWN)


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: the theory holds at a fixed active fraction alone."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the losses of every model, and the best of them."""
    if "ablations" in config.work:
        yield from measure_lines(RECORD, NAMES, AXIS, lines(config.transfer), config.transfer, context)


def lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    return [Line(SCALED, SCALED, sparse_models(settings))]


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


FIXED_ACTIVE = Part(
    name="fixed-active",
    question="Does the best rate move if experts are added and no more of them are active?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
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
