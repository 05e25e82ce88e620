"""Are the toy model's teachers, theory, slopes and verdicts what its parts take them for?"""

import math

import numpy as np
import pandas as pd
import pytest

from solv.experiments.softmax_law.settings import SoftmaxLawConfig, Toy
from solv.experiments.softmax_law.toy import (
    Cell,
    all_near,
    few,
    over_repeats,
    peakedness,
    reading_steps,
    schedule_factors,
    slopes_over,
    slopes_until,
    target_scale,
    toy_flow,
    toy_inputs,
    toy_sample,
    toy_start,
    toy_teacher,
    train_cells,
)
from solv.harness.settings import replace
from solv.theory.softmax_law.loss import aligned_loss
from solv.tracking.claims import Verdict
from tests.experiments.scaffold import Units, context

CONFIG = SoftmaxLawConfig(toy=Toy(inputs=6, classes=10, batch=16, shown=64, repeats=2), theory_points=1000)


def test_the_target_has_the_scale_of_a_linear_layer_over_the_temperature():
    many = SoftmaxLawConfig(toy=Toy(inputs=32, classes=128))
    logits = toy_inputs(4000, 32, np.random.default_rng(0)) @ toy_teacher(many, 0).T
    assert logits.std() == pytest.approx(target_scale(1.0), rel=0.03)
    assert target_scale(0.01) == pytest.approx(57.7, abs=0.1)
    assert peakedness(many, 0.0577) == pytest.approx(10 / math.sqrt(2 * math.log(128)), rel=1e-3)


def test_teachers_and_starts_are_drawn_apart_and_again_the_same():
    assert not np.any(toy_teacher(CONFIG, 0) == toy_teacher(CONFIG, 1))
    assert not np.any(toy_teacher(CONFIG, 0) == toy_start(CONFIG, 0))
    np.testing.assert_array_equal(toy_teacher(CONFIG, 0), toy_teacher(CONFIG, 0))


def test_the_quadrature_is_of_the_unit_direction():
    sample, norm = toy_sample(CONFIG, 0)
    weights = toy_teacher(CONFIG, 0)
    assert norm == pytest.approx(np.linalg.norm(weights - weights.mean(0)))
    # |x|^2 = m: the mean square of all logits of a unit direction is m / m = 1 over the classes' number
    assert (sample.logits**2).sum(axis=1).mean() == pytest.approx(1, abs=0.1)


def test_a_peaked_target_is_learned_as_independent_energies_of_the_scale_of_the_logits_would_be():
    sample, _ = toy_sample(replace(CONFIG, theory_points=20_000), 0)
    scale = 20 / sample.logits.std()
    loss, _ = aligned_loss([scale], math.inf, sample)
    assert scale * loss[0] == pytest.approx(sample.peak, rel=0.3), (
        "ten classes in six dimensions are nearly independent"
    )


def test_the_flow_starts_with_the_whole_divergence_and_ends_at_the_target():
    flow = toy_flow(CONFIG, 0.3, np.array([1e-6, 1e7]))
    assert flow.loss.shape == (2, 2)
    assert np.all(flow.loss[:, 0] > 0.1)
    assert np.all(flow.loss[:, 1] < 1e-9)
    norms = [toy_sample(CONFIG, r)[1] / 0.3 for r in range(2)]
    np.testing.assert_allclose(flow.norm[:, 1], norms, rtol=1e-6)


def test_slopes_until_the_end_are_those_of_a_power():
    x = np.array([2.0, 3, 7, 11, 30])
    ends, slopes = slopes_until(x, np.stack([x**-0.5, 3 * x**2]), 4.0)
    np.testing.assert_array_equal(ends, [11, 30])
    np.testing.assert_allclose(slopes, [[-0.5] * 2, [2.0] * 2])
    ends, _ = slopes_until(0.3 * 4.0 ** np.arange(4), np.ones((1, 4)), 4.0)
    assert len(ends) == 3


def test_slopes_over_a_factor_are_those_of_a_power():
    x = np.geomspace(1, 1000, 30)
    starts, slopes = slopes_over(x, np.stack([x**-0.5, 3 * x**2]), 4.0)
    np.testing.assert_allclose(slopes, np.array([[-0.5], [2.0]]) * np.ones(len(starts)), rtol=1e-9)
    assert starts[-1] <= 250 < starts[-1] * 1.3


def test_readings_are_logarithmic_and_end_with_the_training():
    read_at = reading_steps(1000)
    assert (read_at[0], read_at[-1]) == (2, 1000)
    assert read_at == sorted(set(read_at))


def test_the_schedule_warms_up_over_a_hundredth_and_ends_at_a_tenth():
    factor = schedule_factors(1000)
    np.testing.assert_allclose(factor[[0, 9]], [0.1, 1.0])
    assert factor[10:].max() == pytest.approx(1)
    assert factor[-1] == pytest.approx(0.1, abs=1e-4)
    assert np.all(np.diff(factor[10:]) <= 0)


def rows(y, error, n=3):
    return pd.DataFrame({"y": y, "y_err": error, "n": n})


def test_rows_are_judged_by_the_error_of_all_of_them():
    assert set(all_near(rows([0.4, 0.44], [1e-4, 1e-4]), [0.4, 0.4], 0.05)) == {Verdict.HOLDS}
    assert all_near(rows([0.4, 0.46], [1e-4, 1e-4]), [0.4, 0.4], 0.05) == [Verdict.HOLDS, Verdict.FAILS]
    # one row of a scatter that happens to be small is not surer than the other
    assert all_near(rows([0.4, 0.46], [1e-1, 1e-9]), [0.4, 0.4], 0.05)[1] is Verdict.UNDECIDED
    assert set(all_near(rows([0.4, 0.4], [0.0, 0.0]), [0.4, 0.4], 0.05)) == {Verdict.UNDECIDED}
    assert all_near(rows([], []), [], 0.05) == []


def test_a_true_law_is_rarely_said_to_fail():
    rng, failed = np.random.default_rng(0), 0
    for _ in range(1000):
        draws = rng.normal(0.4, 0.05, (2, 6))  # of two teachers, six rows
        made = rows(draws.mean(0), draws.std(0, ddof=1) / math.sqrt(2), 2)
        failed += Verdict.FAILS in all_near(made, [0.4] * 6, 0.04)
    assert failed <= 5


def test_few_teachers_need_many_errors():
    assert few(2) > few(3) > few(10) > 2


def test_cells_are_trained_by_repeat_and_a_unit_each(tmp_path):
    units = Units()
    own = context(tmp_path, unit=units)
    cells = [Cell(0.1, 0.1), Cell(0.1, 0.1, start=0.5), Cell(0.3, 0.1, decay=0.1)]
    found = [train_cells("few", cells, [1, 20], CONFIG, own, repeat, batch=16) for repeat in range(2)]
    assert units.computed == ["few 0", "few 1"]
    together = over_repeats(found)
    assert together["loss"].shape == (3, 2, 2)
    assert np.all(together["loss"][0, :, 1] < together["loss"][0, :, 0])
    assert np.all(together["norm"][1, :, 0] > together["norm"][0, :, 0])
    assert not np.any(found[0]["loss"] == found[1]["loss"])


def test_factors_scale_the_rate_and_teachers_can_be_given(tmp_path):
    still = train_cells(
        "still", [Cell(0.1, 0.1)], [1, 4], CONFIG, context(tmp_path), 0, batch=16, factors=np.array([1, 0, 0, 0.0])
    )
    assert still["loss"][0, 0] == still["loss"][0, 1]
    other = train_cells(
        "other", [Cell(0.1, 0.1)], [1], CONFIG, context(tmp_path), 0, batch=16, teachers=[toy_teacher(CONFIG, 1)]
    )
    assert other["alignment"].shape == (1, 1)
