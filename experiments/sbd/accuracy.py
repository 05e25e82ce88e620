"""Part `accuracy`: how accurate does each rule become, on the digits and on images, and does broadcast learn?"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    BROADCAST,
    CONVOLUTION,
    DFA,
    DIGITS,
    EBD,
    FROZEN,
    LOCAL,
    PERCEPTRON,
    PUBLISHED,
    PUBLISHED_RUNS,
    RULES,
    SBD,
    SBD_P,
    SBD_RANDOM,
    SbdConfig,
)
from solv.harness.contract import Context, Part
from solv.tracking.claims import Claim, Judgement, Verdict, all_of, exceeds, known
from solv.tracking.curves import Curves, Recorder, each_curve, join_curves, select, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from solv.experiments.sbd.arenas import Problem

RECORD = Recorder("sbd", "accuracy")
CLEAR = 3.0  # standard errors
CONFIDENCE = 0.95  # of all comparisons of a ranking together
LEAST_SEEDS = 3  # over two seeds an error is not known at all
LONG_ENOUGH = "10^5 steps, 1 / (1 - training.memory) of the default, and training.seeds >= 5: the preset paper"


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

    large = images(config.images, context) if set(config.arenas) - {DIGITS} else None
    with context.progress.task("train every rule", len(config.arenas)) as step:
        for arena in config.arenas:
            data = large if large is not None and arena != DIGITS else digits(context)
            yield _arena(config, context, arena, Problem(network(config, arena, data), data))
            step.advance(note=arena)


def _arena(config: SbdConfig, context: Context, arena: str, problem: "Problem") -> Curves:
    from solv.experiments.sbd.rules import Plan
    from solv.experiments.sbd.training import Course, train_rules

    training = config.training
    epochs, batch = (
        (training.epochs, training.batch) if arena == DIGITS else (training.image_epochs, training.image_batch)
    )
    course = Course(epochs, batch, training.image_rate if arena in (CONVOLUTION, LOCAL) else training.learning_rate)

    def train() -> dict[str, np.ndarray]:
        accuracies = [
            train_rules(f"{arena} {kind}", problem, Plan(rules), course, training, context)
            for kind, rules in (("broadcast", BROADCAST), ("backward", (BP, BP_SQUARED)))
        ]
        return {"accuracy": np.concatenate(accuracies)}

    accuracies = context.unit(f"train {arena}", train)["accuracy"]
    gains = accuracies - accuracies[RULES.index(SBD)]  # paired: the seeds share starts and batches
    return join_curves(
        [
            *_by_rule(Panels.ACCURACY, "accuracy", where(config, arena), accuracies),
            *_by_rule(Panels.GAIN, "difference", where(config, arena), gains),
            *published(config, arena),
        ]
    )


def where(config: SbdConfig, arena: str) -> dict[str, object]:
    """Return the params of an arena: its network and its data."""
    if arena == DIGITS:
        return {"network": PERCEPTRON, "data": DIGITS}
    return {"network": arena, "data": config.images.source, "size": config.images.size}


def _by_rule(panel: Panels, name: str, at: Mapping[str, object], values: np.ndarray) -> Iterator[Curves]:
    for rule, of_seeds in zip(RULES, values, strict=True):
        y, y_err, n = standard_error(of_seeds)
        yield RECORD.trained(panel, {**at, "rule": rule}, x=("rule", 0), y=(name, y), y_err=y_err, n=n)


def published(config: SbdConfig, arena: str) -> Iterator[Curves]:
    """Yield the accuracies of EBD's authors, where the run trains their networks on their images."""
    if config.images.source != "cifar10" or config.images.size != "paper" or arena not in PUBLISHED:
        return
    for rule, (percent, spread) in PUBLISHED[arena].items():
        at = {**where(config, arena), "rule": rule}
        accuracy = ("accuracy", percent / 100)
        yield RECORD.published(Panels.ACCURACY, at, x=("rule", 0), y=accuracy, y_err=spread / 100, n=PUBLISHED_RUNS)


# -- claims --------------------------------------------------------------------------------------------------------


class _Gain(NamedTuple):
    """By how much a rule is more accurate than another in one arena, its standard error, and over how many seeds."""

    y: float
    y_err: float
    n: int

    def exceeds_zero(self, sigmas: float) -> Verdict:
        """Judge whether it is positive, known to so many standard errors."""
        return exceeds(self.y, 0, known(self.y_err, self.n), sigmas=sigmas)

    def __str__(self) -> str:
        return f"{100 * self.y + 0.0:+.1f} ± {100 * self.y_err:.1f} %"


def _gains(curves: Curves, rule: str, sign: int) -> dict[str, _Gain]:
    """Return `sign` times by how much a rule is more accurate than SBD, for each arena."""
    gains = {}
    for params, rows in each_curve(select(curves, rule=rule)):
        row = rows.iloc[0]
        gain = _Gain(sign * row["y"], row["y_err"], int(row["n"]))
        size = " (the paper's size)" if params.get("size") == "paper" else ""
        gains[f"{params['network']} on {params['data']}{size}"] = gain
    return gains


def _listed(gains: Mapping[str, _Gain]) -> str:
    return "; ".join(f"{name}: {gain}" for name, gain in gains.items())


def _judge_learns(curves: Curves) -> Judgement:
    gains = _gains(curves, FROZEN, -1)
    return Judgement(
        all_of(gain.exceeds_zero(CLEAR) for gain in gains.values()),
        predicted="> 0",
        measured=_listed(gains),
        tolerance=f"{CLEAR:g} s.e. in every arena; that no later weight enters an update is tested by the suite",
    )


def _judge_beats(curves: Curves) -> Judgement:
    return _ranking({f"{rule}, {at}": gain for rule in (DFA, EBD) for at, gain in _gains(curves, rule, -1).items()})


def _judge_expansion(curves: Curves) -> Judgement:
    rules = (SBD_P, SBD_RANDOM)
    return _ranking({f"{rule}, {at}": gain for rule in rules for at, gain in _gains(curves, rule, 1).items()})


def _ranking(gains: Mapping[str, _Gain]) -> Judgement:
    """Holds where it does in every arena and fails where the contrary is clear in one, at 5 % for all together."""
    verdicts = []
    for gain in gains.values():
        if gain.n < LEAST_SEEDS:
            verdicts.append(Verdict.UNDECIDED)
        else:
            chance = (1 - CONFIDENCE) / 2 / len(gains)
            student = float(stats.t.ppf(1 - chance, gain.n - 1))
            verdicts.append(gain.exceeds_zero(student))
    return Judgement(
        all_of(verdicts),
        predicted="> 0",
        measured=_listed(gains),
        tolerance=f"Student's {100 * CONFIDENCE:g} % for all arenas together, paired over seeds",
        needs=LONG_ENOUGH,
    )


ACCURACY = Part(
    name="accuracy",
    question="How accurate does each rule become, on the digits and on images, by each kind of network?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    claims=(
        Claim(
            "sbd-learns-without-weight-transport",
            "Hidden layers learn by broadcast, without weight transport: SBD is more accurate than frozen ones.",
            reads=(Panels.GAIN,),
            judge=_judge_learns,
            needs={"training.seeds": 5},
        ),
        Claim(
            "sbd-beats-dfa-and-ebd",
            "SBD is more accurate than DFA and EBD.",
            reads=(Panels.GAIN,),
            judge=_judge_beats,
        ),
        Claim(
            "expansion-helps",
            "An expanded score makes SBD more accurate.",
            reads=(Panels.GAIN,),
            judge=_judge_expansion,
        ),
    ),
)
