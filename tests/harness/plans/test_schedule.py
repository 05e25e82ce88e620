"""Is the recommended schedule the one of least regret, and does it follow the exponent of the loss?"""

import numpy as np
import pytest

from solv.harness.loss_fits import loss_curve
from solv.harness.plans.schedule import plan_schedule, plan_schedule_from_loss


def test_where_the_constant_rate_is_as_good_it_is_recommended():
    plan = plan_schedule(1 / 3, 1.5, 400)  # b = a: gamma* = 0
    assert plan.decision[0].startswith("keep the rate constant")
    assert {row[1] for row in plan.rows} == {1.5}
    worst = {(row[2].removesuffix(" (best)"), row[3]): row[5] for row in plan.rows}
    assert min(worst[key] for key in worst if key[0] == "constant") < 1.1
    assert all(worst[key] > 1.1 for key in worst if key[1] == "last iterate")


def test_a_steep_loss_wants_a_falling_rate():
    plan = plan_schedule(4 / 3, 1.5, 20000)  # a = 1.5, b = 3: 0.88 against 1.19 in docs/experiments/anytime.md
    assert plan.decision[0].startswith("let the rate fall as (1+t/1000)^-0.5 with EMA 6.25: at worst 0.88")
    best = min(plan.rows, key=lambda row: row[5])
    assert best[2].endswith("^-0.5 (best)")
    assert best[5] == pytest.approx(0.88, abs=0.005)


def test_without_a_capacity_three_are_compared():
    plan = plan_schedule(0.5, None, 200)
    assert [row[:2] for row in plan.rows if "constant" in row[2] and row[3] == "last iterate"] == [
        (1.2, pytest.approx(1.6)),
        (1.5, 1.75),
        (1.9, pytest.approx(1.95)),
    ]
    assert any("compared for capacity 1.2, 1.5, 1.9 and exponent 0.5: all agree" in line for line in plan.decision)


def test_the_ends_of_a_fitted_exponent_are_compared_too():
    plan = plan_schedule(0.5, 1.5, 200, interval=(0.4, float("inf")))
    assert {row[1] for row in plan.rows} == {1.6, 1.75}
    assert any("capacity 1.5 and exponent 0.4, 0.5" in line for line in plan.decision)


def test_a_loss_log_gives_the_exponent_and_its_interval():
    steps = np.arange(1.0, 2001.0)
    noise = 0.01 * np.random.default_rng(0).standard_normal(2000)
    curve = loss_curve(steps, 3 + 5 * steps**-0.5 + noise, name="train")
    plan = plan_schedule_from_loss(curve, 1.5, 200)
    low, high = curve.exponent_interval
    assert low < 0.5 < high
    assert {row[1] for row in plan.rows} == {1 + 1.5 * nu for nu in (low, curve.exponent, high)}
    assert plan.rows == plan_schedule(curve.exponent, 1.5, 200, interval=(low, high)).rows
    assert f"From train: {curve.points} of 2000 points" in plan.question
    assert "a power law? yes: a power law to a limit" in plan.rests_on


def test_what_makes_the_exponent_doubtful_is_said():
    steps = np.arange(10.0, 60.0)
    curve = loss_curve(steps, 3 + 5 * steps**-0.5, window=(10, 59))
    plan = plan_schedule_from_loss(curve, 1.5, 200)
    assert any(line.startswith("caution: the window spans a factor 5.9") for line in plan.decision)


@pytest.mark.parametrize(("rate", "said"), [(0.0, "flat"), (-1.0, "grows")])
def test_a_loss_that_does_not_fall_has_no_schedule(rate, said):
    steps = np.arange(1.0, 201.0)
    noise = 0.01 * np.random.default_rng(0).standard_normal(200)
    with pytest.raises(ValueError, match=said):
        plan_schedule_from_loss(loss_curve(steps, 3 + rate * steps**-0.5 + noise), 1.5, 200)


def test_a_long_horizon_is_said_to_be_scaled(monkeypatch):
    monkeypatch.setattr("solv.harness.plans.schedule.LONGEST", 1000)
    plan = plan_schedule(0.5, 1.5, 6000)
    assert any("a twentieth of the horizon, 300 steps for you" in line for line in plan.decision)


@pytest.mark.parametrize("arguments", [(0,), (-1,), (float("nan"),), (0.5, 1.0), (0.5, 1.5, 10), (0.5, 1.5, 200, -1)])
def test_values_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match="valid"):
        plan_schedule(*arguments)
