"""Are the points of a sweep joined as they should be: seeds into repeats, other axes into params?"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solv.harness.sweep.aggregate import join_points, pool_repeats
from solv.tracking.curves import decode_params, join_curves, select, standard_error
from tests.made_curves import points

SAMPLES = st.lists(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=6), min_size=2, max_size=4)


def simulated(samples, **params):
    mean, error, n = standard_error(np.array(samples))
    return points("simulation", [float(mean)], float(error), n, **params)


@given(SAMPLES)
def test_pooled_repeats_are_those_of_one_run_with_all_of_them(samples):
    row = pool_repeats([simulated(each) for each in samples]).iloc[0]
    mean, error, n = standard_error(np.concatenate([np.array(each) for each in samples]))
    assert row["n"] == n
    assert row["y"] == pytest.approx(float(mean), abs=1e-9)
    assert row["y_err"] == pytest.approx(float(error), abs=1e-7)


def test_runs_of_a_single_repeat_each_get_an_error_from_their_scatter():
    row = pool_repeats([points("trained", [y], math.nan, 1) for y in (1.0, 3.0)]).iloc[0]
    assert (row["y"], row["n"]) == (2.0, 2)
    assert row["y_err"] == pytest.approx(1.0)  # deviation sqrt(2) over sqrt(2)


def test_theory_stays_exact_and_is_averaged_where_it_depends_on_the_seed():
    row = pool_repeats([points("theory", [y]) for y in (1.0, 3.0)]).iloc[0]
    assert (row["y"], row["y_err"], row["n"]) == (2.0, 0.0, 1)


def test_published_numbers_are_no_repeats():
    row = pool_repeats([points("published", [y], 0.1, 5) for y in (1.0, 1.0)]).iloc[0]
    assert (row["y"], row["y_err"], row["n"]) == (1.0, 0.1, 5)


def test_a_repeat_that_diverged_makes_the_pool_diverge():
    row = pool_repeats([points("simulation", [y], error, 4) for y, error in ((1.0, 0.1), (math.inf, math.nan))]).iloc[0]
    assert row["y"] == math.inf
    assert math.isnan(row["y_err"])


def test_a_point_that_one_run_alone_has_is_kept_as_it_is():
    long, short = points("simulation", [1.0, 2.0], 0.1, 4), points("simulation", [1.0], 0.1, 4)
    pooled = pool_repeats([long, short])
    assert pooled["n"].tolist() == [8, 4]
    assert pooled["y_err"].iloc[1] == 0.1


def test_equal_rows_of_several_points_are_kept_once():
    table = points("theory", [1.0, 2.0])
    joined, told_by = join_points([{"x": "1"}, {"x": "2"}], [table, table])
    assert joined.equals(table)
    assert told_by == ()


def test_an_axis_that_the_params_hold_already_tells_nothing_more():
    tables = [simulated([1.0, 2.0], tau=tau) for tau in (1, 2)]
    joined, told_by = join_points([{"tau": "1"}, {"tau": "2"}], tables)
    assert told_by == ()
    assert [decode_params(text) for text in joined["params"]] == [{"tau": 1}, {"tau": 2}]


def test_the_fewest_axes_that_tell_points_apart_become_params():
    axes = [{"a": a, "size": size} for a in "12" for size in ("8", "9")]
    tables = [simulated([float(each["size"]), 1.0]) for each in axes]
    joined, told_by = join_points(axes, tables)
    assert told_by == ("size",)
    assert [decode_params(text) for text in joined["params"]] == [{"size": "8"}, {"size": "9"}]


def test_seeds_are_pooled_before_other_axes_are_told_apart():
    axes = [{"size": size, "seed": seed} for size in ("8", "9") for seed in "012"]
    tables = [simulated([float(each["size"]), float(each["seed"])]) for each in axes]
    joined, told_by = join_points(axes, tables)
    assert told_by == ("size",)
    assert joined["n"].tolist() == [6, 6]
    assert select(joined, size="8")["y"].iloc[0] == pytest.approx((8 * 3 + 0 + 1 + 2) / 6)


def test_the_order_of_rows_is_that_of_the_curves_whatever_the_order_of_the_points():
    tables = [points("simulation", [x * x], 0.1, 2, x=[x]) for x in (3.0, 1.0, 2.0)]
    joined, _ = join_points([{"x": str(x)} for x in (3, 1, 2)], tables)
    assert joined["x"].tolist() == [1, 2, 3]
    assert len(join_curves([joined])) == 3
