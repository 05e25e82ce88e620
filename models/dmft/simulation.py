"""What do finite linear regressions and random-feature models do when they are trained on actual random matrices?

The counterparts in simulation of the disordered dynamics of arXiv:2601.01010 (dmft spec, models M2 to M4 and the
Hermitian partner): predictor errors Delta in R^D updated in float64, many seeds in one batch. Every random number comes
from the generator passed in, on the generator's device.

Notation

| symbol | name | shape / range |
|---|---|---|
| D, P, N, B | input dimension, training samples, features, batch size | integers >= 1 |
| lam_k | eigenvalues of the input covariance | > 0, (D,) |
| Delta = w* - w | predictor error, Delta(0) = w* | (..., D) |
| X, A | training inputs (P, D) with covariance diag(lam), features (N, D) standard normal | |
| L, Lhat | sum lam Delta^2, |X Delta + eps|^2 / P | >= 0 |
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor

Streams: TypeAlias = torch.Generator | Sequence[torch.Generator]


@dataclass(frozen=True)
class SimulatedLosses:
    """Test and training loss per seed at t = 0..steps-1, both (seeds, steps)."""

    test: Float[Tensor, "seeds steps"]
    train: Float[Tensor, "seeds steps"]


@dataclass(frozen=True)
class TrainingSets:
    """Training sets of the bags: `inputs` (bags, P, D) and label noise `noise` (bags, P)."""

    inputs: Float[Tensor, "bags P D"]
    noise: Float[Tensor, "bags P"]


def normal(generator: Streams, *shape: int) -> Float[Tensor, "*shape"]:
    """Return standard normal float64 numbers of the given shape on the generator's device.

    Args:
        generator: one source for all of them, or one per entry of the first axis: what an entry draws then depends on
            its own source alone, not on how many are batched with it.
        shape: shape of the result.

    Raises:
        ValueError: the number of sources is not the length of the first axis.
    """
    if isinstance(generator, torch.Generator):
        return torch.randn(*shape, generator=generator, dtype=torch.float64, device=generator.device)
    if len(generator) != shape[0]:
        raise ValueError(f"generator holds {len(generator)} sources for a first axis of {shape[0]}; valid: one each")
    return torch.stack([normal(source, *shape[1:]) for source in generator])


def descend(
    eigenvalues: Float[Tensor, "D"],
    teacher: Float[Tensor, "D"],
    *,
    samples: int,
    features: int | None,
    label_noise: float,
    eta: float,
    steps: int,
    seeds: int,
    generator: Streams,
) -> SimulatedLosses:
    """Train by full-batch gradient descent, every seed on its own X, A and noise (models M2, M3).

    Args:
        eigenvalues: lam_k > 0, (D,), on the generator's device.
        teacher: w*_k, (D,), the same for all seeds (the losses depend on w*_k^2 only, as D -> infinity).
        samples: P.
        features: N, or None for linear regression.
        label_noise: sigma2.
        eta: learning rate.
        steps: T; the first entry is before the first update.
        seeds: size of the batch.
        generator: the source of X, A, noise; or one source per seed.

    Returns:
        Losses of shape (seeds, T).

    Cost: 4 seeds x T x D (P + N) operations.

    """
    dimension = len(eigenvalues)
    inputs = normal(generator, seeds, samples, dimension) * eigenvalues.sqrt()
    noise = math.sqrt(label_noise) * normal(generator, seeds, samples, 1)
    mixing = None if features is None else normal(generator, seeds, features, dimension)
    error = teacher.expand(seeds, dimension).unsqueeze(-1).clone()
    test, train = [], []
    for step in range(steps):
        residual = inputs @ error + noise
        test.append((eigenvalues[:, None] * error**2).sum((1, 2)))
        train.append((residual**2).mean((1, 2)))
        if step + 1 < steps:
            gradient = inputs.mT @ residual / samples
            error -= eta * (gradient if mixing is None else mixing.mT @ (mixing @ gradient) / mixing.shape[1])
    return SimulatedLosses(torch.stack(test, 1), torch.stack(train, 1))


def descend_stochastically(
    eigenvalues: Float[Tensor, "D"],
    teacher: Float[Tensor, "D"],
    *,
    batch: int,
    features: int,
    label_noise: float,
    eta: float,
    steps: int,
    seeds: int,
    generator: Streams,
) -> Float[Tensor, "seeds steps"]:
    """Return the test loss of one-pass SGD, a fresh batch of B samples at each step (model M4).

    Args:
        eigenvalues: lam_k > 0, (D,), on the generator's device.
        teacher: w*_k, (D,).
        batch: B.
        features: N.
        label_noise: sigma2.
        eta: learning rate.
        steps: T.
        seeds: independent runs, each with its own features.
        generator: the source of features, batches, noise; or one source per seed.

    Cost: seeds x T x D x B normal numbers, and 4 seeds x T x D (B + N) operations.

    """
    dimension = len(eigenvalues)
    mixing = normal(generator, seeds, features, dimension)
    scale = eigenvalues.sqrt()
    error = teacher.expand(seeds, dimension).unsqueeze(-1).clone()
    test = []
    for step in range(steps):
        test.append((eigenvalues[:, None] * error**2).sum((1, 2)))
        if step + 1 < steps:
            inputs = normal(generator, seeds, batch, dimension) * scale
            noise = math.sqrt(label_noise) * normal(generator, seeds, batch, 1)
            gradient = inputs.mT @ (inputs @ error + noise) / batch
            error -= eta * (mixing.mT @ (mixing @ gradient)) / features
    return torch.stack(test, 1)


def draw_training_sets(
    eigenvalues: Float[Tensor, "D"],
    *,
    samples: int,
    bags: int,
    overlap: float,
    label_noise: float,
    share_noise: bool,
    generator: torch.Generator,
) -> TrainingSets:
    """Draw bags of P samples of which the first round(overlap P) are common to all.

    Args:
        eigenvalues: lam_k > 0, (D,).
        samples: P per bag.
        bags: how many.
        overlap: shared fraction, 0..1.
        label_noise: sigma2.
        share_noise: whether a common sample carries the same label noise in every bag.
        generator: the source of inputs and noise.

    Raises:
        ValueError: overlap outside 0..1.

    Cost: bags x P x D normal numbers.

    """
    if not 0 <= overlap <= 1:
        raise ValueError(f"overlap = {overlap} is out of range; valid: >= 0 and <= 1")
    common = round(overlap * samples)
    inputs = normal(generator, bags, samples, len(eigenvalues)) * eigenvalues.sqrt()
    noise = math.sqrt(label_noise) * normal(generator, bags, samples)
    inputs[:, :common] = inputs[:1, :common].clone()
    if share_noise:
        noise[:, :common] = noise[:1, :common].clone()
    return TrainingSets(inputs, noise)


def descend_on_grid(
    teacher: Float[Tensor, "D"],
    training_sets: TrainingSets,
    mixing: Float[Tensor, "sets N D"],
    *,
    eta: float,
    record: Int[Tensor, "times"],
) -> Float[Tensor, "times sets bags D"]:
    """Train every feature set on every bag and return the errors Delta at the recorded steps (model M3).

    Args:
        teacher: w*_k, (D,).
        training_sets: the bags.
        mixing: feature matrices A, (sets, N, D).
        eta: learning rate.
        record: steps to record, increasing, >= 0.

    Cost: 4 sets x bags x record[-1] x D (P + N) operations.

    """
    sets, features, dimension = mixing.shape
    bags, samples, _ = training_sets.inputs.shape
    error = teacher.expand(bags, sets, dimension).mT.clone()
    wanted = set(record.tolist())
    kept = []
    for step in range(int(record[-1]) + 1):
        if step in wanted:
            kept.append(error.permute(2, 0, 1).clone())
        residual = training_sets.inputs @ error + training_sets.noise[:, :, None]
        gradient = training_sets.inputs.mT @ residual / samples
        per_set = gradient.permute(2, 1, 0)
        error -= eta * (mixing.mT @ (mixing @ per_set)).permute(2, 1, 0) / features
    return torch.stack(kept)


def cross_correlations(
    eigenvalues: Float[Tensor, "D"], errors: Float[Tensor, "times sets bags D"]
) -> dict[tuple[int, int], Float[Tensor, "times"]]:
    """Average sum_k lam_k Delta_k Delta'_k over the pairs of a grid, by what the pair shares.

    Returns:
        Keys (same features, same bag): (1, 1) is the loss, (0, 0) the squared bias. A key is missing if the grid has no
        such pair.

    Cost: O(times x (sets bags)^2 x D).

    """
    times, sets, bags, dimension = errors.shape
    flat = (errors * eigenvalues.sqrt()).reshape(times, sets * bags, dimension)
    gram = flat @ flat.mT
    of_set = torch.arange(sets, device=errors.device).repeat_interleave(bags)
    of_bag = torch.arange(bags, device=errors.device).repeat(sets)
    same_set, same_bag = of_set[:, None] == of_set, of_bag[:, None] == of_bag
    averages = {}
    for share_set in (0, 1):
        for share_bag in (0, 1):
            pairs = (same_set == bool(share_set)) & (same_bag == bool(share_bag))
            if pairs.any():
                averages[share_set, share_bag] = gram[:, pairs].mean(1)
    return averages


def flow_against_hermitian(
    dimension: int, samples: int, features: int, times: Float[Tensor, "times"], generator: torch.Generator
) -> tuple[Float[Tensor, "times"], Float[Tensor, "times"]]:
    """Return L_nonHerm and L_Herm of one isotropic draw without noise, gradient flow solved exactly (spec 4.6).

    With S_A = A^T A/N, S_X = X^T X/P and S_A^{1/2} S_X S_A^{1/2} = U diag(e) U^T, the flow is e^{-Mt} = 1 - S_A^{1/2} U
    f(e) U^T S_A^{1/2} S_X, f = (1 - e^{-et})/e; its loss is |e^{-Mt}|^2/D and that of its symmetric partner mean
    e^{-2et}.

    Args:
        dimension: D.
        samples: P.
        features: N.
        times: t >= 0, (times,), on the generator's device.
        generator: the source of A and X.

    Cost: two eigendecompositions and eight products of D x D matrices, then D^2 per time.

    """
    mixing = normal(generator, features, dimension)
    inputs = normal(generator, samples, dimension)
    feature_covariance = mixing.mT @ mixing / features
    sample_covariance = inputs.mT @ inputs / samples
    spectrum, basis = torch.linalg.eigh(feature_covariance)
    root = basis * spectrum.clamp(min=0).sqrt() @ basis.mT
    rates, modes = torch.linalg.eigh(root @ sample_covariance @ root)
    rates = rates.clamp(min=0)
    left, right = root @ modes, modes.mT @ root @ sample_covariance
    # |1 - left f right|^2 = D - 2 tr(left f right) + f.T overlap f: a quadratic form in f, no product per time.
    trace = (right * left.mT).sum(1)
    overlap = (left.mT @ left) * (right @ right.mT)
    flow, partner = [], []
    for t in times:
        resolved = torch.where(rates > 0, -torch.expm1(-rates * t) / rates.clamp(min=1e-300), t)
        flow.append((dimension - 2 * resolved @ trace + resolved @ overlap @ resolved) / dimension)
        partner.append(torch.exp(-2 * rates * t).mean())
    return torch.stack(flow), torch.stack(partner)


def regression_flow(
    dimension: int, samples: int, label_noise: float, times: Float[Tensor, "times"], generator: torch.Generator
) -> tuple[Float[Tensor, "times"], Float[Tensor, "times"]]:
    """Return test and training loss of one isotropic linear regression under gradient flow, solved exactly.

    In the eigenbasis of X^T X/P, eigenvalues e, Delta(t) = exp(-e t) Delta(0) - (1 - exp(-e t))/e X^T eps/P.

    Args:
        dimension: D; the teacher has w*_k^2 = 1/D.
        samples: P.
        label_noise: sigma2.
        times: t >= 0, (times,), on the generator's device.
        generator: the source of X and the noise.

    Returns:
        L without sigma2, and Lhat.

    Cost: one eigendecomposition of a D x D matrix, then D operations per time.

    """
    inputs = normal(generator, samples, dimension)
    noise = math.sqrt(label_noise) * normal(generator, samples)
    rates, modes = torch.linalg.eigh(inputs.mT @ inputs / samples)
    rates = rates.clamp(min=0)
    start = modes.sum(0) / math.sqrt(dimension)  # the teacher, 1/sqrt(D) in every direction
    force = (inputs @ modes).mT @ noise / samples
    test, train = [], []
    for t in times:
        fitted = torch.where(rates > 0, -torch.expm1(-rates * t) / rates.clamp(min=1e-300), t)
        error = torch.exp(-rates * t) * start - fitted * force
        test.append(error.square().sum())
        train.append((rates * error.square() + 2 * force * error).sum() + noise.square().mean())
    return torch.stack(test), torch.stack(train)
