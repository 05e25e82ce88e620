"""What does the language model of best-of-k measure? The error of the answer that a judge selects, against k and T."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from solv.data.best_of_k.modular_arithmetic import ModularArithmetic
from solv.data.best_of_k.questions import Question, QuestionsError, is_correct, read_questions
from solv.experiments.best_of_k.language import (
    BEYOND_PANEL,
    DOUBLING_PANEL,
    SAMPLES_PANEL,
    SELF_SERIES,
    TEMPERATURE_PANEL,
    LanguageSettings,
    language_points,
)
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.best_of_k.answer_selection import selection_errors
from solv.models.ensemble import Ensemble, Optimizer, Parameters, stack, train, vmapped_loss
from solv.models.language.answering import Answers, DecoderAnswering, Generator, Judge, sample_all, score_all
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.huggingface import HuggingFaceAnswering, ModelError, require_folder
from solv.models.threads import one_thread
from solv.tracking.curves import Curves, join_curves, standard_error

VALIDATION = 200  # held-out sums on which accuracies are looked at; the questions asked are others


def measure(settings: LanguageSettings, context: Context) -> Curves:
    """Return the measured curves.

    Raises:
        ConfigurationError: k above the number of samples, a model or a file of questions that cannot be used.
    """
    if max(*settings.k, settings.fixed_k) > settings.samples:
        raise ConfigurationError(
            f"language.samples = {settings.samples} is less than the largest k, {max(*settings.k, settings.fixed_k)}"
        )
    if settings.pretrained.generator is not None:
        return _pretrained(settings, context)
    with one_thread():
        return _trained_here(settings, context)


# -- models trained here: repeats are pairs of generator and judge -------------------------------------------------


def _trained_here(settings: LanguageSettings, context: Context) -> Curves:
    trained = settings.trained
    task = ModularArithmetic(trained.modulus, trained.terms)
    try:
        _, held_out = task.split(trained.held_out, context.seeds.numpy("language", "split"))
        architecture = _architecture(settings, task)
    except ValueError as error:
        raise ConfigurationError(f"language.trained: {error}") from None
    sums = held_out[VALIDATION:][: settings.questions]
    if not len(sums):
        raise ConfigurationError(
            f"language.trained.held_out = {trained.held_out} leaves {len(held_out)} sums; more than {VALIDATION} needed"
        )
    found = context.unit("language training", lambda: _train(settings, task, architecture, context))
    targets = [trained.generator_accuracy, *trained.judge_accuracy]
    questions = [task.question(each) for each in sums]
    truths = [str(result) for result in task.results(sums)]
    errors: dict[str, list[np.ndarray]] = {}
    with context.progress.task("let the language models answer", trained.models) as step:
        for pair in range(trained.models):
            generator = _model(found, architecture, pair, 0, task, context)
            rivals = {
                _judge_series(accuracy): _model(found, architecture, pair - 1, place, task, context)
                for place, accuracy in enumerate(trained.judge_accuracy, start=1)
            }

            def ask(
                pair: int = pair, generator: DecoderAnswering = generator, rivals: dict[str, DecoderAnswering] = rivals
            ) -> Mapping[str, np.ndarray]:
                by_judge = _answer(settings, context, f"pair {pair}", generator, rivals, questions, truths)
                return {name: values.mean(axis=0) for name, values in by_judge.items()}

            for name, values in context.unit(f"language pair {pair}", ask).items():
                errors.setdefault(name, []).append(values)
            step.advance()
    reached = found["accuracy"].mean(axis=0)
    accuracies = {_judge_series(accuracy): float(reached[place]) for place, accuracy in enumerate(targets) if place > 0}
    parts = [
        part
        for name, values in errors.items()
        for part in _curves(
            settings,
            name,
            np.stack(values),
            {"generator_accuracy": float(reached[0]), "judge_accuracy": accuracies.get(name)},
        )
    ]
    return join_curves(parts)


def _judge_series(accuracy: float) -> str:
    return f"judge {accuracy:g} right"


def _architecture(settings: LanguageSettings, task: ModularArithmetic) -> DecoderConfig:
    trained = settings.trained
    return DecoderConfig(
        vocabulary=task.vocabulary,
        context=task.prompt_length + 1,
        width=trained.width,
        layers=trained.layers,
        heads=trained.heads,
        positions="learned",
        init_std=trained.width**-0.5,
        scaled_residual=True,
    )


def _train(
    settings: LanguageSettings, task: ModularArithmetic, architecture: DecoderConfig, context: Context
) -> dict[str, np.ndarray]:
    """Train all models as one batch and return each as it was when it first reached each accuracy, and the accuracy.

    Arrays: `accuracy`, shape (models, targets), and the parameters, shape (models, targets, ...); the first target is
    the generator's. A model that never gets there is taken as it ends.
    """
    trained = settings.trained
    seeds = context.seeds
    training, held_out = task.split(trained.held_out, seeds.numpy("language", "split"))
    decoders = [
        Decoder(architecture, generator=seeds.torch("language", "init", copy)) for copy in range(trained.models)
    ]
    prompts, results = (
        torch.from_numpy(part).to(context.device) for part in (task.tokens(training), task.results(training))
    )
    seen = held_out[:VALIDATION]
    shown = torch.from_numpy(task.tokens(seen)).to(context.device)
    truths = torch.from_numpy(task.results(seen)).to(context.device)
    order = torch.from_numpy(
        seeds.numpy("language", "batches").integers(len(training), size=(trained.steps, trained.models, trained.batch))
    ).to(context.device)
    start = {name: value.to(context.device) for name, value in stack(decoders).items()}
    ensemble = Ensemble(start, Optimizer(learning_rate=trained.learning_rate, weight_decay=0.1, betas=(0.9, 0.98)))
    module = decoders[0].to(context.device)
    loss = vmapped_loss(
        module, lambda model, batch: torch.nn.functional.cross_entropy(model(batch[0])[:, -1], batch[1])
    )
    targets = torch.tensor([trained.generator_accuracy, *trained.judge_accuracy])
    taken = {name: torch.stack([value.cpu()] * len(targets), dim=1) for name, value in start.items()}
    accuracy = torch.zeros(trained.models, len(targets))
    reached = torch.zeros(trained.models, len(targets), dtype=torch.bool)

    def look() -> None:
        now = torch.stack(
            [_sampled_right(module, _copy(ensemble.parameters, copy), shown, truths) for copy in range(trained.models)]
        )
        take = ~reached
        for name, value in ensemble.parameters.items():
            mask = take.view(*take.shape, *[1] * (value.dim() - 1))
            taken[name] = torch.where(mask, value.detach().cpu()[:, None], taken[name])
        accuracy.copy_(torch.where(take, now[:, None], accuracy))
        reached.logical_or_(now[:, None] >= targets)

    checkpoint = context.checkpoint("language training")
    if (saved := checkpoint.load()) is not None:
        ensemble.load_state_dict(saved["ensemble"])
        taken.update(saved["taken"])
        accuracy.copy_(saved["accuracy"])
        reached.copy_(saved["reached"])
    with (
        sdpa_kernel(SDPBackend.MATH),  # the fused kernels cannot be batched over models
        context.progress.task("train the language models", trained.steps) as step,
    ):

        def after_step(done: int, losses: torch.Tensor) -> None:
            step.advance()
            if done % trained.look == 0 or done == trained.steps:
                look()
                context.log_metrics("language", done, {"loss": float(losses.mean()), "reached": float(reached.sum())})

        train(
            ensemble,
            loss,
            lambda at: (prompts[order[at]], results[order[at]]),
            trained.steps,
            after_step=after_step,
            save=lambda state: checkpoint.save(
                {"ensemble": state, "taken": taken, "accuracy": accuracy, "reached": reached}
            ),
            save_every=max(trained.look * 10, 1),
        )
    return {"accuracy": accuracy.numpy(), **{name: value.numpy() for name, value in taken.items()}}


def _copy(parameters: Parameters, copy: int) -> Parameters:
    return {name: value[copy].detach() for name, value in parameters.items()}


@torch.no_grad()
def _sampled_right(
    module: Decoder, parameters: Parameters, prompts: torch.Tensor, truths: torch.Tensor
) -> torch.Tensor:
    """Return the probability that an answer sampled at temperature 1 is right."""
    logits = torch.func.functional_call(module, parameters, (prompts,))[:, -1]
    return logits.softmax(-1).gather(-1, truths[:, None]).mean().cpu()  # type: ignore[no-any-return]


def _model(
    found: Mapping[str, np.ndarray],
    architecture: DecoderConfig,
    copy: int,
    target: int,
    task: ModularArithmetic,
    context: Context,
) -> DecoderAnswering:
    decoder = Decoder(architecture)
    decoder.load_state_dict(
        {name: torch.from_numpy(found[name][copy, target]) for name, _ in decoder.named_parameters()}
    )
    return DecoderAnswering(decoder.to(context.device), task, new_tokens=1)


# -- the user's models: repeats are questions ----------------------------------------------------------------------


def asked_questions(settings: LanguageSettings) -> list[Question]:
    """Return the questions that models of the user are asked.

    Raises:
        ConfigurationError: no file, a line that cannot be read, or a folder of a model that is not there.
    """
    chosen = settings.pretrained
    if chosen.questions is None:
        raise ConfigurationError("language.pretrained.questions is not set; give a JSONL file of questions")
    try:
        questions, _ = read_questions(chosen.questions, skip_bad=chosen.skip_bad)
        for path in (chosen.generator, chosen.judge):
            if path is not None:
                require_folder(path)
    except (QuestionsError, ModelError) as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None
    return questions[: settings.questions]


def _pretrained(settings: LanguageSettings, context: Context) -> Curves:
    chosen, asked = settings.pretrained, asked_questions(settings)
    try:
        generator, *judges = [
            HuggingFaceAnswering(
                path,
                device=context.device,
                template=chosen.template,
                new_tokens=chosen.new_tokens,
                temperature=chosen.temperature,
                per_token=chosen.per_token,
                rows=chosen.rows,
            )
            for path in (chosen.generator, chosen.judge)
            if path is not None
        ]
    except ModelError as error:
        raise ConfigurationError(f"language.pretrained: {error}") from None
    rivals = {f"judge {Path(str(chosen.judge)).name}": judge for judge in judges}
    errors = context.unit(
        "language pretrained",
        lambda: _answer(
            settings,
            context,
            "pretrained",
            generator,
            rivals,
            [each.question for each in asked],
            [each.answer for each in asked],
        ),
    )
    names = {"generator": str(chosen.generator), "judge": str(chosen.judge)}
    return join_curves(part for name, values in errors.items() for part in _curves(settings, name, values, names))


# -- both ----------------------------------------------------------------------------------------------------------


def _answer(
    settings: LanguageSettings,
    context: Context,
    name: str,
    generator: Generator,
    judges: Mapping[str, Judge],
    questions: Sequence[str],
    truths: Sequence[str],
) -> dict[str, np.ndarray]:
    """Return for each judge the error of the selected answer, shape (questions, ks + temperatures).

    First at every k with T = 0, then at every temperature with the fixed k.
    """
    cache = Path(settings.cache) if settings.cache else context.checkpoint("language answers").path.with_suffix("")
    seed = context.seeds.integer("language", "answers", name)
    made: Answers = sample_all(generator, questions, settings.samples, seed, batch=settings.batch, cache=cache)
    wrong = np.array(
        [[not is_correct(text, truth) for text in texts] for texts, truth in zip(made.texts, truths, strict=True)]
    )
    rewards = {
        judge: score_all(scorer, questions, made.texts, batch=settings.batch, cache=cache)
        for judge, scorer in judges.items()
    }
    rewards[SELF_SERIES] = made.log_probabilities

    def errors(reward: np.ndarray, k: Sequence[int], temperatures: Sequence[float]) -> np.ndarray:
        orders = context.seeds.numpy("language", "orders", name)  # the same for all judges: differences are paired
        found = selection_errors(reward, wrong, k, temperatures, orders=settings.orders, generator=orders)
        return found.reshape(len(reward), -1)

    return {
        judge: np.hstack([errors(reward, settings.k, [0.0]), errors(reward, [settings.fixed_k], settings.temperature)])
        for judge, reward in rewards.items()
    }


def _curves(
    settings: LanguageSettings, series: str, errors: np.ndarray, params: Mapping[str, object]
) -> Iterator[Curves]:
    """Yield the curves of one judge from errors of shape (repeats, ks + temperatures)."""
    params = {key: value for key, value in params.items() if value is not None}
    k = np.array(settings.k)
    by_k, by_temperature = np.split(errors, [len(k)], axis=1)
    rank = np.argsort(k)
    k, by_k = k[rank], by_k[:, rank]
    for panel, y_name, at, values in (
        (SAMPLES_PANEL, "error", k, by_k),
        (BEYOND_PANEL, "error_beyond", k, by_k - by_k[:, -1:]),
        (DOUBLING_PANEL, "error_change", k[1:], np.diff(by_k, axis=1)),
        (TEMPERATURE_PANEL, "error", np.array(settings.temperature), by_temperature),
    ):
        if len(at):
            y, y_err, n = standard_error(values)
            x_name = "temperature" if panel == TEMPERATURE_PANEL else "k"
            yield language_points(panel, series, x_name, at, y_name, y, y_err=y_err, n=n, params=params)
