"""Part `accuracy`: how accurate does each rule become, on the digits and on images, and does broadcast learn?

All rules of an arena train with the same settings, or each with those of EBD's tables (`training.recipe=EBD`); the part
`ranking` gives each rule the best of equally many.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from solv.experiments.sbd.architectures import LEARNED, OF_DIGITS, TESTED, hidden_layers, images_of
from solv.experiments.sbd.ebd_tables import recipe
from solv.experiments.sbd.gains import judged_gains
from solv.experiments.sbd.network_work import evaluation_work, layers, scores, training_work
from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    CIFAR10,
    CIFAR100,
    CONVOLUTION,
    DFA_ENTROPY,
    DIGITS,
    EBD_TABLES,
    FROZEN,
    LOCAL,
    MNIST,
    PERCEPTRON,
    RULES,
    SBD,
    SBD_P,
    SBD_RANDOM,
    SbdConfig,
)
from solv.harness.contract import Context, Part
from solv.harness.published import published_curves
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement
from solv.tracking.curves import Curves, Recorder, join_curves, select, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.experiments.sbd.arenas import Problem
    from solv.experiments.sbd.training import Course

RECORD = Recorder("sbd", "accuracy")
OWN_EPOCHS = 200  # passes over images where neither a number nor EBD's tables are asked for
VIEWS = 6  # of an image, in the tests of what is trained on moved and mirrored ones
NUMBER_BYTES = 20  # of a number of an image: as it is, and twice in double precision while it is standardised
PUBLISHED_IMAGES = (MNIST, CIFAR10, CIFAR100)


class Panels(StrEnum):
    """The panels of this part."""

    ACCURACY = "accuracy"
    GAIN = "against-sbd"


def panels(config: SbdConfig) -> list[Panel]:
    """Return the accuracy of the rules and its difference from SBD's, one picture for each arena."""
    return [
        Panel(
            Panels.ACCURACY,
            "Accuracy: {network}, {data}",
            "rule",
            "test accuracy",
            facets=("network", "data"),
            category=("rule",),
            series="accuracy",
            figure="EBD, tables 1 to 3",
        ),
        Panel(
            Panels.GAIN,
            "Accuracy over SBD: {network}, {data}",
            "rule",
            "accuracy minus SBD's",
            facets=("network", "data"),
            category=("rule",),
            series="minus SBD",
            note="paired over seeds",
        ),
    ]


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Predict nothing: no theory says how accurate a rule becomes."""
    yield from ()


# -- measurement ---------------------------------------------------------------------------------------------------


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield the accuracy of every rule in every arena, and its difference from SBD's.

    Raises:
        ConfigurationError: the images are not there.
    """
    from solv.experiments.sbd.arenas import Problem, digits, images, network

    own = config.training.recipe != EBD_TABLES  # whose images have pixels in [0, 1]
    large = images(config.images, context, standardised=own) if set(config.arenas) - {DIGITS} else None
    with context.progress.task("train every rule", len(config.arenas)) as step:
        for arena in config.arenas:
            data = large if large is not None and arena != DIGITS else digits(context)
            yield _arena(config, context, arena, Problem(network(config, arena, data), data))
            step.advance(note=arena)


def rules(config: SbdConfig) -> tuple[str, ...]:
    """Return the rules that are trained: DFA with entropy is a rule of its own with EBD's settings alone."""
    return (*RULES, DFA_ENTROPY) if config.training.recipe == EBD_TABLES else RULES


def _arena(config: SbdConfig, context: Context, arena: str, problem: "Problem") -> Curves:
    found = context.unit(f"train {arena}", lambda: {"accuracy": _trained(config, context, arena, problem)})
    accuracies = found["accuracy"]
    gains = accuracies - accuracies[RULES.index(SBD)]  # paired: the seeds share starts and batches
    return join_curves(
        [
            *_by_rule(config, Panels.ACCURACY, "accuracy", where(config, arena), accuracies),
            *_by_rule(config, Panels.GAIN, "difference", where(config, arena), gains),
            *published(config, arena),
        ]
    )


def _trained(config: SbdConfig, context: Context, arena: str, problem: "Problem") -> np.ndarray:
    """Return the accuracy of every rule and seed, the rules in their order."""
    from solv.experiments.sbd.rules import Plan
    from solv.experiments.sbd.training import train_rules

    found: dict[str, np.ndarray] = {}
    for group in _batches(config, arena):
        name, course = f"{arena} {group[0]}", _course(config, arena, group[0])
        for rule, of_seeds in zip(
            group,
            train_rules(name, problem, Plan(group), course, config.training, context, stream=arena),
            strict=True,
        ):
            found[rule] = of_seeds
    return np.stack([found[rule] for rule in rules(config)])


def _batches(config: SbdConfig, arena: str) -> list[Sequence[str]]:
    """Return which rules train as one batch: those of the same settings that broadcast scores of the same size."""
    if config.training.recipe == EBD_TABLES and arena != DIGITS:
        return [(rule,) for rule in rules(config)]
    apart = (SBD_P, SBD_RANDOM)
    plain = [rule for rule in rules(config) if rule not in (*apart, BP, BP_SQUARED)]
    return [plain, *((rule,) for rule in apart), (BP, BP_SQUARED)]


def _course(config: SbdConfig, arena: str, rule: str) -> "Course":
    from solv.experiments.sbd.training import Course

    training, (epochs, batch) = config.training, _passes(config, arena, rule)
    if training.recipe == EBD_TABLES and arena != DIGITS:
        own = recipe(config.images.source, arena, rule)
        return Course(epochs, batch, own.base, own)
    return Course(epochs, batch, training.image_rate if arena in (CONVOLUTION, LOCAL) else training.learning_rate)


def _passes(config: SbdConfig, arena: str, rule: str) -> tuple[int, int]:
    """Return for how many passes over an arena's examples, and in batches of how many, a rule trains."""
    training = config.training
    if arena == DIGITS:
        return training.epochs, training.batch
    if training.recipe == EBD_TABLES:
        own = recipe(config.images.source, arena, rule)
        return training.image_epochs or own.epochs, own.batch
    return training.image_epochs or OWN_EPOCHS, training.image_batch


def where(config: SbdConfig, arena: str) -> dict[str, object]:
    """Return the params of an arena: its network and its data."""
    if arena == DIGITS:
        return {"network": PERCEPTRON, "data": DIGITS}
    return {"network": arena, "data": config.images.source, "size": config.images.size}


def _by_rule(
    config: SbdConfig, panel: Panels, name: str, at: Mapping[str, object], values: np.ndarray
) -> Iterator[Curves]:
    for rule, of_seeds in zip(rules(config), values, strict=True):
        y, y_err, n = standard_error(of_seeds)
        yield RECORD.trained(panel, {**at, "rule": rule}, x=("rule", 0), y=(name, y), y_err=y_err, n=n)


def published(config: SbdConfig, arena: str) -> Iterator[Curves]:
    """Yield the accuracies of EBD's tables 1 to 3 where the run trains their networks on their kind of images.

    Those on MNIST are of 60 000 images, and stand beside mnist5k's 5000. SBD's own tables are not public.
    """
    images = config.images.source
    if images not in PUBLISHED_IMAGES or config.images.size != "paper" or arena == DIGITS:
        return
    at = where(config, arena)
    yield from published_curves(
        RECORD,
        Panels.ACCURACY,
        package=__package__,
        x="rule",
        y="accuracy",
        keep=lambda params: all(params.get(key) == value for key, value in at.items()),
    )


# -- claims --------------------------------------------------------------------------------------------------------


def _judge_learns(curves: Curves) -> Judgement:
    return judged_gains(
        select(curves, rule=FROZEN), -1, ("network", "data"), "; that no later weight enters an update is tested"
    )


def work(config: SbdConfig) -> Work:
    """Return the work of all rules in every arena."""
    batches = [(arena, rules) for arena in config.arenas for rules in _batches(config, arena)]
    return sum((_batch_work(config, arena, rules) for arena, rules in batches), Work())


def _batch_work(config: SbdConfig, arena: str, rules: Sequence[str]) -> Work:
    """Return the work of rules that train as one batch; EBD's settings regularise, by a second gradient."""
    setting, of_digits = config.images, arena == DIGITS
    shape, classes = OF_DIGITS if of_digits else images_of(setting)
    learned, tests = (LEARNED, TESTED) if of_digits else (setting.train, setting.test)
    network, copies = layers(shape, hidden_layers(setting, arena), arena, classes), len(rules) * config.training.seeds
    broadcast = scores(rules[0], classes, config.training.random_features)
    tables = config.training.recipe == EBD_TABLES and not of_digits
    views = VIEWS if tables and recipe(setting.source, arena, rules[0]).augmented else 1
    epochs, batch = _passes(config, arena, rules[0])
    steps = epochs * max(learned // batch, 1)
    training = training_work(network, copies, batch, steps, broadcast=broadcast, extra=tables)
    data = Work(memory=NUMBER_BYTES * (learned + tests) * prod(shape))
    return data + training + evaluation_work(network, copies, views * tests)


ACCURACY = Part(
    name="accuracy",
    question="How accurate does each rule become, on the digits and on images, by each kind of network?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    figure="EBD, tables 1 to 3",
    claims=(
        Claim(
            "sbd-learns-without-weight-transport",
            "Hidden layers learn by broadcast, without weight transport: SBD is more accurate than frozen ones.",
            reads=(Panels.GAIN,),
            judge=_judge_learns,
            needs={"training.seeds": 5},
        ),
    ),
)
