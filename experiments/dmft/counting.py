"""How much work are the pieces that several parts are made of? Counted from their sizes, in the unit of `Work`.

Only products of matrices run at the rate of products of matrices. What waits for memory or for random numbers is
counted as the operations that a core does meanwhile in products of float64 (35 per ns, as the constants were measured).
"""

import math

from solv.experiments.dmft.regression_problems import count
from solv.harness.work import Work
from solv.theory.dmft.deep_linear import BLOCK, DeepLinear

FLOAT, COMPLEX_FLOAT = 8, 16  # bytes of a number
MEMORY = 2**30  # bytes of random matrices that a simulation holds at once
PASS = 30.0  # a number of a matrix times a vector: 0.8 ns
NORMAL = 500.0  # a normal number: 15 ns
COMPLEX = 150.0  # an operation of NumPy on a complex number of an array: 4 ns
# Of n x n matrices, in n^3:
EIGENVALUES, SINGULAR_VALUES, EXPONENTIAL, INVERSE = 21.0, 6.0, 17.0, 3.0
SYMMETRIC_EIGENVALUES, SYMMETRIC_MODES = 4.0, 7.5
NEWTON_STEPS, NEWTON_OPERATIONS = 90, 6  # of m(s): along its ray, and operations of a step per point and mode
CORRELATION_OPERATIONS, CORRELATIONS_HELD = 40, 16  # of C0 and C1: on each pair of points, and arrays of them
SWEEPS = 12  # of a block of times of a deep network's theory
VECTORS, ITERATIONS = 8, 12  # of the subspace iteration for the outliers


def repeated(one: Work, repeats: int, bytes_each: float) -> Work:
    """Return the work of all repeats of a simulation, of which as many as fit are a batch.

    Args:
        one: of one repeat; its calls are those of a batch.
        repeats: how many.
        bytes_each: of the random matrices of one, as the simulation says to `repeat`.
    """
    batch = min(repeats, max(1, int(MEMORY / bytes_each)))
    return Work(one.flops * repeats, one.calls * math.ceil(repeats / batch), one.memory * batch)


def propagation(size: int, steps: int) -> Work:
    """Return the work of C(t, s) of one N x N matrix at `steps` multiples of a time: a list of powers, then stacked."""
    products = (EXPONENTIAL + 2 * steps) * size**3 + 2 * (steps + 1) ** 2 * size**2
    return Work(products + 2 * NORMAL * size**2, 20 + 4 * steps, FLOAT * size**2 * (2 * steps + 6))


def descent(dimension: int, samples: int, features: int, steps: int) -> Work:
    """Return the work of one full-batch descent; features: 0 in linear regression. Draws are stacked from a list."""
    numbers = dimension * (samples + features)
    return Work((NORMAL + 2 * PASS * steps) * numbers, 14 * steps, 2 * FLOAT * numbers)


def descent_theory(steps: int, modes: int) -> Work:
    """Return the work of both losses of descent at all steps by (10) and (11), of so many distinct eigenvalues."""
    points, pairs = (steps + 1) * modes, (steps + 1) * 2 * steps
    flops = COMPLEX * (NEWTON_STEPS * NEWTON_OPERATIONS * points + CORRELATION_OPERATIONS * pairs)
    products = 4 * 8 * pairs * modes  # f1 to f4, complex
    memory = COMPLEX_FLOAT * (6 * points + CORRELATIONS_HELD * pairs)
    return Work(flops + products, 12 * NEWTON_STEPS + 100, memory)


def exact_flow(dimension: int, samples: int, features: int, times: int) -> Work:
    """Return the work of one flow and its Hermitian partner: two eigendecompositions and eight products of D x D."""
    drawn, square = dimension * (samples + features), dimension**2
    cubic = (2 * SYMMETRIC_MODES + 16) * dimension**3 + 2 * dimension * drawn
    return Work(NORMAL * drawn + cubic + PASS * times * square, 30 + 12 * times, FLOAT * (drawn + 10 * square))


def training(network: DeepLinear, dimension: int, repeats: int, steps: int, recorded: int = 0) -> Work:
    """Return the work of a batch of deep linear networks, and of the singular values of their weights.

    A step takes the first matrix through memory four times, every other five times, and the data twice. All repeats are
    held at once, with copies of the hidden matrices at the recorded steps; a matrix is drawn as a list and stacked.
    """
    width, samples = count(network.width, dimension), count(network.samples, dimension)
    first, others, data = width * dimension, (network.hidden_layers - 1) * width**2, samples * dimension
    passes = 4 * first + 5 * others + 2 * data
    weights = first + others
    spectra = SINGULAR_VALUES * (first * min(width, dimension) + others * width)
    flops = NORMAL * (weights + data) + steps * PASS * passes + recorded * spectra
    held = weights * (1 + recorded) + data + max(first, width**2 if others else 0)
    return Work(flops * repeats, steps * (20 + 10 * network.hidden_layers) + recorded * repeats, FLOAT * held * repeats)


def deep_theory(network: DeepLinear, steps: int) -> Work:
    """Return the work of the two-time equations of a deep linear network, block by block of times."""
    kernels = 1 + network.hidden_layers
    products = SWEEPS * 10 * kernels * 2 * steps**3 / 3
    return Work(products, SWEEPS * 100 * kernels * math.ceil(steps / BLOCK), FLOAT * (8 + 8 * kernels) * steps**2)


def outliers(step: int) -> Work:
    """Return the work of the outliers after so many steps: a product of 2t x 2t matrices, then subspace iteration."""
    return Work(16 * step**3 + 8 * VECTORS * ITERATIONS * step**2, 100 + 10 * ITERATIONS, 6 * FLOAT * 4 * step**2)
