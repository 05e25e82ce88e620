"""What does softmax-law measure? Students of softmax teachers under descent, and under other rules."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float

from experiments.protocol import Context
from experiments.softmax_law_language import measure_language
from experiments.softmax_law_networks import measure_networks
from experiments.softmax_law_predictions import beta_series, closed_form_ratio, collapse, fitted, points
from experiments.softmax_law_settings import (
    CONTROLS,
    FITTED_CONTROLS,
    NETWORKS,
    NORMALISED,
    PEAKED,
    QUANTITIES,
    SoftmaxLawConfig,
    Variant,
    control_steps,
    growing_rates,
    rates,
    reading_steps,
    reading_times,
    teacher_norms,
    teacher_samples,
    teacher_weights,
    times,
    variants,
    window,
)
from models.softmax_student import Descent, Rule, Teacher, descend, draw_teacher
from theory.softmax_law import LogitSample, aligned_loss, centre
from tracking.curves import Curves, geometric_mean, join_curves
from tracking.progress import Step

Arrays = dict[str, np.ndarray]


def measure(config: SoftmaxLawConfig, context: Context) -> Curves:
    """Return every trained curve of the experiment."""
    language = measure_language(config.language, context)  # first: a wrong folder of the user's is told at once
    count = 3 + len(variants(config)) + len(NETWORKS) + 1 + len(CONTROLS)
    with context.progress.task("train softmax students", count) as step:
        by_beta = _all_targets(config, context, step)
        parts = [
            *_against_time(by_beta, config),
            *_crossover(by_beta, config),
            *_universality(by_beta, config, context, step),
            *measure_networks(config, context, step),
            *_controls(config, context, step),
        ]
    return join_curves([*parts, language])


def _all_targets(config: SoftmaxLawConfig, context: Context, step: Step) -> dict[float, Arrays]:
    """Train every beta at the first V: unpeaked, peaked, and one-hot, each group with steps of its own as one batch."""
    found: dict[float, Arrays] = {}
    unpeaked = [beta for beta in config.beta if beta < PEAKED]
    peaked = [beta for beta in config.beta if PEAKED <= beta < math.inf]
    one_hot = [beta for beta in config.beta if math.isinf(beta)]
    first, d = config.classes[0], config.dimension[0]
    for name, betas in (("unpeaked", unpeaked), ("peaked", peaked), ("one-hot", one_hot)):
        if betas:
            variant = Variant(first, d, 0 if betas == one_hot else config.batch)
            trained = _train(config, context, variant, betas, rates(betas[0], config))
            if betas == one_hot:
                trained["loss"] = _over_all_inputs(trained, config, context)
            for index, beta in enumerate(betas):
                found[beta] = {quantity: values[:, index] for quantity, values in trained.items()}
        step.advance(note=name)
    return {beta: found[beta] for beta in config.beta}


def _train(
    config: SoftmaxLawConfig,
    context: Context,
    variant: Variant,
    betas: Sequence[float],
    schedule: Float[np.ndarray, "steps"],
) -> Arrays:
    """Return loss, norm and gradient, shape (repeats, targets, times); batch 0: on fixed inputs."""
    place = variant.classes, variant.dimension

    def compute() -> Arrays:
        streams = streams_of(config, context, "batches", *place, variant.batch, betas[0]) if variant.batch else []
        return _arrays(
            descend(
                teacher_of(config, context, *place),
                betas,
                schedule.tolist(),
                reading_steps(schedule),
                streams=streams,
                batch=variant.batch,
            )
        )

    named = ",".join(f"{beta:g}" for beta in betas)
    return context.unit(f"descent V={place[0]} d={place[1]} beta={named} batch={variant.batch}", compute)


def teacher_of(
    config: SoftmaxLawConfig, context: Context, classes: int, dimension: int, samples: int | None = None
) -> Teacher:
    """Return the teachers of all repeats, with inputs to measure on."""
    weights = torch.as_tensor(teacher_weights(config, classes, dimension))
    return draw_teacher(weights, streams_of(config, context, "inputs", classes, dimension), samples or config.samples)


def streams_of(config: SoftmaxLawConfig, context: Context, *name: object) -> list[torch.Generator]:
    """Return one stream a repeat."""
    return [context.seeds.torch(*name, r, device=context.device) for r in range(config.repeats)]


def _arrays(descent: Descent) -> Arrays:
    return {name: getattr(descent, name).cpu().numpy() for name in QUANTITIES}


def _over_all_inputs(
    trained: Arrays, config: SoftmaxLawConfig, context: Context
) -> Float[np.ndarray, "repeats 1 times"]:
    """Return the loss on the fixed inputs times the aligned student's, of the same norm, on many inputs over these.

    The two share most of the noise of which inputs were drawn: how many lie near a tie.
    """

    def compute() -> Arrays:
        teacher = teacher_of(config, context, config.classes[0], config.dimension[0])
        factors = []
        for r, (weights, norms) in enumerate(
            zip(teacher_weights(config, config.classes[0]), trained["norm"][:, 0], strict=True)
        ):
            unit = centre(weights) / np.linalg.norm(centre(weights))
            many = context.seeds.numpy("population", config.dimension[0], r).standard_normal(
                (config.population_points, config.dimension[0])
            )
            losses = [
                aligned_loss(norms, math.inf, LogitSample(x @ unit.T, np.full(len(x), 1 / len(x)), 1.0))[0]
                for x in (many, teacher.x[r].double().cpu().numpy())
            ]
            factors.append(losses[0] / losses[1])
        return {"factor": np.stack(factors)}

    factor = context.unit("one-hot loss over all inputs", compute)["factor"]
    return np.asarray(trained["loss"] * factor[:, None])


def _against_time(by_beta: dict[float, Arrays], config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E1, the fitted exponents, and the one-hot target over the closed form."""
    for beta, found in by_beta.items():
        s = times(beta, config)
        for name, values in found.items():
            y, y_err, n = geometric_mean(np.maximum(values, 1e-12))
            yield points(name, beta_series(beta), "trained", "s", s, name, y, y_err=y_err, n=n, params={"beta": beta})
            fit = fitted(s, values, config.window)
            if fit is not None:
                fit["params"] = {**fit["params"], "beta": beta}
                yield points("exponent", name, "trained", "1/beta", 1 / beta, "exponent", **fit)
    if math.inf in by_beta:
        s = times(math.inf, config)
        peaks = np.array([sample.peak for sample in teacher_samples(config, config.classes[0])])
        ratios = closed_form_ratio(by_beta[math.inf]["loss"], by_beta[math.inf]["norm"], peaks, s)
        for name, ratio in ratios.items():
            y, y_err, n = geometric_mean(ratio)
            yield points("closed-form", name, "trained", "s", s, "ratio", y, y_err=y_err, n=n)


def _crossover(by_beta: dict[float, Arrays], config: SoftmaxLawConfig) -> Iterator[Curves]:
    """E2: collapse and crossover."""
    peaks = np.array([sample.peak for sample in teacher_samples(config, config.classes[0])])
    norms = teacher_norms(config, config.classes[0])
    losses = {beta: np.maximum(found["loss"], 1e-12) for beta, found in by_beta.items()}
    yield from collapse("trained", losses, peaks, norms, config)


def _universality(
    by_beta: dict[float, Arrays], config: SoftmaxLawConfig, context: Context, step: Step
) -> Iterator[Curves]:
    """E4: linear students of other shapes and batches."""
    for index, (name, variant) in enumerate(variants(config).items()):
        start, end = window(config, variant)
        schedule = rates(math.inf, config, end)
        if math.inf in by_beta and not variant.batch:
            loss = by_beta[math.inf]["loss"]
        else:
            loss = _train(config, context, variant, [math.inf], schedule)["loss"][:, 0]
        fit = fitted(reading_times(schedule), loss, start, end)
        step.advance(note=name)
        if fit is not None:
            fit["params"] = {**fit["params"], "student": name, "from": start, "to": end}
            yield points("universality", "loss", "trained", "variant", index, "exponent", **fit)


def _controls(config: SoftmaxLawConfig, context: Context, step: Step) -> Iterator[Curves]:
    """E3: one-hot targets (squared loss: beta = 1) and a fixed training set, since noise does not shrink with steps."""
    controls = config.controls
    rules: dict[str, tuple[Rule, float, float]] = {
        "growing": ("descent", config.rate, 0.999),
        "normalised": ("normalised", controls.normalised_rate, 0.999),
        "normalised, long": ("normalised", controls.long_rate, 0.999),
        "adam": ("adam", controls.adam_rate, 0.999),
        "adam, short": ("adam", controls.short_rate, controls.short_memory),
        "squared": ("squared", controls.squared_rate, 0.999),
    }
    at = np.array(control_steps(config), dtype=float)
    for index, (name, (rule, rate, memory)) in enumerate(rules.items()):
        schedule = growing_rates(config) if name == "growing" else np.full(controls.steps, rate)
        beta = 1.0 if rule == "squared" else math.inf

        def compute(
            rule: Rule = rule, schedule: np.ndarray = schedule, beta: float = beta, memory: float = memory
        ) -> Arrays:
            teacher = teacher_of(config, context, config.classes[0], config.dimension[0], controls.samples)
            steps = control_steps(config)
            return _arrays(descend(teacher, [beta], schedule.tolist(), steps, rule=rule, memory=(0.9, memory)))

        found = context.unit(f"control {name}", compute)
        loss = found["loss"][:, 0]
        y, y_err, n = geometric_mean(np.maximum(loss, 1e-12))
        yield points("controls", name, "trained", "steps", at, "loss", y, y_err=y_err, n=n)
        if name in NORMALISED:
            y, y_err, n = geometric_mean(found["norm"][:, 0] / (rate * at))
            yield points("edge", name, "trained", "steps", at, "share", y, y_err=y_err, n=n)
        fit = fitted(at, loss, controls.steps / 4)
        if fit is not None and name in FITTED_CONTROLS:
            yield points("control-exponent", "loss", "trained", "rule", index, "exponent", **fit)
        step.advance(note=name)
