"""Are clusters paired with their fields, sampled from broken sticks, and read where enough samples count?"""

import math

import numpy as np
import pytest

from solv.experiments.jailbreak.clusters import cases, counts, field_cases, log_ratio, safe_masses, seen
from solv.experiments.jailbreak.settings import Clusters, JailbreakConfig

CONFIG = JailbreakConfig(x=[0.3, 0.5, 0.7], m=[1, 2], clusters=Clusters(samples=4000, groups=20))


def test_cases_are_all_pairs_and_in_a_field_the_last_m_serves_what_is_left():
    assert len(cases(CONFIG)) == 6
    assert field_cases(CONFIG) == [(0.3, 1), (0.5, 2), (0.7, 2)]


def test_counts_are_whole_and_four_a_decade():
    found = counts(JailbreakConfig(most=10_000))
    assert found[0] == 1
    assert found[-1] == 10_000
    assert len(found) <= 17
    assert np.all(np.diff(found) > 0)


def test_a_chance_is_read_where_theory_expects_enough_samples_to_show_it():
    k, least = np.array([1, 2, 3]), CONFIG.clusters.least_seen
    gaps = np.array([1.0, least / 4000, 0.9 * least / 4000])
    assert seen(CONFIG, k, gaps).tolist() == [1, 2]


@pytest.mark.parametrize(("x", "m"), [(0.3, 1), (0.5, 3)])
def test_safe_masses_have_the_mean_of_their_sticks(x, m):
    masses = safe_masses(CONFIG, np.random.default_rng(0), x, m)
    assert masses.shape == (20, 200)
    # A stick of Beta(i x, 1 - x) leaves i x / (i x + 1 - x) on average.
    expected = math.prod(i * x / (i * x + 1 - x) for i in range(1, m + 1))
    assert masses.mean() == pytest.approx(expected, abs=5 * masses.std() / math.sqrt(masses.size))


def test_a_ratio_of_paired_groups_knows_that_they_are_paired():
    rng = np.random.default_rng(1)
    bottom = 1 + 0.1 * rng.standard_normal(50)
    assert log_ratio(2 * bottom, bottom) == (pytest.approx(math.log(2)), pytest.approx(0, abs=1e-12))
    ratio, error = log_ratio(2 + 0.1 * rng.standard_normal(50), bottom)
    assert ratio == pytest.approx(math.log(2), abs=5 * error)
    assert error == pytest.approx(0.1 * math.sqrt((1 + 1 / 4) / 50), rel=0.4)
