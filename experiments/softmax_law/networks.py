"""Do networks have the exponent of the linear student? E4 of softmax-law: MLPs and a bigram language model."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Float

from solv.data.softmax_law.bigram_language import draw_bigram_language
from solv.experiments.softmax_law.predictions import fitted, points
from solv.experiments.softmax_law.settings import (
    NETWORKS,
    SoftmaxLawConfig,
    rates,
    reading_steps,
    reading_times,
    teacher_weights,
    variants,
)
from solv.harness.contract import Context
from solv.models.softmax_law.networks import Course, train_bigram, train_mlp
from solv.models.softmax_law.student import draw_inputs
from solv.tracking.curves import Curves, geometric_mean
from solv.tracking.progress import Step


def measure_networks(config: SoftmaxLawConfig, context: Context, step: Step) -> Iterator[Curves]:
    """Yield the losses against time, and the exponents over the last factor ten in time."""
    networks, first = config.networks, len(variants(config))
    grown = rates(math.inf, config, config.classes[0])
    plain = np.full(math.ceil(networks.plain_horizon / networks.plain_rate), networks.plain_rate)
    constant = np.full(math.ceil(networks.bigram_horizon / networks.bigram_rate), networks.bigram_rate)
    normalised, both, bigram = NETWORKS
    runs: list[tuple[str, Float[np.ndarray, "steps"], Callable[[], Course]]] = [
        (normalised, grown, lambda: _mlp(config, context, grown, networks.first_rate, normalised=True)),
        (both, plain, lambda: _mlp(config, context, plain, None, normalised=False)),
        (bigram, constant, lambda: _bigram(config, context, constant, math.inf)),
        (
            f"{bigram}, β={networks.bigram_beta:g}",
            constant,
            lambda: _bigram(config, context, constant, networks.bigram_beta),
        ),
    ]
    for index, (name, schedule, train) in enumerate(runs):

        def compute(train: Callable[[], Course] = train) -> dict[str, np.ndarray]:
            course = train()
            return {"loss": course.loss.cpu().numpy(), "scale": course.scale.cpu().numpy()}

        found, s = context.unit(f"network {name}", compute), reading_times(schedule)
        y, y_err, n = geometric_mean(np.maximum(found["loss"], 1e-12))
        yield points("networks", name, "trained", "s", s, "loss", y, y_err=y_err, n=n)
        fit, growth = (fitted(s, found[each], s[-1] / 10) for each in ("loss", "scale"))
        if fit is not None and growth is not None and name in NETWORKS:
            fit["params"] = {
                "scale": growth["y"],
                **fit["params"],
                "student": name,
                "from": float(s[-1] / 10),
                "to": float(s[-1]),
            }
            yield points("universality", "loss", "trained", "variant", first + index, "exponent", **fit)
        step.advance(note=name)


def _mlp(
    config: SoftmaxLawConfig,
    context: Context,
    schedule: Float[np.ndarray, "steps"],
    first_rate: float | None,
    *,
    normalised: bool,
) -> Course:
    """Train the MLPs on the linear students' teachers; the first layer at a rate of its own, if one is given."""
    name = "normalised" if normalised else "plain"
    inputs, batches = (
        [context.seeds.torch("mlp", use, name, r, device=context.device) for r in range(config.repeats)]
        for use in ("inputs", "training")
    )
    return train_mlp(
        draw_inputs(inputs, config.samples, config.dimension[0]),
        torch.as_tensor(teacher_weights(config, config.classes[0])),
        [(rate if first_rate is None else first_rate, rate) for rate in schedule.tolist()],
        reading_steps(schedule),
        batches,
        hidden=config.networks.hidden,
        batch=config.networks.batch,
        normalised=normalised,
    )


def _bigram(config: SoftmaxLawConfig, context: Context, schedule: Float[np.ndarray, "steps"], beta: float) -> Course:
    networks, seeds = config.networks, context.seeds
    languages = [
        draw_bigram_language(networks.tokens, beta, seeds.numpy("bigram", r), zipf=networks.zipf)
        for r in range(config.repeats)
    ]
    return train_bigram(
        torch.as_tensor(languages[0].unigram, device=context.device),
        torch.as_tensor(np.stack([each.log_conditional for each in languages]), device=context.device),
        schedule.tolist(),
        reading_steps(schedule),
        [seeds.torch("bigram", "embedding", r, device=context.device) for r in range(config.repeats)],
        width=networks.width,
    )
