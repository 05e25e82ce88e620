"""Part `paper-model`: does the best rate stay as the width grows for the paper's own model, base and constants?"""

from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Names, judge_stays, measure_lines, scan_panels
from solv.experiments.moe_transfer.settings import MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import AXES, models
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

RECORD = Recorder("moe-transfer", "paper-model")
AXIS = AXES["width"]
SHOWN = {"paper": "the paper's model"}


class Panels(StrEnum):
    """The panels of this part."""

    RATES = "paper-model-rates"
    OPTIMUM = "paper-model-optimum"
    BEST = "paper-model-best"
    OPTIMA = "paper-model-optima"


NAMES = Names(Panels.RATES, Panels.OPTIMUM, Panels.BEST, Panels.OPTIMA)


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the rate, and the best of both against the size."""
    if "ablations" not in config.work:
        return []
    return scan_panels(NAMES, "The paper's model", AXIS, SHOWN)


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: the table lets it stay."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the losses of every model, and the best of them."""
    if "ablations" in config.work:
        yield from measure_lines(RECORD, NAMES, AXIS, lines(config.transfer), config.transfer, context)


def lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    changes = {"model": "paper", "rates": settings.paper_rates}
    return [Line("paper", "paper", models(settings, "width"), changes)]


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves) -> Judgement:
    return judge_stays(curves, Panels.OPTIMA, "transfer.width has two values")


PAPER_MODEL = Part(
    name="paper-model",
    question="Does the best rate stay as the width grows for the paper's own model, base and constants?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
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
