"""Is an order put into a rank correlation, with every measure signed so that 1 is perfect?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.icl_alignment.rank_correlations import (
    ALIGNMENT,
    MEASURES,
    by_measure,
    lead,
    rank_correlations,
    rank_correlations_within,
    rivals,
)
from solv.theory.icl_alignment.measures import ALIGNMENT_MEASURES
from tests.made_curves import points

SIGNS = np.array([1, *(sign for _, sign in ALIGNMENT_MEASURES.values())])
ERRORS = {("half", 1.0): np.array([0.1, 0.2, 0.3]), ("half", 2.0): np.array([1.1, 1.2, 1.3])}


def test_a_measure_that_orders_as_the_errors_do_is_one_whatever_its_sign():
    perfect = {key: SIGNS[:, None] * errors for key, errors in ERRORS.items()}
    np.testing.assert_allclose(rank_correlations(perfect, ERRORS), 1)
    backwards = {key: -values for key, values in perfect.items()}
    np.testing.assert_allclose(rank_correlations_within(backwards, ERRORS), -1)


def test_the_order_within_pretrainings_is_not_that_of_all_pairs():
    # Right within each pretraining, wrong between them.
    shift = {("half", 1.0): 10.0, ("half", 2.0): -10.0}
    measures = {key: SIGNS[:, None] * (errors + shift[key]) for key, errors in ERRORS.items()}
    np.testing.assert_allclose(rank_correlations_within(measures, ERRORS), 1)
    assert np.all(rank_correlations(measures, ERRORS) < 0)


def test_rivals_are_all_measures_but_a():
    train = np.array([1.5, 0.5])
    found = rivals(train, [train, train[::-1]])
    assert np.shape(found) == (len(MEASURES) - 1, 2)


def test_each_measure_has_a_point_of_its_own():
    yielded = list(by_measure({"p": 1}, np.arange(len(MEASURES)), 2 * np.arange(len(MEASURES))))
    assert [params["measure"] for params, _ in yielded] == list(MEASURES)
    assert yielded[2] == ({"p": 1, "measure": MEASURES[2]}, (2.0, 4.0))


def test_the_lead_is_over_the_best_rival_with_both_errors():
    values = dict.fromkeys(MEASURES, 0.5) | {ALIGNMENT: 0.9, MEASURES[2]: 0.8}
    errors = dict.fromkeys(MEASURES, 0.03) | {MEASURES[2]: 0.04}
    ranks = pd.concat([points("simulation", [values[name]], errors[name], 6, measure=name) for name in MEASURES])
    found = lead(ranks)
    assert (found.own, found.rival, found.rival_name) == (0.9, 0.8, MEASURES[2])
    assert found.error == pytest.approx(0.05)
    assert str(found) == f"A 0.900, {MEASURES[2]} 0.800"
