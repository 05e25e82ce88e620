"""How often is a set of true curves refuted, and is a wrong one caught? Both rates, at the errors of the quick run."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from solv.experiments.dmft.agreement import CAUGHT, CHANCE, SURE, assess, judge_agreement
from solv.tracking.claims import Verdict
from solv.tracking.curves import COLUMNS

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
# Curves, points of each, repeats, and the relative standard error of a mean: as in the quick run, kind by kind.
QUICK = (
    (9, 13, 12, 0.002),  # matrix exponentials
    (20, 9, 16, 0.004),  # small systems, regressions
    (30, 16, 16, 0.02),  # random features
    (3, 16, 40, 0.02),  # SGD
    (16, 14, 12, 0.03),  # grids of models
    (24, 12, 20, 0.008),  # deep networks
    (14, 6, 12, 0.004),  # spikes
)


def drawn(generator, shift=0.0, shifted=0, tilt=0.0):
    """Return theory and means of true curves, points of a curve correlated; the first `shifted` are off by `shift`."""
    names, x, theory, y, y_err, n = [], [], [], [], [], []
    for curves, points, repeats, error in QUICK:
        level = np.exp(-np.arange(points) / 6)
        common = generator.standard_normal((curves, repeats, 1))
        noise = 0.9 * common + np.sqrt(1 - 0.81) * generator.standard_normal((curves, repeats, points))
        off = 1 + tilt + shift * (np.arange(len(names), len(names) + curves) < shifted)
        samples = level * (off[:, None, None] + error * np.sqrt(repeats) * noise)
        names += [f'{{"c": {len(names) + index}}}' for index in range(curves)]
        x.append(np.tile(np.arange(points, dtype=float), curves))
        theory.append(np.tile(level, curves))
        y.append(samples.mean(axis=1).ravel())
        y_err.append(samples.std(axis=1, ddof=1).ravel() / np.sqrt(repeats))
        n.append(np.full(curves * points, repeats))
    counts = [points for curves, points, *_ in QUICK for _ in range(curves)]
    table = pd.DataFrame({"params": np.repeat(names, counts), "x": np.concatenate(x)})
    table = table.assign(experiment="dmft", part="p", panel="q", x_name="t", y_name="y")
    exact = table.assign(source="theory", y=np.concatenate(theory), y_err=0.0, n=1)
    means = table.assign(source="simulation", y=np.concatenate(y), y_err=np.concatenate(y_err), n=np.concatenate(n))
    return pd.concat([exact, means], ignore_index=True)[list(COLUMNS)]


def rate(draws, **wrong):
    generator = np.random.default_rng(8)
    return np.mean([judge_agreement(drawn(generator, **wrong)).verdict is FAILS for _ in range(draws)])


def test_true_curves_are_refuted_in_less_than_one_of_two_hundred_sets():
    assert rate(40) == 0
    # At the very edge of the tolerance, 5 % off everywhere, where the rate is largest: what Bonferroni allows.
    refuted = rate(100, tilt=0.05)
    assert refuted <= stats.binom.ppf(0.999, 100, CHANCE) / 100


@pytest.mark.parametrize("shifted", [1, 9])
def test_curves_that_are_off_by_twice_the_tolerance_are_caught(shifted):
    assert rate(20, shift=0.10, shifted=shifted) >= 0.95


def test_a_set_is_held_where_most_of_its_curves_would_be_caught():
    generator = np.random.default_rng(1)
    points = assess(drawn(generator))
    assert points.groupby("params")["catching"].any().mean() >= CAUGHT
    assert judge_agreement(drawn(generator)).verdict is HOLDS


def one_curve(y, y_err, n, theory=1.0):
    at = {"experiment": "dmft", "part": "p", "panel": "q", "params": "{}", "x_name": "t", "x": 0.0, "y_name": "y"}
    rows = [
        {**at, "source": "theory", "y": theory, "y_err": 0.0, "n": 1},
        {**at, "source": "simulation", "y": y, "y_err": y_err, "n": n},
    ]
    return pd.DataFrame(rows)[list(COLUMNS)]


@pytest.mark.parametrize("n", [4, 16])
@pytest.mark.parametrize(("strength", "refuted"), [(0.9, False), (1.1, True)])
def test_a_point_is_refuted_beyond_the_quantile_of_its_own_repeats(n, strength, refuted):
    quantile = stats.t.isf(CHANCE, n - 1)
    verdict = judge_agreement(one_curve(1.05 + strength * quantile * 0.02, 0.02, n)).verdict
    assert (verdict is FAILS) is refuted


@pytest.mark.parametrize(("strength", "expected"), [(0.9, HOLDS), (1.1, UNDECIDED)])
def test_a_curve_counts_as_known_where_twice_the_tolerance_would_be_caught(strength, expected):
    error = strength * 0.05 / (stats.t.isf(CHANCE, 15) + SURE)
    assert judge_agreement(one_curve(1.0, error, 16)).verdict is expected


@pytest.mark.parametrize(("y_err", "n"), [(0.0, 16), (np.nan, 1)])
def test_a_point_without_scatter_decides_nothing(y_err, n):
    assert judge_agreement(one_curve(1.5, y_err, n)).verdict is UNDECIDED


def test_without_a_pair_nothing_is_said():
    assert judge_agreement(one_curve(1.0, 0.01, 16).iloc[:1]).verdict is UNDECIDED
