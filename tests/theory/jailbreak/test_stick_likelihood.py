"""Does the likelihood of broken sticks find the Poisson-Dirichlet parameter?"""

import numpy as np
import pytest
from scipy.stats import beta

from solv.theory.jailbreak.stick_likelihood import GRID, stick_parameters


def weights(x, glasses, rng, clusters=300):
    i = np.arange(1, clusters + 1)
    sticks = rng.beta(1 - x, i * x, size=(glasses, clusters))
    left = np.cumprod(1 - sticks, axis=1)
    return sticks * np.concatenate([np.ones((glasses, 1)), left[:, :-1]], axis=1)


@pytest.mark.parametrize("x", [0.15, 0.4])
def test_the_mean_over_glasses_is_near_the_parameter(x):
    """The likeliest x of one glass is biased upwards, as eight sticks are few: by under 0.03 here."""
    found = stick_parameters(weights(x, 300, np.random.default_rng(1)), np.random.default_rng(2))
    assert -0.005 < found.mean() - x < 0.03
    assert set(found) <= set(GRID)


def test_a_single_order_is_the_likelihood_of_its_sticks():
    """Two clusters, of which one holds nearly everything: the order of the draw is sure."""
    heavy = 0.999999
    found = stick_parameters(np.array([[heavy, 1 - heavy]]), np.random.default_rng(0), sticks=2, orders=1)
    sticks = np.array([heavy, 1 - 1e-12])
    likelihood = [beta.logpdf(sticks, 1 - x, np.array([1, 2]) * x).sum() for x in GRID]
    assert found == GRID[int(np.argmax(likelihood))]


def test_light_clusters_and_their_order_do_not_matter():
    table = weights(0.3, 40, np.random.default_rng(3))
    kept = np.sort(table, axis=1)[:, ::-1][:, :64]
    found = [stick_parameters(each, np.random.default_rng(4), orders=200).mean() for each in (table, kept)]
    assert found[0] == pytest.approx(found[1], abs=0.01)


@pytest.mark.parametrize("bad", [np.zeros((2, 3)), np.array([[0.5, -0.1]]), np.array([0.5, 0.5])])
def test_tables_without_weights_are_refused(bad):
    with pytest.raises(ValueError, match="weights"):
        stick_parameters(bad, np.random.default_rng(0))
