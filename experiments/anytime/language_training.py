"""How are the language models trained and read? Validation losses of every schedule at every horizon, one by one.

Small models train as one batch instead (`language_ensemble.py`), from the same weights, batches and rates.

Each training is a chain of units: it is read where a horizon or the branch of a decay comes, and what was read is on
disk before it goes on. All schedules of a seed start from the same weights and see the same batch at the same step.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from solv.data.anytime.character_language import CharacterLanguage
from solv.data.text.sources import read_text
from solv.data.text.token_shards import TokenShards
from solv.data.text.token_windows import Tokens, Windows
from solv.experiments.anytime.language_runs import Losses, Training, require_text, trainings
from solv.experiments.anytime.settings import LanguageSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.throughput import utilisation
from solv.models.language.training import Trainer, TrainingSettings
from solv.models.language.weight_average import Averaging
from solv.models.threads import one_thread
from solv.theory import schedules
from solv.tracking.checkpoints import TrainingCheckpoint
from solv.tracking.progress import Step

if TYPE_CHECKING:
    from solv.models.language.sharding import Parallel

PADDED = 128  # a vocabulary of shards is rounded up to a multiple: products on a GPU are faster
HELD_TOKENS = 4096  # of a validation batch at least: small models wait for the call, not for the products
LOOKS = 200  # losses recorded of one training


@dataclass(frozen=True)
class Corpus:
    """What a seed trains on.

    Attributes:
        train, validation: held apart.
        vocabulary: number of tokens.
        digest: of a text that is not generated, in the names of all that is kept: another text is trained on anew.
    """

    train: Tokens
    validation: Tokens
    vocabulary: int
    digest: str = ""


def train_all(settings: LanguageSettings, context: Context) -> dict[tuple[Training, str], Losses]:
    """Return losses, nan where a run is not read, by run and by the weights read: "last", an EMA label or "wsd".

    Raises:
        ConfigurationError: no folder of shards, horizons within the warm-up, or too little text.
    """
    require_text(settings)
    with one_thread(context.device):
        return _train_all(settings, context)


def _train_all(settings: LanguageSettings, context: Context) -> dict[tuple[Training, str], Losses]:
    runs, horizons = trainings(settings), sorted(settings.horizons)
    losses: dict[tuple[Training, str], Losses] = {}
    steps = settings.seeds * sum(run.along if run.schedule == "cosine" else horizons[-1] for run in runs)
    with context.progress.task("train language models", steps) as step:
        for seed in range(settings.seeds):
            laboratory = Laboratory(settings, context, seed, step)
            for run in runs:
                for (weights, horizon), loss in laboratory.read(run).items():
                    empty = np.full((settings.seeds, len(horizons)), np.nan)
                    losses.setdefault((run, weights), empty)[seed, horizons.index(horizon)] = loss
    return losses


class Laboratory:
    """Everything of one seed."""

    def __init__(self, settings: LanguageSettings, context: Context, seed: int, step: Step) -> None:
        self.settings, self.context, self.seed, self.step = settings, context, seed, step
        try:
            corpus = _corpus(settings, context, seed)
            self.name = f"language {corpus.digest}".strip()
            self.architecture = architecture(settings, corpus.vocabulary)
            self._windows = Windows(
                corpus.train, settings.model.context, settings.batch, context.seeds.integer("language batches", seed)
            )
            rows = settings.batch * max(1, HELD_TOKENS // (settings.batch * settings.model.context))
            self._held = Windows(corpus.validation, settings.model.context, rows)
        except ValueError as error:
            raise ConfigurationError(f"language: {error}") from None
        available = (len(corpus.validation) - 1) // settings.model.context
        self._rows = min(settings.validation // settings.model.context, available) // settings.batch * settings.batch
        if not self._rows:
            raise ConfigurationError(
                f"language.validation = {settings.validation}, and {len(corpus.validation)} tokens are there; valid: "
                f"at least a batch of {settings.batch} x {settings.model.context}"
            )

    def read(self, run: Training) -> dict[tuple[str, int], float]:
        """Return the losses of a run by the weights read and the horizon."""
        settings = self.settings
        labels = () if run.schedule == "cosine" else settings.labels
        going = _Going(self, run, labels)
        events = [(horizon, False) for horizon in settings.horizons if run.schedule != "cosine" or horizon <= run.along]
        if run.schedule == "constant":
            events += [(horizon, True) for horizon in settings.horizons]
        losses: dict[tuple[str, int], float] = {}
        for horizon, branches in sorted(events, key=lambda event: self._branch(event[0]) if event[1] else event[0]):
            name = f"{self.name} {run.label} seed={self.seed} {'wsd' if branches else 'read'} {horizon}"
            compute = partial(self._decayed, going, horizon) if branches else partial(going.losses, horizon)
            by_weights = self.context.unit(name, compute)
            losses |= {(weights, horizon): float(loss) for weights, loss in by_weights.items()}
        going.finish()
        return losses

    def batches(self, step: int) -> Tensor:
        """Return the batch of a step: the same for all runs of the seed."""
        return torch.from_numpy(self._windows(step))

    def held(self) -> Iterator[Tensor]:
        """Yield the validation batches."""
        return map(torch.from_numpy, self._held.in_order(self._rows))

    def trainer(self, run: Training, schedule: Callable[[int], float], labels: Sequence[float]) -> Trainer:
        """Return a training at its start."""
        settings, context = self.settings, self.context
        training = TrainingSettings(
            learning_rate=run.rate,
            betas=(0.9, run.beta2),
            clip=1.0,
            schedule=schedule,
            accumulation=settings.accumulation,
            bfloat16=settings.bfloat16,
            compiled=settings.compiled,
            averages={f"{label:g}": Averaging("ema", label) for label in labels},
            parallel=cast("Parallel", settings.parallel) if context.processes > 1 else None,
        )
        return Trainer(self.model(), training, device=context.device)

    def model(self) -> Decoder:
        """Return the model with the first weights of the seed."""
        return Decoder(self.architecture, generator=self.context.seeds.torch("language model", self.seed))

    def checkpoint(self, name: str) -> TrainingCheckpoint:
        """Return where a training keeps its state."""
        return self.context.checkpoint(f"{self.name} {name} seed={self.seed}")

    def _branch(self, horizon: int) -> int:
        return int(self.settings.stable * horizon)

    def _decayed(self, going: "_Going", horizon: int) -> dict[str, np.ndarray]:
        """Return the loss of the decay that branches from the constant run, with its optimiser's state."""
        settings, run = self.settings, going.run
        steps = np.arange(1, horizon + 1)
        factors = schedules.warmup_stable_decay(steps, horizon, settings.stable, settings.wsd_final, settings.warmup)
        trainer = self.trainer(run, lambda step: float(factors[step]), ())
        checkpoint = self.checkpoint(f"{run.label} wsd {horizon}")
        state = checkpoint.load()
        trainer.load_state_dict(going.to(self._branch(horizon)).state_dict() if state is None else state)
        trainer.train(self.batches, horizon, save=checkpoint.save, save_every=settings.save_every)
        loss = trainer.evaluate(self.held())
        checkpoint.path.unlink(missing_ok=True)
        return {"wsd": np.array(loss)}


class _Going:
    """A training that goes on from one reading to the next, begun or taken up when it is first needed."""

    def __init__(self, laboratory: Laboratory, run: Training, labels: Sequence[float]) -> None:
        self.run = run
        self._laboratory, self._labels = laboratory, labels
        self._checkpoint = laboratory.checkpoint(run.label)
        self._trainer: Trainer | None = None
        settings = laboratory.settings
        self._until = run.along if run.schedule == "cosine" else max(settings.horizons)
        self._every = max(1, self._until // LOOKS)
        self._advanced = 0

    def to(self, step: int) -> Trainer:
        """Train until a step."""
        laboratory = self._laboratory
        if self._trainer is None:
            self._trainer = laboratory.trainer(self.run, self._schedule(), self._labels)
            state = self._checkpoint.load()
            if state is not None and state["step"] <= step:
                self._trainer.load_state_dict(state)
        trainer, save_every = self._trainer, laboratory.settings.save_every
        tell = partial(self._tell, trainer)
        trainer.train(laboratory.batches, step, after_step=tell, save=self._checkpoint.save, save_every=save_every)
        return trainer

    def losses(self, horizon: int) -> dict[str, np.ndarray]:
        """Return the losses at a horizon, by the weights that are read."""
        trainer = self.to(horizon)
        held = list(self._laboratory.held())
        return {
            "last": np.array(trainer.evaluate(held)),
            **{label: np.array(trainer.evaluate(held, average=label)) for label in trainer.averages.labels},
        }

    def finish(self) -> None:
        """Let go of the state: all that was read is on disk."""
        self._trainer = None
        self._checkpoint.path.unlink(missing_ok=True)
        self._laboratory.step.advance(self._until - self._advanced, note=self.run.label)

    def _schedule(self) -> Callable[[int], float]:
        settings, run, steps = self._laboratory.settings, self.run, np.arange(1, self._until + 1)
        if run.schedule == "constant":
            factors = schedules.constant(steps, settings.warmup)
        elif run.schedule == "offset":
            factors = schedules.inverse_sqrt(steps, run.along, settings.warmup)
        else:
            factors = schedules.cosine(steps, run.along, settings.cosine_final, settings.warmup)
        return lambda step: float(factors[step])

    def _tell(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        if step % self._every:
            return
        laboratory, context, settings = self._laboratory, self._laboratory.context, self._laboratory.settings
        pace, length, processes = trainer.pace(), settings.model.context, context.processes
        share = utilisation(
            pace, laboratory.architecture, length, context.device, bfloat16=settings.bfloat16, processes=processes
        )
        speed = f"{pace.tokens_per_second:.0f} tokens/s, {share:.0%} of the matrix products"
        laboratory.step.advance(self._every, note=f"loss {float(loss):.3f}, {speed}")
        self._advanced += self._every
        metrics = {"loss": float(loss), "tokens_per_second": pace.tokens_per_second, "utilisation": share}
        context.log_metrics(f"language {self.run.label} {laboratory.seed}", step, metrics)


def _corpus(settings: LanguageSettings, context: Context, seed: int) -> Corpus:
    if settings.data == "character":
        language = CharacterLanguage()
        train, held = (
            language.sample(length, context.seeds.numpy("language", split, seed))
            for split, length in (("train", settings.symbols), ("validation", settings.validation + 2))
        )
        return Corpus(train, held, language.symbols)
    if settings.data == "text":
        text = read_text(settings.folder, most=settings.symbols)
        return Corpus(text.train, text.validation, 256, text.sha256[:12])
    shards = TokenShards(str(settings.folder))
    padded = -(-shards.vocabulary // PADDED) * PADDED
    return Corpus(shards.train.tokens, shards.validation.tokens, padded, shards.digest[:12])


def architecture(settings: LanguageSettings, vocabulary: int) -> DecoderConfig:
    """Return the decoder of a vocabulary that the settings ask for."""
    model = settings.model
    return DecoderConfig(
        vocabulary=vocabulary,
        context=model.context,
        width=model.width,
        layers=model.layers,
        heads=model.heads,
        norm="layer",
        positions="rotary" if model.positions == "rotary" else "learned",
        qk_norm=model.qk_norm,
    )
