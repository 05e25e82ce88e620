"""Part `chain-plane`: in the plane of breadth and depth, where is a trace better than a direct answer? (E5)"""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.pita.answers import ANSWERS, DIRECT, TRACE
from solv.experiments.pita.chain import plane_cells, tested_hops
from solv.experiments.pita.settings import PitaConfig
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement, Verdict, exceeds, known, missing
from solv.tracking.curves import Curves, Params, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "chain-plane")
LEAST_SEEDS = 3  # two seeds give no error to speak of
GENERALISES = 0.55  # accuracy beyond the trained hops that one kind must have: guessing is right half of the time
CLEAR = 2.0  # arms per level, or levels per arm, from which a task is broad, or deep


class Panels(StrEnum):
    """The panels of this part."""

    PLANE = "plane"
    BEYOND = "beyond"


def panels(config: PitaConfig) -> list[Panel]:
    """Return the difference of the accuracies, and a table of both, unless every task has too many nodes."""
    if not plane_cells(config, TRACE):
        return []
    return [
        Panel(
            Panels.PLANE,
            "Trace minus direct, beyond the trained hops",
            "levels D",
            "difference of accuracies",
            x_scale="log",
            series=_label,
            ordered=True,
        ),
        Panel(
            Panels.BEYOND,
            "Accuracy beyond the trained hops",
            "levels D",
            "accuracy",
            series="{answer}, A={arms}",
            drawn=False,
        ),
    ]


def _label(params: Params) -> str:
    return str(params.get("line", "")) or f"A={params['arms']}"


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield the line that parts the plane."""
    if plane_cells(config, TRACE):
        depths = sorted(set(config.generalisation.depth))
        nothing = np.zeros(len(depths))
        yield RECORD.theory(Panels.PLANE, {"line": "no difference"}, x=("levels", depths), y=("difference", nothing))


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield accuracies averaged over the hops beyond those of the training, and their difference."""
    from solv.experiments.pita.chain_training import learn_plane

    learned = learn_plane(config, context, *ANSWERS)
    for cell in plane_cells(config, TRACE):
        beyond = np.array(tested_hops(cell.depth)) > cell.hops
        at = {
            "arms": cell.arms,
            "hops_per_level": config.generalisation.hops,
            "width": config.generalisation.width,
            "attention": config.training.attention,
        }
        x = ("levels", cell.depth)
        means, errors, seeds = {}, {}, {}
        for answer in ANSWERS:
            accuracy = learned[replace(cell, answer=answer)]["accuracy"][0][:, beyond].mean(1)
            means[answer], errors[answer], seeds[answer] = standard_error(accuracy)
            yield RECORD.trained(
                Panels.BEYOND,
                {**at, "answer": answer},
                x=x,
                y=("accuracy", means[answer]),
                y_err=errors[answer],
                n=seeds[answer],
            )
        yield RECORD.trained(
            Panels.PLANE,
            at,
            x=x,
            y=("difference", means[TRACE] - means[DIRECT]),
            y_err=np.hypot(errors[TRACE], errors[DIRECT]),
            n=min(seeds.values()),
        )


def _judge_corner(curves: Curves, broad: bool) -> Judgement:
    """Judge the corner of the plane with the most arms for its levels, or the fewest."""
    rows = select(curves, panel=Panels.PLANE, source="trained")
    arms_per_level = parameter(rows, "arms").to_numpy(dtype=float) / rows["x"].to_numpy()
    corner = int(arms_per_level.argmax() if broad else arms_per_level.argmin())
    if not (arms_per_level[corner] >= CLEAR if broad else arms_per_level[corner] <= 1 / CLEAR):
        return missing(
            "generalisation.arms with a value of at least twice one of generalisation.depth"
            if broad
            else "generalisation.depth with a value of at least twice one of generalisation.arms"
        )
    row, arms, sign = rows.iloc[corner], parameter(rows, "arms").iloc[corner], 1 if broad else -1
    both = select(curves, panel=Panels.BEYOND, arms=arms, x=row["x"])
    accuracy = {answer: float(select(both, answer=answer)["y"].iloc[0]) for answer in ANSWERS}
    error = known(row["y_err"], row["n"])
    some_generalise = max(accuracy.values()) >= GENERALISES
    return Judgement(
        exceeds(sign * row["y"], 0.0, error) if some_generalise and row["n"] >= LEAST_SEEDS else Verdict.UNDECIDED,
        predicted="trace > direct" if broad else "direct > trace",
        measured=(
            f"A = {arms}, D = {row['x']:g}: {accuracy[TRACE]:.2f} with a trace, "
            f"{accuracy[DIRECT]:.2f} direct, difference {row['y']:.3f} ± {row['y_err']:.3f}"
        ),
        tolerance=f"2 s.e. over at least {LEAST_SEEDS} models of each kind; one kind right {GENERALISES:g} of the time",
        needs="" if some_generalise else "models that generalise: longer trainings, wider models",
    )


NEEDS = {"generalisation.trace_seeds": 12, "generalisation.direct_seeds": 20}

CHAIN_PLANE = Part(
    name="chain-plane",
    question="On which tasks, broad or deep, is a trace better than a direct answer beyond the trained hops?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "rt-wins-broad-shallow",
            "On a broad, shallow task, models that write a trace are better beyond the trained hops.",
            reads=(Panels.PLANE, Panels.BEYOND),
            judge=partial(_judge_corner, broad=True),
            needs=NEEDS,
        ),
        Claim(
            "dp-wins-narrow-deep",
            "On a narrow, deep task, models that answer directly are better beyond the trained hops.",
            reads=(Panels.PLANE, Panels.BEYOND),
            judge=partial(_judge_corner, broad=False),
            needs=NEEDS,
        ),
    ),
)
