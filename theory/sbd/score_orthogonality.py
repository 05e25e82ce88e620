"""For which losses is the optimal score uncorrelated with every function of the input, and by how much else?

The score s is the gradient of the loss of one example at the output z (sbd spec, section 2; arXiv:2605.30638). Where
the optimal output z*(x) makes E[s | x] = 0 - the loss is *admissible* -, E[h(x) s^T] = 0 for every h: what broadcast
learning drives hidden layers towards. Here P(y | x) is known, so that z*, E[s | x] and the correlation are.

| loss | output of class c | score | admissible |
|---|---|---|---|
| cross-entropy, logistic | log-odds | p - y; sigmoid(z) - y | yes |
| squared, Gaussian | mean | z - y | yes |
| Brier, spherical | logits, softmax within | proper score through the softmax's Jacobian | yes |
| Poisson, exponential | log of the mean | e^z - y; 1 - y e^-z | yes (last: y = 1 + one-hot) |
| hinge | log-odds, as for cross-entropy | multiclass hinge (Crammer and Singer) | no |
| smoothed cross-entropy | log-odds of unsmoothed labels | p - (1 - e) y - e / C, e = 0.1 | no |
| absolute | mean | sign(z - y) | no |
| focal | log-odds | focal loss, gamma = 2 | no |
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int

SMOOTHING = 0.1
FOCUS = 2.0
MARGIN = 1.0
Scores: TypeAlias = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Loss:
    """A loss by its score.

    Attributes:
        name: as in the table.
        admissible: whether E[s | x] = 0 at the output `optimum`.
        optimum: P(y | x), shape (n, C), to the output z*, shape (n, C).
        score: z*, to the scores of all classes y that an example may have, shape (n, C classes y, C outputs).
    """

    name: str
    admissible: bool
    optimum: Scores
    score: Scores


def conditional_mean(loss: Loss, chances: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n classes"]:
    """Return E[s | x] at the optimum.

    Raises:
        ValueError: chances are not positive rows that sum to 1.
    """
    chances = _require_chances(chances)
    return np.asarray(np.einsum("ny,nyc->nc", chances, loss.score(loss.optimum(chances))))


def draw_scores(
    loss: Loss, chances: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, "n"]
) -> Float[np.ndarray, "n classes"]:
    """Return the score of each example with its label, at the optimum."""
    every = loss.score(loss.optimum(_require_chances(chances)))
    return np.asarray(every[np.arange(len(labels)), labels])


def expand(
    scores: Float[np.ndarray, "n classes"], features: Float[np.ndarray, "n features"]
) -> Float[np.ndarray, "n products"]:
    """Return vec(s phi^T) of each example (spec (5)): uncorrelated wherever the score is, for any phi of x."""
    return np.asarray(scores[:, :, None] * features[:, None, :]).reshape(len(scores), -1)


def normalized_correlation(h: Float[np.ndarray, "n units"], scores: Float[np.ndarray, "n outputs"]) -> float:
    """Return |mean h s^T| over its standard error under zero mean; about 1 for an admissible loss at its optimum."""
    n = len(h)
    mean = h.T @ scores / n
    second = (h**2).T @ scores**2 / n
    return float(np.linalg.norm(mean) / np.sqrt(second.sum() / n))


def predicted_correlation(
    loss: Loss, chances: Float[np.ndarray, "m classes"], h: Float[np.ndarray, "m units"], n: int
) -> float:
    """Return what `normalized_correlation` of n examples is expected to be: sqrt(1 + n |E h E[s|x]^T|^2 / E|h|^2|s|^2).

    Args:
        loss: the loss.
        chances, h: P(y | x) and features at m inputs that stand for their distribution; labels are averaged exactly.
        n: examples of the measurement.
    """
    chances = _require_chances(chances)
    every = loss.score(loss.optimum(chances))
    mean = np.einsum("ny,nyc->nc", chances, every)
    second = np.einsum("ny,nyc->nc", chances, every**2)
    noise = ((h**2).T @ second / len(h)).sum()
    found = np.linalg.norm(h.T @ mean / len(h))
    return float(np.sqrt(1 + n * found**2 / noise))


def _require_chances(chances: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n classes"]:
    values = np.asarray(chances, dtype=np.float64)
    if values.ndim != 2 or np.any(values <= 0) or not np.allclose(values.sum(axis=1), 1):
        raise ValueError("chances are not rows of positive numbers that sum to 1")
    return values


def _one_hot(classes: int) -> Float[np.ndarray, "classes classes"]:
    return np.eye(classes)


def _softmax(z: Float[np.ndarray, "n classes"]) -> Float[np.ndarray, "n classes"]:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _through_softmax(z: np.ndarray, at_p: Scores) -> np.ndarray:
    """Return J g for the gradient g(p) with respect to p, shape (n, y, C); J = diag(p) - p p^T."""
    p = _softmax(z)
    g = at_p(p)
    return np.asarray(p[:, None] * (g - np.sum(p[:, None] * g, axis=2, keepdims=True)))


def _cross_entropy(z: np.ndarray) -> np.ndarray:
    return np.asarray(_softmax(z)[:, None] - _one_hot(z.shape[1]))


def _logistic(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-z))[:, None] - _one_hot(z.shape[1]))


def _squared(z: np.ndarray) -> np.ndarray:
    return np.asarray(z[:, None] - _one_hot(z.shape[1]))


def _brier(z: np.ndarray) -> np.ndarray:
    return _through_softmax(z, lambda p: 2 * (p[:, None] - _one_hot(p.shape[1])))


def _spherical(z: np.ndarray) -> np.ndarray:
    def gradient(p: np.ndarray) -> np.ndarray:
        length = np.linalg.norm(p, axis=1)[:, None, None]
        return np.asarray(-_one_hot(p.shape[1]) / length + p[:, :, None] * p[:, None] / length**3)

    return _through_softmax(z, gradient)


def _poisson(z: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(z)[:, None] - _one_hot(z.shape[1]))


def _exponential(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 - (1 + _one_hot(z.shape[1])) * np.exp(-z)[:, None])


def _hinge(z: np.ndarray) -> np.ndarray:
    """max(0, 1 + max_{c != y} z_c - z_y): +1 on the rival, -1 on y where the margin is violated."""
    n, classes = z.shape
    found = np.zeros((n, classes, classes))
    for y in range(classes):
        rivals = z.copy()
        rivals[:, y] = -np.inf
        rival = rivals.argmax(axis=1)
        violated = MARGIN + rivals.max(axis=1) - z[:, y] > 0
        found[np.arange(n), y, rival] += violated
        found[:, y, y] -= violated
    return found


def _smoothed(z: np.ndarray) -> np.ndarray:
    classes = z.shape[1]
    return np.asarray(_softmax(z)[:, None] - (1 - SMOOTHING) * _one_hot(classes) - SMOOTHING / classes)


def _absolute(z: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(z[:, None] - _one_hot(z.shape[1])))


def _focal(z: np.ndarray) -> np.ndarray:
    """-(1 - p_y)^gamma log p_y."""

    def gradient(p: np.ndarray) -> np.ndarray:
        slope = FOCUS * (1 - p) ** (FOCUS - 1) * np.log(p) - (1 - p) ** FOCUS / p
        return np.asarray(_one_hot(p.shape[1]) * slope[:, None])

    return _through_softmax(z, gradient)


def _log_odds(p: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(p))


LOSSES = (
    Loss("cross-entropy", True, _log_odds, _cross_entropy),
    Loss("logistic", True, lambda p: np.log(p) - np.log1p(-p), _logistic),
    Loss("squared", True, lambda p: p, _squared),
    Loss("Brier", True, _log_odds, _brier),
    Loss("spherical", True, _log_odds, _spherical),
    Loss("Poisson", True, _log_odds, _poisson),
    Loss("exponential", True, lambda p: np.log1p(p), _exponential),
    Loss("hinge", False, _log_odds, _hinge),
    Loss("smoothed", False, _log_odds, _smoothed),
    Loss("absolute", False, lambda p: p, _absolute),
    Loss("focal", False, _log_odds, _focal),
)
