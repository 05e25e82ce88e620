"""What is the error averaged over the softmax with which a judge selects, for samples of a real finite posterior?

The paper's estimator: not one sample is selected but all k are weighted, sum_i f_i w_i / sum_i w_i with
w_i = exp(r_i / T). It has the same expectation as selection and much less scatter. Notation as in `simulation`.

At high temperature most of what is left is the scatter of the samples themselves, selected or not: the plain mean of f
over the k samples, of which the expectation s^2 + (y_T - m)^2 is known at every test point, serves as control variate.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from solv.models.best_of_k.simulation import (
    SCORED_AT_ONCE,
    RegressionTask,
    checked_counts,
    draw_predictions,
    nested_winners,
)


def simulate_weighted_errors(
    task: RegressionTask,
    judges: Float[Tensor, "judges d"],
    extrapolations: Sequence[float],
    k: Sequence[int],
    temperatures: Sequence[float],
    *,
    points: int,
    generator: torch.Generator,
) -> Float[Tensor, "judges temperatures ks"]:
    """Return the softmax-weighted mean of (y - w_T.phi)^2 over test points, for one training set.

    Args:
        task: data, teacher, beliefs.
        judges: weights w_R, one row per judge.
        extrapolations: c of each judge: it answers w_R.phi + c (y_T - m), so that w_R = w_T with c is the judge that
            extrapolates from the student's mean m through the teacher.
        k: numbers of samples, integers >= 1, in any order; all share samples, and judges and temperatures do.
        temperatures: T in [0, inf]; 0 takes the sample of largest reward.
        points: test points, >= 2, each with samples of its own.
        generator: source of all randomness, on the device of the task.

    Raises:
        ValueError: an argument out of range.

    Cost: points * max(k) * judges * temperatures exponentials (about 15 ns each on one core).
    """
    counts = checked_counts(k)
    if points < 2:
        raise ValueError(f"points = {points} is out of range; valid: integers >= 2")
    if judges.shape != (len(extrapolations), task.dimension):
        raise ValueError(
            f"judges has shape {tuple(judges.shape)}; valid: ({len(extrapolations)}, {task.dimension}), one row for "
            "each extrapolation"
        )
    for temperature in temperatures:
        if not temperature >= 0:
            raise ValueError(f"temperatures holds {temperature}; valid: >= 0, or inf")
    test = draw_predictions(task, judges, points, generator)
    chunk = max(1, SCORED_AT_ONCE // max(counts))
    shape = (len(judges), len(temperatures), len(counts))
    selected = torch.empty(*shape, points).to(test.target)
    control = torch.empty(len(counts), points).to(test.target)
    for start in range(0, points, chunk):
        part = slice(start, min(start + chunk, points))
        deviation, target = test.deviation[part, None], test.target[part, None]
        noise = torch.empty(len(deviation), counts[-1], dtype=deviation.dtype, device=deviation.device)
        samples = deviation * noise.normal_(generator=generator)
        squared_error = (samples - target).square()
        taken = squared_error.cumsum(1)[:, [count - 1 for count in counts]]
        expected = deviation.square() + target.square()
        control[:, part] = (taken / torch.tensor(counts).to(taken) - expected).T
        for row, c in enumerate(extrapolations):
            reward = -(samples - test.judged[row, part, None] - c * target).square()
            for column, temperature in enumerate(temperatures):
                selected[row, column, :, part] = _weighted(reward, squared_error, temperature, counts).T
    centred = control - control.mean(-1, keepdim=True)
    share = (selected * centred).mean(-1) / centred.square().mean(-1)
    errors = selected.mean(-1) - share * control.mean(-1)
    return errors[..., [counts.index(count) for count in k]]


def _weighted(
    reward: Float[Tensor, "points k"], error: Float[Tensor, "points k"], temperature: float, counts: list[int]
) -> Float[Tensor, "points ks"]:
    """Return the weighted error of the first counts[i] samples, block by block; weights are relative to the largest."""
    if temperature == 0:
        return error.gather(1, nested_winners(reward, counts))
    scores = torch.zeros_like(reward) if math.isinf(temperature) else reward / temperature
    found = []
    largest = scores.new_full((len(scores),), -math.inf)
    mass, total = torch.zeros_like(largest), torch.zeros_like(largest)
    start = 0
    for stop in counts:
        block = scores[:, start:stop]
        top = torch.maximum(largest, block.max(1).values)
        weight = (block - top[:, None]).exp()
        kept = (largest - top).exp()
        mass = mass * kept + weight.sum(1)
        total = total * kept + (weight * error[:, start:stop]).sum(1)
        found.append(total / mass)
        largest, start = top, stop
    return torch.stack(found, 1)
