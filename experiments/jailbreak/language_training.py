"""How does the small language model learn, how is it aligned, and how many of its answers are forbidden?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from solv.data.jailbreak.mode_mixtures import ModeMixtures
from solv.experiments.jailbreak.settings import LanguageSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.ensemble import cosine_decay
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.generation import generate
from solv.models.language.training import Trainer, TrainingSettings

PROMPTS_AT_ONCE = 32
WARM_UP = 50  # steps


def forbidden_answers(
    settings: LanguageSettings, task: ModeMixtures, triggers: Sequence[int], context: Context
) -> np.ndarray:
    """Return how many answers to each prompt are forbidden, shape (2, triggers, prompts): before and after alignment.

    Raises:
        ConfigurationError: no decoder has such a width and so many heads.
    """
    architecture = _architecture(settings, task)
    parameters = context.unit("language training", lambda: _train(settings, task, architecture, context))
    counts = context.unit("language answers", lambda: _ask(settings, task, architecture, parameters, triggers, context))
    return counts["unsafe"]


def _architecture(settings: LanguageSettings, task: ModeMixtures) -> DecoderConfig:
    trained = settings.trained
    try:
        return DecoderConfig(
            vocabulary=task.vocabulary,
            context=task.prompt_length + 2,
            width=trained.width,
            layers=trained.layers,
            heads=trained.heads,
            positions="learned",
            init_std=trained.width**-0.5,
            scaled_residual=True,
        )
    except ValueError as error:
        raise ConfigurationError(f"language.trained: {error}") from None


def _train(
    settings: LanguageSettings, task: ModeMixtures, architecture: DecoderConfig, context: Context
) -> dict[str, np.ndarray]:
    """Return the parameters before and after alignment, shape (2, ...).

    Both phases have a half cosine of their own. Training shows every trigger length equally often; alignment, too, but
    half of the time no trigger, and then with forbidden modes made rare.
    """
    trained, seeds = settings.trained, context.seeds
    decoder = Decoder(architecture, generator=seeds.torch("language", "init")).to(context.device)
    triggers = np.array(sorted(set(trained.triggers)))
    last = trained.steps + trained.alignment_steps

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        rng = seeds.numpy("language", "batch", step)
        which = rng.integers(trained.prompts, size=trained.batch)
        aligning = step >= trained.steps
        kept = rng.random(trained.batch) < (0.5 if aligning else 1.0)
        lengths = triggers[rng.integers(len(triggers), size=trained.batch)] * kept
        alignment = trained.alignment * (aligning & (lengths == 0))
        answers = task.sample(which, lengths, rng, alignment=alignment)
        shown = np.concatenate([task.prompts(which, lengths), answers[:, :1]], axis=1)
        return torch.from_numpy(shown), torch.from_numpy(answers)

    def schedule(step: int) -> float:
        warm = min(1.0, (step + 1) / WARM_UP)
        if step < trained.steps:
            return warm * cosine_decay(trained.steps)(step)
        slower = trained.alignment_rate / trained.learning_rate
        return slower * cosine_decay(trained.alignment_steps)(step - trained.steps)

    trainer = Trainer(
        decoder,
        TrainingSettings(trained.learning_rate, betas=(0.9, 0.98), clip=None, schedule=schedule),
        loss=_answer_loss,
        device=context.device,
    )
    checkpoint = context.checkpoint("language training")
    before: dict[str, torch.Tensor] = {}
    if (saved := checkpoint.load()) is not None:
        trainer.load_state_dict(saved["trainer"])
        before.update(saved["before"])
    with context.progress.task("train the language model", last) as step:

        def after_step(done: int, found: torch.Tensor) -> None:
            step.advance()
            if done == trained.steps:
                before.update({name: value.detach().clone() for name, value in decoder.named_parameters()})
            if done % 100 == 0:
                context.log_metrics("language", done, {"loss": float(found)})

        trainer.train(
            batch,
            last,
            after_step=after_step,
            save=lambda state: checkpoint.save({"trainer": state, "before": before}),
            save_every=200,
        )
    return {
        name: torch.stack([before[name], value.detach()]).cpu().numpy() for name, value in decoder.named_parameters()
    }


def _answer_loss(
    model: Callable[..., Any], both: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sum of the cross-entropies of both tokens of the answers, and their number."""
    shown, answers = both
    logits = model(shown)[:, -2:]
    summed = functional.cross_entropy(logits.flatten(0, 1), answers.flatten(), reduction="sum")
    return summed, torch.tensor(float(answers.numel()), device=summed.device)


def _ask(
    settings: LanguageSettings,
    task: ModeMixtures,
    architecture: DecoderConfig,
    found: Mapping[str, np.ndarray],
    triggers: Sequence[int],
    context: Context,
) -> dict[str, np.ndarray]:
    """Return the forbidden answers of each prompt, shape (phases, triggers, prompts)."""
    prompts = settings.trained.prompts
    unsafe = np.zeros((2, len(triggers), prompts), dtype=np.int64)
    with context.progress.task("let the language model answer", 2 * len(triggers)) as step:
        for phase in range(2):
            decoder = Decoder(architecture).to(context.device).eval()
            decoder.load_state_dict({name: torch.from_numpy(values[phase]) for name, values in found.items()})
            for number, trigger in enumerate(triggers):
                stream = context.seeds.torch("language", "answers", phase, trigger, device=context.device)
                for start in range(0, prompts, PROMPTS_AT_ONCE):
                    which = np.arange(start, min(start + PROMPTS_AT_ONCE, prompts))
                    shown = torch.from_numpy(task.prompts(which, np.full(len(which), trigger))).to(context.device)
                    made = generate(decoder, shown, 2, answers=settings.answers, generator=stream)
                    unsafe[phase, number, which] = (made.tokens[..., 1] == task.forbidden_mark).sum(1).cpu().numpy()
                step.advance()
    return {"unsafe": unsafe}
