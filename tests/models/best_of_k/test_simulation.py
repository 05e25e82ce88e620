import math

import numpy as np
import pytest
import torch

from solv.models.best_of_k.simulation import RegressionTask, simulate_selection_errors
from solv.theory.best_of_k.selection import deterministic_equivalents, selection_error

DIMENSION = 200
SAMPLES = [1, 2, 4, 16, 64]
TEMPERATURES = [0.0, 0.05, 0.2, 0.5, math.inf]


def small_task(dimension=12, **changes):
    settings = {"alpha": 2.0, "sigma0": 0.5, "sigma": 0.5, "gamma": 1.0}
    ones = torch.ones(dimension, dtype=torch.float64)
    return RegressionTask(**{**settings, "eigenvalues": ones, "teacher": ones, **changes})


def simulate(task, judges, k, temperatures, seed=0, repeats=2, points=40):
    generator = torch.Generator().manual_seed(seed)
    return simulate_selection_errors(task, judges, k, temperatures, repeats=repeats, points=points, generator=generator)


@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_theory_lies_within_two_standard_errors_of_the_simulation_at_nine_points_in_ten(decay):
    rng = np.random.default_rng(5)
    eigenvalues = np.arange(1, DIMENSION + 1.0) ** -decay
    eigenvalues /= eigenvalues.mean()
    teacher = rng.choice([-1.0, 1.0], DIMENSION)
    judges = teacher + np.array([[0.0], [0.6]]) * rng.standard_normal(DIMENSION)
    task = small_task(eigenvalues=torch.tensor(eigenvalues), teacher=torch.tensor(teacher))
    errors = simulate(task, torch.tensor(judges), SAMPLES, TEMPERATURES, seed=11, repeats=16, points=2000).numpy()
    mean, standard_error = errors.mean(0), errors.std(0, ddof=1) / math.sqrt(len(errors))
    theory = [
        [
            selection_error(
                deterministic_equivalents(2.0, 0.5, 0.5, 1.0, eigenvalues, teacher, judge), SAMPLES, temperature
            )
            for temperature in TEMPERATURES
        ]
        for judge in judges
    ]
    assert np.mean(np.abs(mean - theory) < 2 * standard_error) >= 0.9
    assert np.median(standard_error / mean) < 0.02


def test_one_sample_is_the_same_for_every_judge_and_temperature():
    judges = torch.stack([torch.ones(12), torch.zeros(12)]).double()
    errors = simulate(small_task(), judges, [1, 5], TEMPERATURES)
    assert errors.shape == (2, 2, 5, 2)
    torch.testing.assert_close(errors[..., 0], errors[:, :1, :1, 0].expand(2, 2, 5))
    torch.testing.assert_close(errors[:, 0, -1], errors[:, 1, -1])  # T = inf ignores the judge


def test_best_of_k_with_the_teacher_never_gets_worse_on_the_same_samples():
    errors = simulate(small_task(), torch.ones(1, 12, dtype=torch.float64), [1, 2, 3, 10, 50], [0.0])
    assert bool((errors.diff(dim=-1) <= 0).all())


def test_samples_are_nested_and_the_order_of_k_does_not_matter():
    judges = torch.ones(1, 12, dtype=torch.float64)
    forward = simulate(small_task(), judges, [2, 8, 32], [0.1])
    backward = simulate(small_task(), judges, [32, 2], [0.1])
    torch.testing.assert_close(backward, forward[..., [2, 0]])


def test_the_seed_decides_the_result():
    judges = torch.ones(1, 12, dtype=torch.float64)
    first, again, other = (simulate(small_task(), judges, [4], [0.1], seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_small_temperatures_approach_the_best_of_k():
    judges = torch.ones(1, 12, dtype=torch.float64)
    errors = simulate(small_task(), judges, [8], [0.0, 1e-12])
    torch.testing.assert_close(errors[:, :, 0], errors[:, :, 1])


def test_chunks_cover_every_point(monkeypatch):
    judges = torch.ones(1, 12, dtype=torch.float64)
    monkeypatch.setattr("solv.models.best_of_k.simulation.SCORED_AT_ONCE", 7 * 64)
    errors = simulate(small_task(), judges, [1, 64], [0.0], repeats=4, points=500).mean(0)[0, 0]
    whole = simulate(small_task(), judges, [1, 64], [0.0], repeats=4, points=500, seed=1).mean(0)[0, 0]
    assert errors[0] == pytest.approx(whole[0].item(), rel=0.15)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"alpha": 0.0}, "alpha = 0.0"),
        ({"alpha": 0.01}, "no training sample"),
        ({"sigma0": -1.0}, "sigma0 = -1.0"),
        ({"sigma": 0.0}, "sigma = 0.0"),
        ({"gamma": math.nan}, "gamma = nan"),
        ({"eigenvalues": -torch.ones(12)}, "eigenvalues"),
        ({"teacher": torch.ones(3)}, "teacher"),
    ],
)
def test_an_impossible_task_is_refused(changes, named):
    with pytest.raises(ValueError, match=named):
        small_task(**changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"k": [0]}, "k holds 0"),
        ({"k": [2.5]}, "k holds 2.5"),
        ({"k": []}, "k is empty"),
        ({"temperatures": [-1.0]}, "temperatures holds -1.0"),
        ({"judges": torch.ones(1, 5).double()}, "judges has shape"),
        ({"repeats": 0}, "repeats = 0"),
    ],
)
def test_an_impossible_simulation_is_refused(changes, named):
    arguments = {"judges": torch.ones(1, 12).double(), "k": [2], "temperatures": [0.1], **changes}
    with pytest.raises(ValueError, match=named):
        simulate(small_task(), **arguments)
