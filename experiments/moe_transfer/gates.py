"""Part `gates`: does the best rate stay as the width grows both with sigmoid and with softmax gates?"""

from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Names, judge_stays, measure_lines, scan_panels
from solv.experiments.moe_transfer.settings import MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import AXES, SCALED, models
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "gates")
AXIS = AXES["width"]
SHOWN = {"sigmoid": "sigmoid gates", "softmax": "softmax gates"}


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "gates-rates"
    OPTIMUM = "gates-optimum"
    BEST = "gates-best"
    OPTIMA = "gates-optima"


NAMES = Names(Panels.RATES, Panels.OPTIMUM, Panels.BEST, Panels.OPTIMA)


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the rate, and the best of both against the size."""
    if "ablations" not in config.work:
        return []
    return scan_panels(NAMES, "Gates", AXIS, SHOWN)


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: both gates have the same powers of size."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the losses of every model, and the best of them."""
    if "ablations" in config.work:
        yield from measure_lines(RECORD, NAMES, AXIS, lines(config.transfer), config.transfer, context)


def lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    changes = {gate: {} if gate == settings.gate else {"gate": gate} for gate in SHOWN}
    return [Line(gate, SCALED, models(settings, "width"), changes[gate]) for gate in SHOWN]


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    return judge_stays(curves, Panels.OPTIMA, "transfer.width has two values")


GATES = Part(
    name="gates",
    question="Does the best rate stay as the width grows both with sigmoid and with softmax gates?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
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
