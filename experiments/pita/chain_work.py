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
    weights, embedded = 6 * width**2 + width * outputs, batch * tokens * width
    # batches above the width go through products of the matrices
    products = 3 * width**3 + width**2 * outputs if batch > width else 0
    rows = batch * (2 * width**2 + width * outputs if batch > width else weights)
    step = 6 * (products + rows) + PASS * (EMBEDDED_PASSES * embedded + UPDATE_PASSES * weights)
    forwards = hops * (tokens + 3 if trace else 2)  # a trace is written token by token; a forward is a third of a step
    steps = training.steps + forwards * training.tests / batch / 3
    memory = UPDATED * weights + KEPT * (embedded + batch * outputs) + task.vocabulary * width
    return Work(
        copies * step * steps,
        STEP_CALLS * training.steps + FORWARD_CALLS * forwards,
        FLOAT * copies * memory,
    )
