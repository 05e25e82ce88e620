"""How is a language model of pita trained and asked? On traces or answers; by right answers and valid traces."""

import re
from collections.abc import Sequence

import numpy as np
import torch

from solv.data.pita.by_length import ByLength, Example
from solv.data.pita.checker import TraceError, check
from solv.data.pita.completions import CompletionBatches
from solv.data.pita.formulas import parse
from solv.data.pita.tokens import FAILURE, FILL, SUCCESS, VOCABULARY, TraceTokens
from solv.experiments.pita.answers import MATCHED, TRACE
from solv.experiments.pita.settings import LanguageSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.huggingface import ModelError
from solv.models.language.training import Trainer, TrainingSettings
from solv.models.pita.completion import Completer, DecoderCompleter
from solv.models.pita.hf_completion import Adapter, HuggingFaceCompleter

ENDINGS = {True: VOCABULARY[SUCCESS], False: VOCABULARY[FAILURE]}
ANSWERING_ROWS = 256  # sequences of a small decoder at once
FRACTIONS = ("right", "valid", "none", "right_provable", "right_unprovable")
FIRST_WORD = re.compile("success|failure")
ANSWER_TOKENS = 16  # within which a pretrained model answers directly


def require_model(settings: LanguageSettings, context: Context) -> None:
    """Build the model that the settings ask for, so that what cannot work is said before half of the work is done.

    Raises:
        ConfigurationError: the model cannot be used.
    """
    if settings.pretrained.model is None:
        _architecture(settings, 1)
    else:
        _pretrained(settings, context, "any")


def train_and_ask(
    settings: LanguageSettings, drawn: ByLength, name: str, answer: str, steps: int, context: Context
) -> dict[str, np.ndarray]:
    """Train one model and ask it every bin of lengths.

    Args:
        settings: of the language models.
        drawn: the statements to train on and to ask.
        name: of the unit of work, its streams and its checkpoint.
        answer: with a trace, direct, or direct after as many tokens of training as with a trace.
        steps: training steps of the first two.
        context: of the run.

    Returns:
        The fractions of right answers (`right`), of right answers with a valid trace (`valid`) and of answers with
        neither of the two words (`none`), each the mean over both verdicts (a balanced accuracy); right answers to
        provable and to unprovable statements; and the `provable` part of all statements; shape (bins,), NaN where a bin
        lacks one of the verdicts.
    """
    completer = (
        _decoder(settings, drawn, name, context)
        if settings.pretrained.model is None
        else _pretrained(settings, context, name)
    )
    _train(completer, settings, drawn.training, name, answer, steps, context)
    rows = [_ask(completer, settings, examples, answer) for examples in drawn.tests]
    return {**{key: np.array([row[key] for row in rows]) for key in FRACTIONS}, "provable": np.array(drawn.provable)}


def _pretrained(settings: LanguageSettings, context: Context, name: str) -> Completer:
    chosen = settings.pretrained
    try:
        adapter = (
            None
            if chosen.adapter == "full"
            else Adapter(chosen.rank, chosen.alpha, chosen.dropout, four_bit=chosen.adapter == "qlora")
        )
        return HuggingFaceCompleter(
            str(chosen.model),
            device=context.device,
            rows=chosen.rows,
            adapter=adapter,
            seed=context.seeds.integer(name, "adapter"),
        )
    except ModelError as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None


def _decoder(settings: LanguageSettings, drawn: ByLength, name: str, context: Context) -> Completer:
    tokens = TraceTokens()
    learned = max(len(tokens.encode(each.prompt + each.proof)) for each in drawn.training)
    prompts = [each.prompt for examples in drawn.tests for each in examples]
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
    answer: str,
    steps: int,
    context: Context,
) -> None:
    chosen = settings.training

    def sequences(*, trace: bool) -> list[tuple[list[int], int]]:
        return [completer.sequence(each.prompt, each.proof if trace else ENDINGS[each.provable]) for each in examples]

    own = sequences(trace=answer == TRACE)
    if answer == MATCHED:
        traced = sequences(trace=True)
        steps = round(steps * sum(len(tokens) for tokens, _ in traced) / sum(len(tokens) for tokens, _ in own))
    batches = CompletionBatches(
        own,
        chosen.batch,
        context.seeds.integer(name, "batches"),
        fill=FILL,
    )
    warm_up = max(1, steps // 10)

    def factor(step: int) -> float:
        return min((step + 1) / warm_up, (steps - step) / (steps - warm_up + 1))

    trainer = Trainer(
        completer.module,
        TrainingSettings(chosen.learning_rate, schedule=factor),
        loss=completer.loss,
        device=context.device,
    )
    checkpoint = context.checkpoint(name)
    if (saved := checkpoint.load()) is not None:
        trainer.load_state_dict(saved)

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        tokens, counted = batches(step)
        return torch.from_numpy(tokens), torch.from_numpy(counted)

    def after_step(done: int, loss: torch.Tensor) -> None:
        if done % 10 == 0 or done == steps:
            context.log_metrics(name, done, {"nats per token": float(loss)})

    trainer.train(batch, steps, after_step=after_step, save=checkpoint.save, save_every=chosen.save_every)


def _ask(
    completer: Completer, settings: LanguageSettings, examples: Sequence[Example], answer: str
) -> dict[str, float]:
    """Return the fractions of one bin, each the mean over provable and unprovable statements; NaN without both.

    The first of the words success and failure in what is written is the answer; neither is wrong. A small decoder that
    answers directly writes one of two tokens, and the likelier counts.
    """
    if len({each.provable for each in examples}) < 2:
        return dict.fromkeys(FRACTIONS, np.nan)
    prompts = [each.prompt for each in examples]
    provable = np.array([each.provable for each in examples])
    if answer != TRACE and settings.pretrained.model is None:
        yes, no = (completer.log_likelihoods(prompts, [ENDINGS[side]] * len(prompts)) for side in (True, False))
        right = valid = (yes > no) == provable
        none = np.zeros(len(prompts), dtype=bool)
    else:
        written = completer.complete(prompts, settings.new_tokens if answer == TRACE else ANSWER_TOKENS)
        words = [said[0] if (said := FIRST_WORD.search(each)) else "" for each in written]
        right = np.array(
            [word == ("success" if side else "failure") for word, side in zip(words, provable, strict=True)]
        )
        accepted = [_accepted(trace, each) for trace, each in zip(written, examples, strict=True)]
        valid = right & np.array(accepted) if answer == TRACE else right
        none = np.array([not word for word in words])
    by_verdict = {side: right[provable == side].mean() for side in (True, False)}
    return {
        **{
            key: float(np.mean([values[provable == side].mean() for side in (True, False)]))
            for key, values in (("right", right), ("valid", valid), ("none", none))
        },
        "right_provable": float(by_verdict[True]),
        "right_unprovable": float(by_verdict[False]),
    }


def _accepted(trace: str, example: Example) -> bool:
    try:
        check(parse(example.statement), trace)
    except TraceError:
        return False
    return True
