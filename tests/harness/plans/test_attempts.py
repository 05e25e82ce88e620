"""Are prices in attempts those of the law that the verdicts were drawn from?"""

import math
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import betaln

from solv.harness.plans.attempts import plan_attempts
from solv.theory.fits.attack_success import fit_beta_edge
from solv.theory.fits.immune_share import fit_immune_share

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "examples"))
import made_logs

A, NU = 3.0, 0.7


def drawn(prompts=400, n=50, seed=0, never=0.0):
    rng = np.random.default_rng(seed)
    safe = rng.beta(A, NU, prompts)
    safe[: int(never * prompts)] = 1.0
    return np.full(prompts, n), rng.binomial(n, 1 - safe)


def gap(k):
    return float(np.exp(betaln(A + k, NU) - betaln(A, NU)))


def test_prices_and_successes_are_those_of_the_law():
    plan = plan_attempts(*drawn(), goals=(0.5, 0.9), budgets=(10, 200))
    half, nine, ten, many = plan.rows
    for row, goal in ((half, 0.5), (nine, 0.9)):
        _, asked, price, low, high, times = row
        assert asked == goal
        assert low <= price <= high
        assert gap(low) > 1 - goal - 0.02
        assert gap(high) < 1 - goal + 0.02
        assert times == price / 50
    for row, k in ((ten, 10), (many, 200)):
        assert abs(row[2] - (1 - gap(k))) < 3 * (row[4] - row[3]) / (2 * 1.96)
    assert plan.decision[0].startswith("50 % unsafe, attempts a prompt: ")
    assert "100 answers a prompt" in plan.falsified_by


def test_where_the_regime_is_open_both_prices_are_told():
    rows = list(made_logs.red_team(random.Random(2)))
    unsafe = np.array([sum(row[2] for row in rows if row[0] == f"p{prompt}") for prompt in range(120)])
    answers = np.full(120, 60)
    regime = fit_beta_edge(answers, unsafe)
    assert 0 < regime.ratio < 5.41
    plan = plan_attempts(answers, unsafe, goals=(0.9,))
    [(_, _, price, low, high, _)] = plan.rows
    for each in (regime.polynomial, regime.exponential):
        assert low <= each.samples_for(0.1) <= high
    assert price == regime.chosen.samples_for(0.1)
    assert "it is open how success grows: 90 % unsafe take" in plan.decision[-1]
    assert "if polynomial 3,011, if exponential 272" in plan.decision[-1]
    assert "open between polynomial and exponential" in plan.rests_on


def test_success_ends_below_1_where_some_prompts_never_yield():
    answers, unsafe = drawn(prompts=600, never=0.5)
    plan = plan_attempts(answers, unsafe, goals=(0.3, 0.9), budgets=(50, 10**6))
    few, nine, now, far = plan.rows
    assert plan.decision[0].startswith("success ends at ")
    assert few[3] <= few[2] <= few[4] < math.inf
    assert nine[2:5] == (math.inf,) * 3
    assert any(line.startswith("90 % unsafe, attempts a prompt: never: 0.") for line in plan.decision)
    assert now[3] < np.mean(unsafe > 0) < now[4]
    assert far[3] < 0.5 < far[4] < 0.7  # without them it would be 1
    assert "(bounded): bounded, by likelihood ratios" in plan.rests_on
    assert "more says that what held out yields" in plan.falsified_by


def test_where_it_is_open_whether_success_ends_the_intervals_hold_both():
    answers, unsafe = drawn(prompts=60, n=20, never=0.2)
    regime = fit_beta_edge(answers, unsafe)
    immune = fit_immune_share(answers, unsafe, regime.polynomial)
    assert 0 < immune.ratio < 5.41
    plan = plan_attempts(answers, unsafe, goals=(0.9,), budgets=(1000,))
    price, bought = plan.rows
    assert price[4] == math.inf
    for fit in (regime.polynomial, immune):
        assert bought[3] < 1 - fit.gap(1000) < bought[4]
    assert "bounded" in plan.decision[-1]
    assert "open between polynomial and bounded" in plan.rests_on


def test_a_fit_that_does_not_describe_the_table_is_not_to_be_believed():
    answers = np.full(400, 60)
    unsafe = np.random.default_rng(0).binomial(60, np.tile([0.45, 0.02], 200))  # two kinds: no beta distribution
    assert plan_attempts(answers, unsafe, goals=(0.9,)).decision[0].startswith("do not believe these prices: at k =")


def test_prices_of_prompts_that_were_sampled_until_they_broke_are_those_of_the_law():
    rng = np.random.default_rng(0)
    broke_at = rng.geometric(1 - rng.beta(A, NU, 800))
    answers, unsafe = np.minimum(broke_at, 50), (broke_at <= 50).astype(int)
    plan = plan_attempts(answers, unsafe, goals=(0.9,), budgets=(10,), until_success=True)
    (_, _, price, low, high, times), (_, _, success, *_) = plan.rows
    assert gap(low) > 0.1 > gap(high)
    assert times == price / 50
    assert success == pytest.approx(1 - gap(10), abs=0.05)
    assert "each sampled until it broke" in plan.question
    with pytest.raises(ValueError, match="at most 1"):
        plan_attempts(*drawn(20), until_success=True)


def test_verdicts_that_are_all_alike_have_no_price():
    with pytest.raises(ValueError, match="no prices: no answer is unsafe"):
        plan_attempts([10] * 8, [0] * 8)


@pytest.mark.parametrize("rest", [{"goals": (1.0,)}, {"goals": (0.0,)}, {"budgets": (0,)}])
def test_values_out_of_range_are_refused(rest):
    with pytest.raises(ValueError, match="valid"):
        plan_attempts(*drawn(20), **rest)
