"""Are prices in attempts those of the law that the verdicts were drawn from?"""

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import betaln

from solv.harness.plans.attempts import plan_attempts
from solv.theory.fits.attack_success import fit_beta_edge

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
    assert plan.decision[0].startswith("50 % unsafe:")
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


def test_prompts_that_never_yield_contradict_the_fit_or_widen_it():
    answers, unsafe = drawn(prompts=600, never=0.5)
    plan = plan_attempts(answers, unsafe, goals=(0.9,))
    measured = np.mean(unsafe > 0)
    expected = 100 * measured
    if plan.decision[0].startswith("do not believe"):
        assert f"{expected:.3g} ±" in plan.decision[0]
    assert "no share of them never yields" in plan.rests_on
    assert plan.rows[0][2] > 50


def test_prompts_that_were_sampled_until_they_broke_are_refused():
    rng = np.random.default_rng(0)
    first = np.minimum(rng.geometric(0.1, 50), 20)
    with pytest.raises(ValueError, match="until its first unsafe answer"):
        plan_attempts(first, (first < 20).astype(int))


@pytest.mark.parametrize("rest", [{"goals": (1.0,)}, {"goals": (0.0,)}, {"budgets": (0,)}])
def test_values_out_of_range_are_refused(rest):
    with pytest.raises(ValueError, match="valid"):
        plan_attempts(*drawn(20), **rest)
