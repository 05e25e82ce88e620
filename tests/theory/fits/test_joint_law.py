"""Are published laws of two sizes found again on grids that they made, and are the intervals wide enough?"""

import math

import numpy as np
import pytest

from solv.theory.fits.joint_law import NAMES, fit_joint_law

CHINCHILLA = (1.69, 406.4, 410.7, 0.34, 0.28)  # arXiv:2203.15556, equation 10
REPLICATION = (1.8172, 482.01, 2085.43, 0.3478, 0.3658)  # arXiv:2404.10102, table of the refit
N, D = (each.ravel() for each in np.meshgrid(np.geomspace(5e7, 1e10, 6), np.geomspace(1e9, 4e11, 6)))


def law(parameters):
    limit, first, second, a, b = parameters
    return limit + first * N**-a + second * D**-b


@pytest.mark.parametrize("parameters", [CHINCHILLA, REPLICATION])
def test_published_coefficients_come_back_from_a_grid(parameters):
    fit = fit_joint_law(N, D, law(parameters), resamples=20)
    assert [getattr(fit, name) for name in NAMES] == pytest.approx(parameters, rel=1e-6)
    np.testing.assert_allclose(fit(N, D), law(parameters), rtol=1e-9)


def test_the_best_sizes_have_the_least_loss_for_their_budget():
    fit = fit_joint_law(N, D, law(CHINCHILLA), resamples=20)
    n, d = fit.best_sizes(5.76e23)
    assert 6 * n * d == pytest.approx(5.76e23)
    for factor in (0.8, 1.25):
        assert fit(n, d) < fit(factor * n, d / factor)
    assert fit.best_sizes(5.76e25)[0] / n == pytest.approx(100**fit.share)
    assert fit.share == pytest.approx(0.28 / 0.62, rel=1e-6)


def test_intervals_cover_the_truth_as_often_as_they_say():
    trials, rng = 30, np.random.default_rng(0)
    covered = np.zeros(6)
    truth = [*CHINCHILLA, 0.28 / 0.62]
    for trial in range(trials):
        loss = law(CHINCHILLA) * np.exp(0.003 * rng.standard_normal(len(N)))
        fit = fit_joint_law(N, D, loss, resamples=40, seed=trial)
        covered += [low <= value <= high for (low, high), value in zip(fit.intervals.values(), truth, strict=True)]
    assert np.all(covered / trials > 0.95 - 4 * math.sqrt(0.95 * 0.05 / trials)), covered / trials


def test_runs_that_went_wrong_count_little():
    loss = law(CHINCHILLA)
    loss[[3, 17]] *= 1.5
    fit = fit_joint_law(N, D, loss, resamples=20)
    assert [fit.E, fit.a, fit.b] == pytest.approx([1.69, 0.34, 0.28], rel=0.01)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: fit_joint_law(N[:5], D[:5], D[:5]), "5 runs are too few"),
        (lambda: fit_joint_law(N, D, -D), "loss = -1e\\+09 of run 0"),
        (lambda: fit_joint_law(N, D[:-1], D), "shapes"),
        (lambda: fit_joint_law(0 * N + 1e8, D, law(CHINCHILLA)), "n takes 1 values"),
        (lambda: fit_joint_law(N, 20 * N, law(CHINCHILLA)), "go together"),
    ],
)
def test_invalid_input_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
