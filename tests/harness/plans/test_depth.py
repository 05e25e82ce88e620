"""Is the depth to stop at that of least error, and is each regime told as what it is?"""

import math

import pytest

from solv.harness.plans.depth import plan_depth
from solv.theory.cot_depth import error_vs_depth, long_time_error


def test_an_overthinking_chain_stops_at_its_least_error():
    plan = plan_depth(2, 3)  # the paper's example: T* = 25
    assert plan.decision[0].startswith("stop at depth 25: the error is least there, 0.02366")
    errors = error_vs_depth(2, 3, 0, 50)
    assert f"at depth 50 it is {errors[50] / errors[25]:.3g} times that" in plan.decision[0]
    assert "overthinks (3 contexts per dimension against a critical 3.5)" in plan.decision[2]
    assert f"{errors[50] / errors[25]:.4g} is expected" in plan.falsified_by
    depths = [row[0] for row in plan.rows]
    assert {20, 25, 50} <= set(depths) <= set(range(201))


def test_a_chain_that_is_harmed_by_its_first_step_does_not_reason():
    assert plan_depth(3, 1.2).decision[0].startswith("do not let it reason")


@pytest.mark.parametrize("tau", [3, math.inf])
def test_where_every_step_pays_depths_of_goals_are_shown(tau):
    plan = plan_depth(4, tau)
    errors = error_vs_depth(4, tau, 0, 200)
    first = int((errors > 0.01).sum())
    assert f"0.01 at depth {first}" in plan.decision[0]
    assert "no step is too many" in plan.decision[0]
    assert "falls for ever" in plan.decision[1]


def test_a_chain_that_saturates_stops_where_it_is_within_five_percent():
    plan = plan_depth(0.7, 4, 0.1)
    errors = error_vs_depth(0.7, 4, 0.1, 200, 0.1)
    enough = int((errors > 1.05 * errors.min()).argmin())
    assert 0 < enough < 200
    assert plan.decision[0].startswith(f"stop at depth {enough}: its error {errors[enough]:.4g}")
    assert f"ends at {long_time_error(0.7, 4, 0.1, 0.1):.4g}" in plan.decision[1]


@pytest.mark.parametrize("arguments", [(0, 3), (2, 1), (2, 3, -1), (2, 3, 0, None, 0), (2, 3, 0, -1)])
def test_values_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="valid"):
        plan_depth(*arguments)


def test_noise_of_the_test_contexts_is_that_of_pretraining_unless_it_is_given():
    assert plan_depth(2, 6, 0.3).rows == plan_depth(2, 6, 0.3, 0.3).rows
    quiet = plan_depth(2, 6, 0.3, 0.0)
    assert quiet.rows[-1][1] == error_vs_depth(2, 6, 0.3, 200, 0.0)[-1]
    assert "no step is too many" in quiet.decision[0]
