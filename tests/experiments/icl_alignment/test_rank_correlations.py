"""Is an order put into a rank correlation, with every measure signed so that 1 is perfect?"""

import numpy as np
import pandas as pd
import pytest

from solv.experiments.icl_alignment.rank_correlations import (
    MEASURES,
    MISALIGNMENT,
    RESOLVENT,
    SIGNS,
    all_measures,
    by_measure,
    listed,
    rank_correlations,
    rank_correlations_of_means,
    rank_correlations_within,
    ranks_of,
)
from solv.theory.icl_alignment.error import icl_error
from solv.theory.icl_alignment.measures import bures_distance
from tests.made_curves import points

SIGN = np.array(SIGNS)[:, None]
ERRORS = {("half", 1.0): np.array([0.1, 0.2, 0.3]), ("half", 2.0): np.array([1.1, 1.2, 1.3])}


def test_a_measure_that_orders_as_the_errors_do_is_one_whatever_its_sign():
    perfect = {key: SIGN * errors for key, errors in ERRORS.items()}
    np.testing.assert_allclose(rank_correlations(perfect, ERRORS), 1)
    backwards = {key: -values for key, values in perfect.items()}
    np.testing.assert_allclose(rank_correlations_within(backwards, ERRORS), -1)


def test_the_order_within_pretrainings_is_not_that_of_all_pairs():
    # Right within each pretraining, wrong between them.
    shift = {("half", 1.0): 10.0, ("half", 2.0): -10.0}
    measures = {key: SIGN * (errors + shift[key]) for key, errors in ERRORS.items()}
    np.testing.assert_allclose(rank_correlations_within(measures, ERRORS), 1)
    assert np.all(rank_correlations(measures, ERRORS) < 0)


def test_the_chance_of_single_repeats_does_not_hide_the_order_of_their_means():
    rng = np.random.default_rng(3)
    tests = np.linspace(1, 1.3, 12)
    measures = {key: SIGN * np.tile(tests, (len(SIGN), 1)) for key in ERRORS}
    errors = {key: tests + 0.15 * rng.standard_normal((60, 12)) for key in ERRORS}
    single = [rank_correlations_within(measures, {key: rows[r] for key, rows in errors.items()}) for r in range(60)]
    value, error, n = rank_correlations_of_means(rank_correlations_within, measures, errors)
    assert n == 60
    assert np.mean(single) < 0.7 < 0.9 < value[0] - 2 * error[0] < 1


def test_the_jackknife_error_of_the_mean_order_is_its_scatter_over_other_repeats():
    rng = np.random.default_rng(4)
    tests = np.linspace(1, 1.3, 16)
    measures = {key: SIGN * np.tile(tests, (len(SIGN), 1)) for key in ERRORS}

    def found():
        errors = {key: tests + 0.15 * rng.standard_normal((8, 16)) for key in ERRORS}
        return rank_correlations_of_means(rank_correlations_within, measures, errors)

    values, errors, _ = zip(*(found() for _ in range(200)), strict=True)
    scatter = np.std(values, axis=0)[0]
    assert scatter < np.sqrt(np.mean(np.square(errors), axis=0))[0] < 1.6 * scatter  # a jackknife errs upwards


def test_one_repeat_has_no_error():
    alone = {key: each[None] for key, each in ERRORS.items()}
    measures = {key: SIGN * errors for key, errors in ERRORS.items()}
    value, error, n = rank_correlations_of_means(rank_correlations_within, measures, alone)
    assert n == 1
    assert np.isnan(error).all()
    np.testing.assert_allclose(value, 1)


def test_every_measure_is_asked_of_every_test_at_every_diversity():
    train = np.array([1.5, 0.5])
    found = all_measures(train, [train, train[::-1], np.ones(2)], 4, 2, [0.5, 2, 10], 0.01)
    assert found.shape == (3, len(MEASURES), 3)
    here = icl_error(train, train[::-1], 4, 2, 2, 0.01)
    assert found[1, MEASURES.index(MISALIGNMENT), 1] == pytest.approx(float(here.misalignment))
    assert found[1, MEASURES.index(RESOLVENT), 1] == pytest.approx(float(here.resolvent))
    assert found[2, MEASURES.index("Bures (ours)"), 2] == pytest.approx(bures_distance(train, np.ones(2)))


def test_each_measure_has_a_point_of_its_own():
    yielded = list(by_measure({"p": 1}, np.arange(len(MEASURES)), 2 * np.arange(len(MEASURES))))
    assert [params["measure"] for params, _ in yielded] == list(MEASURES)
    assert yielded[2] == ({"p": 1, "measure": MEASURES[2]}, (2.0, 4.0))


def test_the_lead_over_a_rival_has_both_errors():
    values = dict.fromkeys(MEASURES, 0.5) | {MISALIGNMENT: 0.9, MEASURES[5]: 0.8}
    errors = dict.fromkeys(MEASURES, 0.03) | {MEASURES[5]: 0.04}
    ranks = ranks_of(pd.concat([points("simulation", [values[m]], errors[m], 6, measure=m) for m in MEASURES]))
    assert ranks[MISALIGNMENT].above(ranks[MEASURES[5]]) == pytest.approx((0.1, 0.05))
    assert ranks[MISALIGNMENT].n == 6
    assert listed(ranks) == f"e_misalign 0.900, resolvent 0.500, C_te/C_tr 0.500, 1/CKA 0.500, {MEASURES[5]} 0.800"
