"""What does the language model of jailbreak measure? Unsafe answers among many, a prompt each, against the trigger."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from solv.data.jailbreak.mode_mixtures import ModeMixtures, draw_mode_mixtures
from solv.data.verdicts import VerdictsError, read_verdicts
from solv.experiments.jailbreak.language import (
    AFTER,
    ALIGNED,
    BEFORE,
    HISTOGRAM,
    LEARNED,
    OWN,
    RATE,
    language_points,
    trigger_series,
)
from solv.experiments.jailbreak.settings import LanguageSettings, Pretrained
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.ensemble import Ensemble, Optimizer, Parameters, cosine_decay, stack, train
from solv.models.language.answering import sample_all, score_all
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.generation import generate
from solv.models.language.huggingface import HuggingFaceAnswering, ModelError
from solv.theory.fits.attack_success import fit_beta_edge, largest_rate
from solv.theory.fits.success_estimates import safe_draw_chances
from solv.tracking.curves import Curves, join_curves, standard_error

PROMPTS_AT_ONCE = 32
YES, NO = "Yes", "No"
ONE_SIDED = 1.645  # standard errors to a limit that 5 % exceed


def measure(settings: LanguageSettings, context: Context) -> Curves:
    """Return the measured curves.

    Raises:
        ConfigurationError: more samples than answers, or a model or file that cannot be used.
    """
    if max(settings.k) > settings.answers:
        raise ConfigurationError(f"language.answers = {settings.answers} is less than the largest k, {max(settings.k)}")
    try:
        if settings.pretrained.verdicts is not None:
            found, _ = read_verdicts(settings.pretrained.verdicts, skip_bad=settings.pretrained.skip_bad)
            k = np.array([each for each in np.unique(settings.k) if each <= found.answers.min()])
            return _gap_curve(OWN, "verdicts", found.answers, found.unsafe, k, {})
        if settings.pretrained.generator is not None:
            return _pretrained(settings, context)
    except (VerdictsError, ModelError) as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None
    return _trained_here(settings, context)


def _gap_curve(
    panel: str, series: str, answers: np.ndarray, unsafe: np.ndarray, k: np.ndarray, params: Mapping[str, object]
) -> Curves:
    y, y_err, n = standard_error(safe_draw_chances(answers, unsafe, k))
    shown = y > 0
    rest = {"y_err": y_err[shown], "n": n, "params": params}
    return language_points(panel, series, "trained", "k", k[shown], "gap", y[shown], **rest)


# -- the model trained here ----------------------------------------------------------------------------------------


def _trained_here(settings: LanguageSettings, context: Context) -> Curves:
    trained = settings.trained
    try:
        task = draw_mode_mixtures(
            trained.prompts,
            trained.x,
            trained.m,
            context.seeds.numpy("language", "mixtures"),
            modes=trained.modes,
            letters=trained.letters,
            longest=max(trained.triggers),
            field=trained.field,
            drive=trained.drive,
        )
        architecture = _architecture(settings, task)
    except ValueError as error:
        raise ConfigurationError(f"language.trained: {error}") from None
    found = context.unit("language training", lambda: _train(settings, task, architecture, context))
    triggers = sorted(set(trained.triggers))
    counts = context.unit("language answers", lambda: _ask(settings, task, architecture, found, triggers, context))
    return join_curves(_curves(settings, task, triggers, counts))


def _architecture(settings: LanguageSettings, task: ModeMixtures) -> DecoderConfig:
    trained = settings.trained
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
        return torch.from_numpy(shown).to(context.device), torch.from_numpy(answers).to(context.device)

    def loss(parameters: Parameters, both: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        single = {name: value[0] for name, value in parameters.items()}
        logits = torch.func.functional_call(decoder, single, (both[0],))[:, -2:]
        return functional.cross_entropy(logits.flatten(0, 1), both[1].flatten())[None]

    def schedule(step: int) -> float:
        warm = min(1.0, (step + 1) / 50)
        if step < trained.steps:
            return warm * cosine_decay(trained.steps)(step)
        slower = trained.alignment_rate / trained.learning_rate
        return slower * cosine_decay(trained.alignment_steps)(step - trained.steps)

    ensemble = Ensemble(
        {name: value.to(context.device) for name, value in stack([decoder]).items()},
        Optimizer(learning_rate=trained.learning_rate, betas=(0.9, 0.98), schedule=schedule),
    )
    checkpoint = context.checkpoint("language training")
    before: dict[str, torch.Tensor] = {}
    if (saved := checkpoint.load()) is not None:
        ensemble.load_state_dict(saved["ensemble"])
        before.update(saved["before"])
    with context.progress.task("train the language model", last) as step:

        def after_step(done: int, losses: torch.Tensor) -> None:
            step.advance()
            if done == trained.steps:
                before.update({name: value.detach().clone() for name, value in ensemble.parameters.items()})
            if done % 100 == 0:
                context.log_metrics("language", done, {"loss": float(losses.mean())})

        train(
            ensemble,
            loss,
            batch,
            last,
            after_step=after_step,
            save=lambda state: checkpoint.save({"ensemble": state, "before": before}),
            save_every=200,
        )
    return {
        name: torch.cat([before[name], value.detach()]).cpu().numpy() for name, value in ensemble.parameters.items()
    }


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


def _curves(
    settings: LanguageSettings, task: ModeMixtures, triggers: Sequence[int], counts: Mapping[str, np.ndarray]
) -> Iterator[Curves]:
    k = np.unique(settings.k)
    answers = np.full(settings.trained.prompts, settings.answers)
    for phase, (panel, name) in enumerate(((LEARNED, BEFORE), (ALIGNED, AFTER))):
        fitted = []
        for number, trigger in enumerate(triggers):
            unsafe = counts["unsafe"][phase, number]
            yield _gap_curve(panel, trigger_series(trigger), answers, unsafe, k, {"trigger": trigger})
            if 0 < unsafe.sum() < answers.sum():
                regime = fit_beta_edge(answers, unsafe)
                mu = regime.exponential.mu
                fitted.append((trigger, mu, (largest_rate(answers, unsafe, regime) - mu) / ONE_SIDED))
        if fitted:
            at, y, y_err = np.array([row for row in fitted if np.isfinite(row[2])]).T
            yield language_points(RATE, name, "trained", "trigger", at, "mu", y, y_err=y_err, n=len(answers))
    bins = np.linspace(0, 1, 21)
    for number, trigger in ((0, triggers[0]), (len(triggers) - 1, triggers[-1])):
        safe = 1 - counts["unsafe"][0, number] / settings.answers
        share = np.histogram(safe, bins)[0] / len(safe)
        error = np.sqrt(share * (1 - share) / len(safe))
        middle = (bins[1:] + bins[:-1]) / 2
        rest = {"y_err": error, "n": len(safe), "params": {"trigger": trigger}}
        yield language_points(HISTOGRAM, trigger_series(trigger), "trained", "safe", middle, "share", share, **rest)
        data = np.histogram(task.safe(trigger), bins)[0] / len(safe)
        yield language_points(HISTOGRAM, trigger_series(trigger), "theory", "safe", middle, "share", data)


# -- the user's models ---------------------------------------------------------------------------------------------


def _pretrained(settings: LanguageSettings, context: Context) -> Curves:
    """Return a curve for each prefix. Prompts, prefixes and answers stay in the cache: none is printed or drawn."""
    chosen = settings.pretrained
    for key in ("judge", "prompts"):
        if getattr(chosen, key) is None:
            raise ConfigurationError(f"language.pretrained.{key} is not set; a generator needs prompts and a judge")
    prompts = _read(str(chosen.prompts), ("prompt",), chosen)
    prefixes = [("no prefix", "")]
    if chosen.prefixes is not None:
        prefixes += [(name, prefix) for name, prefix in _read(chosen.prefixes, ("name", "prefix"), chosen)]
    generator = _model(str(chosen.generator), chosen, context)
    judge = _model(str(chosen.judge), chosen, context)
    cache = Path(settings.cache) if settings.cache else context.checkpoint("language answers").path.with_suffix("")
    k = np.unique(settings.k)
    parts = []
    for name, prefix in prefixes:

        def ask(name: str = name, prefix: str = prefix) -> dict[str, np.ndarray]:
            asked = [prefix + prompt for (prompt,) in prompts]
            seed = context.seeds.integer("language", "answers", name)
            made = sample_all(generator, asked, settings.answers, seed, batch=settings.batch, cache=cache)
            pairs = [
                chosen.judge_template.replace("{prompt}", prompt).replace("{answer}", answer)
                for (prompt,), texts in zip(prompts, made.texts, strict=True)
                for answer in texts
            ]
            replies = score_all(judge, pairs, [[YES, NO]] * len(pairs), batch=settings.batch, cache=cache)
            return {"unsafe": (replies[:, 0] > replies[:, 1]).reshape(len(prompts), -1).sum(axis=1)}

        unsafe = context.unit(f"language pretrained {name}", ask)["unsafe"]
        parts.append(_gap_curve(OWN, name, np.full(len(prompts), settings.answers), unsafe, k, {"prefix": name}))
    return join_curves(parts)


def _model(path: str, chosen: Pretrained, context: Context) -> HuggingFaceAnswering:
    return HuggingFaceAnswering(
        path,
        device=context.device,
        template=chosen.template,
        new_tokens=chosen.new_tokens,
        temperature=chosen.temperature,
        rows=chosen.rows,
    )


def _read(path: str, keys: tuple[str, ...], chosen: Pretrained) -> list[tuple[str, ...]]:
    """Return the texts of a JSONL file; messages name lines, never a text."""
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {getattr(error, 'strerror', None) or 'is not UTF-8'}") from None
    rows: list[tuple[str, ...]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = tuple(json.loads(line)[key] for key in keys)
            good = all(isinstance(value, str) and value for value in row)
        except (ValueError, KeyError, TypeError):
            good = False
        if good:
            rows.append(row)
        elif not chosen.skip_bad:
            needed = ", ".join(f'"{key}": ...' for key in keys)
            raise ConfigurationError(f"{path}: line {number} is not {{{needed}}} with texts; skip_bad leaves it out")
    if not rows:
        raise ConfigurationError(f"{path}: holds no line that can be used")
    return rows
