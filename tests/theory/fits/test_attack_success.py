"""Do the fits find the edge that data were drawn from, and cover it as often as they say?"""

from functools import cache

import numpy as np
import pytest

from solv.theory.fits.attack_success import fit_beta_edge, fit_edge_law
from solv.theory.jailbreak.clusters import edge_gap

PROMPTS, ANSWERS = 300, 200


def draw(a, nu, mu, seed, prompts=PROMPTS, answers=ANSWERS):
    rng = np.random.default_rng(seed)
    unsafe = rng.binomial(answers, 1 - np.exp(-mu) * rng.beta(a, nu, prompts))
    return np.full(prompts, answers), unsafe


@cache
def fitted(a, nu, mu, seed):
    return fit_beta_edge(*draw(a, nu, mu, seed))


@pytest.mark.parametrize(("a", "nu", "mu"), [(1.0, 0.6, 0.0), (2.0, 0.5, 0.02), (1.0, 0.7, 0.1)])
def test_intervals_cover_the_truth(a, nu, mu):
    """12 data sets: a 95 % interval misses four or more of them once in five hundred times."""
    fits = [fitted(a, nu, mu, seed) for seed in range(12)]
    chosen = [fit.exponential if mu else fit.polynomial for fit in fits]
    assert sum(not fit.nu_interval[0] <= nu <= fit.nu_interval[1] for fit in chosen) <= 3
    if mu:
        assert sum(not fit.mu_interval[0] <= mu <= fit.mu_interval[1] for fit in chosen) <= 3
        assert all(fit.is_exponential for fit in fits)
    else:
        assert sum(fit.is_exponential for fit in fits) <= 3
    assert np.mean([fit.nu for fit in chosen]) == pytest.approx(nu, rel=0.05)


@pytest.mark.parametrize(("a", "nu", "mu"), [(1.0, 0.6, 0.0), (1.0, 0.7, 0.1)])
def test_the_interval_of_the_curve_covers_the_law_beyond_the_data(a, nu, mu):
    k = [1, 100, 10_000] if mu == 0 else [1, 30, 200]
    missed = np.zeros(3)
    for seed in range(12):
        low, high = fitted(a, nu, mu, seed).chosen.gap_interval(k)
        missed += (edge_gap(a, nu, mu, k) < low) | (edge_gap(a, nu, mu, k) > high)
    assert missed.max() <= 3


def test_samples_for_a_gap_are_the_least_that_reach_it():
    fit = fitted(1.0, 0.6, 0.0, 3).polynomial
    k = fit.samples_for(0.01)
    assert fit.gap(k) <= 0.01 < fit.gap(k - 1)
    assert fit.samples_for(0.999) == 1
    assert fit.samples_for(1e-12) == np.inf
    with pytest.raises(ValueError, match="gap"):
        fit.samples_for(0.0)


def test_prompts_may_have_different_numbers_of_answers():
    rng = np.random.default_rng(0)
    n = rng.integers(30, 90, 1000)
    unsafe = rng.binomial(n, 1 - rng.beta(1.5, 0.8, len(n)))
    fit = fit_beta_edge(n, unsafe).polynomial
    assert fit.nu_interval[0] < 0.8 < fit.nu_interval[1]
    assert fit.a == pytest.approx(1.5, rel=0.15)


@pytest.mark.parametrize("seed", range(3))
def test_the_edge_law_finds_an_exponential(seed):
    fit = fit_edge_law(*draw(1.0, 0.7, 0.1, seed), np.random.default_rng(seed))
    assert fit.mu_interval[0] > 0
    assert fit.mu == pytest.approx(0.1, abs=0.04)
    assert fit.nu == pytest.approx(0.7, abs=0.2)


def test_the_edge_law_covers_a_pure_power():
    """P with a = 1 - nu has a gap close to its power law from k = 1 on: only scatter is left."""
    missed = 0
    for seed in range(20):
        fit = fit_edge_law(*draw(0.5, 0.5, 0.0, seed), np.random.default_rng(seed), with_mu=False)
        missed += not fit.nu_interval[0] - 0.03 <= 0.5 <= fit.nu_interval[1] + 0.03
        assert fit.mu == 0
    assert missed <= 4


@pytest.mark.parametrize(
    ("answers", "unsafe", "said"),
    [
        ([10] * 4, [1] * 4, "at least 5"),
        ([10] * 6, [0] * 6, "same verdict"),
        ([10] * 6, [10] * 6, "same verdict"),
        ([10] * 6, [11] + [1] * 5, "unsafe"),
    ],
)
def test_counts_that_say_nothing_are_named(answers, unsafe, said):
    with pytest.raises(ValueError, match=said):
        fit_beta_edge(np.array(answers), np.array(unsafe))


def test_too_few_answers_are_named():
    with pytest.raises(ValueError, match="at least 8"):
        fit_edge_law(np.full(6, 4), np.arange(6) % 5, np.random.default_rng(0))
