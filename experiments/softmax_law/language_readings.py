"""What is read of a language model, step by step? Loss, logit scale and entropy on held-out text.

Of a small decoder that learns the bytes of Python's standard library at a constant learning rate, or of the checkpoints
of a training in Hugging Face's format that the user names, as those of Pythia are, on a text.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from solv.data.text.sources import Text, read_text
from solv.data.text.token_windows import Windows
from solv.experiments.softmax_law.settings import ALL, LanguageSettings, TrainedHere
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.huggingface import ModelError
from solv.models.language.training import Trainer, TrainingSettings
from solv.models.softmax_law.hf_checkpoints import Checkpoint, checkpoint_statistics, find_checkpoints
from solv.models.softmax_law.prediction_statistics import PredictionStatistics, prediction_statistics
from solv.models.threads import one_thread
from solv.theory import schedules
from solv.tracking.progress import Step

QUANTITIES = ("loss", "scale", "entropy")
READINGS = 28  # of a training, logarithmic in the step
FIRST = 10  # the step of the first
SAVE_EVERY = 500
PYTHIA = tuple(f"step{step}" for step in (*(2**power for power in range(10)), 1000, 2000, 4000, 8000, 16000, 32000))
PYTHIA += ("step64000", "step128000", "step143000")


@dataclass(frozen=True)
class Readings:
    """What was read of one training, or of several of the same kind.

    Attributes:
        steps: numbers of steps, > 0.
        loss, scale, entropy: nats per token, standard deviation of the centred logits, nats per token.
    """

    steps: Float[np.ndarray, "times"]
    loss: Float[np.ndarray, "models times"]
    scale: Float[np.ndarray, "models times"]
    entropy: Float[np.ndarray, "models times"]


def read_language_model(settings: LanguageSettings, context: Context) -> Readings:
    """Return what is read of the model that the settings name.

    Raises:
        ConfigurationError: a text or checkpoints that cannot be used.
    """
    if settings.pretrained.checkpoints is not None:
        return _read_checkpoints(settings, context)
    with one_thread(context.device):
        return _train_here(settings, context)


def require_language_model(settings: LanguageSettings) -> None:
    """Check the text, the sizes and the checkpoints, before anything is measured.

    Raises:
        ConfigurationError: one of them cannot be used.
    """
    if settings.pretrained.checkpoints is not None:
        _written(settings)
        _checkpoints(settings)
    else:
        _text(settings.trained)


# -- the decoder trained here ------------------------------------------------------------------------------------------


def reading_steps(trained: TrainedHere) -> list[int]:
    """Return the numbers of steps after which the decoder is read."""
    return sorted({round(step) for step in np.geomspace(FIRST, trained.steps, READINGS)})


def _text(trained: TrainedHere) -> tuple[Text, DecoderConfig]:
    try:
        read = read_text(trained.text, most=trained.bytes)
        windows = Windows(read.train, trained.context, trained.batch), Windows(read.validation, trained.context, 1)
        architecture = DecoderConfig(256, trained.context, trained.width, trained.layers, trained.heads)
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"language.trained: {error}") from None
    if windows[1].epoch < trained.held_out:
        raise ConfigurationError(
            f"language.trained.held_out = {trained.held_out} is more than the {windows[1].epoch} windows of the text "
            "held apart"
        )
    return read, architecture


def _train_here(settings: LanguageSettings, context: Context) -> Readings:
    trained = settings.trained
    read, architecture = _text(trained)
    with context.progress.task("train byte-level decoders", trained.models * trained.steps) as step:
        copies = context.units(
            {
                f"language training {copy}": partial(_train, trained, architecture, read, context, copy, step)
                for copy in range(trained.models)
            }
        )
    stacked = {name: np.stack([each[name] for each in copies.values()]) for name in QUANTITIES}
    return Readings(np.array(reading_steps(trained), dtype=float), **stacked)


def _train(
    trained: TrainedHere, architecture: DecoderConfig, read: Text, context: Context, copy: int, step: Step
) -> dict[str, np.ndarray]:
    """Return the readings of one decoder, each of shape (times,)."""
    seeds, device = context.seeds, context.device
    order = Windows(read.train, trained.context, trained.batch, seeds.integer("language batches", copy))
    held = Windows(read.validation, trained.context, trained.held_out, seeds.integer("language held out"))
    shown = torch.from_numpy(held(0)).to(device)
    factors = schedules.constant(np.arange(1, trained.steps + 1), trained.warm_up)
    trainer = Trainer(
        Decoder(architecture, generator=seeds.torch("language model", copy)),
        TrainingSettings(
            trained.learning_rate,
            betas=(0.9, 0.95),
            schedule=lambda taken: float(factors[taken]),
            bfloat16=trained.bfloat16,
        ),
        device=device,
    )
    checkpoint = context.checkpoint(f"language training {copy}")
    readings: list[list[float]] = []
    if (saved := checkpoint.load()) is not None:
        trainer.load_state_dict(saved["trainer"])
        readings = saved["readings"]

    def tell(taken: int, loss: Tensor) -> None:
        if taken % 50 == 0:
            step.advance(50, note=f"loss {float(loss):.3f}")
            context.log_metrics(f"language {copy}", taken, {"loss": float(loss)})

    def save(state: object) -> None:
        checkpoint.save({"trainer": state, "readings": readings})

    for until in reading_steps(trained)[len(readings) :]:
        trainer.train(
            lambda taken: torch.from_numpy(order(taken)), until, after_step=tell, save=save, save_every=SAVE_EVERY
        )
        trainer.model.eval()
        readings.append(_row(prediction_statistics(trainer.model, torch.split(shown, 64))))
        save(trainer.state_dict())
    checkpoint.path.unlink(missing_ok=True)
    return dict(zip(QUANTITIES, np.array(readings).T, strict=True))


def _row(found: PredictionStatistics) -> list[float]:
    return [found.loss, found.scale, found.entropy]


# -- the user's checkpoints --------------------------------------------------------------------------------------------


def _written(settings: LanguageSettings) -> str:
    """Return the text on which the checkpoints are read."""
    place = settings.pretrained.text
    if place is None:
        raise ConfigurationError("language.pretrained.text is not set; checkpoints are read on a text file of yours")
    try:
        return Path(place).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise ConfigurationError(f"language.pretrained.text: {place}: {reason}") from None


def _checkpoints(settings: LanguageSettings) -> list[Checkpoint]:
    chosen = settings.pretrained
    asked = None if chosen.revisions == (ALL,) else chosen.revisions
    try:
        return find_checkpoints(str(chosen.checkpoints), asked, PYTHIA)
    except ModelError as error:
        raise ConfigurationError(str(error)) from None


def _read_checkpoints(settings: LanguageSettings, context: Context) -> Readings:
    """Return the readings of a training that others did; every checkpoint is a unit of its own."""
    chosen, written = settings.pretrained, _written(settings)

    def look(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
        found = checkpoint_statistics(
            checkpoint,
            written,
            context=chosen.context,
            sequences=chosen.sequences,
            rows=chosen.rows,
            device=context.device,
        )
        return dict(zip(QUANTITIES, np.array(_row(found)), strict=True))

    checkpoints, rows = _checkpoints(settings), []
    try:
        with context.progress.task("read checkpoints", len(checkpoints)) as step:
            for checkpoint in checkpoints:
                name = f"language checkpoint {checkpoint.step}"
                rows.append(context.unit(name, lambda each=checkpoint: look(each)))  # type: ignore[misc]
                step.advance(note=f"step {checkpoint.step}")
    except ModelError as error:
        raise ConfigurationError(str(error)) from None
    steps = np.array([checkpoint.step for checkpoint in checkpoints], dtype=float)
    return Readings(steps, **{name: np.stack([row[name] for row in rows])[None] for name in QUANTITIES})
