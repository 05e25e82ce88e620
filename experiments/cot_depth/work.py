"""How much work are the chains, the trainings and the theory of cot-depth? Counted from their sizes, without torch.

Where an operation is no part of a product of large matrices, it is counted as so many of those as take its time: the
constants were measured on one core of the CPU that `results/times.json` is from.
"""

import math
from collections.abc import Sequence

from solv.experiments.cot_depth.settings import (
    AttentionFloors,
    AttentionGrid,
    AttentionLines,
    CotDepthConfig,
    LearnedMatrices,
    LinearAttention,
    Simulation,
    SoftmaxAttention,
)
from solv.harness.work import Work

DOUBLE, SINGLE = 8, 4  # bytes of a number
HELD = 2**28  # bytes of the covariances of simulated test contexts that are held at once
TESTED_AT_ONCE = 2**25  # numbers of the test contexts of a trained block that are held at once
COPIES = 3  # of a context's covariance while it is drawn: its factor, the lower triangle of that, and the product
MEETINGS = 2  # contexts per draw up to which a minibatch is grouped, as in `models/cot_depth/one_step.py`

# Operations in the time of one
DRAWN, DRAWN_SINGLE = 1200, 300  # normal number, put to its place, in double and in single precision
READ, COLUMN = 8, 12  # number of a matrix that meets a few columns: read from memory, and for each column
GATHERED = 50  # number that is gathered from a large array into a minibatch, and met there twice
TOUCHED = 8  # number that a batch of small products reads
SERIES = 25  # term of the sums of theory
# Calls
CHAIN, DRAWS, BLOCK = 6, 20, 25  # of a step of a chain, of a repeat's streams, and of a block of pretraining pairs
PAIRS = 128  # in a block, as in `data/cot_depth/in_context_regression.py`
GROUPED, SINGLY, BACKPROPAGATED = 85, 67, 114  # of a training step of one block: grouped or not, and of softmax
PRODUCT = 0.04  # of a product of small matrices within a batch of them
PASS = 30  # of one pass of an attention block, forwards or backwards
TERM = 25  # of one depth of theory


def contexts_at_once(d: int) -> int:
    """Return how many simulated test contexts are held at once."""
    return max(1, HELD // (DOUBLE * d**2))


def chains(sizes: Simulation, alpha: float, taus: Sequence[float], depth: int, dimension: int | None = None) -> Work:
    """Return the work of `chain.simulate` with these arguments."""
    d = dimension or sizes.dimension
    counts = [round(tau * d) for tau in taus if math.isfinite(tau)]
    pairs, rank = max(counts, default=0), min(d, max(1, round(alpha * d)))
    fits = 4 * pairs * d**2 + 2.5 * d**3 * len(counts)  # Gram matrices, and a Cholesky solution for each count
    drawn = DRAWN * d * rank + 2 * d**2 * rank
    refined = depth * d**2 * (READ + COLUMN * len(taus))
    flops = sizes.repeats * (2 * DRAWN * pairs * d + fits + sizes.contexts * (drawn + refined))
    at_once = contexts_at_once(d)
    pieces = max(1.0, sizes.repeats * sizes.contexts / at_once)
    calls = pieces * CHAIN * depth + sizes.repeats * (DRAWS + BLOCK * math.ceil(pairs / PAIRS))
    repeats = sizes.repeats / min(sizes.repeats, pieces)  # that are simulated together
    contexts = COPIES * min(at_once, sizes.contexts) * d**2
    return Work(flops, calls, DOUBLE * repeats * (contexts + 4 * pairs * d + len(taus) * d**2))


def theory(depth: int, taus: int = 1, alphas: int = 1) -> Work:
    """Return the work of `error_map` on so many taus and alphas."""
    return Work(SERIES * alphas * taus * depth**3, TERM * alphas * depth, DOUBLE * taus * depth**2)


def one_step(
    kind: str,
    sizes: AttentionLines | AttentionGrid | AttentionFloors | LearnedMatrices,
    context: int,
    pretraining: int,
) -> Work:
    """Return the work of one training of `one_step_training.py` and of its test.

    Args:
        kind: of attention, "linear" or "softmax".
        sizes: of all trainings of a part.
        context, pretraining: length of a context, and number of them that are trained on.
    """
    d, batch = sizes.dimension, sizes.batch
    tested, depth = (1, 1) if isinstance(sizes, LearnedMatrices) else (sizes.test_contexts, sizes.depth)
    dense = 12 * batch * (d + 1) ** 2  # V and W meet every draw forwards, and twice backwards
    if kind == "softmax":
        numbers, drawn, copies = context * d, context * d, 1
        met: float = GATHERED * batch * context * (d + 4)  # an exponential takes the time of 4 numbers
        calls = BACKPROPAGATED
    else:
        numbers, drawn, copies = d**2, d * min(d, context), COPIES
        grouped, meetings = pretraining <= MEETINGS * batch, batch / pretraining
        columns = meetings + 3 * math.sqrt(meetings)  # draws of the context that is met most often
        met = 4 * pretraining * columns * d**2 if grouped else GATHERED * batch * d**2
        calls = GROUPED if grouped else SINGLY
    at_once = min(tested, max(1, TESTED_AT_ONCE // (d * max(d, context))))
    trained = sizes.steps * (dense + met) + DRAWN_SINGLE * drawn * (pretraining + tested)
    chain = tested * depth * (4 * (d + 1) ** 2 + GATHERED * numbers / 2)
    held = max(copies * pretraining * numbers + batch * numbers, copies * at_once * numbers)
    return Work(trained + chain, calls * sizes.steps + PASS * depth * tested / at_once, SINGLE * held)


def grid(kind: str, sizes: AttentionGrid) -> Work:
    """Return the work of `one_step_training.train_grid`."""
    cells = (one_step(kind, sizes, length, count) for length in sizes.context for count in sizes.pretraining)
    return sizes.seeds * sum(cells, Work())


def shared_with_grid(config: CotDepthConfig, size: int) -> int:
    """Return how many trainings of one size the part `attention-floors` has from the part `attention-grid`."""
    floors, other = config.attention_floors, config.attention_grid
    named = ("dimension", "steps", "batch", "penalty", "depth", "test_contexts")  # in the name of a training's unit
    same = all(getattr(floors, name) == getattr(other, name) for name in named)
    run = not config.parts or "attention-grid" in config.parts
    return min(floors.seeds, other.seeds) if run and same and size in other.context and size in other.pretraining else 0


def attention(sizes: LinearAttention | SoftmaxAttention, *, forwards: int, backwards: int, states: int) -> Work:
    """Return the work of the blocks of `attention_training.py`, all copies as one batch.

    Every product is one of small matrices, a context's own; those of the block are copied for each context, and kept
    for the way back.

    Args:
        sizes: of the blocks and their training.
        forwards, backwards: passes through the block in a training step.
        states: estimates that a pass backwards goes through at once.
    """
    d, length, softmax = sizes.dimension, round(sizes.alpha * sizes.dimension), isinstance(sizes, SoftmaxAttention)
    heads = sizes.heads if isinstance(sizes, SoftmaxAttention) else 1
    copies, contexts = len(sizes.tau) * sizes.seeds, round(max(sizes.tau) * d)
    block, rows = heads * d * (d + 1), length if softmax else d + 1
    data, products = rows * (d + 1), 2 if softmax else 1
    each = forwards * (2 * block + products * data) + backwards * (4 * block + products * data)
    small = forwards * (2 + products) + backwards * 2 * (2 + products)
    passes, trained = forwards + 2 * backwards, sizes.steps * copies * contexts
    tested = sizes.depth * copies * sizes.contexts
    flops = TOUCHED * (trained * each + tested * (2 * block + products * data))
    calls = PASS * passes * sizes.steps + PRODUCT * (trained * small + tested * (2 + products))
    kept = 2 * data + backwards * (2 * block + heads * states * rows) + sizes.pool * sizes.teacher_states * d
    return Work(flops, calls, SINGLE * copies * max(contexts * kept, sizes.contexts * (2 * data + 2 * block)))
