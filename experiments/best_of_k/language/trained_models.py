"""Which small decoders generate and judge? Sums modulo a number, learned up to stated accuracies; repeats are pairs."""

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from solv.data.best_of_k.modular_arithmetic import ModularArithmetic
from solv.experiments.best_of_k.language.answers import answer
from solv.experiments.best_of_k.language.judged_errors import ITSELF, JudgedErrors
from solv.experiments.best_of_k.settings import LanguageSettings
from solv.harness.contract import Context
from solv.harness.settings import ConfigurationError
from solv.models.ensemble import Ensemble, Optimizer, Parameters, stack, train, vmapped_loss
from solv.models.language.answering import DecoderAnswering
from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.threads import one_thread
from solv.tracking.curves import Params

VALIDATION = 200  # held-out sums on which accuracies are looked at; the questions asked are others


def prepare(settings: LanguageSettings) -> tuple[ModularArithmetic, DecoderConfig]:
    """Return the task and the architecture.

    Raises:
        ConfigurationError: numbers that make no task or no decoder, or too few held-out sums to ask any.
    """
    trained = settings.trained
    if settings.judge.kind != "log-likelihood" or settings.judge.epsilon > 0:
        raise ConfigurationError(
            "language.judge: models trained here judge by log-likelihood; kind and epsilon are for "
            "language.pretrained.judge or language.table"
        )
    try:
        task = ModularArithmetic(trained.modulus, trained.terms)
        architecture = DecoderConfig(
            vocabulary=task.vocabulary,
            context=task.prompt_length + 1,
            width=trained.width,
            layers=trained.layers,
            heads=trained.heads,
            positions="learned",
            init_std=trained.width**-0.5,
            scaled_residual=True,
        )
    except ValueError as error:
        raise ConfigurationError(f"language.trained: {error}") from None
    sums = trained.modulus**trained.terms
    held_out = round(trained.held_out * sums)
    if held_out <= VALIDATION:
        raise ConfigurationError(
            f"language.trained.held_out = {trained.held_out} leaves {held_out} sums; more than {VALIDATION} needed"
        )
    if held_out >= sums:
        raise ConfigurationError(f"language.trained.held_out = {trained.held_out} leaves none of {sums} to train on")
    return task, architecture


def train_and_ask(settings: LanguageSettings, context: Context) -> list[JudgedErrors]:
    """Return the errors of the answers that each judge, and the generator itself, select.

    The judge of a generator is the model trained before it, as it was at the judge's accuracy.

    Raises:
        ConfigurationError: as `prepare`.
    """
    with one_thread():
        return _train_and_ask(settings, context)


def _train_and_ask(settings: LanguageSettings, context: Context) -> list[JudgedErrors]:
    trained = settings.trained
    task, architecture = prepare(settings)
    _, held_out = task.split(trained.held_out, context.seeds.numpy("language", "split"))
    sums = held_out[VALIDATION:][: settings.questions]
    found = context.unit("language training", lambda: _train(settings, task, architecture, context))
    questions = [task.question(each) for each in sums]
    truths = [str(result) for result in task.results(sums)]
    judges = {f"judge {place}": place for place in range(1, len(trained.judge_accuracy) + 1)}
    errors: dict[str, list[np.ndarray]] = {}
    with context.progress.task("let the language models answer", trained.models) as step:
        for pair in range(trained.models):
            generator = _model(found, architecture, pair, 0, task, context)
            rivals = {
                name: _model(found, architecture, pair - 1, place, task, context) for name, place in judges.items()
            }

            def ask(
                pair: int = pair, generator: DecoderAnswering = generator, rivals: dict[str, DecoderAnswering] = rivals
            ) -> Mapping[str, np.ndarray]:
                by_judge = answer(settings, context, f"pair {pair}", generator, rivals, questions, truths)
                return {name: values.mean(axis=0) for name, values in by_judge.items()}

            for name, values in context.unit(f"language pair {pair}", ask).items():
                errors.setdefault(name, []).append(values)
            step.advance()
    targets = [trained.generator_accuracy, *trained.judge_accuracy]
    return [
        JudgedErrors(_who(settings, place), np.stack(errors[name]), targets[place], found["accuracy"][:, place])
        for name, place in {**judges, ITSELF: 0}.items()
    ]


def _who(settings: LanguageSettings, place: int) -> Params:
    """Return what tells the judge at one place of the targets from others; place 0 is the generator itself."""
    trained = settings.trained
    pair = {"terms": trained.terms, "modulus": trained.modulus, "generator_accuracy": trained.generator_accuracy}
    if place == 0:
        return {**pair, "judge": ITSELF}
    return {**pair, "judge": "trained", "judge_accuracy": trained.judge_accuracy[place - 1]}


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
