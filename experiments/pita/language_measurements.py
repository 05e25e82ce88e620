"""What do the language models of pita measure? Right answers and valid traces against the length of the proof."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from solv.data.pita.by_length import ByLength, Example, examples_by_length
from solv.data.pita.checker import TraceError, check
from solv.data.pita.completions import CompletionBatches
from solv.data.pita.formulas import parse
from solv.data.pita.splits import SplitSpec
from solv.data.pita.tokens import FAILURE, FILL, SUCCESS, VOCABULARY, TraceTokens
from solv.experiments.pita.chain import DIRECT, TRACE
from solv.experiments.pita.language import (
    DIFFERENCE,
    KINDS,
    LONGER,
    PROVED,
    ROLES,
    TRAINED,
    UNFINISHED,
    WRONG_REASON,
    accuracy_panel,
    statements,
)
from solv.experiments.pita.language_settings import LanguageSettings
from solv.experiments.pita.proofs import points
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.huggingface import ModelError
from solv.models.language.training import Trainer, TrainingSettings
from solv.models.pita.completion import Completer, DecoderCompleter, completion_loss
from solv.models.pita.hf_completion import HuggingFaceCompleter
from solv.tracking.curves import Curves, standard_error

ENDINGS = {True: VOCABULARY[SUCCESS], False: VOCABULARY[FAILURE]}
ANSWERING_ROWS = 256  # sequences of a small decoder at once


def measure_language(settings: LanguageSettings, context: Context) -> Iterator[Curves]:
    """Yield E2.

    Raises:
        ConfigurationError: sizes that no statement has, or a model that cannot be used.
    """
    for role in ROLES:  # say what cannot work now, not after half of the work
        _specs(settings, role)
    if settings.pretrained.model is None:
        _architecture(settings, 1)
    else:
        _pretrained(settings, context)
    jobs = [(role, repeat, kind) for role in ROLES for repeat in range(settings.repeats) for kind in KINDS]
    found: dict[tuple[str, str], list[dict[str, np.ndarray]]] = {}
    data: dict[tuple[str, int], ByLength] = {}
    with context.progress.task("train language models on proofs", len(jobs)) as step:
        for role, repeat, kind in jobs:

            def compute(role: str = role, repeat: int = repeat, kind: str = kind) -> dict[str, np.ndarray]:
                if (role, repeat) not in data:
                    data.clear()
                    data[role, repeat] = _examples(settings, role, repeat, context)
                return _measure_one(settings, data[role, repeat], f"language {role} {repeat} {kind}", kind, context)

            found.setdefault((role, kind), []).append(context.unit(f"language {role} {repeat} {kind}", compute))
            step.advance(note=f"{statements(settings, role).split}, {kind}")
    for role in ROLES:
        yield from _curves(settings, role, {kind: found[role, kind] for kind in KINDS})


def _specs(settings: LanguageSettings, role: str) -> list[SplitSpec]:
    """Return the split of every size."""
    chosen = statements(settings, role)
    try:
        if chosen.split == "php":
            return [SplitSpec("php", canonical=True)]
        if chosen.split == "or":  # up to names, it has a handful of statements of a size
            return [SplitSpec("or", size, settings.names) for size in sorted(chosen.leaves)]
        return [SplitSpec(chosen.split, size, canonical=True) for size in sorted(chosen.leaves)]
    except ValueError as error:
        raise ConfigurationError(f"language.{role}: {error}") from None


def _examples(settings: LanguageSettings, role: str, repeat: int, context: Context) -> ByLength:
    chosen = statements(settings, role)
    found = examples_by_length(
        _specs(settings, role),
        context.seeds.integer("language", "statements", role, repeat),
        threshold=chosen.threshold,
        training=settings.training.statements,
        bins=sorted(chosen.lengths),
        tests=settings.tests,
        rows=settings.searched,
    )
    if not found.training:
        raise ConfigurationError(
            f"language.{role}.threshold = {chosen.threshold} leaves no statement of {chosen.split} to train on; "
            f"give a larger one"
        )
    return found


def _measure_one(
    settings: LanguageSettings, found: ByLength, name: str, kind: str, context: Context
) -> dict[str, np.ndarray]:
    """Train one model and ask it everything: fractions right, valid and unfinished in every bin, NaN without both."""
    completer = (
        _decoder(settings, found, name, context)
        if settings.pretrained.model is None
        else _pretrained(settings, context)
    )
    _train(completer, settings, found.training, name, kind, context)
    rows = [_ask(completer, settings, examples, kind) for examples in found.tests]
    return {key: np.array([row[key] for row in rows]) for key in ("right", "valid", "unfinished")}


def _pretrained(settings: LanguageSettings, context: Context) -> Completer:
    chosen = settings.pretrained
    try:
        return HuggingFaceCompleter(str(chosen.model), device=context.device, rows=chosen.rows)
    except ModelError as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None


def _decoder(settings: LanguageSettings, found: ByLength, name: str, context: Context) -> Completer:
    tokens = TraceTokens()
    learned = max(len(tokens.encode(each.prompt + each.proof)) for each in found.training)
    prompts = [each.prompt for examples in found.tests for each in examples]
    asked = max((len(tokens.encode(prompt)) for prompt in prompts), default=1)
    config = _architecture(settings, max(learned, asked + settings.new_tokens))
    model = Decoder(config, generator=context.seeds.torch(name, "init")).to(context.device)
    return DecoderCompleter(model, tokens, stops=(SUCCESS, FAILURE), fill=FILL, rows=ANSWERING_ROWS)


def _architecture(settings: LanguageSettings, longest: int) -> DecoderConfig:
    chosen = settings.decoder
    try:
        return DecoderConfig(
            vocabulary=len(VOCABULARY),
            context=longest,
            width=chosen.width,
            layers=chosen.layers,
            heads=chosen.heads,
            positions=chosen.positions,  # type: ignore[arg-type]
            qk_norm=True,
            init_std=chosen.width**-0.5,
            scaled_residual=True,
        )
    except ValueError as error:
        raise ConfigurationError(f"language.decoder: {error}") from None


def _train(
    completer: Completer,
    settings: LanguageSettings,
    examples: Sequence[Example],
    name: str,
    kind: str,
    context: Context,
) -> None:
    chosen = settings.training
    batches = CompletionBatches(
        [completer.sequence(each.prompt, each.proof if kind == TRACE else ENDINGS[each.provable]) for each in examples],
        chosen.batch,
        context.seeds.integer(name, "batches"),
        fill=FILL,
    )
    warm_up = max(1, chosen.steps // 10)

    def factor(step: int) -> float:
        return min((step + 1) / warm_up, (chosen.steps - step) / (chosen.steps - warm_up + 1))

    trainer = Trainer(
        completer.module,
        TrainingSettings(chosen.learning_rate, schedule=factor),
        loss=completion_loss,
        device=context.device,
    )
    checkpoint = context.checkpoint(name)
    if (saved := checkpoint.load()) is not None:
        trainer.load_state_dict(saved)

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        tokens, counted = batches(step)
        return torch.from_numpy(tokens), torch.from_numpy(counted)

    def after_step(done: int, loss: torch.Tensor) -> None:
        if done % 10 == 0 or done == chosen.steps:
            context.log_metrics(name, done, {"nats per token": float(loss)})

    trainer.train(batch, chosen.steps, after_step=after_step, save=checkpoint.save, save_every=chosen.save_every)


def _ask(completer: Completer, settings: LanguageSettings, examples: Sequence[Example], kind: str) -> dict[str, float]:
    """Return the fractions of one bin, each the mean over provable and unprovable statements; NaN without both."""
    if len({each.provable for each in examples}) < 2:
        return dict.fromkeys(("right", "valid", "unfinished"), np.nan)
    prompts = [each.prompt for each in examples]
    provable = np.array([each.provable for each in examples])
    if kind == DIRECT:
        yes, no = (completer.log_likelihoods(prompts, [ENDINGS[side]] * len(prompts)) for side in (True, False))
        right = valid = (yes > no) == provable
        unfinished = np.zeros(len(prompts), dtype=bool)
    else:
        traces = completer.complete(prompts, settings.new_tokens)
        right = np.array([trace.endswith(ENDINGS[each.provable]) for trace, each in zip(traces, examples, strict=True)])
        valid = right & np.array([_accepted(trace, each) for trace, each in zip(traces, examples, strict=True)])
        unfinished = np.array([not trace.endswith(tuple(ENDINGS.values())) for trace in traces])
    return {
        key: float(np.mean([values[provable == side].mean() for side in (True, False)]))
        for key, values in (("right", right), ("valid", valid), ("unfinished", unfinished))
    }


def _accepted(trace: str, example: Example) -> bool:
    try:
        check(parse(example.statement), trace)
    except TraceError:
        return False
    return True


def _curves(
    settings: LanguageSettings, role: str, found: Mapping[str, Sequence[Mapping[str, np.ndarray]]]
) -> Iterator[Curves]:
    """Yield the curves of one role from arrays over bins, a set for every repeat of every kind."""
    chosen = statements(settings, role)
    bins = np.array(sorted(chosen.lengths), dtype=float)
    middle = (np.concatenate([[0.0], bins[:-1]]) + 1 + bins) / 2
    params = {"split": chosen.split, "threshold": chosen.threshold}
    stacked = {
        kind: {key: np.stack([repeat[key] for repeat in repeats]) for key in repeats[0]}
        for kind, repeats in found.items()
    }
    trace, direct = stacked[TRACE], stacked[DIRECT]
    for panel, series, values in (
        (accuracy_panel(role), TRACE, trace["right"]),
        (accuracy_panel(role), PROVED, trace["valid"]),
        (accuracy_panel(role), DIRECT, direct["right"]),
        (WRONG_REASON, chosen.split, trace["right"] - trace["valid"]),
        (UNFINISHED, chosen.split, trace["unfinished"]),
    ):
        known = np.isfinite(values).all(axis=0)
        if known.any():
            yield _points(panel, series, "length", middle[known], "fraction", values[:, known], params)
    differences = trace["right"] - direct["right"]
    known = np.isfinite(differences).all(axis=0)
    for place, part in ((TRAINED, bins <= chosen.threshold), (LONGER, bins > chosen.threshold)):
        if (part & known).any():
            mean = differences[:, part & known].mean(axis=1, keepdims=True)
            yield _points(DIFFERENCE, role, "lengths", [place], "difference", mean, params)


def _points(
    panel: str, series: str, x_name: str, x: Any, y_name: str, values: np.ndarray, params: Mapping[str, object]
) -> Curves:
    y, y_err, n = standard_error(values)
    return points(panel, series, "trained", x_name, x, y_name, y, y_err=y_err, n=n, params=params)
