"""Part `attention-lines`: which fates have chains of trained linear attention? They saturate, overthink or decay.

The paper trains one step from a random estimate and runs it as a chain: too short a context saturates, too little
pretraining or context overthinks, and the rest decays.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import AttentionLines, CotDepthConfig
from solv.experiments.cot_depth.work import one_step
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.confidence import STUDENT, exceeds
from solv.tracking.curves import Curves, Recorder, each_curve, select, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "attention-lines")
GAIN = float(np.log(2))  # of log e after the first step, above which later steps count as a gain


class Panels(StrEnum):
    """The panel of this part."""

    LINES = "attention-lines"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error against depth for every context length and amount of pretraining."""
    return [
        Panel(
            Panels.LINES,
            "Linear attention trained on one step (D = {dimension})",
            "reasoning depth t",
            "test error",
            y_scale="log",
            y_limits=(1e-3, 1e3),
            facets=("dimension",),
            series="L={context}, M={pretraining}",
            ordered=True,
            note="squares: means over trainings; crosses: the authors'",
            figure="CoT dynamics, A",
        )
    ]


def lines(settings: AttentionLines) -> list[tuple[int, int]]:
    """Return the context length and the amount of pretraining of every line, the scarce one first."""
    rich = [(length, settings.pretraining) for length in settings.context]
    return [(settings.scarce_context, settings.scarce_pretraining), *rich]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Predict nothing: the step that is learned from random estimates is not that of the theory."""
    return iter(())


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of every line, a mean over trainings, and the authors' where sizes are theirs."""
    from solv.experiments.cot_depth.one_step_training import Training, train_and_test

    this, depths = config.attention_lines, np.arange(config.attention_lines.depth + 1)
    with context.progress.task("train linear attention on lines", len(lines(this)) * this.seeds) as bar:
        for length, pretraining in lines(this):
            training = Training(
                "linear",
                this.dimension,
                length,
                pretraining,
                this.steps,
                this.batch,
                this.penalty,
                this.test_contexts,
                this.depth,
            )
            errors = []
            for seed in range(this.seeds):
                errors.append(train_and_test(training, seed, context)["mean"])
                bar.advance(note=f"L={length} M={pretraining} seed={seed}")
            y, y_err, n = standard_error(errors)
            at = _at(this.dimension, length, pretraining)
            yield RECORD.trained(Panels.LINES, at, x=("depth", depths), y=("error", y), y_err=y_err, n=n)
    ours = [_at(this.dimension, *line) for line in lines(this)]
    yield from published_curves(
        RECORD, Panels.LINES, package=__package__, x="depth", y="error", keep=lambda params: params in ours
    )


def _at(dimension: int, length: int, pretraining: int) -> dict[str, int]:
    return {"dimension": dimension, "context": length, "pretraining": pretraining}


def _judge(curves: Curves) -> Judgement:
    """Judge the scarce line, which ends above its least error, and the richest, which gains from its later steps."""
    found = {(p["context"], p["pretraining"]): rows for p, rows in each_curve(select(curves, source="trained"))}
    scarce = [line for line in found if line[1] < max(m for _, m in found)]
    rich = max(found, key=lambda line: (line[1], line[0]))
    if not scarce or rich in scarce:
        return missing("attention_lines.scarce_pretraining below attention_lines.pretraining")
    verdicts, said = [], []
    worse, spread, number = _growth(found[scarce[0]])
    verdicts.append(exceeds(worse, 0, spread, number))
    said.append(f"scarce: log e grows by {worse:.2f} ± {spread:.2f} after its minimum")
    rows = found[rich].sort_values("x")
    first, last = rows[rows["x"] >= 1].iloc[0], rows.iloc[-1]
    fallen = float(np.log(first["y"] / last["y"]))
    error = float(np.hypot(first["y_err"] / first["y"], last["y_err"] / last["y"]))
    verdicts.append(exceeds(fallen, GAIN, error, last["n"]))
    said.append(f"richest: log e falls by {fallen:.2f} ± {error:.2f} after the first step")
    return Judgement(
        all_of(verdicts) if verdicts else Verdict.UNDECIDED,
        predicted="growth > 0; a fall by more than log 2",
        measured="; ".join(said),
        tolerance=f"the trainings' errors, {STUDENT}",
    )


def _growth(rows: Curves) -> tuple[float, float, int]:
    """Return by how much log e has grown from its least value to the end, its standard error, and of how many."""
    rows = rows.sort_values("x")
    best, last = rows.iloc[int(rows["y"].to_numpy().argmin())], rows.iloc[-1]
    spread = np.hypot(best["y_err"] / best["y"], last["y_err"] / last["y"])
    return float(np.log(last["y"] / best["y"])), float(spread), int(last["n"])


def work(config: CotDepthConfig) -> Work:
    """Return the work of the trainings of every line."""
    this = config.attention_lines
    return this.seeds * sum((one_step("linear", this, *line) for line in lines(this)), Work())


ATTENTION_LINES = Part(
    name="attention-lines",
    question="Which chains of trained linear attention saturate, overthink or decay?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="CoT dynamics, A",
    claims=(
        Claim(
            "attention-fates",
            "A chain of trained linear attention overthinks where context and pretraining are scarce, and decays where "
            "both are rich.",
            reads=(Panels.LINES,),
            judge=_judge,
            figure="CoT dynamics, A",
            needs={"attention_lines.seeds": 5, "attention_lines.steps": 3000},
        ),
    ),
)
