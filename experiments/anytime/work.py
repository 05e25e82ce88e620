"""How much work are the recursions, the runs of SGD and the language models of anytime? Counted without torch.

Where an operation is no part of a product of large matrices, it is counted as so many of those as take its time: the
constants were measured on one core of the CPU that `results/times.json` is from.
"""

import math

from solv.experiments.anytime.language_runs import trainings
from solv.experiments.anytime.settings import AnytimeConfig, LanguageSettings
from solv.harness.work import Work

DOUBLE, SINGLE, HALF = 8, 4, 2  # bytes of a number
AT_ONCE = 64  # replicas of SGD that go through the steps together, as in `models/anytime/simulation.py`
CACHE, BEYOND = 2**23, 3  # bytes of the processor's cache, and how much longer numbers take that do not fit
LARGE, ANEW = 2**25, 1.7  # bytes of an array that the system gives anew in every call, and how much longer that takes
HELD_TOKENS = 4096  # of a validation batch, as in `language_training.py`
VOCABULARIES = {"character": 27, "text": 256, "shards": 32_128}  # tokens; of shards those of the paper's tokenizer
GOING = 16  # bytes of a weight with its gradient and two moments

# Operations in the time of one
ITERATE, AVERAGE, DECAY = 35, 23, 17  # node of a run in a step: of the iterate, of each average, of their common decay
RUN = 30  # nodes in the time that a run takes however few it has
MANY, FOLLOWED = 100, 50  # nodes from which on points stand for small ones, and those that every step then has
SUMS = 1.3  # node of a run's iterate, or of an average, that is brought to the end of a block: in each of its steps
PASSED, DRAWN = 20, 300  # number of SGD's weights that is read and written, and normal number
ACTIVATION = 200  # number that a model keeps for the way back, there and back
UPDATE, RENEWAL = 450, 70  # weight that Adam updates, and weight of an average
# Calls
STEP, AVERAGED_STEP = 4, 3  # of a step of the recursion, and as many more with averages
SAMPLED, COPIED = 30, 5  # of a step of SGD, and of an average of it
KERNELS, LAYER = 190, 400  # of a training step of all language models at once, and for each layer of theirs
DISPATCH = 5  # of one of those kernels: calls on a batch of models pass through several layers of torch
KERNELS_ALONE, LAYER_ALONE = 60, 60  # of a training step of one language model, and for each layer
SYMBOL = 0.5  # of a symbol of generated text


def nodes(config: AnytimeConfig, dimension: int) -> float:
    """Return about how many nodes the spectrum of a regression has: two a bin beyond those that are exact."""
    exact = min(config.nodes.exact, dimension)
    return exact + 2 * math.log(dimension / max(exact, 1)) / math.log(config.nodes.ratio)


def recursion(nodes: float, steps: float, runs: float, averages: int = 0, *, going: float = 1.0) -> Work:
    """Return the work of `excess_risk`.

    Args:
        nodes: of the spectrum.
        steps, runs: of the rates.
        averages: that are followed.
        going: part of all steps of all runs until their rates are 0 for good.
    """
    each = ITERATE + AVERAGE * averages + DECAY * (averages > 0)
    held = DOUBLE * runs * (2 * steps + (4 + 2 * averages) * nodes)
    of_run = each * (nodes + RUN) if nodes < MANY else each * (FOLLOWED + RUN) + SUMS * (1 + averages) * nodes
    return Work(of_run * steps * runs * going, steps * (STEP + AVERAGED_STEP * (averages > 0)), held)


def tuned(nodes: float, horizons: list[int], shapes: int, peaks: int) -> Work:
    """Return the work of tuning a schedule at every horizon; that its grid is seldom extended is left out."""
    longest = max(horizons)
    going = sum(horizons) / (longest * len(horizons))
    return recursion(nodes, longest, len(horizons) * shapes * peaks, going=going)


def descent(dimension: int, steps: int, schedules: int, averages: int, *, replicas: int, batch: int) -> Work:
    """Return the work of `simulate_descent`."""
    together = min(replicas, AT_ONCE)
    weights, drawn = together * schedules * dimension, together * batch * (dimension + 1)
    held = DOUBLE * (weights * (2 + averages) + 3 * drawn)
    products = 4 * weights * batch
    flops = (BEYOND if held > CACHE else 1) * (PASSED * weights * (2 + averages) + DRAWN * drawn) + products
    return math.ceil(replicas / together) * steps * Work(flops, SAMPLED + COPIED * averages, held)


def language(settings: LanguageSettings) -> Work:
    """Return the work of `language_ensemble.train_models`: all steps of all runs, and the losses that are read."""
    if settings.data == "none":
        return Work()
    model, runs, seeds, labels = _Model(settings), _Runs(settings), settings.seeds, len(settings.labels)
    longest, tokens = max(settings.horizons), settings.batch * settings.model.context
    going = seeds * runs.steps / longest if settings.together else 1  # models that train together, on average
    trained = seeds * runs.steps * tokens * model.token(going * tokens / settings.accumulation)
    losses = seeds * runs.read * settings.validation * model.token(going * HELD_TOKENS) / 3  # without the way back
    updates = seeds * model.weights * (UPDATE * runs.steps + RENEWAL * runs.averaged * longest * labels)
    if settings.together:
        looks = len(settings.horizons) * (1 + labels) * settings.validation / HELD_TOKENS
        kernels = DISPATCH * (KERNELS + LAYER * settings.model.layers)
        calls = kernels * len(settings.beta2) * (longest + looks / 3)
    else:
        calls = (KERNELS_ALONE + LAYER_ALONE * settings.model.layers) * seeds * runs.steps * settings.accumulation
    written = SYMBOL * seeds * settings.symbols if settings.data == "character" else 0
    return Work(trained + losses + updates, calls + written, _held(settings, model, runs))


def _held(settings: LanguageSettings, model: "_Model", runs: "_Runs") -> float:
    """Return the bytes of weights, gradients, moments and averages, and of what is kept of a batch for the way back.

    Where losses are read, the batches are larger, and of a layer only its widest arrays are held.
    """
    most = settings.seeds * runs.whole if settings.together else 1
    averages = settings.seeds * runs.averaged if settings.together else 1
    copies = GOING * most + SINGLE * len(settings.labels) * averages
    logits = 2 * SINGLE * model.vocabulary
    back = settings.batch * settings.model.context / settings.accumulation * (model.number * model.kept + logits)
    look = HELD_TOKENS * (model.number * 8 * settings.model.width + logits)
    return model.weights * copies + most * max(back, look)


class _Model:
    """Sizes of one language model.

    Attributes:
        vocabulary: tokens.
        dense, weights: weights that every token meets, and all of them.
        kept: activations of a token that are kept for the way back, besides its logits.
        number: bytes of one.
    """

    def __init__(self, settings: LanguageSettings) -> None:
        self.size, width, layers = settings.model, settings.model.width, settings.model.layers
        self.vocabulary = VOCABULARIES[settings.data]
        self.dense = 12 * layers * width**2 + self.vocabulary * width
        learned = self.size.context if self.size.positions == "learned" else 0
        self.weights = self.dense + (self.vocabulary + learned) * width
        # attention of one model alone is fused and keeps no scores
        scores = 2 * self.size.heads * self.size.context if settings.together else 0
        self.kept = layers * (16 * width + scores) + width
        self.number = HALF if settings.bfloat16 else SINGLE

    def token(self, together: float) -> float:
        """Return the operations of a token there and back, where so many go through the model together."""
        width = self.size.width
        anew = self.number * together * max(4 * width, self.vocabulary) > LARGE
        through = ACTIVATION * (self.kept + 2 * self.vocabulary) * (ANEW if anew else 1)
        return 6 * self.dense + 12 * self.size.layers * width * self.size.context + through


class _Runs:
    """What is trained and read of one seed.

    Attributes:
        whole, averaged: runs from the first weights, and those of them whose weights are averaged.
        steps: of all of them and of the decays that branch off.
        read: losses that are read, each of the whole validation text.
    """

    def __init__(self, settings: LanguageSettings) -> None:
        runs, horizons = trainings(settings), settings.horizons
        ends = [run.along if run.schedule == "cosine" else max(horizons) for run in runs]
        constant = sum(run.schedule == "constant" for run in runs)
        self.whole, self.averaged = len(runs), sum(run.schedule != "cosine" for run in runs)
        self.steps = sum(ends) + constant * (1 - settings.stable) * sum(horizons)
        decayed, averages = len(horizons) * constant, len(horizons) * self.averaged * len(settings.labels)
        self.read = sum(end >= horizon for horizon in horizons for end in ends) + decayed + averages
