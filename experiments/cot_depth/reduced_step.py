"""Part `reduced-step`: is the step that gradient descent finds the least-squares step that theory assumes?"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from solv.experiments.cot_depth.settings import CotDepthConfig, Simulation
from solv.experiments.cot_depth.work import DOUBLE, chains
from solv.harness.contract import Context, Part
from solv.harness.work import Work
from solv.theory.cot_depth.error import error_vs_depth
from solv.tracking.curves import Curves, Recorder, geometric_mean
from solv.tracking.panels import Panel

RECORD = Recorder("cot-depth", "reduced-step")
ENTRY = 300  # operations in the time of the dozen additions and products that an entry goes through in a step
CALLS = 25  # of a step, forwards, backwards and of the momentum
MATRICES = 8  # held of every copy: second moments, step, momentum, gradient, and their products


class Panels(StrEnum):
    """The panel of this part."""

    REDUCED = "reduced"


def panels(config: CotDepthConfig) -> list[Panel]:
    """Return the error of both steps against depth."""
    return [
        Panel(
            Panels.REDUCED,
            "The step alone by gradient descent: d = {dimension}, α = {alpha}",
            "reasoning depth T",
            "test error e_T",
            y_scale="log",
            facets=("dimension", "alpha"),
            series="τ={tau}",
            ordered=True,
            note="filled: least squares; open: gradient descent",
        )
    ]


def predict(config: CotDepthConfig) -> Iterator[Curves]:
    """Yield the error of the exact step at every amount of pretraining."""
    reduced, depths = config.reduced, np.arange(config.reduced.depth + 1)
    for tau in reduced.tau:
        errors = error_vs_depth(reduced.alpha, tau, reduced.rho, reduced.depth)
        yield RECORD.theory(Panels.REDUCED, _at(config, tau), x=("depth", depths), y=("error", errors))


def measure(config: CotDepthConfig, context: Context) -> Iterator[Curves]:
    """Yield the error of the step found by gradient descent (trained) and by least squares (simulation)."""
    reduced = config.reduced
    errors = context.unit("reduced", lambda: _train(config, context))
    depths = np.arange(reduced.depth + 1)
    for index, tau in enumerate(reduced.tau):
        for source, values in (("trained", errors["descent"]), ("simulation", errors["least_squares"])):
            y, y_err, n = geometric_mean(values[:, index])
            yield RECORD.curve(
                source, Panels.REDUCED, _at(config, tau), x=("depth", depths), y=("error", y), y_err=y_err, n=n
            )


def _at(config: CotDepthConfig, tau: float) -> dict[str, float]:
    return {"alpha": config.reduced.alpha, "tau": tau, "rho": config.reduced.rho, "dimension": config.reduced.dimension}


def _train(config: CotDepthConfig, context: Context) -> dict[str, np.ndarray]:
    """Return the errors of the steps found by gradient descent and by least squares, (repeats, taus, depths)."""
    import torch

    from solv.data.cot_depth.in_context_regression import draw_context_statistics, draw_pretraining_pairs
    from solv.experiments.cot_depth.attention_training import train_blocks
    from solv.models.cot_depth.refinement import quadratic_loss
    from solv.models.cot_depth.simulation import refine, ridgeless_steps
    from solv.models.ensemble import Ensemble, Optimizer

    reduced, seeds, device = config.reduced, context.seeds, context.device
    d, length = reduced.dimension, round(reduced.alpha * reduced.dimension)
    counts = [round(tau * d) for tau in reduced.tau]
    repeats = range(reduced.repeats)
    pairs = [
        draw_pretraining_pairs(
            (), max(counts), d, length, reduced.rho, seeds.torch("reduced pretraining", r, device=device)
        )
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
    train_blocks("train the step alone", ensemble, loss, reduced.steps, context)
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


def work(config: CotDepthConfig) -> Work:
    """Return the work of the descent on second moments, a product forwards and one backwards, and of its chains.

    The chains of both steps run on the same contexts; the second moments are products of their own for every tau.
    """
    reduced, d = config.reduced, config.reduced.dimension
    copies = reduced.repeats * len(reduced.tau)
    sizes = Simulation(dimension=d, repeats=reduced.repeats, contexts=reduced.contexts)
    simulated = chains(sizes, reduced.alpha, [*reduced.tau, *reduced.tau], reduced.depth)
    moments = 4 * reduced.repeats * sum(reduced.tau) * d**3
    descent = reduced.steps * copies * (4 * d**3 + ENTRY * d**2)
    return simulated + Work(moments + descent, CALLS * reduced.steps, DOUBLE * MATRICES * copies * d**2)


REDUCED_STEP = Part(
    name="reduced-step",
    question="Does gradient descent on the step alone find the least-squares step?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
)
