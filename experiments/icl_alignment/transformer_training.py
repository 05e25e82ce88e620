"""What does a nonlinear transformer learn in context from few or many tasks? It is trained, and tested, as one batch.

Every kind of label, task diversity and seed is a copy of one ensemble, with fixed pretraining tasks, fresh contexts at
every step, and streams of its own. A copy is tested on the same normals for every test spectrum, so that the errors of
one copy differ by the spectrum alone.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from solv.data.icl_alignment.tasks import LabelledContexts, draw_labelled_contexts, draw_tasks
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.harness.contract import Context
from solv.models.ensemble import Ensemble, Optimizer, Schedule, cosine_decay, train
from solv.models.icl_alignment.transformer import draw_transformer, squared_loss
from solv.theory.icl_alignment.covariances import power_law_spectrum

TASK = "train the transformers"
LOGS = 40  # training metrics recorded
CONTEXTS_AT_ONCE = 256


def train_and_test(config: IclAlignmentConfig, context: Context) -> np.ndarray:
    """Return the test errors of trained transformers, shape (links, kappas, seeds, tests)."""
    size = config.transformer
    ensemble = _train(config, context)
    errors = np.stack([_test(config, context, ensemble, p) for p in size.test_p], axis=-1)
    return errors.reshape(len(size.link), len(size.kappa), size.seeds, len(size.test_p))


def _copies(config: IclAlignmentConfig) -> list[tuple[str, float, int]]:
    size = config.transformer
    return [(link, kappa, seed) for link in size.link for kappa in size.kappa for seed in range(size.seeds)]


def _train(config: IclAlignmentConfig, context: Context) -> Ensemble:
    """Train all copies as one batch to the end, from the last checkpoint if there is one."""
    size = config.transformer
    copies = _copies(config)
    covariance = torch.from_numpy(power_law_spectrum(size.dimension, size.p)).float().to(context.device)
    tasks = [
        draw_tasks((), max(1, round(copy[1] * size.dimension)), covariance, _stream(context, "tasks", copy))
        for copy in copies
    ]
    ensemble = Ensemble(
        draw_transformer(
            [_stream(context, "initial", copy) for copy in copies], size.dimension, width=size.width,
            hidden=size.hidden, layers=size.layers,
        ),
        Optimizer("adam", size.learning_rate, clip=1.0, schedule=_warm_cosine(size.steps)),
    )  # fmt: skip

    def contexts(step: int) -> tuple[Tensor, Tensor]:
        drawn = [
            _draw(config, w, size.batch, copy[0], _stream(context, f"step {step}", copy))
            for copy, w in zip(copies, tasks, strict=True)
        ]
        return torch.stack([each.x for each in drawn]), torch.stack([each.y for each in drawn])

    checkpoint = context.checkpoint(TASK)
    saved = checkpoint.load()
    if saved is not None:
        ensemble.load_state_dict(saved)
    every = max(1, size.steps // LOGS)
    with context.progress.task(TASK, size.steps) as bar:
        bar.advance(ensemble.step)

        def report(step: int, losses: Tensor) -> None:
            shown = step % every == 0 or step == size.steps
            bar.advance(note=f"median loss {losses.median():.3g}" if shown else "")
            if shown:
                context.log_metrics(TASK, step, _summary(losses))

        train(
            ensemble, squared_loss, contexts, size.steps, after_step=report, save=checkpoint.save,
            save_every=max(1, size.steps // 10),
        )  # fmt: skip
    return ensemble


def _test(config: IclAlignmentConfig, context: Context, ensemble: Ensemble, p: float) -> np.ndarray:
    """Return each copy's mean squared error on fresh tasks of one spectrum, a task per context, shape (copies,)."""
    size = config.transformer
    covariance = torch.from_numpy(power_law_spectrum(size.dimension, p)).float().to(context.device)
    drawn = []
    for copy in _copies(config):
        stream = _stream(context, "test", copy)
        w = draw_tasks((size.contexts,), 1, covariance, stream)
        drawn.append(_draw(config, w, 1, copy[0], stream))
    x, y = (torch.stack([getattr(each, part).squeeze(1) for each in drawn]) for part in ("x", "y"))
    with torch.no_grad():
        losses = [
            squared_loss(ensemble.parameters, part) * part[1].shape[1]
            for part in zip(torch.split(x, CONTEXTS_AT_ONCE, 1), torch.split(y, CONTEXTS_AT_ONCE, 1), strict=True)
        ]
    error: np.ndarray = (torch.stack(losses).sum(0) / size.contexts).double().cpu().numpy()
    return error


def _draw(config: IclAlignmentConfig, w: Tensor, n: int, link: str, stream: torch.Generator) -> LabelledContexts:
    length = max(1, round(config.alpha[0] * config.transformer.dimension))
    return draw_labelled_contexts(w, n, length, config.rho[0], stream, link)


def _stream(context: Context, what: str, copy: tuple[str, float, int]) -> torch.Generator:
    return context.seeds.torch("transformer", what, *copy, device=context.device)


def _warm_cosine(steps: int) -> Schedule:
    """Return the factor that rises over a tenth of the steps while it falls along a cosine to 2 %."""
    warm, cosine = max(1, steps // 10), cosine_decay(steps, 0.02)
    return lambda step: min(1.0, (step + 1) / warm) * cosine(step)


def _summary(losses: Tensor) -> Mapping[str, float]:
    return {"loss/median": float(losses.median()), "loss/largest": float(losses.max())}
