"""Are the scores gradients of their losses, and is the predicted correlation that of drawn labels?"""

import numpy as np
import pytest

from solv.theory.sbd.score_orthogonality import (
    LOSSES,
    conditional_mean,
    draw_scores,
    expand,
    normalized_correlation,
    predicted_correlation,
)

BY_NAME = {loss.name: loss for loss in LOSSES}
CLASSES = 3


def teacher(n, seed=0):
    """Inputs' features and P(y | x) of a linear softmax teacher."""
    rng = np.random.default_rng(seed)
    weights = np.random.default_rng(99)
    a, b = weights.normal(size=(5, CLASSES)), weights.normal(size=(5, 8))
    x = rng.normal(size=(n, 5))
    z = x @ a
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    labels = (rng.random((n, 1)) > p.cumsum(1)).sum(1)
    return np.maximum(x @ b, 0), p, labels


def value(name, z, y):
    """The losses themselves, of one output."""
    p = np.exp(z - z.max())
    p /= p.sum()
    one_hot = np.eye(CLASSES)[y]
    return {
        "cross-entropy": -np.log(p[y]),
        "logistic": np.sum(np.log1p(np.exp(z)) - one_hot * z),
        "squared": 0.5 * np.sum((z - one_hot) ** 2),
        "Brier": np.sum((p - one_hot) ** 2),
        "spherical": -p[y] / np.linalg.norm(p),
        "Poisson": np.sum(np.exp(z) - one_hot * z),
        "exponential": np.sum(z + (1 + one_hot) * np.exp(-z)),
        "hinge": max(0.0, 1 + np.max(np.delete(z, y)) - z[y]),
        "smoothed": -np.sum((0.9 * one_hot + 0.1 / CLASSES) * np.log(p)),
        "absolute": np.sum(np.abs(z - one_hot)),
        "focal": -((1 - p[y]) ** 2) * np.log(p[y]),
    }[name]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_a_score_is_the_gradient_of_its_loss(loss):
    z = np.array([0.4, -0.7, 0.15])
    step = 1e-6 * np.eye(CLASSES)
    for y in range(CLASSES):
        numeric = [(value(loss.name, z + d, y) - value(loss.name, z - d, y)) / 2e-6 for d in step]
        np.testing.assert_allclose(loss.score(z[None])[0, y], numeric, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_the_conditional_mean_vanishes_exactly_where_the_loss_is_admissible(loss):
    _, p, _ = teacher(200)
    largest = np.abs(conditional_mean(loss, p)).max()
    assert bool(largest < 1e-12) is loss.admissible


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_the_predicted_correlation_is_that_of_drawn_labels(loss):
    """Under zero mean c^2 has mean 1 and, with 24 products, a spread well below 1; else its error is of order 1."""
    n = 40_000
    h, p, labels = teacher(n)
    other_h, other_p, _ = teacher(200_000, seed=1)
    measured = normalized_correlation(h, draw_scores(loss, p, labels))
    predicted = predicted_correlation(loss, other_p, other_h, n)
    assert measured == pytest.approx(predicted, abs=1.5)
    assert (predicted < 1 + 1e-9) is loss.admissible


def test_expansion_keeps_an_admissible_score_uncorrelated_and_no_other():
    n = 40_000
    h, p, labels = teacher(n)
    admissible = expand(draw_scores(BY_NAME["cross-entropy"], p, labels), p)
    assert admissible.shape == (n, CLASSES**2)
    assert normalized_correlation(h, admissible) < 2
    assert normalized_correlation(h, expand(draw_scores(BY_NAME["hinge"], p, labels), p)) > 5


def test_chances_that_are_none_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        conditional_mean(BY_NAME["Brier"], np.array([[0.5, 0.6]]))
