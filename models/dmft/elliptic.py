"""What do finite linear systems driven by an elliptic random matrix do?

dx/dt = -x + J x with Var J_ij = g^2/N and Corr(J_ij, J_ji) = tau (arXiv:2601.01010; dmft spec section 3, model M1), in
float64, a batch of matrices at a time. Averages over initial states and probe directions are exact traces.

Notation: J coupling matrices (seeds, N, N); g > 0; tau in [-1, 1]; E(t) = e^{(J - 1) t}.
"""

import math

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from solv.models.dmft.simulation import Streams, normal


def elliptic_matrices(size: int, g: float, tau: float, seeds: int, generator: Streams) -> Float[Tensor, "seeds N N"]:
    """Draw coupling matrices: symmetric and antisymmetric Gaussian parts of weights (1 + tau)/2 and (1 - tau)/2.

    Args:
        size: N.
        g: standard deviation of an entry is g / sqrt(N).
        tau: -1..1.
        seeds: how many.
        generator: source of randomness, and the device; or one source per seed.

    Raises:
        ValueError: tau outside -1..1.

    Cost: 2 seeds x N^2 normal numbers.

    """
    if not -1 <= tau <= 1:
        raise ValueError(f"tau = {tau} is out of range; valid: >= -1 and <= 1")
    first, second = normal(generator, seeds, size, size), normal(generator, seeds, size, size)
    symmetric, antisymmetric = (first + first.mT) / math.sqrt(2), (second - second.mT) / math.sqrt(2)
    mixed = math.sqrt((1 + tau) / 2) * symmetric + math.sqrt((1 - tau) / 2) * antisymmetric
    return g * mixed / math.sqrt(size)


def response_and_correlation(
    coupling: Float[Tensor, "seeds N N"], time_step: float, steps: int
) -> tuple[Float[Tensor, "seeds steps+1"], Float[Tensor, "seeds steps+1 steps+1"]]:
    """Return R(t) = (1/N) tr E(t) and C(t,s) = (1/N) tr E(t) E(s)^T at t = 0, dt, ..., steps dt.

    Args:
        coupling: J.
        time_step: dt > 0.
        steps: >= 1.

    Cost: steps products of N x N matrices and (steps^2 / 2) x N^2 operations per seed; holds steps matrices in memory.

    """
    seeds, size, _ = coupling.shape
    identity = torch.eye(size, dtype=coupling.dtype, device=coupling.device)
    advance = torch.linalg.matrix_exp(time_step * (coupling - identity))
    propagators = [identity.expand(seeds, size, size)]
    for _ in range(steps):
        propagators.append(advance @ propagators[-1])
    flat = torch.stack(propagators, 1).flatten(2)
    trace = torch.stack([e.diagonal(dim1=1, dim2=2).mean(1) for e in propagators], 1)
    return trace, flat @ flat.mT / size


def euler_correlation(
    coupling: Float[Tensor, "seeds N N"], time_step: float, steps: int
) -> Float[Tensor, "seeds steps+1"]:
    """Return C(t,t) of the Euler map x <- (1 - dt) x + dt J x at t = 0, dt, ..., averaged over initial states.

    Cost: steps products of N x N matrices per seed.

    """
    size = coupling.shape[1]
    identity = torch.eye(size, dtype=coupling.dtype, device=coupling.device)
    advance = identity + time_step * (coupling - identity)
    propagator = identity.expand_as(coupling)
    powers = []
    for step in range(steps + 1):
        powers.append((propagator**2).sum((1, 2)) / size)
        if step < steps:
            propagator = advance @ propagator
    return torch.stack(powers, 1)


def spectrum(coupling: Float[Tensor, "seeds N N"]) -> Complex[Tensor, "seeds N"]:
    """Return the eigenvalues of J - 1. Cost: O(seeds N^3)."""
    eigenvalues: Tensor = torch.linalg.eigvals(coupling)
    return eigenvalues - 1


def noise_power(
    coupling: Float[Tensor, "seeds N N"], frequencies: Float[Tensor, "frequencies"]
) -> Float[Tensor, "seeds frequencies"]:
    """Return S(w) = (1/N) |(iw + 1 - J)^-1|_F^2, the power spectrum per unit under unit white noise.

    With A = 1 - J real, (A + iw)^-1 = (A^2 + w^2)^-1 (A - iw), so real matrices suffice (and are twice as fast).

    Cost: one real N x N inverse and one product per seed and frequency.

    """
    size = coupling.shape[1]
    identity = torch.eye(size, dtype=coupling.dtype, device=coupling.device)
    decay = identity - coupling
    square = decay @ decay
    powers = []
    for w in frequencies.tolist():
        # One matrix at a time: MKL's threaded batched LU returns wrong inverses of large matrices (torch 2.13, CPU).
        inverse = torch.stack([torch.linalg.inv(matrix + w**2 * identity) for matrix in square])
        powers.append(((inverse @ decay).square() + (w * inverse).square()).sum((1, 2)) / size)
    return torch.stack(powers, 1)


def shifted_responses(
    size: int, shift: float, times: Float[Tensor, "times"], seeds: int, generator: Streams
) -> Float[Tensor, "seeds times"]:
    """Return R(t) = (1/N) tr e^{-(M + z) t} of symmetric Gaussian matrices M of spectrum [-2, 2], one per seed.

    Off-diagonal elements have variance 1/N, diagonal ones 2/N.

    Args:
        size: N.
        shift: z.
        times: t >= 0, on the generator's device.
        seeds: how many.
        generator: source of randomness, and the device; or one source per seed.

    Cost: seeds x N^2 normal numbers and the eigenvalues of as many symmetric matrices.

    """
    draws = normal(generator, seeds, size, size)
    rates: Tensor = torch.linalg.eigvalsh((draws + draws.mT) / math.sqrt(2 * size)) + shift
    return torch.stack([torch.exp(-t * rates).mean(1) for t in times], 1)


def doubling_response_and_correlation(
    coupling: Float[Tensor, "seeds N N"], first: float, doublings: int
) -> tuple[Float[Tensor, "seeds doublings+1"], Float[Tensor, "seeds doublings+1"]]:
    """Return R(t) = (1/N) tr E(t) and C(t,t) = (1/N) |E(t)|^2 at t = first, 2 first, 4 first, ...

    Args:
        coupling: J.
        first: shortest time, > 0.
        doublings: how often it is doubled.

    Cost: one exponential and `doublings` products of N x N matrices per seed.

    """
    size = coupling.shape[1]
    identity = torch.eye(size, dtype=coupling.dtype, device=coupling.device)
    propagator = torch.linalg.matrix_exp(first * (coupling - identity))
    trace, power = [], []
    for doubling in range(doublings + 1):
        trace.append(propagator.diagonal(dim1=1, dim2=2).mean(1))
        power.append(propagator.square().sum((1, 2)) / size)
        if doubling < doublings:
            propagator = propagator @ propagator
    return torch.stack(trace, 1), torch.stack(power, 1)
