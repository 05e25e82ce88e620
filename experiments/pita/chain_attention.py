"""Part `chain-attention`: is the attention that is learned nearly uniform, and does a model without it do as well?

With equal weights of all tokens, what is left is relu(mean embedding V O W1) W2 a: the reduced model on which the
paper's scaling arguments rest (its appendix: A = 10, D = 8, d = 512). The same tasks, embeddings, first weights and
questions are trained with softmax and with uniform attention.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.pita.answers import ANSWERS
from solv.experiments.pita.chain import Cell, span
from solv.experiments.pita.chain_work import cell_work
from solv.experiments.pita.settings import PitaConfig
from solv.harness.contract import Context, Part
from solv.harness.settings import replace
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of
from solv.tracking.confidence import STUDENT, within
from solv.tracking.curves import Curves, Recorder, decode_params, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("pita", "chain-attention")
LEARNED, REDUCED = "softmax", "uniform"
ACCURACY_TOLERANCE = 0.05  # a tenth of what is between guessing and knowing
FAR = 0.25  # total variation that is no longer near uniform: a quarter of the weight elsewhere
UNSEEN = 1.5  # of N tests none of which differs, by which two standard errors are 3 / N: 95 % that no more do
LEAST_SEEDS = 3  # two seeds give no error to speak of
LEAST_WIDTH = 256  # the argument is one of wide models; the paper looks at 512


class Panels(StrEnum):
    """The panels of this part."""

    FROM_UNIFORM = "attention-from-uniform"
    REDUCED = "reduced-model"
    DIFFERENCE = "reduced-minus-learned"


def panels(config: PitaConfig) -> list[Panel]:
    """Return how far the attention is from uniform, and the accuracy of both models, against the width."""
    shared = {"x_label": "width d", "x_scale": "log", "series": "{answer}"}
    return [
        Panel(
            Panels.FROM_UNIFORM,
            "Learned attention: distance from uniform",
            y_label="total variation",
            y_limits=(0.0, 1.0),
            figure="appendix: learned attention",
            **shared,  # type: ignore[arg-type]
        ),
        Panel(
            Panels.REDUCED,
            "With learned and with uniform attention",
            "width d",
            "accuracy at the longest trained hop",
            x_scale="log",
            y_limits=(0.4, 1.02),
            series="{answer}, {attention}",
            figure="appendix: reduced model",
        ),
        Panel(
            Panels.DIFFERENCE,
            "Uniform minus learned, seed by seed",
            y_label="difference of accuracies",
            drawn=False,
            **shared,  # type: ignore[arg-type]
        ),
    ]


def predict(config: PitaConfig) -> Iterator[Curves]:
    """Yield nothing: that both do the same is judged by their difference."""
    yield from ()


def _cell(config: PitaConfig, answer: str) -> Cell:
    """Return the task, and the models that learn it."""
    settings = config.attention
    hops, widths = span(config.widths.hops, settings.depth), tuple(sorted(set(settings.widths)))
    return Cell(answer, settings.arms, settings.depth, hops, widths)


def measure(config: PitaConfig, context: Context) -> Iterator[Curves]:
    """Yield the distance from uniform attention, both accuracies, and their difference over paired seeds."""
    from solv.experiments.pita.chain_training import accuracies

    settings = config.attention
    hops = span(config.widths.hops, settings.depth)
    at = {
        "arms": settings.arms,
        "depth": settings.depth,
        "hops": hops,
        "trace": config.training.trace,
        "steps": config.training.steps,
    }
    with context.progress.task("train chain models without attention", 2 * len(ANSWERS)) as step:
        for answer in ANSWERS:
            cell = _cell(config, answer)
            widths, accuracy = cell.widths, {}
            for attention in (LEARNED, REDUCED):
                training = replace(config.training, attention=attention)
                found = accuracies(training, context, cell, (hops,), note=f", {attention} attention")
                accuracy[attention] = found["accuracy"][..., 0].T
                if attention == LEARNED:
                    y, y_err, n = standard_error(found["from_uniform"][..., 0].T)
                    yield RECORD.trained(
                        Panels.FROM_UNIFORM,
                        {**at, "answer": answer},
                        x=("width", widths),
                        y=("distance", y),
                        y_err=y_err,
                        n=n,
                    )
                y, y_err, n = standard_error(accuracy[attention])
                kind = {**at, "answer": answer, "attention": attention}
                yield RECORD.trained(Panels.REDUCED, kind, x=("width", widths), y=("accuracy", y), y_err=y_err, n=n)
                step.advance(note=f"{answer}, {attention}")
            y, y_err, n = standard_error(accuracy[REDUCED] - accuracy[LEARNED])
            y_err = np.maximum(y_err, UNSEEN / (n * config.training.tests))
            yield RECORD.trained(
                Panels.DIFFERENCE,
                {**at, "answer": answer},
                x=("width", widths),
                y=("difference", y),
                y_err=y_err,
                n=n,
            )


def _judge_uniform(curves: Curves) -> Judgement:
    curves = _wide(curves)
    worst = curves.sort_values("y").iloc[-1]
    verdicts = [
        within(row["y"], 0.0, FAR, row["y_err"], row["n"], comparisons=len(curves)) for _, row in curves.iterrows()
    ]
    return Judgement(
        all_of(verdicts) if _telling(curves) else Verdict.UNDECIDED,
        predicted="near 0",
        measured=f"at most {worst['y']:.3f} ± {worst['y_err']:.3f} ({_place(worst['params'], worst['x'])})",
        tolerance=(
            f"{FAR:g}: less than a quarter of the weight elsewhere; from d = {LEAST_WIDTH}, {LEAST_SEEDS} seeds; "
            f"{STUDENT}"
        ),
    )


def _judge_reduced(curves: Curves) -> Judgement:
    curves = _wide(curves)
    worst = curves.sort_values("y", key=abs).iloc[-1]
    verdicts = [
        within(row["y"], 0.0, ACCURACY_TOLERANCE, row["y_err"], row["n"], comparisons=len(curves))
        for _, row in curves.iterrows()
    ]
    return Judgement(
        all_of(verdicts) if _telling(curves) else Verdict.UNDECIDED,
        predicted="0",
        measured=f"{worst['y']:+.3f} ± {worst['y_err']:.3f} at most ({_place(worst['params'], worst['x'])})",
        tolerance=(
            f"{ACCURACY_TOLERANCE:g}; an error as of all tests where seeds agree; from d = {LEAST_WIDTH}, "
            f"{LEAST_SEEDS} seeds; {STUDENT}"
        ),
    )


def _wide(curves: Curves) -> Curves:
    """Return the points of wide models, or those of the widest."""
    wide: Curves = curves[curves["x"] >= min(LEAST_WIDTH, curves["x"].max())]
    return wide


def _telling(curves: Curves) -> bool:
    return bool(curves["n"].min() >= LEAST_SEEDS and curves["x"].min() >= LEAST_WIDTH)


def _place(params: str, width: float) -> str:
    return f"{decode_params(params)['answer']}, d = {width:g}"


NEEDS = {"training.seeds": 12, "training.steps": 10_000, "attention.widths": LEAST_WIDTH}
SEEDS_AT_THE_EDGE = 400  # 0.251 +- 0.003 by twelve models of width 512, where the tolerance ends at 0.25


def work(config: PitaConfig) -> Work:
    """Return the work of both kinds of answers, with learned and with uniform attention, which hardly takes less."""
    return sum((cell_work(config.training, _cell(config, answer), 1) * 2 for answer in ANSWERS), Work())


CHAIN_ATTENTION = Part(
    name="chain-attention",
    question="Is the attention that is learned nearly uniform, and is a model with uniform attention as good?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="appendix: learned attention, reduced model",
    claims=(
        Claim(
            "attention-is-near-uniform",
            "The attention that is learned hardly differs from equal weights of all tokens.",
            reads=(Panels.FROM_UNIFORM,),
            judge=_judge_uniform,
            figure="appendix: learned attention",
            needs={**NEEDS, "training.seeds": SEEDS_AT_THE_EDGE},
        ),
        Claim(
            "reduced-model-suffices",
            "A model with uniform attention is as accurate as one that learns its attention.",
            reads=(Panels.DIFFERENCE,),
            judge=_judge_reduced,
            figure="appendix: reduced model",
            needs=NEEDS,
        ),
    ),
)
