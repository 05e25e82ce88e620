"""What do nonlinear transformers learn in context from few or many tasks? Those of one architecture train as one batch.

Every kind of label, task diversity and seed is a copy of one ensemble, with pretraining tasks and streams of its own.
The encoder goes through one fixed set of tau d^2 contexts again and again, as in the ICLR version of the paper; the
decoder sees fresh contexts of the fixed tasks at every step, as in the preprint. A copy is tested on the same normals
for every test covariance, so that the errors of one copy differ by the covariance alone.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from solv.data.icl_alignment.tasks import LabelledContexts, draw_labelled_contexts, draw_tasks
from solv.experiments.icl_alignment.settings import IclAlignmentConfig
from solv.harness.contract import Context
from solv.models.ensemble import Ensemble, Optimizer, Parameters, train
from solv.models.icl_alignment.transformer import Dropout, decode, draw_decoder, draw_encoder, encode
from solv.theory.icl_alignment.covariances import power_law_spectrum

TASK = "train the transformers"
WEIGHT_DECAY = 0.01  # of AdamW, as in the authors' code
LOGS = 40  # training metrics recorded
CONTEXTS_AT_ONCE = 256
ENCODER = "encoder"

Batch = tuple[Tensor, Tensor]
Copy = tuple[str, float, int]  # (link, kappa, seed)


def train_and_test(
    config: IclAlignmentConfig, context: Context, architecture: str, tests: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the errors of the transformers of one architecture before and after training.

    Args:
        config: its group `transformer` says all sizes.
        context: streams and checkpoints.
        architecture: "encoder" or "decoder".
        tests: spectra of the test tasks, each of length d.

    Returns:
        `error` on fresh tasks of each test, and `untrained`, that of the same networks before training, both of shape
        (links, kappas, seeds, tests); `training`, the loss on the last contexts trained on, nothing dropped,
        (links, kappas, seeds).
    """
    size = config.transformer
    shape = len(size.link), len(size.kappa), size.seeds
    copies, predict = _copies(config), _model(architecture)
    ensemble = _initial(config, context, architecture)
    untrained = _test_all(config, context, ensemble.parameters, predict, tests)
    last = _train(config, context, architecture, ensemble)
    with torch.no_grad():
        final = _squared_error(predict(ensemble.parameters, *last), last[1]).mean(dim=-1)
    trained = _test_all(config, context, ensemble.parameters, predict, tests)
    assert len(final) == len(copies)
    return {
        "error": trained.reshape(*shape, len(tests)),
        "untrained": untrained.reshape(*shape, len(tests)),
        "training": final.double().cpu().numpy().reshape(shape),
    }


def _copies(config: IclAlignmentConfig) -> list[Copy]:
    size = config.transformer
    return [(link, kappa, seed) for link in size.link for kappa in size.kappa for seed in range(size.seeds)]


def _model(architecture: str) -> Callable[[Parameters, Tensor, Tensor], Tensor]:
    return encode if architecture == ENCODER else decode


def _initial(config: IclAlignmentConfig, context: Context, architecture: str) -> Ensemble:
    size = config.transformer
    streams = [_stream(context, f"initial {architecture}", copy) for copy in _copies(config)]
    if architecture == ENCODER:
        hidden = size.multiplier * (size.dimension + 1)
        drawn = draw_encoder(streams, size.dimension, hidden=hidden, layers=size.layers)
    else:
        drawn = draw_decoder(streams, size.dimension, layers=size.layers)
    return Ensemble(drawn, Optimizer("adam", size.learning_rate, weight_decay=WEIGHT_DECAY, clip=1.0))


def _train(config: IclAlignmentConfig, context: Context, architecture: str, ensemble: Ensemble) -> Batch:
    """Train all copies as one batch to the end, from the last checkpoint if there is one; return the last contexts."""
    size, task = config.transformer, f"{TASK}: {architecture}"
    encoding = architecture == ENCODER
    steps = size.steps if encoding else size.decoder_steps
    batches = _reused(config, context) if encoding else _fresh(config, context)
    predict = _model(architecture)

    def contexts(step: int) -> tuple[Tensor, Tensor, int]:
        return *batches(step), step

    def loss(parameters: Parameters, batch: tuple[Tensor, Tensor, int]) -> Tensor:
        x, y, step = batch
        if encoding:
            stream = context.seeds.torch("transformer", "dropout", step, device=context.device)
            prediction = encode(parameters, x, y, Dropout(size.dropout, stream))
        else:
            prediction = predict(parameters, x, y)
        return _squared_error(prediction, y).mean(dim=-1)

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
            ensemble, loss, contexts, steps, after_step=report, save=checkpoint.save, save_every=max(1, steps // 10)
        )  # fmt: skip
    return batches(steps - 1)


def _reused(config: IclAlignmentConfig, context: Context) -> Callable[[int], Batch]:
    """Return the batch of each step from fixed sets of tau d^2 contexts, a set a copy, shuffled in every epoch."""
    size, copies = config.transformer, _copies(config)
    n = max(1, round(size.tau * size.dimension**2))
    batch = min(size.batch, n)
    drawn = [
        _draw(config, tasks, n, copy[0], _stream(context, "contexts", copy))
        for copy, tasks in zip(copies, _tasks(config, context), strict=True)
    ]
    x, y = (torch.stack([getattr(each, part) for each in drawn]) for part in ("x", "y"))
    row = torch.arange(len(copies), device=context.device)[:, None]
    shuffled: dict[int, Tensor] = {}

    def of_step(step: int) -> Batch:
        epoch, place = divmod(step, n // batch)
        if epoch not in shuffled:
            shuffled.clear()
            stream = context.seeds.torch("transformer", "order", epoch, device=context.device)
            keys = torch.rand(len(copies), n, generator=stream, device=context.device)
            shuffled[epoch] = keys.argsort(dim=1)
        chosen = shuffled[epoch][:, place * batch : (place + 1) * batch]
        return x[row, chosen], y[row, chosen]

    return of_step


def _fresh(config: IclAlignmentConfig, context: Context) -> Callable[[int], Batch]:
    """Return the batch of each step, contexts that were never seen of the fixed tasks of each copy."""
    size, copies, tasks = config.transformer, _copies(config), _tasks(config, context)

    def of_step(step: int) -> Batch:
        drawn = [
            _draw(config, w, size.decoder_batch, copy[0], _stream(context, f"step {step}", copy))
            for copy, w in zip(copies, tasks, strict=True)
        ]
        return torch.stack([each.x for each in drawn]), torch.stack([each.y for each in drawn])

    return of_step


def _tasks(config: IclAlignmentConfig, context: Context) -> list[Tensor]:
    """Return the pretraining tasks of each copy, (kappa d, d): the same for every architecture."""
    size = config.transformer
    covariance = torch.from_numpy(power_law_spectrum(size.dimension, size.p)).float().to(context.device)
    return [
        draw_tasks((), max(1, round(copy[1] * size.dimension)), covariance, _stream(context, "tasks", copy))
        for copy in _copies(config)
    ]


def _test_all(
    config: IclAlignmentConfig,
    context: Context,
    parameters: Parameters,
    predict: Callable[[Parameters, Tensor, Tensor], Tensor],
    tests: Sequence[np.ndarray],
) -> np.ndarray:
    """Return each copy's mean squared error on fresh tasks of every test, a task per context, shape (copies, tests)."""
    size, errors = config.transformer, []
    for spectrum in tests:
        covariance = torch.from_numpy(spectrum).float().to(context.device)
        drawn = []
        for copy in _copies(config):
            stream = _stream(context, "test", copy)
            w = draw_tasks((size.contexts,), 1, covariance, stream)
            drawn.append(_draw(config, w, 1, copy[0], stream))
        x, y = (torch.stack([getattr(each, part).squeeze(1) for each in drawn]) for part in ("x", "y"))
        with torch.no_grad():
            summed = [
                _squared_error(predict(parameters, *part), part[1]).sum(dim=-1)
                for part in zip(torch.split(x, CONTEXTS_AT_ONCE, 1), torch.split(y, CONTEXTS_AT_ONCE, 1), strict=True)
            ]
        errors.append((torch.stack(summed).sum(0) / size.contexts).double().cpu().numpy())
    return np.stack(errors, axis=-1)


def _squared_error(prediction: Tensor, y: Tensor) -> Tensor:
    return (prediction - y[..., -1]).square()


def _draw(config: IclAlignmentConfig, w: Tensor, n: int, link: str, stream: torch.Generator) -> LabelledContexts:
    size = config.transformer
    return draw_labelled_contexts(w, n, max(1, round(size.alpha * size.dimension)), size.rho, stream, link)


def _stream(context: Context, what: str, copy: Copy) -> torch.Generator:
    return context.seeds.torch("transformer", what, *copy, device=context.device)


def _summary(losses: Tensor) -> Mapping[str, float]:
    return {"loss/median": float(losses.median()), "loss/largest": float(losses.max())}
