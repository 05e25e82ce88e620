"""Part `weight-decay`: does the loss go on falling where weight decay holds the logits at a finite scale?

The paper: the scale saturates and the loss keeps its power law, the student turning towards the teacher. A loss of an
aligned student at a fixed scale would stand still; that is the limit of late times.
"""

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np

from solv.experiments.softmax_law.counting import grid_work
from solv.experiments.softmax_law.exponents import LONG
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.toy import (
    TAU,
    Cell,
    few,
    over_repeats,
    reading_steps,
    slopes_over,
    target_scale,
    train_cells,
)
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, missing
from solv.tracking.curves import Curves, Recorder, geometric_mean, parameter, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "weight-decay")
LAST = 4.0  # factor of time at the end, over which growth of the scale and fall of the loss are read
STILL = 0.1  # exponent below which a scale has saturated: a third of the law's
FALLS = 0.1  # exponent above which a loss still falls


class Panels(StrEnum):
    """The panels of this part; `decay-late` holds what loss, scale and misalignment do over the last factor 4."""

    LOSS = "decay-loss"
    SCALE = "decay-scale"
    TURN = "decay-turn"
    LATE = "decay-late"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return loss, scale of the logits and misalignment against tau."""
    sizes = config.decay
    end = max(sizes.rate) * sizes.steps
    log = partial(
        Panel, x_label=TAU, x_scale="log", y_scale="log", series="rate {rate}", ordered=True, figure="Fig. 5c, d"
    )
    return [
        log(
            Panels.LOSS,
            f"Weight decay {sizes.decay:g}, T = {sizes.temperature:g}: loss",
            y_label="loss",
            slopes=(Slope(-1 / 3, 1.5, 1.0, end, "slope -1/3"),),
        ),
        log(
            Panels.SCALE,
            "Scale of the logits",
            y_label="standard deviation of the logits",
            slopes=(
                Slope(0.0, target_scale(sizes.temperature), 0.1, end, "the target's"),
                Slope(1 / 3, 3.0, 1.0, end, "slope 1/3"),
            ),
        ),
        log(
            Panels.TURN,
            "Angle between student and teacher",
            y_label="1 - cosine",
            note="centred weights",
        ),
        Panel(Panels.LATE, f"Exponents over the last factor {LAST:g} in time", "rate", "exponent", drawn=False),
    ]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield nothing: how a student turns is not known."""
    yield from ()


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield loss, scale and angle under weight decay, and their late exponents."""
    sizes, read_at = config.decay, reading_steps(config.decay.steps)
    planned = [Cell(sizes.temperature, rate, decay=sizes.decay) for rate in sizes.rate]
    read = over_repeats(
        [
            train_cells("toy decay", planned, read_at, config, context, r, batch=sizes.batch)
            for r in range(config.toy.repeats)
        ]
    )
    steps = np.array(read_at, dtype=float)
    for index, cell in enumerate(planned):
        at = {"rate": cell.rate, "decay": cell.decay, "temperature": cell.temperature}
        quantities: Mapping[str, Any] = {
            "loss": (Panels.LOSS, read["loss"][index]),
            "scale": (Panels.SCALE, read["scale"][index]),
            "turn": (Panels.TURN, np.maximum(1 - read["alignment"][index], 1e-9)),
        }
        for name, (panel, values) in quantities.items():
            y, y_err, n = geometric_mean(values)
            yield RECORD.trained(panel, at, x=("tau", cell.rate * steps), y=(name, y), y_err=y_err, n=n)
            late = slopes_over(steps, values, LAST)[1][:, -1]
            y, y_err, n = standard_error(late)
            yield RECORD.trained(Panels.LATE, at, x=("rate", cell.rate), y=(name, y), y_err=y_err, n=n)
        taken = ("steps", steps[-1])
        yield RECORD.trained(Panels.LATE, at, x=("rate", cell.rate), y=taken, y_err=math.nan, n=1)


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the students of every rate."""
    sizes = config.decay
    return grid_work(config, [Cell(sizes.temperature, rate) for rate in sizes.rate], sizes.steps, batch=sizes.batch)


def _judge_rotation(curves: Curves) -> Judgement:
    """Asked of the largest rate whose noise does not fill the loss: there decay acts first."""
    late = select(curves, panel=Panels.LATE, source="trained")
    rates = parameter(late, "rate").astype(float)
    steps = late[(late["y_name"] == "steps") & (late["y"] >= LONG)]
    chosen = rates[(rates <= 0.1) & late["y_name"].eq("steps")]
    if steps.empty or chosen.empty:
        return missing(f"decay.steps >= {LONG}, decay.rate includes one up to 0.1")
    at = late[rates == chosen.max()].set_index("y_name")
    scale, loss = (at[at.index == name].iloc[0] for name in ("scale", "loss"))
    return Judgement(
        all_of(
            [
                exceeds(STILL, scale["y"], known(scale["y_err"], scale["n"]), sigmas=few(scale["n"])),
                exceeds(-loss["y"], FALLS, known(loss["y_err"], loss["n"]), sigmas=few(loss["n"])),
            ]
        ),
        predicted=f"scale ~ τ^0, loss still falling (the paper: τ^(-1/3)), rate {chosen.max():g}",
        measured=f"scale {scale['y']:.3f} ± {scale['y_err']:.3f}, loss {loss['y']:.3f} ± {loss['y_err']:.3f}",
        error=float(loss["y_err"]),
        tolerance=f"scale below {STILL:g}, loss beyond {-FALLS:g}, over the last factor {LAST:g} in time",
    )


WEIGHT_DECAY = Part(
    name="weight-decay",
    question="Does the loss go on falling where weight decay holds the logits at a finite scale?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="Fig. 5c, d",
    claims=(
        Claim(
            "loss-falls-by-rotation",
            "Under weight decay the scale of the logits saturates while the loss goes on falling.",
            reads=(Panels.LATE,),
            judge=_judge_rotation,
            figure="Fig. 5c, d",
            needs={"decay.steps": 2000, "toy.repeats": 4},
        ),
    ),
)
