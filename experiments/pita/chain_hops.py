"""Part `chain-hops`: how does accuracy fall as questions span more hops than those of the training? (E4)

The public code of the paper draws a line of slope -2 beside the test accuracy of direct answers against the arms, where
questions span more than half of the levels. An accuracy cannot fall as a power below a half; what is fitted here is
what it has over guessing, 2 accuracy - 1.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import numpy as np

from solv.experiments.pita.answers import ANSWERS, DIRECT
from solv.experiments.pita.chain import Cell, plane_cells, tested_hops
from solv.experiments.pita.chain_work import plane_work
from solv.experiments.pita.settings import PitaConfig
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.pita.critical_width import width_law as power_law
from solv.tracking.claims import Claim, Judgement, Verdict, missing, within
from solv.tracking.curves import Curves, Recorder, each_curve, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("pita", "chain-hops")


BREADTH_EXPONENT = -2.0  # drawn by the public code
EXPONENT_TOLERANCE = 0.5
LEAST_SIZES, LEAST_SEEDS = 4, 3


class Panels(StrEnum):
    """The panels of this part."""

    HOPS = "hops"
    BREADTH = "far-by-arms"


def panels(config: PitaConfig) -> list[Panel]:
    """Return the accuracy at every number of hops, and far from a by arms, unless every task has too many nodes."""
    hops = Panel(
        Panels.HOPS,
        "D = {depth}, trained on s ≤ {hops}",
        "hops s",
        "accuracy",
        y_limits=(0.2, 1.05),
        facets=("depth", "hops"),
        series="{answer}, A={arms}",
        figure="accuracy against hops",
    )
    arms = config.generalisation.arms
    far = Panel(
        Panels.BREADTH,
        "Direct answers on questions of more than D/2 hops",
        "arms A",
        "2 accuracy - 1",
        x_scale="log",
        y_scale="log",
        series="D={depth}",
        slopes=(Slope(BREADTH_EXPONENT, float(min(arms)) ** 2, min(arms), max(arms), "slope -2"),)
        if min(arms) < max(arms)
        else (),
        figure="appendix: accuracy against breadth",
    )
    return [hops, far] if plane_cells(config, ANSWERS[0]) else []


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield nothing: what errors of single tokens predict is in part `chain-errors`."""
    yield from ()


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield the accuracy of models with a trace and of direct ones on every task."""
    from solv.experiments.pita.chain_training import learn_plane

    learned = learn_plane(config, context, *ANSWERS)
    yield from _far(config, learned)
    for cell, results in learned.items():
        y, y_err, n = standard_error(results["accuracy"][0])
        yield RECORD.trained(
            Panels.HOPS, _at(config, cell), x=("hops", tested_hops(cell.depth)), y=("accuracy", y), y_err=y_err, n=n
        )


def _far(config: PitaConfig, learned: Mapping[Cell, Mapping[str, np.ndarray]]) -> Iterator[Curves]:
    """Yield what direct answers to questions of more than half of the levels have over guessing, by arms."""
    for depth in sorted({cell.depth for cell in learned}):
        cells = sorted((c for c in learned if c.depth == depth and c.answer == DIRECT), key=lambda c: c.arms)
        far = np.array(tested_hops(depth)) > depth / 2
        if not far.any():
            continue
        found = [standard_error(2 * learned[cell]["accuracy"][0][:, far].mean(1) - 1) for cell in cells]
        y, y_err, n = zip(*found, strict=True)
        at = {
            "answer": DIRECT,
            "depth": depth,
            "hops": cells[0].hops,
            "width": config.generalisation.width,
            "attention": config.training.attention,
        }
        arms = [cell.arms for cell in cells]
        yield RECORD.trained(Panels.BREADTH, at, x=("arms", arms), y=("over guessing", y), y_err=y_err, n=n)


def _judge_breadth(curves: Curves) -> Judgement:
    laws = []
    for params, rows in each_curve(curves):
        telling = rows[rows["y"] > 2 * rows["y_err"]]
        laws.append((params, power_law(telling["x"], np.log(telling["y"]), telling["y_err"] / telling["y"])))
    if not (fitted := [(params, law) for params, law in laws if law.points >= LEAST_SIZES]):
        return missing(f"{LEAST_SIZES} of generalisation.arms at which direct answers are better than guessing")
    params, law = max(fitted, key=lambda each: each[1].points)
    return Judgement(
        within(law.exponent, BREADTH_EXPONENT, EXPONENT_TOLERANCE, law.error)
        if curves["n"].min() >= LEAST_SEEDS
        else Verdict.UNDECIDED,
        predicted=f"{BREADTH_EXPONENT:g}",
        measured=f"{law.exponent:.2f} ± {law.error:.2f} from {law.points} numbers of arms (D={params['depth']})",
        tolerance=f"{EXPONENT_TOLERANCE:g}, from {LEAST_SIZES} numbers of arms or more",
    )


def _at(config: PitaConfig, cell: Cell) -> dict[str, object]:
    return {
        "answer": cell.answer,
        "arms": cell.arms,
        "depth": cell.depth,
        "hops": cell.hops,
        "width": config.generalisation.width,
        "attention": config.training.attention,
    }


def work(config: PitaConfig) -> Work:
    """Return the work of all models of the plane; `chain-errors` and `chain-plane` read what they have learned."""
    return plane_work(config, *ANSWERS)


CHAIN_HOPS = Part(
    name="chain-hops",
    question="Which models are still right where questions span more hops than those of the training?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="accuracy against hops",
    claims=(
        Claim(
            "far-accuracy-falls-with-arms",
            "What direct answers to long questions have over guessing falls as A^-2.",
            reads=(Panels.BREADTH,),
            judge=_judge_breadth,
            figure="appendix: accuracy against breadth",
            needs={"generalisation.arms": 4},
        ),
    ),
)
