"""What risk has SGD on a finite linear regression, with its averages of the weights, when it is really run?

The model of the anytime spec, section 1: x ~ N(0, diag(eigenvalues)), y = <w*, x> + noise of variance sigma2, w_0 = 0,
a fresh batch at every step. Replicas and schedules are one batch; all schedules of a replica see the same samples, so
that points of one replica are correlated and replicas are not.

| symbol | name | shape |
|---|---|---|
| d | dimension | |
| e = w - w* | error of the weights | (replicas, schedules, d) |
| rates | learning rate of each step and schedule | (steps, schedules) |

The averages are those of a language model's training (`models/language/weight_average.py`).
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.language.weight_average import Averaging

AT_ONCE = 64  # replicas that go through the steps together: their weights stay in the processor's cache


def simulate_descent(
    eigenvalues: Float[Tensor, "d"],
    target: Float[Tensor, "d"],
    sigma2: float,
    rates: Float[Tensor, "steps schedules"],
    averages: Sequence[Averaging],
    read_at: Sequence[int],
    *,
    replicas: int,
    batch: int,
    generator: torch.Generator,
    told: Callable[[int], None] = lambda replicas: None,
) -> Float[Tensor, "curves times schedules replicas"]:
    """Return the excess risk (1/2) sum lam e^2 of the iterate (curve 0) and of each average after chosen steps.

    Args:
        eigenvalues, target: lam and w*, shape (d,), on the device of the generator; computed in their dtype (float64).
        sigma2: variance of the label noise, >= 0.
        rates: learning rates, finite and >= 0.
        averages: rules of the averages that are kept along the run.
        read_at: steps, increasing, from 1 to the number of steps.
        replicas: independent runs, >= 1.
        batch: samples a step, >= 1.
        generator: of every sample.
        told: told the number of replicas that are done now and then.

    Raises:
        ValueError: shapes or values out of range.

    Cost: O(steps replicas d (batch + schedules (batch + averages))); memory is that of 64 replicas.
    """
    _check(eigenvalues, target, sigma2, rates, read_at, replicas, batch)
    eta, times = rates.to(target), list(read_at)
    found = target.new_empty(1 + len(averages), len(times), rates.shape[1], replicas)
    for first in range(0, replicas, AT_ONCE):
        last = min(first + AT_ONCE, replicas)
        error = (-target).expand(last - first, rates.shape[1], -1).clone()
        copies = [error.clone() for _ in averages]
        for t in range(times[-1]):
            error.addcmul_(_gradient(error, eigenvalues, sigma2, batch, generator), eta[t][:, None], value=-1)
            for rule, copy in zip(averages, copies, strict=True):
                copy.lerp_(error, rule.newest(t + 1))
            if t + 1 in times:
                for curve, weights in enumerate((error, *copies)):
                    risk = (weights.square() @ eigenvalues).T / 2
                    found[curve, times.index(t + 1), :, first:last] = risk
        told(last)
    return torch.nan_to_num(found, nan=torch.inf, posinf=torch.inf)


def _gradient(
    error: Float[Tensor, "replicas schedules d"],
    eigenvalues: Float[Tensor, "d"],
    sigma2: float,
    batch: int,
    generator: torch.Generator,
) -> Float[Tensor, "replicas schedules d"]:
    """Return the gradient (1/B) sum x (<w, x> - y) on a fresh batch; its normal numbers have the digits of float32."""
    replicas, _, d = error.shape
    drawn = torch.randn(replicas, batch, d + 1, generator=generator, device=error.device).to(error)
    x, noise = drawn[..., :d] * eigenvalues.sqrt(), drawn[..., d] * sigma2**0.5
    residual = torch.bmm(error, x.mT) - noise[:, None]
    return torch.bmm(residual.div_(batch), x)


def _check(
    eigenvalues: Tensor,
    target: Tensor,
    sigma2: float,
    rates: Tensor,
    read_at: Sequence[int],
    replicas: int,
    batch: int,
) -> None:
    if eigenvalues.shape != target.shape or eigenvalues.dim() != 1 or not bool((eigenvalues > 0).all()):
        raise ValueError(
            f"eigenvalues and target have shapes {tuple(eigenvalues.shape)} and {tuple(target.shape)}; "
            "valid: equal, (d,), with eigenvalues > 0"
        )
    if not sigma2 >= 0:
        raise ValueError(f"sigma2 = {sigma2} is out of range; valid: >= 0")
    if rates.dim() != 2 or not bool((torch.isfinite(rates) & (rates >= 0)).all()):
        raise ValueError(f"rates, of shape {tuple(rates.shape)}, is out of range; valid: (steps, schedules), >= 0")
    times = list(read_at)
    if not times or times != sorted(set(times)) or times[0] < 1 or times[-1] > len(rates):
        raise ValueError(f"read_at = {times} is out of range; valid: increasing steps from 1 to {len(rates)}")
    if replicas < 1 or batch < 1:
        raise ValueError(f"replicas = {replicas}, batch = {batch} is out of range; valid: both >= 1")
