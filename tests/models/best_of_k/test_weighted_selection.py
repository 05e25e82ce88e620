"""The weighted error of real posterior samples: exact cases, theory within its errors, and what all share."""

import math

import numpy as np
import pytest
import torch

from solv.models.best_of_k.simulation import RegressionTask, simulate_selection_errors
from solv.models.best_of_k.weighted_selection import simulate_weighted_errors
from solv.theory.best_of_k.local_exponents import Regression
from solv.theory.best_of_k.selection import selection_error

ONES = torch.ones(10, dtype=torch.float64)


def task(d_over_n=0.05, sigma=0.5, gamma=1.0):
    return RegressionTask(1 / d_over_n, sigma, sigma, gamma, ONES, ONES)


def simulate(own, c=(0.0,), k=(1, 4, 20), temperatures=(0.0, 0.3, math.inf), seed=0, points=400, judges=None):
    weights = ONES.repeat(len(c), 1) if judges is None else judges
    generator = torch.Generator().manual_seed(seed)
    return simulate_weighted_errors(own, weights, c, k, temperatures, points=points, generator=generator)


def test_judges_that_extrapolate_have_the_error_of_theory():
    setup = Regression(0.05, 0.5, 1.0)
    c, k, heats = (0.0, 3.0), (1, 4, 20), (0.0, 0.3)
    drawn = torch.stack([simulate(task(), c, k, heats, seed=seed, points=1500) for seed in range(24)]).numpy()
    mean, error = drawn.mean(0), drawn.std(0, ddof=1) / math.sqrt(len(drawn))
    for row, each in enumerate(c):
        for column, heat in enumerate(heats):
            theory = selection_error(setup.equivalents().extrapolating(each), k, heat)
            # at d = 10 the variance of the training sets leaves a per cent
            assert np.all(np.abs(mean[row, column] - theory) < 3 * error[row, column] + 0.01 * theory)
    assert np.median(error / mean) < 0.02


def test_weights_have_the_mean_of_selection_and_less_scatter():
    judges, k, heats = 1.3 * ONES[None], [8], [0.4]
    weighted = torch.stack([simulate(task(), [0.0], k, heats, seed, judges=judges) for seed in range(40)]).flatten()
    selected = torch.cat(
        [
            simulate_selection_errors(
                task(), judges, k, heats, repeats=1, points=400, generator=torch.Generator().manual_seed(seed)
            )
            for seed in range(40)
        ]
    ).flatten()
    error = math.hypot(weighted.std().item(), selected.std().item()) / math.sqrt(40)
    assert abs(weighted.mean() - selected.mean()) < 3 * error
    assert weighted.std() < 0.8 * selected.std()


def test_one_sample_is_every_judge_and_temperature_and_infinite_temperature_ignores_both():
    found = simulate(task(), (0.0, 5.0))
    torch.testing.assert_close(found[..., 0], found[:1, :1, 0].expand(2, 3))
    torch.testing.assert_close(found[0, 2], found[1, 2])


def test_a_cold_judge_takes_the_nearest_and_nothing_underflows():
    found = simulate(task(), (0.0, 40.0), temperatures=(0.0, 1e-13))
    torch.testing.assert_close(found[:, 0], found[:, 1], rtol=1e-3, atol=0)
    assert torch.isfinite(found).all()


def test_the_order_of_k_does_not_matter_and_the_seed_does():
    forward, backward = simulate(task(), k=(1, 4, 20)), simulate(task(), k=(20, 1))
    torch.testing.assert_close(backward, forward[..., [2, 0]])
    assert not torch.equal(forward, simulate(task(), seed=1))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"k": (0,)}, "k holds 0"),
        ({"points": 1}, "points = 1"),
        ({"temperatures": (-1.0,)}, "temperatures holds -1"),
        ({"judges": ONES[None, :4]}, "judges has shape"),
    ],
)
def test_impossible_arguments_are_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        simulate(task(), **changes)
