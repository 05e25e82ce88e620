"""What does softmax-law measure? Students of softmax teachers under descent, and under other rules."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from solv.experiments.softmax_law.language import measure_language
from solv.experiments.softmax_law.networks import measure_networks
from solv.experiments.softmax_law.predictions import (
    beta_series,
    closed_form_ratio,
    collapse,
    crossovers,
    fitted,
    points,
    time_panel,
)
from solv.experiments.softmax_law.settings import (
    FITTED_CONTROLS,
    NETWORKS,
    NORMALISED,
    QUANTITIES,
    ROUNDING,
    SoftmaxLawConfig,
    Variant,
    control_steps,
    growing_rates,
    reading_steps,
    reading_times,
    shown,
    student_rates,
    teacher_samples,
    teacher_weights,
    times,
    variants,
    window,
)
from solv.harness.contract import Context
from solv.models.softmax_law.student import Descent, Rule, Student, descend, draw_inputs
from solv.theory.softmax_law.loss import LogitSample, aligned_loss, centre
from solv.tracking.curves import Curves, geometric_mean, join_curves

SAVE_EVERY = 200  # steps
TELL_EVERY = 20  # steps

Arrays = dict[str, np.ndarray]
Trained = dict[tuple[Variant, float], Arrays]


def measure(config: SoftmaxLawConfig, context: Context) -> Curves:
    """Return every trained curve of the experiment."""
    language = measure_language(config.language, context)  # first: a wrong folder of the user's is told at once
    trained = _train_linear(config, context)
    with context.progress.task("train networks", len(NETWORKS) + 1) as step:
        networks = list(measure_networks(config, context, step))
    parts = [
        *_against_time(trained, config),
        *_crossover(trained, config),
        *_universality(trained, config),
        *networks,
        *_controls(config, context),
    ]
    return join_curves([*parts, language])


# -- training: students that see the same inputs are one batch ---------------------------------------------------------


def _train_linear(config: SoftmaxLawConfig, context: Context) -> Trained:
    """Train every V and beta on the same fresh inputs as one batch, and the one-hot students of other inputs."""
    by_inputs: dict[tuple[int, int], dict[tuple[Variant, float], Student]] = {}
    teachers: dict[tuple[int, int], Tensor] = {}
    targets = sorted({*config.beta, math.inf})
    first = shown(config, config.classes[0], math.inf)
    for variant, beta in dict.fromkeys(
        [
            *(
                (Variant(classes, first.dimension, config.batch), beta)
                for classes in config.classes
                for beta in targets
            ),
            *((variant, math.inf) for variant in variants(config).values()),
        ]
    ):
        place = variant.classes, variant.dimension
        if place not in teachers:
            teachers[place] = torch.as_tensor(teacher_weights(config, *place))
        rates = student_rates(variant, beta, config)
        student = Student(teachers[place], beta, rates.tolist(), reading_steps(rates))
        by_inputs.setdefault((variant.dimension, variant.batch), {})[variant, beta] = student
    trained: Trained = {}
    for (dimension, batch), students in by_inputs.items():
        x = _inputs(config, context, dimension)
        found = _train(f"descent d={dimension} batch={batch}", list(students.values()), x, config, context, batch)
        trained.update(zip(students, found, strict=True))
    fixed = trained[first, math.inf]
    fixed["loss"] = _over_all_inputs(fixed, config, context)
    return trained


def _train(
    name: str, students: Sequence[Student], x: Tensor, config: SoftmaxLawConfig, context: Context, batch: int = 0
) -> list[Arrays]:
    """Return loss, norm and gradient of each student, shape (repeats, times); batch 0: trained on x.

    A killed training goes on from its checkpoint.
    """
    steps = max(student.read_at[-1] for student in students)

    def compute() -> Arrays:
        streams = _streams(config, context, name) if batch else []
        place = context.checkpoint(name)
        saved = place.load()
        start = 0 if saved is None else int(saved["step"])
        with context.progress.task(f"train {len(students)} linear students", steps - start) as step:

            def told(taken: int, learning: int) -> None:
                if (taken - start) % TELL_EVERY == 0 or taken == steps:
                    step.advance((taken - start - 1) % TELL_EVERY + 1, note=f"{learning} still learn")

            found = descend(
                students,
                x,
                streams=streams,
                batch=max(batch, 1),
                told=told,
                saved=saved,
                save=place.save,
                save_every=SAVE_EVERY,
            )
        place.path.unlink(missing_ok=True)
        return {f"{index} {key}": value for index, each in enumerate(found) for key, value in _arrays(each).items()}

    kept = context.unit(name, compute)
    return [{key: kept[f"{index} {key}"] for key in QUANTITIES} for index in range(len(students))]


def _arrays(descent: Descent) -> Arrays:
    return {name: getattr(descent, name).cpu().numpy() for name in QUANTITIES}


def _inputs(
    config: SoftmaxLawConfig, context: Context, dimension: int, samples: int | None = None
) -> Float[Tensor, "repeats samples d"]:
    """Return the fixed inputs of all repeats: those on which students are measured, or as many as are asked for."""
    name = ("inputs", dimension) if samples is None else ("inputs", dimension, samples)
    return draw_inputs(_streams(config, context, *name), samples or config.samples, dimension)


def _streams(config: SoftmaxLawConfig, context: Context, *name: object) -> list[torch.Generator]:
    """Return one stream a repeat."""
    return [context.seeds.torch(*name, r, device=context.device) for r in range(config.repeats)]


# -- curves ----------------------------------------------------------------------------------------------------------


def _over_all_inputs(trained: Arrays, config: SoftmaxLawConfig, context: Context) -> Float[np.ndarray, "repeats times"]:
    """Return the loss on the fixed inputs times the aligned student's, of the same norm, on many inputs over these.

    The two share most of the noise of which inputs were drawn: how many lie near a tie.
    """

    def compute() -> Arrays:
        inputs = _inputs(config, context, config.dimension[0])
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


def _against_time(trained: Trained, config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E1, the fitted exponents, and the one-hot target over the closed form."""
    first = config.classes[0]
    for classes in config.classes:
        for beta in config.beta:
            for name, values in trained[shown(config, classes, beta), beta].items():
                yield _line(name, classes, beta, values, config)
    for beta in config.beta:
        s, found = times(beta, config), trained[shown(config, first, beta), beta]
        for name, values in found.items():
            fit = fitted(s, values, config.window)
            if fit is not None:
                fit["params"] = {**fit["params"], "beta": beta}
                yield points("exponent", name, "trained", "1/beta", 1 / beta, "exponent", **fit)
        if math.isinf(beta):
            peaks = np.array([sample.peak for sample in teacher_samples(config, first)])
            for name, ratio in closed_form_ratio(found["loss"], found["norm"], peaks, s).items():
                y, y_err, n = geometric_mean(ratio)
                yield points("closed-form", name, "trained", "s", s, "ratio", y, y_err=y_err, n=n)


def _line(
    quantity: str,
    classes: int,
    beta: float,
    values: Float[np.ndarray, "repeats times"],
    config: SoftmaxLawConfig,
) -> Curves:
    """Return one quantity against time, as long as it is not rounding."""
    y, y_err, n = geometric_mean(np.maximum(values, 1e-12))
    kept, place = y > ROUNDING, (time_panel(quantity, classes, config), beta_series(beta), "trained")
    s = times(beta, config, classes)[kept]
    return points(*place, "s", s, quantity, y[kept], y_err=y_err[kept], n=n, params={"beta": beta})


def _crossover(trained: Trained, config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E2: collapse and crossover."""
    for classes in config.classes:
        losses = {beta: np.maximum(trained[shown(config, classes, beta), beta]["loss"], 1e-12) for beta in config.beta}
        yield from crossovers("trained", losses, classes, config)
        if classes == config.classes[0]:
            yield from collapse("trained", losses, config)


def _universality(trained: Trained, config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E4: linear students of other shapes and batches."""
    for index, (name, variant) in enumerate(variants(config).items()):
        start, end = window(config, variant)
        s = reading_times(student_rates(variant, math.inf, config))
        fit = fitted(s, trained[variant, math.inf]["loss"], start, end)
        if fit is not None:
            fit["params"] = {**fit["params"], "student": name, "from": start, "to": end}
            yield points("universality", "loss", "trained", "variant", index, "exponent", **fit)


def _controls(config: SoftmaxLawConfig, context: Context) -> Iterator[Curves]:
    """E3: one-hot targets (squared loss: beta = 1) and a fixed training set, since noise does not shrink with steps."""
    controls, dimension = config.controls, config.dimension[0]
    rules: Mapping[str, tuple[Rule, float, float]] = {
        "growing": ("descent", config.rate, 0.999),
        "normalised": ("normalised", controls.normalised_rate, 0.999),
        "normalised, long": ("normalised", controls.long_rate, 0.999),
        "adam": ("adam", controls.adam_rate, 0.999),
        "adam, short": ("adam", controls.short_rate, controls.short_memory),
        "squared": ("squared", controls.squared_rate, 0.999),
    }
    weights = torch.as_tensor(teacher_weights(config, config.classes[0]))
    students = [
        Student(
            weights,
            1.0 if rule == "squared" else math.inf,
            (growing_rates(config) if name == "growing" else np.full(controls.steps, rate)).tolist(),
            control_steps(config),
            rule,
            (0.9, memory),
        )
        for name, (rule, rate, memory) in rules.items()
    ]
    trained = _train("controls", students, _inputs(config, context, dimension, controls.samples), config, context)
    at = np.array(control_steps(config), dtype=float)
    for index, ((name, (_, rate, _)), found) in enumerate(zip(rules.items(), trained, strict=True)):
        y, y_err, n = geometric_mean(np.maximum(found["loss"], 1e-12))
        yield points("controls", name, "trained", "steps", at, "loss", y, y_err=y_err, n=n)
        if name in NORMALISED:
            y, y_err, n = geometric_mean(found["norm"] / (rate * at))
            yield points("edge", name, "trained", "steps", at, "share", y, y_err=y_err, n=n)
        fit = fitted(at, found["loss"], controls.steps / 4)
        if fit is not None and name in FITTED_CONTROLS:
            yield points("control-exponent", "loss", "trained", "rule", index, "exponent", **fit)
