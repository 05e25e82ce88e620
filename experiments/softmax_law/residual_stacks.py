"""Part `residual-stacks`: is a deep stack of residual blocks learned with the exponent, too?

The teacher is a stack of the paper's: blocks with squared rectified units between normalisations. Students are
shallower, so that what no student of a depth can learn may end the fall; then the local slope turns towards 0.
"""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial

import numpy as np
from jaxtyping import Float

from solv.experiments.softmax_law.counting import ADAM, DIVERGENCE, PASS
from solv.experiments.softmax_law.exponents import LEAST
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.toy import SAVE_EVERY, all_near, reading_steps, slopes_until, target_scale
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.softmax_law.random_energies import critical_scale
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, missing
from solv.tracking.curves import Curves, Recorder, geometric_mean, parameter, select, standard_error
from solv.tracking.panels import Panel, Slope

RECORD = Recorder("softmax-law", "residual-stacks")
FACTOR = 4.0  # in time, over which a local slope is read
NEAR = 0.1  # how far a slope may lie from 1/3: at one rate of Adam it is no plateau
LONG = 20.0  # least tau from which the last slope is late: the paper's training ends at 24
PEAKED = 2.0  # b* / c0 from which a target is peaked for long
TELL_EVERY = 20
EXPANSION = 4  # hidden units of a block for each of the stream, as in models/softmax_law/residual_stack.py
HIDDEN_PASSES, STREAM_PASSES, BLOCK_CALLS = 7, 10, 24  # of a step through a block's hidden units, and its stream


class Panels(StrEnum):
    """The panels of this part."""

    LOSS = "stacks-loss"
    SLOPE = "stacks-slope"
    SCALE = "stacks-scale"
    DEPTH = "stacks-depth"


def panels(config: SoftmaxLawConfig) -> list[Panel]:
    """Return loss, local slope and scale of the logits against the steps, and the last loss against the depth."""
    sizes = config.stacks
    teacher = f"teacher of {sizes.teacher} blocks"
    against = partial(
        Panel, x_label="steps of Adam t", x_scale="log", facets=("temperature",), series="{blocks} blocks",
        ordered=True, figure="App. D.6",
    )  # fmt: skip
    return [
        against(
            Panels.LOSS,
            "Residual stacks, T = {temperature}: loss",
            y_label="divergence from the teacher",
            y_scale="log",
            slopes=(Slope(-1 / 3, 5.0, 10, sizes.steps, "slope -1/3"),),
            note=teacher,
        ),
        against(
            Panels.SLOPE,
            "Residual stacks, T = {temperature}: local slope",
            y_label=f"log-log slope over a factor {FACTOR:g}",
            slopes=(Slope(0.0, -1 / 3, 2, sizes.steps, "-1/3"),),
            note=teacher,
        ),
        against(
            Panels.SCALE,
            "Residual stacks, T = {temperature}: scale of the logits",
            y_label="standard deviation",
            y_scale="log",
        ),
        Panel(
            Panels.DEPTH,
            "Residual stacks: loss at the end",
            "blocks of the student",
            "divergence from the teacher",
            x_scale="log",
            y_scale="log",
            series="T = {temperature}",
            ordered=True,
            figure="App. D.6",
            note=teacher,
        ),
    ]


def predict(config: SoftmaxLawConfig) -> Iterator[Curves]:
    """Yield nothing: deep stacks have no theory here."""
    yield from ()


def measure(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """Yield what students of every depth do at every temperature, each teacher a unit of work."""
    sizes, read_at = config.stacks, reading_steps(config.stacks.steps)
    steps = np.array(read_at, dtype=float)
    teachers = {
        f"residual stacks {repeat}": partial(_train, config, context, repeat, read_at)
        for repeat in range(config.toy.repeats)
    }
    kept = list(context.units(teachers).values())
    common = {"teacher": sizes.teacher, "rate": sizes.rate, "classes": config.toy.classes, "inputs": config.toy.inputs}
    last: dict[float, list[tuple[float, float, float]]] = {temperature: [] for temperature in sizes.temperature}
    for blocks in sizes.blocks:
        for place, temperature in enumerate(sizes.temperature):
            at = {**common, "blocks": blocks, "temperature": temperature}
            loss, scale = (
                np.maximum([each[f"{blocks} {name}"][place] for each in kept], LEAST) for name in ("loss", "scale")
            )
            for panel, name, values in ((Panels.LOSS, "loss", loss), (Panels.SCALE, "scale", scale)):
                y, y_err, n = geometric_mean(values)
                yield RECORD.trained(panel, at, x=("steps", steps), y=(name, y), y_err=y_err, n=n)
            last[temperature].append(tuple(float(each) for each in geometric_mean(loss[:, -1])))  # type: ignore[arg-type]
            until, slopes = slopes_until(steps, loss, FACTOR)
            slope, y_err, n = standard_error(slopes)
            x = ("steps", until / math.sqrt(FACTOR))
            yield RECORD.trained(Panels.SLOPE, at, x=x, y=("slope", slope), y_err=y_err, n=n)
    for temperature, ends in last.items():
        losses, errors, counts = zip(*ends, strict=True)
        at = {**common, "temperature": temperature, "steps": sizes.steps}
        end = ("loss", losses)
        yield RECORD.trained(Panels.DEPTH, at, x=("blocks", sizes.blocks), y=end, y_err=errors, n=counts)


def _train(config: SoftmaxLawConfig, context: Context, repeat: int, read_at: list[int]) -> dict[str, np.ndarray]:
    from solv.models.softmax_law.residual_stack import as_teacher, draw_stack, train_stacks

    sizes, toy = config.stacks, config.toy
    draw = partial(draw_stack, width=toy.inputs, classes=toy.classes)
    name = "residual stacks"
    place = context.checkpoint(f"{name} {repeat}")
    saved = place.load()
    done = 0 if saved is None else int(saved["step"])
    with context.progress.task(f"{name}, teacher {repeat + 1}", read_at[-1] - done) as step:

        def tell(taken: int) -> None:
            if taken % TELL_EVERY == 0:
                step.advance(TELL_EVERY)

        found = train_stacks(
            as_teacher(draw(context.seeds.torch(name, "teacher", repeat, device=context.device), layers=sizes.teacher)),
            sizes.temperature,
            {
                blocks: draw(context.seeds.torch(name, blocks, repeat, device=context.device), layers=blocks)
                for blocks in sizes.blocks
            },
            read_at,
            context.seeds.torch(name, "batches", repeat, device=context.device),
            rate=sizes.rate,
            batch=sizes.batch,
            told=tell,
            saved=saved,
            save=place.save,
            save_every=SAVE_EVERY,
        )
    place.path.unlink(missing_ok=True)
    return {f"{blocks} {key}": values.cpu().numpy() for blocks, read in found.items() for key, values in read.items()}


def work(config: SoftmaxLawConfig) -> Work:
    """Return the work of the students of all depths at all temperatures, and of the teacher, which is not trained.

    Memory: what backwards needs of the deepest.
    """
    sizes, width, copies = config.stacks, config.toy.inputs, len(config.stacks.temperature)
    weights, shown = 2 * EXPANSION * width**2, sizes.batch * copies
    touched = HIDDEN_PASSES * EXPANSION * width + STREAM_PASSES * width  # of a block and an input
    block = Work((6 * weights + PASS * touched) * shown + ADAM * PASS * weights * copies, BLOCK_CALLS)
    head = Work(6 * width * config.toy.classes * shown + DIVERGENCE * PASS * config.toy.classes * shown / 2, 60)
    teacher = Work((2 * weights + PASS * touched / 3) * sizes.batch) * sizes.teacher  # the calls of many steps are one
    step = sum(sizes.blocks) * block + len(sizes.blocks) * head + teacher
    kept = max(sizes.blocks) * (4 * (3 * EXPANSION + 4) * width * shown + 16 * weights * copies)
    return config.toy.repeats * sizes.steps * step + Work(memory=kept + 12 * config.toy.classes * shown)


def _judge_stacks(curves: Curves) -> Judgement:
    rows = select(curves, panel=Panels.SLOPE, source="trained")
    scale = critical_scale(int(parameter(rows, "classes").iloc[0]))
    rows = rows[[target_scale(float(each)) >= PEAKED * scale for each in parameter(rows, "temperature")]]
    if rows.empty:
        return missing(f"stacks.temperature <= {target_scale(PEAKED * scale):.2g}")
    losses = select(curves, panel=Panels.LOSS, source="trained")
    late = bool((losses["x"] * parameter(losses, "rate").astype(float)).max() >= LONG)
    rows = rows.assign(blocks=parameter(rows, "blocks"), temperature=parameter(rows, "temperature"))
    times = np.unique(rows["x"])
    windows = [rows[rows["x"] == time].sort_values(["temperature", "blocks"]) for time in times]
    near = [all_near(each, [-1 / 3] * len(each), NEAR) for each in windows]
    said = ", ".join(
        f"{row['blocks']:g} blocks, T = {row['temperature']:g}: {row['y']:.3f} ± {row['y_err']:.3f}"
        for _, row in windows[-1].iterrows()
    )
    if (before := _window_before(times, times[-1])) is not None:
        said += f"; a window earlier {', '.join(f'{slope:.3f}' for slope in windows[before]['y'])}"
    return Judgement(
        all_of(_of_student(times, each) for each in zip(*near, strict=True)) if late else Verdict.UNDECIDED,
        predicted=-1 / 3,
        measured=said,
        tolerance=f"{NEAR:g} each, over the last factor {FACTOR:g} in time and the one before, from τ = {LONG:g} on",
    )


def _of_student(times: Float[np.ndarray, "windows"], near: Sequence[Verdict]) -> Verdict:
    """Judge a student by which of its windows are near 1/3: two in succession, or its slope passes through.

    Where two were, but not the last, the fall may have ended at what a student of that depth can learn.
    """
    steady = [
        at is Verdict.HOLDS and (before := _window_before(times, time)) is not None and near[before] is Verdict.HOLDS
        for time, at in zip(times, near, strict=True)
    ]
    if steady[-1]:
        return Verdict.HOLDS
    return Verdict.FAILS if near[-1] is Verdict.FAILS and not any(steady) else Verdict.UNDECIDED


def _window_before(times: Float[np.ndarray, "windows"], time: float) -> int | None:
    """Return the place of the window that is about a factor before that of a time, if there is one."""
    off = np.abs(np.log(times * FACTOR / time))
    return int(off.argmin()) if off.min() < math.log(FACTOR) / 2 else None


RESIDUAL_STACKS = Part(
    name="residual-stacks",
    question="Is a deep stack of residual blocks learned with the exponent?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="App. D.6",
    claims=(
        Claim(
            "residual-stacks-one-third",
            "Stacks of residual blocks learn a deeper, peaked one by Adam with the exponent 1/3.",
            reads=(Panels.SLOPE, Panels.LOSS),
            judge=_judge_stacks,
            figure="App. D.6",
            needs={"stacks.steps": 80_000, "toy.repeats": 3},
        ),
    ),
)
