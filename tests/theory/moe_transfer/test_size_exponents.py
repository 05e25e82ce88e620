"""Does the exponent calculus give what is known of standard and mu parameterizations and of residual branches?"""

import math

import pytest

from solv.theory.moe_transfer.size_exponents import GroupExponents, optimal_rate_exponent, power_of

STANDARD_MLP = {
    "input": GroupExponents(),
    "hidden": GroupExponents(fan_in=1, deviation=-0.5),
    "output": GroupExponents(fan_in=1, deviation=-0.5),
}
MU_MLP = {
    "input": GroupExponents(),
    "hidden": GroupExponents(fan_in=1, deviation=-0.5, rate=-1),
    "output": GroupExponents(fan_in=1, multiplier=-1),
}


def test_standard_parameterization_of_a_perceptron_learns_too_fast_with_width():
    assert [group.initial for group in STANDARD_MLP.values()] == [0, 0, 0]
    assert [group.learned for group in STANDARD_MLP.values()] == [0, 1, 1]
    assert optimal_rate_exponent(STANDARD_MLP.values()) == -1


def test_mu_parameterization_of_a_perceptron_learns_at_order_one_everywhere():
    assert [group.learned for group in MU_MLP.values()] == [0, 0, 0]
    assert MU_MLP["output"].initial == -0.5
    assert optimal_rate_exponent(MU_MLP.values()) == 0


def test_two_multipliers_of_a_read_out_are_the_same_thing():
    """Multiplier 1/N at deviation and rate 1, or deviation and rate 1/N at multiplier 1."""
    moved = GroupExponents(fan_in=1, deviation=-1, rate=-1)
    assert (moved.initial, moved.learned) == (MU_MLP["output"].initial, MU_MLP["output"].learned)


def test_mu_parameterization_of_attention_needs_scores_over_the_width_of_a_head():
    """Learned queries and keys are aligned: their product of d_head terms is coherent, not a sum of random signs."""
    one_over_root = GroupExponents(fan_in=1, multiplier=-0.5)
    one_over = GroupExponents(fan_in=1, multiplier=-1)
    assert (one_over_root.initial, one_over_root.learned) == (0, 0.5)
    assert (one_over.initial, one_over.learned) == (-0.5, 0)


@pytest.mark.parametrize(("multiplier", "initial", "learned"), [(-1, -0.5, 0), (-0.5, 0, 0.5), (0, 0.5, 1)])
def test_residual_branches_add_up_with_depth(multiplier, initial, learned):
    branch = GroupExponents(multiplier=multiplier, summands=1)
    assert (branch.initial, branch.learned) == (initial, learned)


def test_a_zero_initialisation_leaves_the_learned_part():
    group = GroupExponents(fan_in=1, deviation=-math.inf, rate=-1)
    assert group.initial == -math.inf
    assert group.coordinate == 0


def test_sizes_that_grow_together_add_their_powers():
    assert power_of({"N": -1, "L": -1}, {"N": 1, "L": 1}) == -2
    assert power_of({"N": -1}, {"L": 1}) == 0


def test_no_group_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        optimal_rate_exponent([])
