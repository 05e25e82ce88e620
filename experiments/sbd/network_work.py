"""How much work is it to train and test a network of sbd? Counted from its architecture, without torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from solv.experiments.sbd.architectures import LEARNED, OF_DIGITS, TESTED, Maps, Part, Units
from solv.experiments.sbd.settings import BP, BP_SQUARED, CONVOLUTION, DIGITS, SBD_P, SBD_RANDOM, SbdConfig
from solv.harness.work import Work

FLOAT = 4  # bytes
PASS = 14  # operations of a matrix product in the time of reading or writing one number: memory is slower
UPDATE_PASSES = 40  # reads and writes of a weight in a step: of its update, of what applies it, and of Adam
UNIT_PASSES = 20  # of an activation
INPUT_PASSES = 6  # of an example's numbers: gathered, and repeated for every rule
PATCH_PASSES = 25  # of the patches of local connections, which are copied across memory, in one direction
CORRELATION_PASSES = 6  # of R
VECTOR = 16  # channels of a grouped convolution that are computed as one: fewer take as long
LAYER_CALLS, STEP_CALLS = 80, 60  # operators of torch in a step, for every layer and besides
TEST_CALLS = 10  # of a layer in a test
UPDATED = 10  # arrays of the weights' size: weights as drawn and now, update, gradient, moments, and what Adam needs
TESTED_AT_ONCE = 2000  # examples times copies, as in `score_broadcast`


@dataclass(frozen=True)
class Layer:
    """What one layer has for every copy, and does for one example.

    Attributes:
        weights: their number.
        inputs, units: numbers that it reads and makes.
        products: multiplications, in the time of those of a matrix product.
        patches: numbers of all patches of an image, where connections are local.
    """

    weights: int
    inputs: int
    units: int
    products: int
    patches: int = 0


def layers(shape: tuple[int, ...], parts: Sequence[Part], arena: str, classes: int) -> list[Layer]:
    """Return all layers of a network, the output layer last, for examples of some shape."""
    found = []
    for part in (*parts, Units(classes)):
        inputs = prod(shape)
        if isinstance(part, Units):
            found.append(Layer(inputs * part.width, inputs, part.width, inputs * part.width))
            shape = (part.width,)
        elif isinstance(part, Maps):
            positions = prod((side + 2 * part.padding - part.kernel) // part.stride + 1 for side in shape[1:])
            fan_in, units = shape[0] * part.kernel**2, part.channels * positions
            found.append(
                Layer(fan_in * part.channels, inputs, units, fan_in * positions * max(part.channels, VECTOR))
                if arena == CONVOLUTION
                else Layer(fan_in * units, inputs, units, fan_in * units, fan_in * positions)
            )
            shape = (part.channels, *((side + 2 * part.padding - part.kernel) // part.stride + 1 for side in shape[1:]))
        else:
            shape = (shape[0], *((side - 2) // part.stride + 1 for side in shape[1:]))
    return found


def training_work(
    network: Sequence[Layer], copies: float, batch: float, steps: float, *, broadcast: int = 0, extra: float = 0
) -> Work:
    """Return the work of training all copies of a network as one batch.

    Args:
        network: its layers.
        copies: how many.
        batch: examples in a step of each.
        steps: steps.
        broadcast: scores, expanded ones too, that every hidden unit is correlated with; 0: backpropagation.
        extra: gradients of a layer beside its own, those of what regularises.
    """
    weights, products, patches, units = (
        sum(getattr(layer, name) for layer in network) for name in ("weights", "products", "patches", "units")
    )
    correlations = broadcast * sum(layer.units for layer in network[:-1])
    directions = 2 + extra if broadcast else 3  # forwards, of the weights, and backpropagation's to the inputs
    flops = 2 * batch * (directions * products + 2 * correlations) + PASS * (
        UPDATE_PASSES * weights
        + CORRELATION_PASSES * correlations
        + batch * (UNIT_PASSES * units + INPUT_PASSES * network[0].inputs + directions * PATCH_PASSES * patches)
    )
    kept = batch * (network[0].inputs + 3 * units + 2 * patches)
    memory = FLOAT * copies * (UPDATED * weights + 3 * correlations + kept)
    return Work(flops * copies * steps, (LAYER_CALLS * len(network) + STEP_CALLS) * steps, memory)


def evaluation_work(network: Sequence[Layer], copies: float, tests: float) -> Work:
    """Return the work of testing all copies, many examples at once: all patches or units of a layer, made twice."""
    each = sum(2 * layer.products + PASS * (PATCH_PASSES * layer.patches + 4 * layer.units) for layer in network)
    largest = max(layer.inputs + 2 * layer.patches + 2 * layer.units for layer in network)
    at_once = max(min(TESTED_AT_ONCE, copies * tests), copies)
    calls = TEST_CALLS * len(network) * copies * tests / at_once
    return Work(copies * tests * each, calls, FLOAT * largest * at_once)


def scores(rule: str, classes: int, random_features: int) -> int:
    """Return how many scores a rule broadcasts, expanded ones too; none if it backpropagates."""
    if rule in (BP, BP_SQUARED):
        return 0
    return classes * (1 + {SBD_P: classes, SBD_RANDOM: random_features}.get(rule, 0))


def ladder_work(
    config: SbdConfig, depth: int, width: int, rules: Sequence[str], epochs: int | None = None, features: int = 0
) -> Work:
    """Return the work of a training of `Ladder`: rules by all seeds, on the digits, for the ladders' epochs or others.

    Args:
        config: of the run.
        depth, width: of the network.
        rules: that train as one batch.
        epochs: passes over the digits.
        features: random ones of the expansion.
    """
    (shape, classes), batch, copies = OF_DIGITS, config.training.batch, len(rules) * config.training.seeds
    network = layers(shape, [Units(width)] * (depth - 1), DIGITS, classes)
    steps = (epochs or config.ladders.epochs) * max(LEARNED // batch, 1)
    broadcast = scores(rules[0], classes, features)
    return training_work(network, copies, batch, steps, broadcast=broadcast) + evaluation_work(network, copies, TESTED)
