import numpy as np
import pytest

from solv.theory.anytime.horizon_free import (
    MULTIPLIERS,
    PowerSchedule,
    Problem,
    best_anytime,
    compare,
    cosine_envelope,
    horizon_free_schedules,
    least_mean_risk,
    read_out,
    recommend,
    stable_decay_envelope,
)
from solv.theory.anytime.risk import excess_risk
from solv.theory.anytime.spectrum import power_law_spectrum
from solv.theory.anytime.weight_averaging import ema, uniform
from solv.theory.schedules import cosine

HORIZONS = [1000, 2000, 5000, 10_000, 20_000]


@pytest.fixture(scope="module")
def steep():
    """The case (1.5, 3.0) of the spec's table S3."""
    return Problem(power_law_spectrum(1.5, 3.0, 500_000, exact=30, ratio=1.08), 0.01)


@pytest.fixture(scope="module")
def comparison(steep):
    return compare(steep, HORIZONS, horizon_free_schedules(1.5, 3.0, 20_000, [0.05]), [ema(6.25), ema(12.5)])


def found(comparison, gamma, average):
    [run] = [run for run in comparison.runs if (run.schedule.gamma, run.average) == (gamma, average)]
    return run


def test_the_cosine_envelope_has_no_optimum_on_its_edge_and_both_final_factors_count(comparison):
    envelope = comparison.envelope
    assert not envelope.on_edge
    assert envelope.multiplier.tolist() == [0.5, 0.5, 0.3, 0.2, 0.15]
    assert envelope.shape.tolist() == [0.1, 0, 0, 0, 0]
    assert envelope.long / envelope.risk == pytest.approx([1.68, 1.82, 2.41, 2.28, 1], abs=0.01)


@pytest.mark.parametrize(
    ("gamma", "average", "multiplier", "ratios"),
    [
        (0.0, "EMA 6.25", 0.2, [1.186, 0.975, 0.855, 0.854, 0.946]),
        (0.5, "EMA 6.25", 0.4, [0.878, 0.853, 0.858, 0.861, 0.881]),
    ],
)
def test_anytime_runs_have_the_measured_ratios_to_the_envelope(comparison, gamma, average, multiplier, ratios):
    run = found(comparison, gamma, average)
    assert run.multiplier == multiplier
    assert run.risk / comparison.envelope.risk == pytest.approx(ratios, abs=1e-3)
    assert run.worst_ratio == pytest.approx(max(ratios), abs=1e-3)
    assert not run.on_edge


def test_other_labels_and_no_average_have_the_measured_largest_ratios(comparison):
    assert found(comparison, 0.0, "EMA 12.5").worst_ratio == pytest.approx(1.207, abs=1e-3)
    assert found(comparison, 0.5, "EMA 12.5").worst_ratio == pytest.approx(0.993, abs=1e-3)
    assert found(comparison, 0.0, "last iterate").worst_ratio == pytest.approx(3.37, abs=0.01)
    assert comparison.best == found(comparison, 0.5, "EMA 6.25")


def test_the_envelope_is_the_least_of_its_runs_one_by_one():
    problem = Problem(power_law_spectrum(1.5, 2, 200, exact=5, ratio=1.5), 0.1, 2)
    envelope = cosine_envelope(problem, [40, 100], [0.1, 0.5, 1.0, 2.0])
    for index, horizon in enumerate([40, 100]):
        risks = [
            excess_risk(
                problem.spectrum,
                0.1,
                np.outer(cosine(np.arange(1, horizon + 1), horizon, final), [multiplier / problem.spectrum.trace]),
                [horizon],
                batch=2,
            ).last[0, 0]
            for final in (0.0, 0.1)
            for multiplier in (0.1, 0.5, 1.0, 2.0)
        ]
        assert envelope.risk[index] == pytest.approx(min(risks), rel=1e-12)


def test_a_grid_whose_edge_wins_is_extended_to_either_side():
    problem = Problem(power_law_spectrum(1.5, 3, 1000, exact=20, ratio=1.2), 0.01)
    whole = cosine_envelope(problem, [200], MULTIPLIERS)
    for corner in ([0.02, 0.03], [8.0, 10.0]):
        envelope = cosine_envelope(problem, [200], corner)
        assert not envelope.on_edge
        assert envelope.edges[0] < envelope.multiplier[0] < envelope.edges[1]
        assert envelope.risk == pytest.approx(whole.risk, rel=0.02)
    stuck = cosine_envelope(problem, [200], [1e-9])
    assert stuck.on_edge


def test_the_stable_schedule_needs_an_average_no_more_than_the_cosine_does(steep):
    stable = stable_decay_envelope(steep, [1000, 2000])
    envelope = cosine_envelope(steep, [1000, 2000])
    assert stable.risk / envelope.risk == pytest.approx([1.171, 1.235], abs=1e-3)


def test_the_rule_of_the_paper_chooses_its_multipliers():
    """The published selection at a = 1.1, b = 2.2: 0.5 for a constant rate, 3 for t^-1/2."""
    problem = Problem(power_law_spectrum(1.1, 2.2, 500_000, exact=30, ratio=1.15, normalize=True), 0.01)
    read_at = [1000, 2000, 3000, 5000, 8000, 10_000, 20_000, 50_000]
    for gamma, grid, chosen in ((0.0, [0.3, 0.5, 0.8], 0.5), (0.5, [2, 3, 5], 3)):
        [(multiplier, risks)] = least_mean_risk(problem, [PowerSchedule(gamma)], uniform(), read_at, grid)
        assert multiplier == chosen
        assert np.all(np.diff(risks) < 0)


def test_a_recommendation_is_the_best_of_all_schedules_offsets_and_windows_and_beats_the_tuned_cosine():
    advice = recommend(1.5, 3.0, 1000, labels=(3.125, 6.25), offsets=(0.05, 0.5))
    assert advice.horizons == (50, 100, 250, 500, 1000)
    assert {run.schedule.name for run in advice.runs} == {"constant", "(1+t/50)^-0.5", "(1+t/500)^-0.5"}
    assert {run.average for run in advice.runs} == {"last iterate", "EMA 3.125", "EMA 6.25"}
    assert advice.best.worst_ratio == min(run.worst_ratio for run in advice.runs) < 1
    assert advice.best.risk == pytest.approx(advice.envelope.risk, rel=0.25)


def test_a_larger_batch_raises_the_recommended_peak():
    one, many = (recommend(1.5, 1.5, 400, 0.1, batch=batch, labels=(6.25,)).best for batch in (1, 16))
    assert many.multiplier > 2 * one.multiplier
    assert np.all(many.risk < one.risk)


def test_the_best_exponent_of_the_rates_is_among_the_schedules():
    assert [s.gamma for s in horizon_free_schedules(2, 2.5, 1000, [0.1])] == [0, 0.2, 0.5]
    assert [s.gamma for s in horizon_free_schedules(2, 1.5, 1000, [0.1])] == [0, 0.5]
    assert [s.name for s in horizon_free_schedules(1.5, 3, 1000, [0.1])] == ["constant", "(1+t/100)^-0.5"]
    assert PowerSchedule(0.5).name == "t^-0.5"


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda problem: cosine_envelope(problem, [10], []), "multipliers = "),
        (lambda problem: cosine_envelope(problem, [10], [1.0, 0.5]), "multipliers = "),
        (lambda problem: best_anytime(problem, PowerSchedule(0), [], [10], np.ones(1), [-1.0]), "multipliers = "),
        (lambda problem: least_mean_risk(problem, [PowerSchedule(1.0)], uniform(), [10], [1.0]), "gamma = 1.0"),
        (lambda problem: recommend(1.5, 3, 99), "horizon = 99"),
        (lambda problem: recommend(1.0, 3, 100), "a = 1.0"),
        (lambda problem: recommend(1.5, 3, 100, offsets=[0]), "offset = 0"),
        (lambda problem: read_out(50), "horizon = 50"),
    ],
)
def test_a_value_out_of_range_is_named(steep, call, named):
    with pytest.raises(ValueError, match=named):
        call(steep)
