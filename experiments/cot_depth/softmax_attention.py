"""Part `softmax-attention`: does softmax attention overthink, too? Trained one step at a time, or through the chain.

Ours; the theory of linear attention is a guide here and no prediction, and so a curve of its own.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig, SoftmaxAttention
from solv.experiments.cot_depth.work import attention
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import best_depths, error_vs_depth
from solv.tracking.curves import Curves, Recorder, geometric_mean, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "softmax-attention")
STEPWISE, CHAINED = "step by step", "through the chain"


class Panels(StrEnum):
    """The panels of this part."""

    STEPWISE = "softmax-step-by-step"
    CHAINED = "softmax-through-the-chain"
    DEPTH = "softmax-depth"
    GROWTH = "softmax-growth"


TRAININGS = {STEPWISE: Panels.STEPWISE, CHAINED: Panels.CHAINED}


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error of both trainings against depth, where each is best, and how it grows after that."""
    softmax = config.softmax
    error = partial(
        Panel,
        x_label="reasoning depth T",
        y_label="test error e_T",
        y_scale="log",
        y_limits=(1e-3, 100.0),
        facets=("dimension", "alpha"),
        series=lambda params: f"τ={params['tau']:g}" + (f", {params['model']}" if "model" in params else ""),
        ordered=True,
        note="lines: linear attention, theory",
    )
    against_pretraining = partial(Panel, x_label="pretraining τ = n/d", x_scale="log", series="{training}")
    return [
        error(Panels.STEPWISE, f"Softmax attention trained {STEPWISE}: d = {{dimension}}, α = {{alpha}}"),
        error(
            Panels.CHAINED,
            f"Softmax attention trained {CHAINED}: d = {{dimension}}, α = {{alpha}}",
            verticals={softmax.trained_depth: "trained up to"},
        ),
        against_pretraining(
            Panels.DEPTH,
            f"Measured optimal depth of softmax attention (T ≤ {softmax.depth})",
            y_label="optimal depth T*",
        ),
        against_pretraining(
            Panels.GROWTH,
            f"Overthinking of softmax attention by T = {softmax.depth}",
            y_label="log(e_T / least e)",
        ),
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error of linear attention, as a guide beside each training."""
    softmax, depths = config.softmax, np.arange(config.softmax.depth + 1)
    for panel in TRAININGS.values():
        for tau in softmax.tau:
            at = {**_at(softmax), "tau": tau, "model": "linear attention"}
            errors = error_vs_depth(softmax.alpha, tau, softmax.rho, softmax.depth)
            yield RECORD.theory(panel, at, x=("depth", depths), y=("error", errors))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the errors of both trainings, each seed's own best depth, and how much the error grows after it."""
    softmax, depths = config.softmax, np.arange(config.softmax.depth + 1)
    for training, panel in TRAININGS.items():
        errors = _softmax_errors(training, softmax, context)
        for index, tau in enumerate(softmax.tau):
            y, y_err, n = geometric_mean(errors[:, index])
            at = {**_at(softmax), "tau": tau}
            yield RECORD.trained(panel, at, x=("depth", depths), y=("error", y), y_err=y_err, n=n)
        growth = np.log(errors[..., -1] / errors.min(axis=-1))
        for summary, name, values in (
            (Panels.DEPTH, "optimal_depth", best_depths(errors)),
            (Panels.GROWTH, "log_growth", growth),
        ):
            y, y_err, n = standard_error(values)
            at = {**_at(softmax), "training": training}
            yield RECORD.trained(summary, at, x=("tau", softmax.tau), y=(name, y), y_err=y_err, n=n)


def _at(softmax: SoftmaxAttention) -> dict[str, object]:
    return {"alpha": softmax.alpha, "rho": softmax.rho, "dimension": softmax.dimension}


def _softmax_errors(training: str, softmax: SoftmaxAttention, context: Context) -> np.ndarray:
    unit = context.unit(f"softmax {training}", lambda: {"mean": _train_softmax(training, softmax, context)})
    return unit["mean"]


def _train_softmax(training: str, softmax: SoftmaxAttention, context: Context) -> np.ndarray:
    """Return the errors of trained softmax attention, means over contexts, (seeds, taus, depths)."""
    from solv.experiments.cot_depth.attention_training import draw_sets, train_blocks
    from solv.models.cot_depth.attention import draw_attention, softmax_step
    from solv.models.cot_depth.refinement import chain_loss, pad, rollout, single_step_loss
    from solv.models.ensemble import Ensemble, Optimizer, cosine_decay

    sets = draw_sets("softmax", softmax, context)
    data = pad(sets.tokens, sets.tasks)
    ensemble = Ensemble(
        draw_attention(sets.initial, softmax.dimension, heads=softmax.heads, scale=0.1, mlp_width=softmax.mlp_width),
        Optimizer("adam", softmax.learning_rate, schedule=cosine_decay(softmax.steps, 0.02)),
    )
    if training == STEPWISE:
        states = sets.teacher_states(softmax.teacher_states, softmax.teacher_noise, softmax.pool)
        loss = single_step_loss(softmax_step, data, softmax.chain_states)
        train_blocks(f"train softmax attention {training}", ensemble, loss, softmax.steps, context, states)
    else:
        loss = chain_loss(softmax_step, data, softmax.trained_depth)
        train_blocks(f"train softmax attention {training}", ensemble, loss, softmax.steps, context)
    tokens, task = sets.test()
    return sets.by_seed(rollout(softmax_step, ensemble.parameters, tokens, task, softmax.depth))


def work(config: CotDepthConfig) -> Work:
    """Return the work of both trainings: the chain's own states are passes forwards alone, or all are gone back."""
    softmax, depth = config.softmax, config.softmax.trained_depth
    states = 1 + softmax.teacher_states + softmax.chain_states
    stepwise = attention(softmax, forwards=1 + softmax.chain_states, backwards=1, states=states)
    return stepwise + attention(softmax, forwards=depth, backwards=depth, states=1)


SOFTMAX_ATTENTION = Part(
    name="softmax-attention",
    question="Does trained softmax attention overthink at little pretraining, and not at much?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
