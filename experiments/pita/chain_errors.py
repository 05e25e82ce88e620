"""Part `chain-errors`: do the errors of single tokens say how often a whole trace is right? (E4)

Errors are measured after true traces, so that nothing is fitted: a trace whose tokens err alike, each with chance ε, is
right with chance E[(1 - ε)^(n+1)]; or steps and answer err apart. What the two models of independent errors make of the
measured ones, seed by seed, is theory anchored in a measurement; the written traces are what the networks do.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import pandas as pd

from solv.experiments.pita.answers import TRACE
from solv.experiments.pita.chain import Cell, plane_cells, tested_hops
from solv.experiments.pita.settings import PitaConfig
from solv.harness.contract import Context, Part
from solv.theory.pita.chain_lengths import right_answer, right_to_the_end, trace_lengths
from solv.tracking.claims import Claim, Judgement, Verdict, all_of
from solv.tracking.confidence import STUDENT, within
from solv.tracking.curves import Curves, Recorder, decode_params, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "chain-errors")
ACCURACY_TOLERANCE = 0.05  # a tenth of what is between guessing and knowing
LEAST_SEEDS = 3  # two seeds give no error to speak of


class Panels(StrEnum):
    """The panels of this part."""

    ALIKE = "tokens-alike"
    APART = "answer-apart"
    TOKENS = "token-errors"


def panels(config: PitaConfig) -> list[Panel]:
    """Return accuracy and what errors predict of it, unless every task has too many nodes; and a table of errors."""
    if not plane_cells(config, TRACE):
        return []
    predictions = [
        Panel(
            name,
            title,
            "hops s",
            "accuracy",
            y_limits=(0.4, 1.02),
            series="A={arms}, D={depth}",
            ordered=True,
            note="dashed: by errors of single tokens; open bars: of measured minus that",
        )
        for name, title in (
            (Panels.ALIKE, "If all tokens erred alike"),
            (Panels.APART, "If the answer errs apart"),
        )
    ]
    tokens = Panel(
        Panels.TOKENS, "Errors of single tokens", "hops s", "error", series="A={arms}, D={depth}", drawn=False
    )
    return [*predictions, tokens]


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield nothing: the errors that predict are measured."""
    yield from ()


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield, of every task, the accuracy of written traces and what the errors of their tokens predict."""
    from solv.experiments.pita.chain_training import learn_plane

    for cell, results in learn_plane(config, context, TRACE).items():
        yield from _curves(config, cell, {key: values[0] for key, values in results.items()})


def _curves(config: PitaConfig, cell: Cell, results: dict[str, np.ndarray]) -> Iterator[Curves]:
    """Yield the curves of one task from accuracies and errors, shape (seeds, hops)."""
    hops = tested_hops(cell.depth)
    accuracy, token, at_step, at_answer = (results[key] for key in ("accuracy", "token", "step", "answer"))
    alike, apart = np.empty_like(accuracy), np.empty_like(accuracy)
    for place, hop in enumerate(hops):
        lengths = trace_lengths(cell.depth, hop, hop, trace=config.training.trace)
        for seed in range(len(accuracy)):
            alike[seed, place] = right_to_the_end(token[seed, place], lengths)
            apart[seed, place] = right_answer(at_step[seed, place], at_answer[seed, place], lengths)
    at = {
        "arms": cell.arms,
        "depth": cell.depth,
        "hops": cell.hops,
        "width": config.generalisation.width,
        "attention": config.training.attention,
    }
    x = ("hops", hops)
    for panel, predicted in ((Panels.ALIKE, alike), (Panels.APART, apart)):
        y, y_err, n = standard_error(predicted)
        yield RECORD.anchored(panel, at, x=x, y=("accuracy", y), y_err=y_err, n=n)
        _, y_err, n = standard_error(accuracy - predicted)
        yield RECORD.trained(panel, at, x=x, y=("accuracy", accuracy.mean(0)), y_err=y_err, n=n)
    for name, errors in (("step error", at_step), ("answer error", at_answer)):
        y, y_err, n = standard_error(errors)
        yield RECORD.trained(Panels.TOKENS, at, x=x, y=(name, y), y_err=y_err, n=n)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_per_step(curves: Curves) -> Judgement:
    """Points at which all seeds agree to the last digit, such as traces that are always right, say nothing."""
    points, apart = (_against_prediction(select(curves, panel=panel)) for panel in (Panels.ALIKE, Panels.APART))
    off = (points["y"] - points["predicted"]).abs()
    worst = points.iloc[int(off.argmax())]
    place = decode_params(worst["params"])
    telling = points[(points["y_err"] > 0) | (off > ACCURACY_TOLERANCE)]
    verdicts = [
        within(row["y"], row["predicted"], ACCURACY_TOLERANCE, row["y_err"], row["n"], comparisons=len(telling))
        for _, row in telling.iterrows()
    ]
    return Judgement(
        all_of(verdicts) if points["n"].min() >= LEAST_SEEDS else Verdict.UNDECIDED,
        predicted=f"E[(1 - ε)^T] at every number of hops, {worst['predicted']:.3f} at the worst",
        measured=(
            f"{worst['y']:.3f} ± {worst['y_err']:.3f} (A={place['arms']}, D={place['depth']}, {worst['x']:g} hops), "
            f"the worst of {len(off)}; mean deviation {off.mean():.3f}; "
            f"with errors of steps (at most {_largest(curves, 'step error'):.3f} of them) and answers (up to "
            f"{_largest(curves, 'answer error'):.2f}) apart at most {(apart['y'] - apart['predicted']).abs().max():.3f}"
        ),
        tolerance=(
            f"{ACCURACY_TOLERANCE:g} of accuracy at every point with any scatter ({len(telling)} of {len(points)}), at "
            f"least {LEAST_SEEDS} seeds; {STUDENT}"
        ),
    )


def _against_prediction(curves: Curves) -> pd.DataFrame:
    """Return the points of written traces with what the errors of single tokens predict of each as `predicted`."""
    predicted, written = (select(curves, source=source) for source in ("anchored", "trained"))
    keys = ["params", "x"]
    return written.merge(predicted[[*keys, "y"]].rename(columns={"y": "predicted"}), on=keys)


def _largest(curves: Curves, name: str) -> float:
    """Return the largest error of any task, the mean over its hops."""
    return max(float(rows["y"].mean()) for _, rows in each_curve(select(curves, panel=Panels.TOKENS, y_name=name)))


CHAIN_ERRORS = Part(
    name="chain-errors",
    question="Does the error of a single token say how often a trace is right to its end?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "per-step-error-predicts-rt",
            "A trace of T tokens is right with chance (1 - ε)^T, ε the error of a token after a true trace.",
            reads=(Panels.ALIKE, Panels.APART, Panels.TOKENS),
            judge=_judge_per_step,
            needs={
                "generalisation.trace_seeds": 12,
                "generalisation.nodes": 128,
                "generalisation.depth": 16,
                "generalisation.arms": 8,
            },
        ),
    ),
)
