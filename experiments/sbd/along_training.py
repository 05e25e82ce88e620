"""Part `along-training`: do activations and score lose their correlation, and do updates turn towards BP's?

Also whether the part of the decorrelation gradient that SBD keeps points where the whole one does.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from solv.experiments.sbd.architectures import LEARNED, OF_DIGITS, hidden_layers
from solv.experiments.sbd.gains import student
from solv.experiments.sbd.network_work import layers, training_work
from solv.experiments.sbd.settings import BP, DIGITS, SBD, SbdConfig, Training
from solv.harness.contract import Context, Part
from solv.harness.settings import replace
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, all_of, exceeds, known, within
from solv.tracking.curves import Curves, Params, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.experiments.sbd.arenas import Problem
    from solv.experiments.sbd.training import Course
    from solv.models.ensemble import Parameters
    from solv.models.sbd.score_broadcast import BroadcastState

RECORD = Recorder("sbd", "along-training")
ROUNDING = 1e-4  # sums over a thousand examples in single precision
RIGHT_ANGLE = 0.3  # cosine that a random direction of few scores may have, three of its deviations over five seeds
CLEAR = 3.0  # standard errors
LOOK_STEPS = 10  # training steps on all examples that a look takes as long as: six updates are found, most by autograd


class Panels(StrEnum):
    """The panels of this part."""

    CORRELATION = "correlation"
    ALIGNMENT = "alignment"
    TRUNCATED = "truncated"
    FROZEN = "frozen"


def panels(config: SbdConfig) -> list[Panel]:
    """Return correlation, alignment and the difference of frozen SBD from DFA along the training of the digits."""
    along = partial(Panel, x_label="steps", x_scale="symlog")
    return [
        along(
            Panels.CORRELATION,
            "Correlation along training (digits)",
            y_label="correlation of score and features,\nin standard errors",
            y_scale="log",
            series="{rule}, layer {layer}",
            figure="EBD, Figs. 1c, 10, 12",
            note="theory: 1, the floor of the optimum",
        ),
        along(
            Panels.ALIGNMENT,
            "Cosine of SBD's and BP's updates (digits)",
            y_label="cosine",
            series="layer {layer}",
            figure="EBD, Figs. 3, 4",
        ),
        along(
            Panels.TRUNCATED,
            "Cosine of the kept part and the whole gradient of |R|² (digits, SBD)",
            y_label="cosine",
            series="layer {layer}",
            y_limits=(None, 1.05),
            figure="EBD, Fig. 5",
        ),
        along(
            Panels.FROZEN,
            "SBD with a frozen R against DFA (digits)",
            y_label="relative difference of updates",
            series="largest difference",
            note="rounding of single precision",
        ),
    ]


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Predict nothing: theory knows where training ends alone, on a correlation of 1."""
    yield from ()


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield what is seen on the digits' training examples while SBD and BP learn them."""
    from solv.experiments.sbd.arenas import Problem, digits, network
    from solv.experiments.sbd.training import Course

    training, data = replace(config.training, seeds=config.probes.seeds), digits(context)
    problem = Problem(network(config, DIGITS, data), data)
    course = Course(training.epochs, training.batch, training.learning_rate)
    moments = _moments(course.steps(len(data.x)), config.probes.looks)
    with context.progress.task("look along training", 1) as step:
        seen = context.unit("along training", lambda: _seen(problem, course, training, moments, context))
        step.advance()
    for number in problem.network.hidden:
        for rule in (SBD, BP):
            at = {"rule": rule, "layer": number + 1}
            yield _curve(Panels.CORRELATION, at, "c", moments, seen[rule][:, number])
        yield _curve(Panels.ALIGNMENT, {"layer": number + 1}, "cosine", moments, seen["cosine"][:, number])
        yield _curve(Panels.TRUNCATED, {"layer": number + 1}, "cosine", moments, seen["truncated"][:, number])
    yield _curve(Panels.FROZEN, {}, "difference", moments, seen["frozen"].max(axis=1))


def _moments(last: int, looks: int) -> list[int]:
    return sorted({0, *np.geomspace(1, last, looks - 1).round().astype(int).tolist()})


def _seen(
    problem: "Problem", course: "Course", training: Training, moments: list[int], context: Context
) -> dict[str, np.ndarray]:
    """Train by SBD and by BP and return what is seen at the moments, each of shape (moments, layers, seeds)."""
    import torch

    from solv.experiments.sbd.looks import Examples
    from solv.experiments.sbd.rules import Plan, broadcast_rule
    from solv.experiments.sbd.training import train_rules

    data, seeds = problem.data, training.seeds
    queries = torch.zeros(data.x[0].numel(), 1, device=data.x.device)
    examples = Examples(
        problem.network,
        broadcast_rule(training, Plan((SBD,)), data.classes, queries),
        data.x.expand(seeds, *data.x.shape),
        data.labels.expand(seeds, -1),
    )
    seen: dict[str, list[np.ndarray]] = {SBD: [], BP: [], "cosine": [], "truncated": [], "frozen": []}
    for rule in (SBD, BP):

        def look(now: int, parameters: "Parameters", state: "BroadcastState | None", rule: str = rule) -> None:
            if now not in moments:
                return
            seen[rule].append(examples.correlations(parameters))
            if state is not None:
                seen["cosine"].append(examples.cosines(parameters, state))
                seen["truncated"].append(examples.truncations(parameters, state))
                seen["frozen"].append(examples.frozen_against_direct(parameters, state))

        train_rules(f"along {rule}", problem, Plan((rule,)), course, training, context, look, stream="along")
    return {name: np.stack(values) for name, values in seen.items()}


def _curve(panel: Panels, at: Params, name: str, moments: list[int], values: np.ndarray) -> Curves:
    """Return the mean over seeds of values (moments, seeds)."""
    y, y_err, n = standard_error(values.T)
    return RECORD.trained(panel, at, x=("step", moments), y=(name, y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_falls(curves: Curves) -> Judgement:
    verdicts, ranges = [], []
    for params, rows in each_curve(select(curves, rule=BP)):
        line = rows.sort_values("x")
        top, end = line.iloc[int(line["y"].iloc[:-1].argmax())], line.iloc[-1]
        error = known(math.hypot(top["y_err"], end["y_err"]), end["n"])
        verdicts.append(exceeds(top["y"] - end["y"], 0, error, sigmas=CLEAR))
        ranges.append(f"layer {params['layer']}: {top['y']:.1f} to {end['y']:.1f}")
    return Judgement(
        all_of(verdicts),
        predicted="falls towards 1",
        measured="; ".join(ranges),
        tolerance=f"{CLEAR:g} s.e. below its largest value",
    )


def _judge_aligned(curves: Curves) -> Judgement:
    verdicts, ranges = [], []
    for _, rows in each_curve(curves):
        line = rows.sort_values("x")
        first, best = line.iloc[0], line.iloc[1 + int(line["y"].iloc[1:].argmax())]
        verdicts.append(within(first["y"], 0, RIGHT_ANGLE, known(first["y_err"], first["n"]), sigmas=CLEAR))
        verdicts.append(exceeds(best["y"], max(first["y"], 0.0), known(best["y_err"], best["n"]), sigmas=CLEAR))
        ranges.append(f"{first['y']:+.2f} to {best['y']:+.2f}")
    return Judgement(
        all_of(verdicts),
        predicted="cosine 0, then positive",
        measured="; ".join(ranges),
        tolerance=(
            f"start within {RIGHT_ANGLE:g} (a random direction of few scores), largest above 0 and the start by "
            f"{CLEAR:g} s.e."
        ),
    )


def _judge_kept(curves: Curves) -> Judgement:
    """Every layer at every look, judged together: which look is the least is not known beforehand."""
    verdicts = [
        exceeds(row["y"], 0, known(row["y_err"], row["n"]), sigmas=student(len(curves), int(row["n"])))
        for _, row in curves.iterrows()
    ]
    least = curves.iloc[int(curves["y"].argmin())]
    return Judgement(
        all_of(verdicts),
        predicted="> 0",
        measured=float(least["y"]),
        error=float(least["y_err"]),
        tolerance=f"the least of {len(curves)} layers and looks; Student's t for all together",
    )


def _judge_frozen(curves: Curves) -> Judgement:
    """The two updates are one function: what differs is rounding, and no scatter over seeds is no accident."""
    largest = curves.iloc[int(curves["y"].argmax())]
    return Judgement(
        all_of(within(y, 0, ROUNDING, error) for y, error in zip(curves["y"], curves["y_err"], strict=True)),
        predicted=0.0,
        measured=float(largest["y"]),
        error=float(largest["y_err"]),
        tolerance=f"{ROUNDING:g} of the update's length: rounding",
    )


def work(config: SbdConfig) -> Work:
    """Return the work of two trainings, by SBD and by BP, and of looks at all examples, nearly all of them at SBD."""
    (shape, classes), training, seeds = OF_DIGITS, config.training, config.probes.seeds
    network = layers(shape, hidden_layers(config.images, DIGITS), DIGITS, classes)
    steps = training.epochs * max(LEARNED // training.batch, 1)
    looks = training_work(network, seeds, LEARNED, LOOK_STEPS * config.probes.looks, broadcast=classes)
    trainings = [training_work(network, seeds, training.batch, steps, broadcast=scores) for scores in (classes, 0)]
    return sum(trainings, looks)


ALONG_TRAINING = Part(
    name="along-training",
    question="Do activations and score lose their correlation along training, and do SBD's updates turn towards BP's?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=(
        Claim(
            "correlation-falls-under-bp",
            "Training by backpropagation, too, makes activations and score uncorrelated.",
            reads=(Panels.CORRELATION,),
            judge=_judge_falls,
            needs={"probes.seeds": 5, "training.epochs": 8},
        ),
        Claim(
            "alignment-grows",
            "SBD's updates start at right angles to backpropagation's and turn towards them.",
            reads=(Panels.ALIGNMENT,),
            judge=_judge_aligned,
            needs={"probes.seeds": 5},
        ),
        Claim(
            "kept-part-descends",
            "The part of the decorrelation gradient that is kept points where the whole gradient does.",
            reads=(Panels.TRUNCATED,),
            judge=_judge_kept,
            figure="EBD, Fig. 5",
            needs={"probes.seeds": 5},
        ),
        Claim(
            "dfa-is-frozen-sbd",
            "With R frozen SBD is direct feedback alignment.",
            reads=(Panels.FROZEN,),
            judge=_judge_frozen,
            needs={"probes.seeds": 3},
        ),
    ),
)
