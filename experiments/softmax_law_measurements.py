"""What does softmax-law measure? Students of softmax teachers under descent, and under other rules."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from experiments.protocol import Context
from experiments.softmax_law import (
    CONTROLS,
    FITTED_CONTROLS,
    PEAKED,
    QUANTITIES,
    SoftmaxLawConfig,
    beta_series,
    closed_form_ratio,
    collapse,
    fitted,
    points,
    rates,
    read_at,
    teacher_norms,
    teacher_samples,
    teacher_weights,
    times,
    variants,
)
from models.softmax_student import Descent, Rule, Teacher, descend, draw_teacher
from tracking.curves import Curves, geometric_mean, join_curves
from tracking.progress import Step

Arrays = dict[str, np.ndarray]


def measure(config: SoftmaxLawConfig, context: Context) -> Curves:
    """Return every trained curve of the experiment."""
    with context.progress.task("train softmax students", 3 + len(variants(config)) + len(CONTROLS)) as step:
        by_beta = _all_targets(config, context, step)
        return join_curves(
            [
                *_against_time(by_beta, config),
                *_crossover(by_beta, config),
                *_universality(by_beta, config, context, step),
                *_controls(config, context, step),
            ]
        )


def _all_targets(config: SoftmaxLawConfig, context: Context, step: Step) -> dict[float, Arrays]:
    """Train every beta at the first V: unpeaked, peaked, and one-hot, each group with steps of its own as one batch."""
    found: dict[float, Arrays] = {}
    unpeaked = [beta for beta in config.beta if beta < PEAKED]
    peaked = [beta for beta in config.beta if PEAKED <= beta < math.inf]
    one_hot = [beta for beta in config.beta if math.isinf(beta)]
    for name, betas in (("unpeaked", unpeaked), ("peaked", peaked), ("one-hot", one_hot)):
        if betas:
            trained = _train(config, context, config.classes[0], betas, 0 if betas == one_hot else config.batch)
            for index, beta in enumerate(betas):
                found[beta] = {quantity: values[:, index] for quantity, values in trained.items()}
        step.advance(note=name)
    return {beta: found[beta] for beta in config.beta}


def _train(config: SoftmaxLawConfig, context: Context, classes: int, betas: Sequence[float], batch: int) -> Arrays:
    """Return loss, norm and gradient, shape (repeats, targets, times); batch 0: on fixed inputs."""

    def compute() -> Arrays:
        streams = _streams(config, context, "batches", classes, batch, betas[0]) if batch else []
        schedule = rates(betas[0], config).tolist()
        return _arrays(
            descend(
                _teacher(config, context, classes),
                betas,
                schedule,
                read_at(betas[0], config),
                streams=streams,
                batch=batch,
            )
        )

    return context.unit(f"descent V={classes} beta={','.join(f'{beta:g}' for beta in betas)} batch={batch}", compute)


def _teacher(config: SoftmaxLawConfig, context: Context, classes: int) -> Teacher:
    weights = torch.as_tensor(teacher_weights(config, classes))
    return draw_teacher(weights, _streams(config, context, "inputs", classes), config.samples)


def _streams(config: SoftmaxLawConfig, context: Context, *name: object) -> list[torch.Generator]:
    return [context.seeds.torch(*name, r, device=context.device) for r in range(config.repeats)]


def _arrays(descent: Descent) -> Arrays:
    return {name: getattr(descent, name).cpu().numpy() for name in QUANTITIES}


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
    s = times(math.inf, config)
    for index, (name, (classes, batch)) in enumerate(variants(config).items()):
        if math.inf in by_beta and not batch:
            loss = by_beta[math.inf]["loss"]
        else:
            loss = _train(config, context, classes, [math.inf], batch)["loss"][:, 0]
        fit = fitted(s, loss, config.window)
        step.advance(note=name)
        if fit is not None:
            yield points("universality", "loss", "trained", "variant", index, "exponent", **fit)


def _controls(config: SoftmaxLawConfig, context: Context, step: Step) -> Iterator[Curves]:
    """E3: one-hot targets (squared loss: beta = 1) and a fixed training set, since noise does not shrink with steps."""
    controls = config.controls
    grown = (config.rate * (1 + np.arange(controls.steps) / 10) ** controls.growth).tolist()
    schedules: dict[str, tuple[Rule, list[float]]] = {
        "growing": ("descent", grown),
        "normalised": ("normalised", [controls.normalised_rate] * controls.steps),
        "adam": ("adam", [controls.adam_rate] * controls.steps),
        "squared": ("squared", [controls.squared_rate] * controls.steps),
    }
    at = sorted({round(t) for t in np.geomspace(2, controls.steps, 24)})
    for index, name in enumerate(CONTROLS):
        rule, schedule = schedules[name]
        beta = 1.0 if rule == "squared" else math.inf

        def compute(rule: Rule = rule, schedule: list[float] = schedule, beta: float = beta) -> Arrays:
            return _arrays(descend(_teacher(config, context, config.classes[0]), [beta], schedule, at, rule=rule))

        loss = context.unit(f"control {name}", compute)["loss"][:, 0]
        y, y_err, n = geometric_mean(np.maximum(loss, 1e-12))
        yield points("controls", name, "trained", "steps", at, "loss", y, y_err=y_err, n=n)
        fit = fitted(np.array(at, dtype=float), loss, controls.steps / 4)
        if fit is not None and name in FITTED_CONTROLS:
            yield points("control-exponent", "loss", "trained", "rule", index, "exponent", **fit)
        step.advance(note=name)
