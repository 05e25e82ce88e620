"""Part `linear-attention`: what does linear attention learn when every one of its matrices is trained?

Ours: one true and one own step at a time. The block is compared with theory and with the exact model of its dimension.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig, LinearAttention, Simulation
from solv.experiments.cot_depth.work import attention, chains
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth
from solv.tracking.curves import Curves, Recorder, geometric_mean, standard_error
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "linear-attention")
GAP_DEPTHS = (1, 2, 4, 8)  # depths at which the block is compared with the exact model of its dimension


class Panels(StrEnum):
    """The panels of this part."""

    ERROR = "linear-attention"
    GAP = "attention-gap"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error of the trained block, and its distance from the exact step."""
    return [
        Panel(
            Panels.ERROR,
            "Trained linear attention: d = {dimension}, α = {alpha}",
            "reasoning depth T",
            "test error e_T",
            y_scale="log",
            y_limits=(None, 10.0),
            facets=("dimension", "alpha"),
            series="τ={tau}",
            ordered=True,
            note="filled: exact model at the same d",
        ),
        Panel(
            Panels.GAP,
            "The price of learning every matrix: d = {dimension}, α = {alpha}",
            "pretraining τ = n/d",
            "log(trained / exact step at the same d)",
            x_scale="log",
            facets=("dimension", "alpha"),
            series="T={depth}",
            ordered=True,
        ),
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error as d grows, and a distance of 0."""
    linear, depths = config.linear, np.arange(config.linear.depth + 1)
    for tau in linear.tau:
        errors = error_vs_depth(linear.alpha, tau, linear.rho, linear.depth)
        yield RECORD.theory(Panels.ERROR, {**_at(linear), "tau": tau}, x=("depth", depths), y=("error", errors))
    for depth in _gap_depths(linear):
        nothing = np.zeros(len(linear.tau))
        yield RECORD.theory(
            Panels.GAP, {**_at(linear), "depth": depth}, x=("tau", linear.tau), y=("log_ratio", nothing)
        )


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of the trained block and of the exact model, and the distance between them."""
    linear, depths = config.linear, np.arange(config.linear.depth + 1)
    trained = context.unit("linear attention", lambda: {"mean": _train_linear(linear, context)})["mean"]
    exact = context.unit("exact step", lambda: {"mean": _solve_exactly(linear, context)})["mean"]
    for source, errors in (("trained", trained), ("simulation", exact)):
        for index, tau in enumerate(linear.tau):
            y, y_err, n = geometric_mean(errors[:, index])
            at = {**_at(linear), "tau": tau}
            yield RECORD.curve(source, Panels.ERROR, at, x=("depth", depths), y=("error", y), y_err=y_err, n=n)
    for depth in _gap_depths(linear):
        top, top_error, n = standard_error(np.log(trained[:, :, depth]))
        bottom, bottom_error, _ = standard_error(np.log(exact[:, :, depth]))
        yield RECORD.trained(
            Panels.GAP,
            {**_at(linear), "depth": depth},
            x=("tau", linear.tau),
            y=("log_ratio", top - bottom),
            y_err=np.hypot(top_error, bottom_error),
            n=n,
        )


def _at(linear: LinearAttention) -> dict[str, float]:
    return {"alpha": linear.alpha, "rho": linear.rho, "dimension": linear.dimension}


def _gap_depths(linear: LinearAttention) -> list[int]:
    return [depth for depth in GAP_DEPTHS if depth <= linear.depth]


def _train_linear(linear: LinearAttention, context: Context) -> np.ndarray:
    """Return the errors of trained linear attention, means over contexts, (seeds, taus, depths)."""
    from solv.experiments.cot_depth.attention_training import draw_sets, train_blocks
    from solv.models.cot_depth.attention import context_moments, draw_attention, linear_step
    from solv.models.cot_depth.refinement import pad, rollout, single_step_loss
    from solv.models.ensemble import Ensemble, Optimizer, cosine_decay

    sets = draw_sets("linear", linear, context)
    data = pad([context_moments(tokens) for tokens in sets.tokens], sets.tasks)
    states = sets.teacher_states(linear.teacher_states, linear.teacher_noise, linear.pool)
    ensemble = Ensemble(
        draw_attention(sets.initial, linear.dimension, scale=0.05),
        Optimizer("adam", linear.learning_rate, schedule=cosine_decay(linear.steps, 0.02)),
    )
    loss = single_step_loss(linear_step, data, linear.chain_states)
    train_blocks("train linear attention", ensemble, loss, linear.steps, context, states)
    tokens, task = sets.test()
    errors = rollout(linear_step, ensemble.parameters, context_moments(tokens), task, linear.depth)
    return sets.by_seed(errors)


def _solve_exactly(linear: LinearAttention, context: Context) -> np.ndarray:
    """Return the errors of equation (2) at the dimension of the trained block, (repeats, taus, depths)."""
    from solv.data.cot_depth.in_context_regression import draw_context_statistics, draw_pretraining_pairs
    from solv.models.cot_depth.simulation import refine, ridgeless_steps

    d, length = linear.dimension, round(linear.alpha * linear.dimension)
    counts = [round(tau * d) for tau in linear.tau]
    order = sorted(counts)
    errors = []
    for repeat in range(linear.exact_repeats):
        stream = context.seeds.torch("linear exact", repeat)
        pairs = draw_pretraining_pairs((1,), order[-1], d, length, linear.rho, stream)
        test = draw_context_statistics((1, linear.contexts), d, length, 0.0, stream)
        steps = ridgeless_steps(*pairs, order)[:, [order.index(n) for n in counts]]
        errors.append(refine(steps, test.s, test.h, test.w, linear.depth).numpy()[0])
    mean: np.ndarray = np.stack(errors).mean(axis=2)
    return mean


def work(config: CotDepthConfig) -> Work:
    """Return the work of the trained blocks and of the exact model; states of its own chain are passes forwards."""
    linear = config.linear
    states = 1 + linear.teacher_states + linear.chain_states
    trained = attention(linear, forwards=1 + linear.chain_states, backwards=1, states=states)
    sizes = Simulation(dimension=linear.dimension, repeats=linear.exact_repeats, contexts=linear.contexts)
    return trained + chains(sizes, linear.alpha, linear.tau, linear.depth)


LINEAR_ATTENTION = Part(
    name="linear-attention",
    question="Does linear attention with all of its matrices learned follow the theory of the exact step?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
