"""Part `large-batch`: does an averaged constant rate lead the tuned cosine the more, the larger the batch? (Figure 3)

The noise of a gradient falls as 1/B. Each batch has its own tuned cosine, and its own peak and window of the constant
run; what is compared is the number of steps, not of samples.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

import numpy as np

from solv.experiments.anytime.regression import LAST, case, problem
from solv.experiments.anytime.settings import AnytimeConfig, cases
from solv.experiments.anytime.work import nodes, recursion, tuned
from solv.harness.contract import Part
from solv.harness.settings import replace
from solv.harness.work import Work
from solv.theory.anytime.horizon_free import FINALS, Anytime, PowerSchedule, compare
from solv.theory.anytime.weight_averaging import ema
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, missing
from solv.tracking.curves import Curves, Recorder, each_curve, parameter
from solv.tracking.panels import Panel

RECORD = Recorder("anytime", "large-batch")
PARTS = tuple((2 ** (np.arange(0, 9) / 2) / 16).tolist())  # of the horizon: a sixteenth to all of it, two an octave
MULTIPLIERS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.3, 1.7, 2.2, 3, 4, 5, 6.5)  # times 1/tr H
AVERAGED, ALONE = "EMA, best window", LAST
LARGE = 4096  # samples a step of the paper's large batch
LEVEL = 0.01  # a lead that has reached what noiseless descent gives no longer grows


class Panels(StrEnum):
    """The panel of this part."""

    RATIO = "large-batch"


def panels(config: AnytimeConfig) -> list[Panel]:
    """Return the ratio of the constant run to the tuned cosine, a line a batch."""
    return [
        Panel(
            Panels.RATIO,
            "Constant rate, {average}: a = {a}, b = {b}",
            "steps t",
            "risk / that of the tuned cosine",
            x_scale="log",
            facets=("average", "a", "b"),
            series="B = {batch}",
            ordered=True,
            note="1: a cosine tuned for each t and batch",
            figure="Fig. 3",
        )
    ]


def predict(config: AnytimeConfig) -> Iterator[Curves]:
    """Yield the best constant run of every batch, averaged and not, over its tuned cosine."""
    size = config.large_batch
    steps = sorted({max(1, round(part * size.horizon)) for part in PARTS})
    averages = [ema(label) for label in config.regret.labels]
    for a, b in cases(config):
        for batch in sorted(size.batch):
            own = replace(config, batch=batch)
            found = compare(problem(own, a, b), steps, [PowerSchedule(0.0)], averages, MULTIPLIERS)
            averaged = [run for run in found.runs if run.average != "last iterate"]
            chosen: dict[str, Anytime] = {
                AVERAGED: min(averaged, key=lambda run: run.worst_ratio),
                ALONE: next(run for run in found.runs if run.average == "last iterate"),
            }
            for name, run in chosen.items():
                at = {**case(own, a, b), "horizon": size.horizon, "average": name}
                ratio = run.risk / found.envelope.risk
                yield RECORD.theory(Panels.RATIO, at, x=("steps", steps), y=("ratio", ratio))


def _judge_lead(curves: Curves) -> Judgement:
    """Read beyond the first horizon; the lead is that of the horizon at which it is least."""
    averaged = curves[parameter(curves, "average") == AVERAGED]
    if averaged.empty or parameter(averaged, "batch").max() < LARGE:
        return missing(f"large_batch.batch includes {LARGE}")
    verdicts, said = [], []
    ratios: dict[tuple[float, float], list[tuple[int, float]]] = {}
    for params, line in each_curve(averaged):
        beyond = line[line["x"] > 1.5 * line["x"].min()]  # from twice the first horizon on
        case_of = (float(params["a"]), float(params["b"]))
        ratios.setdefault(case_of, []).append((int(params["batch"]), float(beyond["y"].max())))
    for (a, b), each in ratios.items():
        worst = [ratio for _, ratio in sorted(each)]
        verdicts.append(exceeds(1.0, worst[-1]))
        verdicts += [Verdict.HOLDS if later <= earlier + LEVEL else Verdict.FAILS for earlier, later in pairwise(worst)]
        verdicts.append(exceeds(worst[0], worst[-1]))
        said.append(
            f"a = {a:g}, b = {b:g}: " + ", ".join(f"{ratio:.3f} (B = {batch})" for batch, ratio in sorted(each))
        )
    return Judgement(
        all_of(verdicts),
        predicted=f"below 1 at B = {LARGE}, and falling with B",
        measured="; ".join(said),
        tolerance=f"exact recursion; the largest ratio beyond the first horizon; {LEVEL}: a lead that has saturated",
    )


def work(config: AnytimeConfig) -> Work:
    """Return the work of the tuned cosines and of the constant runs of every batch, each at every peak."""
    size, horizon, peaks = nodes(config, config.dimension), config.large_batch.horizon, len(MULTIPLIERS)
    tunings = tuned(size, [max(1, round(part * horizon)) for part in PARTS], len(FINALS), peaks)
    constant = recursion(size, horizon, peaks, len(config.regret.labels))
    return len(cases(config)) * len(config.large_batch.batch) * (tunings + constant)


LARGE_BATCH = Part(
    name="large-batch",
    question="Does an averaged constant rate lead the tuned cosine the more, the larger the batch?",
    names=Panels,
    panels=panels,
    predict=predict,
    work=work,
    figure="Fig. 3",
    claims=(
        Claim(
            "large-batch-constant-beats-cosine",
            f"At a batch of {LARGE} one averaged constant run is below the tuned cosine at every horizon beyond the "
            "first, and its lead grows with the batch.",
            reads=(Panels.RATIO,),
            judge=_judge_lead,
            figure="Fig. 3",
        ),
    ),
)
