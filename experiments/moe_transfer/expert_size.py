"""Part `expert-size`: does the best rate stay as experts get many hidden units, with W2 by the paper and by fan-in?"""

import math
from collections.abc import Iterator
from enum import StrEnum

from solv.experiments.moe_transfer.scans import Line, Names, measure_lines, scan_panels, shift_of
from solv.experiments.moe_transfer.settings import MoeTransferConfig, TransferSettings
from solv.experiments.moe_transfer.sizes import large_expert_models
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, missing, within
from solv.tracking.curves import Curves, Recorder
from solv.tracking.panels import Panel

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


NAMES = Names(Panels.RATES, Panels.OPTIMUM, Panels.BEST, Panels.OPTIMA)


def panels(config: MoeTransferConfig) -> list[Panel]:
    """Return the loss against the rate, and the best of both against the hidden units of an expert."""
    if "ablations" not in config.work:
        return []
    return scan_panels(NAMES, "Large experts", AXIS, SHOWN)


def predict(config: MoeTransferConfig) -> Iterator[Curves]:
    """Yield nothing: that fan-in drifts by half an octave per doubling is asymptotic."""
    yield from ()


def measure(config: MoeTransferConfig, context: Context) -> Iterator[Curves]:
    """Yield the losses of every model, and the best of them."""
    if "ablations" in config.work:
        yield from measure_lines(RECORD, NAMES, AXIS, lines(config.transfer), config.transfer, context)


def lines(settings: TransferSettings) -> list[Line]:
    """Return what is trained."""
    models = large_expert_models(settings)
    return [Line("paper", "paper", models), Line("fan-in", "transfer", models)]


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


EXPERT_SIZE = Part(
    name="expert-size",
    question="Does the best rate stay as experts get many hidden units, with W2 by the paper and by fan-in?",
    switch="work",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
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
