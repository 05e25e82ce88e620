"""Part `ranking`: which rule is the most accurate, where each has the best of equally many settings?

Every seed searches anew: it draws candidates - learning rate, memory, start and scale of the expansion, the same for
all rules -, trains every rule once with each, keeps the network that is best on images held out of training, and
reports it on the test images. A rule thus has the accuracy that a search of this size gives it, and the error over
seeds is that of searches, weights and batches together. All candidates and seeds of rules that broadcast scores of one
size train as one batch.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from solv.experiments.sbd.architectures import LEARNED, OF_DIGITS, STORED, TESTED, ranked_layers
from solv.experiments.sbd.gains import judged_gains
from solv.experiments.sbd.network_work import evaluation_work, layers, scores, training_work
from solv.experiments.sbd.settings import (
    BP,
    BP_SQUARED,
    CONVOLUTION,
    DFA,
    DIGITS,
    EBD,
    MNIST,
    RANKED,
    SBD,
    SBD_P,
    SBD_RANDOM,
    SYNTHETIC,
    Ranking,
    SbdConfig,
)
from solv.harness.contract import Context, Part
from solv.harness.seeds import Seeds
from solv.harness.settings import replace
from solv.harness.work import Work
from solv.tracking.claims import Claim, Judgement, missing
from solv.tracking.curves import Curves, Recorder, parameter, select, standard_error
from solv.tracking.panels import Panel

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

    from solv.experiments.sbd.arenas import Problem

RECORD = Recorder("sbd", "ranking")
COMPARED = (DFA, EBD, SBD, SBD_P, SBD_RANDOM, BP, BP_SQUARED)
BATCHES: tuple[tuple[str, ...], ...] = ((DFA, EBD, SBD), (SBD_P,), (SBD_RANDOM,), (BP, BP_SQUARED))
NETWORKS = {DIGITS: "perceptron", MNIST: "perceptron", SYNTHETIC: "convolution"}
# Between which values a search draws, uniformly in the logarithm
RATES = (5e-4, 1e-2)
FORGOTTEN = (1e-3, 1.0)  # (1 - lambda) times the steps of a training; the panel `memory` shows why not more
STARTS = (1e-3, 0.1)
EXPANSIONS = (0.03, 1.0)
LEAST_SEARCHES = 8  # that a claim needs
WORTHWHILE = 0.01  # a gain of a point: the abstract speaks of substantial ones, and EBD's tables of more


class Panels(StrEnum):
    """The panels of this part."""

    ACCURACY = "ranked-accuracy"
    SEARCH = "search"
    GAIN = "ranked-gain"
    CHOSEN = "chosen"


def panels(config: SbdConfig) -> list[Panel]:
    """Return accuracy, gains over SBD and searches by images, and the settings that were chosen."""
    setting = config.ranking
    counts = dict.fromkeys(str(searches(setting, data)) for data in setting.data)
    budget = f"best of {setting.candidates} settings, {' or '.join(counts)} searches"
    drawn = [
        Panel(
            Panels.ACCURACY,
            "Every rule at its best settings: {network}, {data}",
            "rule",
            "test accuracy",
            facets=("network", "data"),
            category=("rule",),
            series="accuracy",
            note=budget,
        ),
        Panel(
            Panels.SEARCH,
            "What a search finds: {network}, {data}",
            "(1 - λ) steps",
            "accuracy on held-out images",
            facets=("network", "data"),
            x_scale="log",
            series="{rule}",
            joined=False,
            note="every setting of every search",
        ),
    ]
    gain = Panel(
        Panels.GAIN,
        "Accuracy over SBD's, each at its best: {network}, {data}",
        "rule",
        "accuracy minus SBD's",
        facets=("network", "data"),
        category=("rule",),
        series="minus SBD",
        note=f"{budget}; paired over seeds",
    )
    chosen = Panel(Panels.CHOSEN, "What was chosen", "seed", "value", series="{data}, {rule}, {setting}", drawn=False)
    return [*drawn, gain, chosen]


def predict(config: SbdConfig) -> Iterator[Curves]:
    """Predict nothing: no theory says how accurate a rule becomes."""
    yield from ()


# -- measurement ---------------------------------------------------------------------------------------------------


def searches(setting: Ranking, data: str) -> int:
    """Return the number of independent searches on some images."""
    return setting.synthetic_seeds or setting.seeds if data == SYNTHETIC else setting.seeds


class Candidates(NamedTuple):
    """The settings of every search, each of shape (candidates, seeds)."""

    rate: Float[np.ndarray, "candidates seeds"]
    forgotten: Float[np.ndarray, "candidates seeds"]
    start: Float[np.ndarray, "candidates seeds"]
    expansion: Float[np.ndarray, "candidates seeds"]


def candidates(setting: Ranking, data: str, seeds: Seeds) -> Candidates:
    """Draw the settings of all searches on some images; seed by seed, so that more seeds leave the others alone."""
    found = np.zeros((len(Candidates._fields), setting.candidates, searches(setting, data)))
    ranges = np.log([RATES, FORGOTTEN, STARTS, EXPANSIONS])
    for seed in range(searches(setting, data)):
        u = seeds.numpy("search", data, seed).random((setting.candidates, len(ranges)))
        found[:, :, seed] = np.exp(ranges[:, 0] + u * (ranges[:, 1] - ranges[:, 0])).T
    return Candidates(*found)


def measure(config: SbdConfig, context: Context) -> Iterator[Curves]:
    """Yield accuracies, gains and searches on every set of images.

    Raises:
        ConfigurationError: the images are not there.
    """
    from solv.experiments.sbd.arenas import ranked

    setting = config.ranking
    problems = {data: ranked(config, data, context) for data in setting.data}
    drawn = {data: candidates(setting, data, context.seeds) for data in setting.data}
    names = {f"rank {data} {rules[0]}": (data, rules) for data in setting.data for rules in BATCHES}
    with context.progress.task("rank the rules", len(names)) as step:
        kept = context.units(
            {
                name: partial(_searched, config, context, name, data, rules, problems[data], drawn[data])
                for name, (data, rules) in names.items()
            },
            lambda name: step.advance(note=name),
        )
    for data in setting.data:
        found = {
            rule: {key: values[place] for key, values in kept[name].items()}
            for name, (its, rules) in names.items()
            if its == data
            for place, rule in enumerate(rules)
        }
        yield from _curves(setting, data, drawn[data], found)


def _searched(
    config: SbdConfig,
    context: Context,
    name: str,
    data: str,
    rules: Sequence[str],
    problem: "Problem",
    drawn: Candidates,
) -> dict[str, np.ndarray]:
    """Return accuracies on held-out and on test images, each of shape (rules, candidates, seeds)."""
    from solv.experiments.sbd.arenas import Data, Problem
    from solv.experiments.sbd.rules import Plan
    from solv.experiments.sbd.training import Course, train_copies
    from solv.models.sbd.score_broadcast import accuracy

    setting, whole = config.ranking, problem.data
    kept = round(len(whole.x) * (1 - setting.held_out))
    learned = Data(whole.x[:kept], whole.labels[:kept], whole.x[kept:], whole.labels[kept:])
    each = len(rules)
    plan = Plan(
        [rule for rule in rules for _ in range(setting.candidates)],
        memory=np.tile(1 - np.clip(drawn.forgotten / setting.steps, 0, 0.9), (each, 1)),
        start=np.tile(drawn.start, (each, 1)),
        expansion=np.tile(drawn.expansion, (each, 1)),
        rate=np.tile(drawn.rate, (each, 1)),
    )
    course = Course(setting.steps * setting.batch / kept, setting.batch, 1e-3)
    seeds = searches(setting, data)
    training = replace(config.training, seeds=seeds)
    trained = train_copies(
        name, Problem(problem.network, learned), plan, course, training, context, stream=f"rank {data}"
    )

    def right(x: "Float[Tensor, '...']", labels: "Int[Tensor, 'examples']") -> np.ndarray:
        found = accuracy(problem.network, trained, x, labels).double().cpu().numpy()
        return np.asarray(found).reshape(each, setting.candidates, seeds)

    return {"held out": right(learned.test_x, learned.test_labels), "test": right(whole.test_x, whole.test_labels)}


def _curves(
    setting: Ranking, data: str, drawn: Candidates, found: dict[str, dict[str, np.ndarray]]
) -> Iterator[Curves]:
    at = {"network": NETWORKS[data], "data": data, "candidates": setting.candidates, "steps": setting.steps}
    seeds = np.arange(searches(setting, data))
    best = {rule: each["held out"].argmax(axis=0) for rule, each in found.items()}
    picked = {rule: each["test"][best[rule], seeds] for rule, each in found.items()}
    for rule in COMPARED:
        own = {**at, "rule": rule}
        for panel, name, values in (
            (Panels.ACCURACY, "accuracy", picked[rule]),
            (Panels.GAIN, "difference", picked[rule] - picked[SBD]),
        ):
            y, y_err, n = standard_error(values)
            yield RECORD.trained(panel, own, x=("rule", 0), y=(name, y), y_err=y_err, n=n)
        if rule in (EBD, SBD, SBD_P, SBD_RANDOM):
            order = np.argsort(drawn.forgotten.ravel())
            forgotten, held_out = drawn.forgotten.ravel()[order], found[rule]["held out"].ravel()[order]
            places = ("forgotten", forgotten)
            yield RECORD.trained(Panels.SEARCH, own, x=places, y=("accuracy", held_out), y_err=np.nan, n=1)
        for setting_name, drawn_values in drawn._asdict().items():
            kept, at_rule = drawn_values[best[rule], seeds], {**own, "setting": setting_name}
            yield RECORD.trained(Panels.CHOSEN, at_rule, x=("seed", seeds), y=("value", kept), y_err=np.nan, n=1)


# -- claims --------------------------------------------------------------------------------------------------------


def _judge(curves: Curves, data: str, rules: Sequence[str], sign: int) -> Judgement:
    """Judge the gains of some rules over SBD on one set of images."""
    own = select(curves, data=data)
    if own.empty:
        return missing(f"ranking.data includes {data}")
    compared, had = own[parameter(own, "rule").isin(rules)], int(own["n"].min())
    needs = f"ranking.synthetic_seeds >= {max(2 * had, LEAST_SEARCHES)}" if data == SYNTHETIC else ""
    return judged_gains(compared, sign, ("rule",), worthwhile=WORTHWHILE, needs=needs)


def _claims() -> Iterator[Claim]:
    """Yield two claims for each set of images: a verdict on one is none on another."""
    for data in RANKED:
        needs: dict[str, float] = {"ranking.seeds": LEAST_SEARCHES, "ranking.steps": 2000}
        where = f"({NETWORKS[data]} on {data})"
        yield Claim(
            f"sbd-wins-on-{data}",
            f"SBD is more accurate than DFA and EBD, each with an equal search {where}.",
            reads=(Panels.GAIN,),
            judge=partial(_judge, data=data, rules=(DFA, EBD), sign=-1),
            figure="abstract",
            needs=needs,
        )
        yield Claim(
            f"expansion-helps-on-{data}",
            f"An expanded score makes SBD more accurate, each with an equal search {where}.",
            reads=(Panels.GAIN,),
            judge=partial(_judge, data=data, rules=(SBD_P, SBD_RANDOM), sign=1),
            figure="abstract",
            needs=needs,
        )


def work(config: SbdConfig) -> Work:
    """Return the work of all searches on all images."""
    return sum((_searches(config, data, rules) for data in config.ranking.data for rules in BATCHES), Work())


def _searches(config: SbdConfig, data: str, rules: Sequence[str]) -> Work:
    """Return the work of the searches of some rules: training every candidate, and testing it on two sets of images."""
    setting, drawn = config.ranking, ((3, config.ranking.side, config.ranking.side), config.images.classes)
    (shape, classes), learned, tests = {
        DIGITS: (OF_DIGITS, LEARNED, TESTED),
        MNIST: (STORED[MNIST], setting.mnist_train, 1000),
        SYNTHETIC: (drawn, setting.train, setting.test),
    }[data]
    network = layers(shape, ranked_layers(setting, data), CONVOLUTION, classes)
    copies = len(rules) * setting.candidates * searches(setting, data)
    broadcast = scores(rules[0], classes, config.training.random_features)
    training = training_work(network, copies, setting.batch, setting.steps, broadcast=broadcast)
    return training + evaluation_work(network, copies, tests + setting.held_out * learned)


RANKING = Part(
    name="ranking",
    question="Which rule is the most accurate where each has the best of equally many settings?",
    names=Panels,
    panels=panels,
    predict=predict,
    measure=measure,
    work=work,
    claims=tuple(_claims()),
)
