"""How much work are the trainings and the theory that the parts of softmax-law share? Counted from the settings alone.

These models are small: most of the time is spent on arrays that are read, changed and written, not on products. Such a
*pass* is counted as the operations of a product that take as long.
"""

import math
from collections.abc import Collection, Sequence

from solv.experiments.softmax_law import students, toy
from solv.experiments.softmax_law.settings import SoftmaxLawConfig
from solv.harness.work import Work
from solv.theory.softmax_law.loss import NODES, PAIRS, REACH, TIES
from solv.theory.softmax_law.random_energies import low_temperature

PASS = 70  # operations of a product that take as long as one number of an array is read, changed and written
DRAW = 8  # passes that a normal number takes to be drawn
SOFTMAX, LINEAR = 1, 4  # passes of a logit in a step, most of them in the cache: of the toy model, of linear students
DIVERGENCE = 20  # passes of a logit where loss, gradient and scale are read, in float64
ADAM = 5  # passes of a weight in a step
FLOW_CALLS = 1500  # of NumPy and SciPy, for one aligned flow
TABLE = NODES * REACH  # scales of the table of the one-hot loss that the flows of a teacher share
AIMED = 3  # arrays of logits of all inputs that are held while a student is read


# -- theory --------------------------------------------------------------------------------------------------------


def loss_work(scales: float, points: float, classes: int) -> Work:
    """Return the work of `aligned_loss` at so many scales: four passes in float64, of which one is an exponential."""
    return Work(4 * PASS * scales * points * classes, 15 * scales, 3 * 8 * points * classes)


def tables_work(config: SoftmaxLawConfig, classes: int) -> Work:
    """Return the work of the one-hot loss of all teachers of one V, and of the density of ties between its classes."""
    pairs = min(classes * (classes - 1) / 2, PAIRS)
    ties = Work(4 * PASS * pairs * max(200, min(60_000, TIES // classes**2)) * classes, 20 * pairs)
    return config.repeats * (ties + loss_work(TABLE, config.theory_points, classes))


def toy_tables_work(config: SoftmaxLawConfig, flows: float) -> Work:
    """Return the work of aligned flows of the toy's teachers: tables to two lengths for all temperatures together."""
    table = loss_work(3 * TABLE, config.theory_points, config.toy.classes)
    return config.toy.repeats * (table + Work(calls=FLOW_CALLS) * flows)


# -- the toy model -------------------------------------------------------------------------------------------------


def grid_work(
    config: SoftmaxLawConfig, cells: Sequence[toy.Cell], steps: int, *, batch: int, own_teachers: bool = False
) -> Work:
    """Return the work of `train_cells` for all repeats; memory: weights, Adam's, and the logits of one reading."""
    sizes, students_ = config.toy, len(cells)
    weights, logits, shown = sizes.classes * sizes.inputs, batch * sizes.classes, sizes.shown * sizes.classes
    teachers = students_ if own_teachers else 1
    targets = students_ if own_teachers else len({cell.temperature for cell in cells})
    products = (4 * students_ + 2 * teachers) * logits * sizes.inputs
    passes = (SOFTMAX * students_ + targets) * logits + ADAM * students_ * weights + DRAW * batch * sizes.inputs
    step = Work(products + PASS * passes, 4 * students_ + 4 * targets + 30)
    reading = Work(8 * shown * sizes.inputs + PASS * DIVERGENCE * shown, 30) * students_
    memory = Work(memory=20 * students_ * weights + 6 * 8 * shown + 12 * logits)
    return sizes.repeats * (step * steps + reading * len(toy.reading_steps(steps))) + memory


# -- the linear students -------------------------------------------------------------------------------------------


def growing_steps(config: SoftmaxLawConfig, until: float) -> float:
    """Return the number of steps to a time, at V = 8, of a rate that grows as (1 + s/10)^(1/3): an integral."""
    return 15 / config.rate * (math.pow(1 + until / 10, 2 / 3) - 1)


def expected_steps(config: SoftmaxLawConfig, variant: students.Variant, beta: float) -> float:
    """Return the number of steps of `student_rates`, with the crossover of independent logits for a teacher's own."""
    classes, unit = variant.classes, variant.classes / students.STATED
    end = config.short_horizon if beta < students.PEAKED else config.horizon
    peak = low_temperature(classes)[1] * math.sqrt(classes)  # C of logits of deviation V^(-1/2), as those of |W| = 1
    if math.isinf(beta):
        window = config.span * max(config.window, config.late * peak**2) / unit
        return growing_steps(config, max(end, window) if variant.batch else end)
    crossover = (beta * math.sqrt(classes - 1)) ** 3 / (3 * peak) / unit
    steady = max(end - crossover, 0) / (config.rate * math.pow(1 + crossover / 10, 1 / 3))
    return growing_steps(config, min(end, crossover)) + steady


def descent_work(config: SoftmaxLawConfig, groups: Collection[tuple[int, int]]) -> Work:
    """Return the work of the linear students of some (dimension, batch).

    Memory: logits of a reading of the largest V; on a GPU, those of all students on a batch, their softmax and targets.
    """
    members, done = students.batches(config), Work()
    for d, batch in groups:
        seen, taken = config.repeats * (batch or config.samples), 0.0
        for variant, beta in members[d, batch]:
            steps, logits = expected_steps(config, variant, beta), variant.classes * seen
            done += Work((4 * d + PASS * LINEAR) * logits * steps)
            done += _reading(config, variant.classes, config.samples) * toy.READINGS
            taken = max(taken, steps)
        rows = sum(variant.classes for variant, _ in members[d, batch])
        done += Work(DRAW * PASS * seen * d * taken, 60 * taken, 4 * 4 * rows * seen)
    return done


def full_batch_work(config: SoftmaxLawConfig, rules: int, steps: int, samples: int) -> Work:
    """Return the work of students of the first V that learn a fixed set by several rules."""
    classes, d = config.classes[0], config.dimension[0]
    logits = rules * config.repeats * samples * classes
    return Work((4 * d + PASS * LINEAR) * logits * steps, 60 * steps) + rules * toy.READINGS * _reading(
        config, classes, samples
    )


def _reading(config: SoftmaxLawConfig, classes: int, samples: int) -> Work:
    logits = config.repeats * samples * classes
    return Work(PASS * DIVERGENCE * logits, 30, AIMED * 8 * logits)
