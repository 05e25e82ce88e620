"""What error does the selected sample have when posterior samples of a finite linear regression are really drawn?

Notation (best-of-k spec, section 1)

| symbol | name | shape / range |
|---|---|---|
| d, n = round(alpha d) | dimension, training samples | integers >= 1 |
| phi = x / sqrt(d), x ~ N(0, diag(eigenvalues)) | features | (d,) |
| y = w_T.phi + sigma0 eps | training labels | (n,) |
| N(m, s^2) | posterior predictive at a test point, prior N(0, gamma^2), noise sigma | s > 0 |
| r_j = -(y_j - w_R.phi)^2 | reward of sample j by a judge | <= 0 |
| argmax_j (r_j / T + Gumbel_j) | the selected sample: softmax of r / T; T = 0: best of k, T = inf: any | j <= k |

One set of samples serves everything: k samples are the first k of the largest set, and every judge and temperature
re-scores the same samples with the same Gumbel noise. Points of one curve are therefore correlated; repeats are not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

SCORED_AT_ONCE = 2**20  # samples held in memory: points x k of one chunk


@dataclass(frozen=True)
class RegressionTask:
    """The data, the teacher and the beliefs of the regression.

    Attributes:
        alpha: training samples per dimension, round(alpha d) >= 1.
        sigma0: label noise, >= 0.
        sigma: believed noise, > 0.
        gamma: believed deviation of the weights, > 0.
        eigenvalues: (d,) variances of the inputs, >= 0.
        teacher: (d,) weights w_T.
    """

    alpha: float
    sigma0: float
    sigma: float
    gamma: float
    eigenvalues: Float[Tensor, "d"]
    teacher: Float[Tensor, "d"]

    def __post_init__(self) -> None:
        """Refuse values outside the ranges above."""
        for name, value, valid in (
            ("alpha", self.alpha, 0 < self.alpha < math.inf),
            ("sigma0", self.sigma0, 0 <= self.sigma0 < math.inf),
        ):
            if not valid:
                raise ValueError(f"{name} = {value} is out of range; valid: {'> 0' if name == 'alpha' else '>= 0'}")
        for name, value in (("sigma", self.sigma), ("gamma", self.gamma)):
            if not 0 < value < math.inf:
                raise ValueError(f"{name} = {value} is out of range; valid: > 0")
        if self.eigenvalues.ndim != 1 or not bool((self.eigenvalues >= 0).all()):
            raise ValueError(f"eigenvalues of shape {tuple(self.eigenvalues.shape)}; valid: shape (d,), all >= 0")
        if self.teacher.shape != self.eigenvalues.shape:
            raise ValueError(f"teacher has shape {tuple(self.teacher.shape)}; valid: {tuple(self.eigenvalues.shape)}")
        if self.samples < 1:
            raise ValueError(f"alpha = {self.alpha} gives no training sample at d = {self.dimension}")

    @property
    def dimension(self) -> int:
        """The dimension d."""
        return self.eigenvalues.numel()

    @property
    def samples(self) -> int:
        """The number n of training samples."""
        return round(self.alpha * self.dimension)


@dataclass(frozen=True)
class Predictions:
    """What a posterior says at test points.

    Attributes:
        deviation: s of the posterior predictive.
        target: w_T.phi - m.
        judged: w_R.phi - m of every judge.
    """

    deviation: Float[Tensor, "points"]  # s
    target: Float[Tensor, "points"]  # w_T.phi - m
    judged: Float[Tensor, "judges points"]  # w_R.phi - m


def simulate_selection_errors(
    task: RegressionTask,
    judges: Float[Tensor, "judges d"],
    k: Sequence[int],
    temperatures: Sequence[float],
    *,
    repeats: int,
    points: int,
    generator: torch.Generator,
) -> Float[Tensor, "repeats judges temperatures ks"]:
    """Return the mean of (y_selected - w_T.phi)^2 over test points, for every repeat, judge, temperature and k.

    Args:
        task: data, teacher, beliefs. Runs in the dtype and on the device of its eigenvalues (float64 advised).
        judges: weights w_R, one row per judge.
        k: numbers of samples, integers >= 1, in any order.
        temperatures: T in [0, inf].
        repeats: independent training sets, >= 1; each has its own test points.
        points: test points per repeat, >= 1.
        generator: source of all randomness, on the same device.

    Raises:
        ValueError: an argument out of range.

    Cost: repeats * points * max(k) * judges * temperatures scores (about 5 ns each on one core) and one Cholesky
    factor of size d per repeat. Memory: about 10 arrays of 2^20 numbers, independent of points and k up to 2^20.
    """
    counts = checked_counts(k)
    if repeats < 1 or points < 1:
        raise ValueError(f"repeats = {repeats}, points = {points} are out of range; valid: integers >= 1")
    if judges.ndim != 2 or judges.shape[1] != task.dimension:
        raise ValueError(f"judges has shape {tuple(judges.shape)}; valid: (judges, {task.dimension})")
    for temperature in temperatures:
        if not temperature >= 0:
            raise ValueError(f"temperatures holds {temperature}; valid: >= 0, or inf")
    most = max(counts)
    chunk = max(1, SCORED_AT_ONCE // most)
    sums = torch.zeros(repeats, len(judges), len(temperatures), len(counts)).to(task.eigenvalues)
    for repeat in range(repeats):
        test = draw_predictions(task, judges, points, generator)
        for start in range(0, points, chunk):
            part = slice(start, min(start + chunk, points))
            sums[repeat] += _selection_error_sums(test, part, counts, temperatures, generator)
    order = torch.tensor([counts.index(count) for count in k], device=sums.device)
    return sums[..., order] / points


def draw_predictions(
    task: RegressionTask, judges: Float[Tensor, "judges d"], points: int, generator: torch.Generator
) -> Predictions:
    """Draw a training set, form the ridge posterior, and predict at fresh test points."""
    mean, factor = _posterior(task, generator)
    test = _normal(task, points, task.dimension, generator) * (task.eigenvalues / task.dimension).sqrt()
    whitened = torch.linalg.solve_triangular(factor, test.T, upper=False)
    deviation = task.sigma * (1 + whitened.square().sum(0)).sqrt()
    return Predictions(deviation, test @ (task.teacher - mean), (judges - mean) @ test.T)


def mean_weights(task: RegressionTask, generator: torch.Generator) -> Float[Tensor, "d"]:
    """Return the mean of the weights under the posterior of a drawn training set."""
    return _posterior(task, generator)[0]


def _posterior(task: RegressionTask, generator: torch.Generator) -> tuple[Float[Tensor, "d"], Float[Tensor, "d d"]]:
    """Draw a training set; return the mean weights and the Cholesky factor of Phi^T Phi + lambda."""
    scale = (task.eigenvalues / task.dimension).sqrt()
    features = _normal(task, task.samples, task.dimension, generator) * scale
    labels = features @ task.teacher + task.sigma0 * _normal(task, task.samples, 1, generator)[:, 0]
    gram = features.T @ features
    gram.diagonal().add_((task.sigma / task.gamma) ** 2)
    factor = torch.linalg.cholesky(gram)
    return torch.cholesky_solve((features.T @ labels)[:, None], factor)[:, 0], factor


def _selection_error_sums(
    test: Predictions,
    part: slice,
    counts: list[int],
    temperatures: Sequence[float],
    generator: torch.Generator,
) -> Float[Tensor, "judges temperatures ks"]:
    """Draw the samples of a chunk of points once and sum the squared errors of all selections from them."""
    deviation, target = test.deviation[part, None], test.target[part, None]
    shape = (len(deviation), counts[-1])
    noise = torch.empty(shape, dtype=deviation.dtype, device=deviation.device)
    samples = deviation * noise.normal_(generator=generator)
    gumbel = -torch.empty_like(samples).exponential_(generator=generator).log()
    squared_error = (samples - target).square()
    sums = torch.empty(len(test.judged), len(temperatures), len(counts)).to(samples)
    for row, judged in enumerate(test.judged[:, part]):
        reward = -(samples - judged[:, None]).square()
        for column, temperature in enumerate(temperatures):
            chosen = nested_winners(_scores(reward, gumbel, temperature), counts)
            sums[row, column] = squared_error.gather(1, chosen).sum(0)
    return sums


def _scores(
    reward: Float[Tensor, "points k"], gumbel: Float[Tensor, "points k"], temperature: float
) -> Float[Tensor, "points k"]:
    if temperature == 0:
        return reward
    return gumbel if math.isinf(temperature) else torch.add(gumbel, reward, alpha=1 / temperature)


def nested_winners(scores: Float[Tensor, "points k"], counts: list[int]) -> Int[Tensor, "points ks"]:
    """Return the index of the best score among the first counts[i] samples, block by block."""
    best: list[tuple[Tensor, Tensor]] = []
    start = 0
    for stop in counts:
        score, index = scores[:, start:stop].max(1)
        index = index + start
        if best:
            earlier, earlier_index = best[-1]
            index = torch.where(score > earlier, index, earlier_index)
            score = torch.maximum(score, earlier)
        best.append((score, index))
        start = stop
    return torch.stack([index for _, index in best], 1)


def _normal(task: RegressionTask, rows: int, columns: int, generator: torch.Generator) -> Float[Tensor, "rows columns"]:
    like = task.eigenvalues
    return torch.randn(rows, columns, dtype=like.dtype, device=like.device, generator=generator)


def checked_counts(k: Sequence[int]) -> list[int]:
    """Return the distinct k in increasing order."""
    if not k:
        raise ValueError("k is empty; valid: integers >= 1")
    for count in k:
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"k holds {count!r}; valid: integers >= 1")
    return sorted(set(k))
