"""How much work is it to fit linear attention, to predict its error and to train transformers? Counted from sizes.

Only products of matrices run at the rate of products of matrices. What waits for memory or for random numbers is
counted as the operations that a core does meanwhile in such products, 35 per ns in float64 and 70 in float32.
"""

import math

from solv.experiments.icl_alignment.fixed_point import Sizes
from solv.experiments.icl_alignment.settings import Transformer
from solv.harness.work import Work

BYTES_AT_ONCE = 2**28  # of the contexts that linear attention is fitted to in one batch of pretraining sets
BYTES_PER_NUMBER = 24  # of query and memory of one pretraining, as they are counted against it
FLOAT, SINGLE = 8, 4  # bytes of a number
ARRAYS = 7  # of n x d numbers: what is drawn, a list and stacked, and three of conjugate gradients
CONTEXT_NUMBER = 2300.0  # to draw one of the d numbers of a context: 65 ns
STEP_NUMBER = 175.0  # besides its products, of a step of conjugate gradients on one of them: 5 ns
KEPT, NEW_NUMBER = 2**25, 120.0  # arrays of more bytes are new pages from the system each time: 3.5 ns in a step
STEP_CALLS, TEST_CALLS, DRAW_CALLS = 30, 15, 60
GAIN = math.log(2 / 1e-8)  # by which conjugate gradients bring the residual down to their tolerance
UNPRECONDITIONED = 1.7  # times as many steps with fewer contexts than entries of Gamma: the spread of C_tr comes in
MOST_STEPS = 5000
ERROR_CALLS, ERROR_NUMBER = 300, 3000.0  # of one `icl_error`: calls, and operations for each point and direction

# Of transformers, a number of a token in one layer, forwards and backwards, besides products: 42 ns and 23 ns.
TOKEN_NUMBER = {"encoder": 3000.0, "decoder": 1600.0}
ATTENDED = 175e3  # one attention of a context, however small: 2.5 us
LAYER_CALLS = 1000  # of a step: forwards, backwards and optimiser; with autograd and Python a kernel takes three
COPY_CALLS = 60  # to draw fresh contexts for one copy
LABELLED_NUMBER = 245.0  # to draw one of the numbers of a whole context: 3.5 ns
FORWARD = 1 / 4  # of the time of a training step
ACTIVATIONS = 25  # arrays of the size of the tokens that wait for the backward pass


def fit_steps(n: int, d: int) -> float:
    """Return how many steps conjugate gradients need for n contexts of dimension d; many where n is near d (d + 1).

    The spectrum of the features is that of Marchenko and Pastur, at whose edges (1 -+ r^(1/2))^2 the residual falls by
    a factor r^(1/2) a step, r the smaller of contexts per entry of Gamma and its inverse.
    """
    log_ratio = math.log(n / (d * (d + 1)))
    steps = 2 * GAIN / max(abs(log_ratio), 2 * GAIN / MOST_STEPS)
    return min(MOST_STEPS, steps if log_ratio > 0 else UNPRECONDITIONED * steps)


def fits(d: int, at: Sizes, repeats: int, tests: int) -> Work:
    """Return the work of the pretraining sets of one point, drawn, fitted and tested.

    Args:
        d: token dimension.
        at: sizes of the pretraining.
        repeats: pretraining sets; as many as fit are a batch.
        tests: pairs of test covariance and length.
    """
    n = max(1, round(at.tau * d**2))
    steps, batch = fit_steps(n, d), min(repeats, max(1, BYTES_AT_ONCE // (BYTES_PER_NUMBER * n * d)))
    number = 4 * d + STEP_NUMBER + (NEW_NUMBER if FLOAT * n * d * batch > KEPT else 0)
    one = n * d * CONTEXT_NUMBER + steps * n * (d + 1) * number + tests * 2 * d**3
    calls = math.ceil(repeats / batch) * (steps * STEP_CALLS + tests * TEST_CALLS) + repeats * DRAW_CALLS
    return Work(one * repeats, calls, ARRAYS * FLOAT * n * d * batch)


def theory(d: int, points: int, times: int = 1) -> Work:
    """Return the work of so many evaluations of the error, each at a grid of points."""
    return Work(ERROR_NUMBER * d * points, ERROR_CALLS, 10 * FLOAT * d * points) * times


def transformers(size: Transformer, architecture: str, tests: int) -> Work:
    """Return the work of all transformers of one architecture: trained, and tested before and after.

    Memory: activations of a step and the encoder's training sets, or the contexts of one test of all copies, which are
    a list, then stacked.
    """
    copies, tokens = len(size.link) * len(size.kappa) * size.seeds, max(1, round(size.alpha * size.dimension)) + 1
    encoder, numbers = architecture == "encoder", tokens * (size.dimension + 1)
    stored = max(1, round(size.tau * size.dimension**2)) if encoder else 0
    steps, batch = (size.steps, min(size.batch, stored)) if encoder else (size.decoder_steps, size.decoder_batch)
    context, drawn = _context(size, architecture, tokens), LABELLED_NUMBER * numbers
    step = copies * batch * (context + (0 if encoder else drawn))
    calls = size.layers * LAYER_CALLS + (0 if encoder else copies * COPY_CALLS)
    kept = SINGLE * copies * numbers * (ACTIVATIONS * batch + 2 * stored)
    test = copies * size.contexts * (FORWARD * context + drawn)
    trained = Work(steps * step, steps * calls, kept)
    return trained + 2 * tests * Work(test, copies * COPY_CALLS, 2 * SINGLE * copies * size.contexts * numbers)


def _context(size: Transformer, architecture: str, tokens: int) -> float:
    """Return the operations for a context, forwards and backwards; the last layer is evaluated at the query alone."""
    width = size.dimension + 1
    mlp = 2 * size.multiplier if architecture == "encoder" else 1
    full, last = 2 * (3 + mlp) * width + 4 * tokens, 2 * 2 * width  # a number of a token, forwards; keys and values
    embedding = 0 if architecture == "encoder" else 2 * width
    products = 3 * ((size.layers - 1) * full + last + embedding)
    return tokens * width * (products + size.layers * TOKEN_NUMBER[architecture]) + size.layers * ATTENDED
