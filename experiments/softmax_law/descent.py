"""How do linear students learn? Those that see the same inputs are trained as one batch, one unit of work."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.experiments.softmax_law.students import (
    QUANTITIES,
    Variant,
    batches,
    reading_steps,
    shown,
    student_rates,
)
from solv.experiments.softmax_law.teachers import teacher_weights
from solv.harness.contract import Context
from solv.models.softmax_law.student import Descent, Student, descend, draw_inputs
from solv.theory.softmax_law.loss import LogitSample, aligned_loss, centre

SAVE_EVERY = 200  # steps
TELL_EVERY = 20  # steps

Arrays = dict[str, np.ndarray]
Trained = dict[tuple[Variant, float], Arrays]


def shown_students(config: SoftmaxLawConfig, context: Context) -> Trained:
    """Return the students of every V and beta in the first dimension, as `every_student` does."""
    d = config.dimension[0]
    return _students([(d, config.batch), (d, 0)], config, context)


def every_student(config: SoftmaxLawConfig, context: Context) -> Trained:
    """Return loss, norm and gradient of every linear student, shape (repeats, times), by (variant, beta).

    The loss of the student of the fixed training set is that over all inputs.
    """
    return _students(list(batches(config)), config, context)


def train_students(
    name: str, students: Sequence[Student], x: Tensor, config: SoftmaxLawConfig, context: Context, batch: int = 0
) -> list[Arrays]:
    """Return loss, norm and gradient of each student, shape (repeats, times).

    A killed training goes on from its checkpoint.

    Args:
        name: of the unit of work, and of the streams of fresh inputs.
        students: of one input dimension.
        x: fixed inputs on which they are measured, shape (repeats, samples, d).
        config: says how many repeats there are.
        context: of the run.
        batch: fresh inputs per step; 0: they are trained on x.
    """
    steps = max(student.read_at[-1] for student in students)

    def compute() -> Arrays:
        streams = _streams(config, context, name) if batch else []
        place = context.checkpoint(name)
        saved = place.load()
        start = 0 if saved is None else int(saved["step"])
        with context.progress.task(f"train {len(students)} linear students", steps - start) as step:

            def tell(taken: int, learning: int) -> None:
                if (taken - start) % TELL_EVERY == 0 or taken == steps:
                    step.advance((taken - start - 1) % TELL_EVERY + 1, note=f"{learning} still learn")

            descents = descend(
                students,
                x,
                streams=streams,
                batch=max(batch, 1),
                told=tell,
                saved=saved,
                save=place.save,
                save_every=SAVE_EVERY,
            )
        place.path.unlink(missing_ok=True)
        return {f"{index} {key}": value for index, each in enumerate(descents) for key, value in _arrays(each).items()}

    kept = context.unit(name, compute)
    return [{key: kept[f"{index} {key}"] for key in QUANTITIES} for index in range(len(students))]


def fixed_inputs(
    config: SoftmaxLawConfig, context: Context, dimension: int, samples: int | None = None
) -> Float[Tensor, "repeats samples d"]:
    """Return the fixed inputs of all repeats: those on which students are measured, or as many as are asked for."""
    name = ("inputs", dimension) if samples is None else ("inputs", dimension, samples)
    return draw_inputs(_streams(config, context, *name), samples or config.samples, dimension)


def _students(groups: Sequence[tuple[int, int]], config: SoftmaxLawConfig, context: Context) -> Trained:
    members, trained = batches(config), Trained()
    for dimension, batch in groups:
        students = []
        for variant, beta in members[dimension, batch]:
            rates = student_rates(variant, beta, config)
            weights = torch.as_tensor(teacher_weights(config, variant.classes, dimension))
            students.append(Student(weights, beta, rates.tolist(), reading_steps(rates)))
        x = fixed_inputs(config, context, dimension)
        found = train_students(f"descent d={dimension} batch={batch}", students, x, config, context, batch)
        trained.update(zip(members[dimension, batch], found, strict=True))
    fixed = trained[shown(config, config.classes[0], math.inf), math.inf]
    fixed["loss"] = _over_all_inputs(fixed, config, context)
    return trained


def _over_all_inputs(trained: Arrays, config: SoftmaxLawConfig, context: Context) -> Float[np.ndarray, "repeats times"]:
    """Return the loss on the fixed inputs times the aligned student's, of the same norm, on many inputs over these.

    The two share most of the noise of which inputs were drawn: how many lie near a tie.
    """

    def compute() -> Arrays:
        inputs = fixed_inputs(config, context, config.dimension[0])
        factors = []
        for r, (weights, norms) in enumerate(
            zip(teacher_weights(config, config.classes[0]), trained["norm"], strict=True)
        ):
            unit = centre(weights) / np.linalg.norm(centre(weights))
            many = context.seeds.numpy("population", config.dimension[0], r).standard_normal(
                (config.population_points, config.dimension[0])
            )
            losses = [
                aligned_loss(norms, math.inf, LogitSample(x @ unit.T, np.full(len(x), 1 / len(x)), 1.0))[0]
                for x in (many, inputs[r].double().cpu().numpy())
            ]
            factors.append(losses[0] / losses[1])
        return {"factor": np.stack(factors)}

    factor = context.unit("one-hot loss over all inputs", compute)["factor"]
    return np.asarray(trained["loss"] * factor)


def _arrays(descent: Descent) -> Arrays:
    return {name: getattr(descent, name).cpu().numpy() for name in QUANTITIES}


def _streams(config: SoftmaxLawConfig, context: Context, *name: object) -> list[torch.Generator]:
    """Return one stream a repeat."""
    return [context.seeds.torch(*name, r, device=context.device) for r in range(config.repeats)]
