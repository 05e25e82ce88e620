"""How much work are the chain models of pita? Counted from the sizes of tasks and models, without torch."""

from solv.data.pita.chain import ChainTask
from solv.experiments.pita.answers import TRACE
from solv.experiments.pita.chain import Cell, batch_size, groups, plane_cells, plane_seeds, tested_hops
from solv.experiments.pita.settings import PitaConfig, Training
from solv.harness.settings import replace
from solv.harness.work import Work

FLOAT = 4  # bytes
PASS = 14  # operations of a matrix product in the time of reading and writing one number: memory is slower
EMBEDDED_PASSES = 8  # over the embedded tokens of a batch: gathered, asked, weighed and summed, and all that backwards
UPDATE_PASSES = 12  # of Adam over the weights
STEP_CALLS, FORWARD_CALLS = 500, 100  # operators of torch in a training step, as its profiler counts, and in a test
UPDATED = 10  # arrays of the weights' size: weights as drawn and now, gradient, moments, what Adam makes of them
KEPT = 3  # arrays of a batch's size: the tokens' embeddings, or the logits, with what is made of them and the gradient


def plane_work(config: PitaConfig, *answers: str) -> Work:
    """Return the work of `learn_plane`: every task of the plane, tested at all of its hops."""
    return sum(
        (
            cell_work(
                replace(config.training, seeds=plane_seeds(config, cell), tests=config.generalisation.tests),
                cell,
                len(tested_hops(cell.depth)),
            )
            for answer in answers
            for cell in plane_cells(config, answer)
        ),
        Work(),
    )


def cell_work(training: Training, cell: Cell, hops: int) -> Work:
    """Return the work of `accuracies`: training all models of a cell, and testing them at so many numbers of hops."""
    return sum((_batch_work(training, cell, widths, hops) for widths in groups(cell)), Work())


def _batch_work(training: Training, cell: Cell, widths: tuple[int, ...], hops: int) -> Work:
    """Return the work of the widths that train as one batch."""
    task, trace = ChainTask(cell.arms, cell.depth, training.trace), cell.answer == TRACE
    tokens, outputs = (task.longest - 1, task.vocabulary) if trace else (2, 2)
    batch, copies, width = batch_size(training, task.nodes), len(widths) * training.seeds, max(widths)
    weights, embedded, bags = 6 * width**2 + width * outputs, batch * tokens * width, batch * task.vocabulary
    gathered = _embedding_products(batch, width) + PASS / 6 * EMBEDDED_PASSES * embedded
    looked_up = _embedding_products(task.vocabulary, width) + task.vocabulary**2 * width + bags * (width + PASS)
    products = min(gathered, looked_up) + _products(batch, width, 2, outputs)
    step = 6 * products + PASS * UPDATE_PASSES * weights
    forwards = hops * (tokens + 3 if trace else 2)  # a trace is written token by token; a forward is a third of a step
    steps = training.steps + forwards * training.tests / batch / 3
    read = embedded if gathered <= looked_up else bags
    memory = UPDATED * weights + KEPT * (read + batch * outputs) + task.vocabulary * width
    return Work(
        copies * step * steps,
        STEP_CALLS * training.steps + FORWARD_CALLS * forwards,
        FLOAT * copies * memory,
    )


def _embedding_products(rows: int, width: int) -> float:
    """Return the multiplications of attention and the first layer: two matrices, and three, to so many rows."""
    return _products(rows, width, 2, width) + _products(rows, width, 3, width)


def _products(rows: int, width: int, matrices: int, outputs: int) -> float:
    """Return the multiplications of rows times matrices, which are multiplied first where rows exceed the outputs."""
    first = min(rows, outputs) * (matrices - 1) * width**2
    return first + rows * width * outputs
