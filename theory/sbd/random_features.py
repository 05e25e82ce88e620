"""Is being uncorrelated with one wide random layer enough to be optimal? How far a finite width leaves one from it.

Erdogan, Pehlevan and Erdogan (arXiv:2504.11558), theorems B.1 and B.2: an estimator whose error is uncorrelated with
*every* function of the input is the best one, and so is one whose error is uncorrelated with the activations of the
first layer alone, where these are dense. An estimator that is linear in N random features, and whose error is
uncorrelated with them, is the projection of the best one on their span. What is missing is computed here (ours).

| symbol | name | range |
|---|---|---|
| x | one of m inputs, equally probable | (m, d) |
| f | best estimator, P(y | x), at every input | (m, C) |
| k | kernel of one random feature, E_w relu(w x) relu(w x') | (m, m) |
| lambda_i, psi_i | eigenvalues and vectors of k / m | |
| kappa | solves sum_i lambda_i / (lambda_i + kappa) = N | > 0 |

The projection on the span of N random features leaves E |f - Pf|^2 = sum_i kappa / (lambda_i + kappa) <psi_i, f>^2: the
deterministic equivalent of 1 - P, as in the theory of random-feature regression without a ridge and with as many
examples as one likes. It holds where N features behave as Gaussian ones; the part `sufficiency` measures how well.
"""

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq


def rectifier_kernel(x: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "m m"]:
    """Return E_w relu(w x) relu(w x') for standard normal w: the arc-cosine kernel of order 1 (Cho and Saul, 2009).

    Args:
        x: inputs; a constant coordinate gives the features a bias.

    Raises:
        ValueError: an input is zero.
    """
    length = np.linalg.norm(x, axis=1)
    if np.any(length == 0):
        raise ValueError("an input is zero; valid: inputs of positive length")
    cosine = np.clip(x @ x.T / np.outer(length, length), -1, 1)
    angle = np.arccos(cosine)
    return np.asarray(np.outer(length, length) / (2 * np.pi) * (np.sin(angle) + (np.pi - angle) * cosine))


def linear_kernel(x: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "m m"]:
    """Return E_w (w x)(w x') for standard normal w: features whose span is linear functions, and never dense."""
    return np.asarray(x @ x.T)


def unexplained(
    kernel: Float[np.ndarray, "m m"], f: Float[np.ndarray, "m classes"], widths: "list[int] | tuple[int, ...]"
) -> Float[np.ndarray, "widths"]:
    """Return the predicted E |f - Pf|^2, mean over inputs, summed over classes, for every width N.

    Args:
        kernel: of one feature, symmetric and positive semidefinite.
        f: best estimator.
        widths: numbers of features; >= 1. From the kernel's rank on nothing more can be explained, and what no feature
            explains is left.

    Raises:
        ValueError: a width is below 1.
    """
    if min(widths) < 1:
        raise ValueError(f"widths = {list(widths)}; valid: at least 1")
    values, vectors = np.linalg.eigh(kernel / len(kernel))
    values = np.where(values > 1e-10 * values.max(), values, 0.0)
    weight = np.square(vectors.T @ f / np.sqrt(len(kernel))).sum(axis=1)
    return np.array([_left(values, weight, width) for width in widths])


def _left(values: Float[np.ndarray, "m"], weight: Float[np.ndarray, "m"], width: int) -> float:
    positive = values > 0
    beyond = float(weight[~positive].sum())
    if width >= positive.sum():
        return beyond
    spectrum = values[positive]

    def excess(log_kappa: float) -> float:
        return float((spectrum / (spectrum + np.exp(log_kappa))).sum() - width)

    lowest, highest = np.log(spectrum.min()) - 40, np.log(spectrum.sum()) + 5
    kappa = np.exp(brentq(excess, lowest, highest, xtol=1e-12))
    return beyond + float((kappa / (spectrum + kappa) * weight[positive]).sum())
