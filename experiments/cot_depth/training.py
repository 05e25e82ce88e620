"""What do attention blocks learn that were trained to refine their own estimate? E4 and E5 of cot-depth.

The step Gamma alone by gradient descent (`reduced`), linear attention with all of its matrices (`linear`) and softmax
attention, trained one step at a time or through the whole chain (`softmax`). Every panel trains all its amounts of
pretraining and seeds as one batch.

Attention is trained on the mean squared error, and so the error drawn is the mean over test contexts (then the
geometric mean over trainings), of the exact model beside it, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solv.data.cot_depth.in_context_regression import draw_context_statistics, draw_contexts, draw_pretraining_pairs
from solv.experiments.cot_depth.experiment import (
    GAP_DEPTHS,
    SOFTMAX_TRAININGS,
    CotDepthConfig,
    LinearAttention,
    SoftmaxAttention,
    best_depths,
    points,
    softmax_panel,
    tau_series,
)
from solv.harness.contract import Context
from solv.models.cot_depth.attention import context_moments, context_tokens, draw_attention, linear_step, softmax_step
from solv.models.cot_depth.refinement import chain_loss, pad, quadratic_loss, rollout, single_step_loss, teacher_states
from solv.models.cot_depth.simulation import refine, ridgeless_steps
from solv.models.ensemble import Ensemble, Loss, Optimizer, cosine_decay, train
from solv.tracking.curves import Curves, geometric_mean, standard_error

LOGS = 40  # training metrics recorded per training


def measure_training(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the curves of every trained block, and of the exact model at the same size beside linear attention."""
    yield from _reduced(config, context)
    yield from _linear(config, context)
    yield from _softmax(config, context)


# -- the step alone ------------------------------------------------------------------------------------------------


def _reduced(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    reduced = config.reduced
    errors = context.unit("reduced", lambda: _train_reduced(config, context))
    depths = np.arange(reduced.depth + 1)
    for index, tau in enumerate(reduced.tau):
        for source, values in (("trained", errors["descent"]), ("simulation", errors["least_squares"])):
            y, y_err, n = geometric_mean(values[:, index])
            place = "reduced", tau_series(tau), source
            parameters = {"alpha": reduced.alpha, "tau": tau, "rho": 0.0, "dimension": reduced.dimension}
            yield points(*place, "depth", depths, "error", y, y_err=y_err, n=n, params=parameters)


def _train_reduced(config: CotDepthConfig, context: Context) -> dict[str, np.ndarray]:
    """Return the errors of the steps found by gradient descent and by least squares, (repeats, taus, depths)."""
    reduced, seeds, device = config.reduced, context.seeds, context.device
    d, length = reduced.dimension, round(reduced.alpha * reduced.dimension)
    counts = [round(tau * d) for tau in reduced.tau]
    repeats = range(reduced.repeats)
    pairs = [
        draw_pretraining_pairs((), max(counts), d, length, 0.0, seeds.torch("reduced pretraining", r, device=device))
        for r in repeats
    ]
    tasks, statistics = (torch.stack(column) for column in zip(*pairs, strict=True))
    gram = torch.stack([statistics[:, :n].mT @ statistics[:, :n] / n for n in counts], dim=1)
    cross = torch.stack([tasks[:, :n].mT @ statistics[:, :n] / n for n in counts], dim=1)
    smallest, largest = torch.linalg.eigvalsh(gram)[..., [0, -1]].unbind(-1)
    root = (largest / smallest).sqrt()
    momentum = float(((root - 1) / (root + 1)).square().max())  # heavy ball at the worst condition number
    rates = 4 / (largest.sqrt() + smallest.sqrt()).square()
    ensemble = Ensemble(
        {"Gamma": torch.zeros_like(gram.flatten(0, 1))},
        Optimizer("sgd", learning_rate=rates.flatten(), momentum=momentum),
    )
    loss = quadratic_loss(gram.flatten(0, 1), cross.flatten(0, 1))
    _train("train the step alone", ensemble, loss, reduced.steps, context)
    descent = ensemble.parameters["Gamma"].detach().reshape(gram.shape)
    order = sorted(counts)
    fitted = ridgeless_steps(tasks, statistics, order)[:, [order.index(n) for n in counts]]
    drawn = [
        draw_context_statistics((reduced.contexts,), d, length, 0.0, seeds.torch("reduced test", r, device=device))
        for r in repeats
    ]
    s, h, w = (torch.stack([getattr(each, field) for each in drawn]) for field in ("s", "h", "w"))
    return {
        name: refine(gamma, s, h, w, reduced.depth).log().mean(dim=2).exp().cpu().numpy()
        for name, gamma in (("descent", descent), ("least_squares", fitted))
    }


# -- linear attention ----------------------------------------------------------------------------------------------


def _linear(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """E4, and how far the trained block is from the exact model of its own dimension."""
    linear = config.linear
    depths = np.arange(linear.depth + 1)
    trained = context.unit("linear attention", lambda: {"mean": _train_linear(linear, context)})["mean"]
    exact = context.unit("exact step", lambda: {"mean": _solve_exactly(linear, context)})["mean"]
    for source, errors in (("trained", trained), ("simulation", exact)):
        for index, tau in enumerate(linear.tau):
            y, y_err, n = geometric_mean(errors[:, index])
            parameters = {"alpha": linear.alpha, "tau": tau, "rho": 0.0, "dimension": linear.dimension}
            place = "linear-attention", tau_series(tau), source
            yield points(*place, "depth", depths, "error", y, y_err=y_err, n=n, params=parameters)
    for depth in [depth for depth in GAP_DEPTHS if depth <= linear.depth]:
        top, top_error, n = standard_error(np.log(trained[:, :, depth]))
        bottom, bottom_error, _ = standard_error(np.log(exact[:, :, depth]))
        place = "attention-gap", f"T={depth}", "trained"
        y, y_err = top - bottom, np.hypot(top_error, bottom_error)
        parameters = {"alpha": linear.alpha, "rho": 0.0, "depth": depth}
        yield points(*place, "tau", linear.tau, "log_ratio", y, y_err=y_err, n=n, params=parameters)


def _train_linear(linear: LinearAttention, context: Context) -> np.ndarray:
    """Return the errors of trained linear attention, means over contexts, (seeds, taus, depths)."""
    sets = _draw_sets("linear", linear, context)
    data = pad([context_moments(tokens) for tokens in sets.tokens], sets.tasks)
    states = sets.teacher_states(linear.teacher_states, linear.teacher_noise, linear.pool)
    ensemble = Ensemble(
        draw_attention(sets.initial, linear.dimension, scale=0.05),
        Optimizer("adam", linear.learning_rate, schedule=cosine_decay(linear.steps, 0.02)),
    )
    loss = single_step_loss(linear_step, data, linear.chain_states)
    _train("train linear attention", ensemble, loss, linear.steps, context, states)
    tokens, task = sets.test()
    errors = rollout(linear_step, ensemble.parameters, context_moments(tokens), task, linear.depth)
    return sets.by_seed(errors)


def _solve_exactly(linear: LinearAttention, context: Context) -> np.ndarray:
    """Return the errors of equation (2) at the dimension of the trained block, (repeats, taus, depths)."""
    d, length = linear.dimension, round(linear.alpha * linear.dimension)
    counts = [round(tau * d) for tau in linear.tau]
    order = sorted(counts)
    errors = []
    for repeat in range(linear.exact_repeats):
        stream = context.seeds.torch("linear exact", repeat)
        pairs = draw_pretraining_pairs((1,), order[-1], d, length, 0.0, stream)
        test = draw_context_statistics((1, linear.contexts), d, length, 0.0, stream)
        steps = ridgeless_steps(*pairs, order)[:, [order.index(n) for n in counts]]
        errors.append(refine(steps, test.s, test.h, test.w, linear.depth).numpy()[0])
    mean: np.ndarray = np.stack(errors).mean(axis=2)
    return mean


# -- softmax attention ---------------------------------------------------------------------------------------------


def _softmax(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """E5: errors of both trainings, each seed's own best depth, and how much the error grows after it."""
    softmax = config.softmax
    depths = np.arange(softmax.depth + 1)
    for training in SOFTMAX_TRAININGS:
        errors = _softmax_errors(training, softmax, context)
        for index, tau in enumerate(softmax.tau):
            y, y_err, n = geometric_mean(errors[:, index])
            parameters = {"alpha": softmax.alpha, "tau": tau, "rho": 0.0, "dimension": softmax.dimension}
            place = softmax_panel(training), tau_series(tau), "trained"
            yield points(*place, "depth", depths, "error", y, y_err=y_err, n=n, params=parameters)
        growth = np.log(errors[..., -1] / errors.min(axis=-1))
        for panel, name, values in (
            ("softmax-depth", "optimal_depth", best_depths(errors)),
            ("softmax-growth", "log_growth", growth),
        ):
            y, y_err, n = standard_error(values)
            parameters = {"alpha": softmax.alpha, "rho": 0.0, "dimension": softmax.dimension}
            place = panel, training, "trained"
            yield points(*place, "tau", softmax.tau, name, y, y_err=y_err, n=n, params=parameters)


def _softmax_errors(training: str, softmax: SoftmaxAttention, context: Context) -> np.ndarray:
    unit = context.unit(f"softmax {training}", lambda: {"mean": _train_softmax(training, softmax, context)})
    return unit["mean"]


def _train_softmax(training: str, softmax: SoftmaxAttention, context: Context) -> np.ndarray:
    """Return the errors of trained softmax attention, means over contexts, (seeds, taus, depths)."""
    sets = _draw_sets("softmax", softmax, context)
    data = pad(sets.tokens, sets.tasks)
    ensemble = Ensemble(
        draw_attention(sets.initial, softmax.dimension, heads=softmax.heads, scale=0.1, mlp_width=softmax.mlp_width),
        Optimizer("adam", softmax.learning_rate, schedule=cosine_decay(softmax.steps, 0.02)),
    )
    if training == "step by step":
        states = sets.teacher_states(softmax.teacher_states, softmax.teacher_noise, softmax.pool)
        loss = single_step_loss(softmax_step, data, softmax.chain_states)
        _train(f"train softmax attention {training}", ensemble, loss, softmax.steps, context, states)
    else:
        loss = chain_loss(softmax_step, data, softmax.trained_depth)
        _train(f"train softmax attention {training}", ensemble, loss, softmax.steps, context)
    tokens, task = sets.test()
    return sets.by_seed(rollout(softmax_step, ensemble.parameters, tokens, task, softmax.depth))


# -- shared by both attentions -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sets:
    """The pretraining sets of all copies, tau by tau and seed by seed, and the generators of what else they draw."""

    name: str
    sizes: LinearAttention | SoftmaxAttention
    context: Context
    tokens: list[Tensor]
    tasks: list[Tensor]
    initial: list[torch.Generator]

    def teacher_states(self, count: int, noise: float, pool: int) -> Tensor:
        """Return a pool of intermediate states for every context, (pool, copies, contexts, count, d)."""
        most = max(map(len, self.tasks))
        pools = []
        for (tau, seed), task in zip(_copies(self.sizes), self.tasks, strict=True):
            stream = self.context.seeds.torch(self.name, "states", tau, seed, device=self.context.device)
            drawn = torch.stack([teacher_states(task, count, noise, stream) for _ in range(pool)])
            pools.append(torch.cat([drawn, drawn.new_zeros(pool, most - len(task), *drawn.shape[2:])], dim=1))
        return torch.stack(pools, dim=1)

    def test(self) -> tuple[Tensor, Tensor]:
        """Return fresh test contexts, the same ones for every amount of pretraining of a seed."""
        d, length = self.sizes.dimension, round(self.sizes.alpha * self.sizes.dimension)
        drawn = []
        for seed in range(self.sizes.seeds):
            stream = self.context.seeds.torch(self.name, "test", seed, device=self.context.device)
            drawn.append(draw_contexts((self.sizes.contexts,), d, length, 0.0, stream))
        tokens = torch.stack([context_tokens(each.x, each.y) for each in drawn])
        repeats = len(self.sizes.tau)
        return tokens.repeat(repeats, 1, 1, 1), torch.stack([each.w for each in drawn]).repeat(repeats, 1, 1)

    def by_seed(self, errors: Tensor) -> np.ndarray:
        """Return errors (copies, contexts, depths) as means over contexts, (seeds, taus, depths)."""
        mean = errors.double().mean(dim=1).cpu().numpy()
        return mean.reshape(len(self.sizes.tau), self.sizes.seeds, -1).swapaxes(0, 1)


def _draw_sets(name: str, sizes: LinearAttention | SoftmaxAttention, context: Context) -> _Sets:
    d, length, device = sizes.dimension, round(sizes.alpha * sizes.dimension), context.device
    tokens, tasks, initial = [], [], []
    for tau, seed in _copies(sizes):
        stream = context.seeds.torch(name, "pretraining", tau, seed, device=device)
        drawn = draw_contexts((round(tau * d),), d, length, 0.0, stream)
        tokens.append(context_tokens(drawn.x, drawn.y))
        tasks.append(drawn.w)
        initial.append(context.seeds.torch(name, "initial", tau, seed, device=device))
    return _Sets(name, sizes, context, tokens, tasks, initial)


def _copies(sizes: LinearAttention | SoftmaxAttention) -> list[tuple[float, int]]:
    return [(tau, seed) for tau in sizes.tau for seed in range(sizes.seeds)]


def _train(
    task: str, ensemble: Ensemble, loss: Loss, steps: int, context: Context, states: Tensor | None = None
) -> None:
    """Train to the end, from the last checkpoint if there is one; the pool of states is gone through step by step."""
    checkpoint = context.checkpoint(task)
    saved = checkpoint.load()
    if saved is not None:
        ensemble.load_state_dict(saved)
    every = max(1, steps // LOGS)
    with context.progress.task(task, steps) as bar:
        bar.advance(ensemble.step)

        def report(step: int, losses: Tensor) -> None:
            shown = step % every == 0 or step == steps
            bar.advance(note=f"median loss {losses.median():.3g}" if shown else "")
            if shown:
                context.log_metrics(task, step, _summary(losses))

        train(
            ensemble,
            loss,
            lambda step: None if states is None else states[step % len(states)],
            steps,
            after_step=report,
            save=checkpoint.save,
            save_every=max(1, steps // 10),
        )


def _summary(losses: Tensor) -> Mapping[str, float]:
    return {"loss/median": float(losses.median()), "loss/largest": float(losses.max())}
