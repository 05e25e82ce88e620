"""Is a share of prompts that never yields found, covered, and told from success that only slows down?"""

import math

import numpy as np
import pytest

from solv.theory.fits.attack_success import BetaEdge, fit_beta_edge
from solv.theory.fits.immune_share import fit_immune_share


def draw(share, a, nu, seed, prompts=150, answers=40):
    rng = np.random.default_rng(seed)
    safe = np.where(rng.random(prompts) < share, 1.0, rng.beta(a, nu, prompts))
    return np.full(prompts, answers), rng.binomial(answers, 1 - safe)


def fitted(n, u):
    """The fit from a start that is not its end: only a start is taken of the polynomial."""
    return fit_immune_share(n, u, BetaEdge(1.0, 1.0, 0.0, np.eye(2)))


def test_the_interval_of_the_share_covers_it_as_often_as_it_says():
    trials, missed = 20, 0
    for seed in range(trials):
        low, high = fitted(*draw(0.4, 2.0, 2.0, seed)).interval
        missed += not low <= 0.4 <= high
    assert missed / trials < 0.05 + 4 * math.sqrt(0.05 * 0.95 / trials)


def test_flat_success_ends_where_it_is_flat():
    """Half of the prompts never yield, the others at once: no number of samples gives .9."""
    n, u = np.full(100, 40), np.repeat([0, 20], 50)
    fit = fitted(n, u)
    assert fit.is_needed
    assert fit.share == pytest.approx(0.5, abs=0.01)
    assert fit.gap([40, 10**6]) == pytest.approx([0.5, 0.5], abs=0.01)
    assert fit.samples_for(0.1) == np.inf
    assert fit.samples_for(0.6) <= 3
    low, high = fit.gap_interval([10**6])
    assert low[0] < 0.45 < 0.55 < high[0]


def test_prompts_that_all_yield_have_no_share_and_a_bound():
    n, u = draw(0.0, 5.0, 5.0, 0)
    polynomial = fit_beta_edge(n, u).polynomial
    fit = fit_immune_share(n, u, polynomial)
    assert (u > 0).all()
    assert fit.share == 0
    assert fit.interval[0] == 0
    assert fit.interval[1] < 0.05
    assert fit.gap([1, 50]) == pytest.approx(polynomial.gap([1, 50]))


def test_a_polynomial_is_seldom_taken_for_a_share():
    fits = [fitted(*draw(0.0, 1.0, 0.6, seed)) for seed in range(12)]
    assert sum(fit.is_needed for fit in fits) <= 3


def test_counts_out_of_range_are_named():
    n, u = draw(0.4, 2.0, 2.0, 0)
    with pytest.raises(ValueError, match="unsafe of"):
        fitted(n, u + 41)
