"""Part `sampling-threshold` of best-of-k: both thresholds, and both sides of the edges of its claims."""

import numpy as np
import pytest

from solv.experiments.best_of_k import sampling_threshold
from solv.experiments.best_of_k.experiment import EXPERIMENT
from solv.tracking.claims import Verdict
from solv.tracking.curves import select
from tests.experiments.best_of_k.paper_curves import SIZES, judged, true_curves
from tests.experiments.scaffold import findings, spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


CHANGE = {"panel": sampling_threshold.Panels.CHANGE}


@pytest.mark.parametrize(("sigmas", "verdict"), [(1.1, HOLDS), (0.9, UNDECIDED), (-1.4, UNDECIDED), (-1.41, FAILS)])
def test_the_paper_threshold_needs_a_rise_between_the_two(sigmas, verdict):
    curves = spoilt(true_curves(), lambda rows: rows.assign(y=2 * sigmas * 1e-4, y_err=1e-4), **CHANGE)
    assert judged(curves, "paper-threshold-of-finite-optimum") is verdict


@pytest.mark.parametrize(("sigmas", "verdict"), [(1.1, HOLDS), (0.9, UNDECIDED), (-1.4, UNDECIDED), (-1.41, FAILS)])
def test_the_exact_threshold_parts_the_judges(sigmas, verdict):
    def sides(rows):
        return rows.assign(y=2e-4 * sigmas * np.sign(rows["x"] - 12.8), y_err=1e-4)

    assert judged(spoilt(true_curves(), sides, **CHANGE), "exact-threshold-of-finite-optimum") is verdict


@pytest.mark.parametrize(("factor", "verdict"), [(1.45, HOLDS), (0.69, HOLDS), (1.55, FAILS), (0.65, FAILS)])
def test_the_number_of_samples_counts_within_a_factor(factor, verdict):
    rows = {"panel": sampling_threshold.Panels.OPTIMAL, "law": sampling_threshold.PAPER}
    exact = select(true_curves(), **{**rows, "law": sampling_threshold.EXACT}).set_index("x")["y"][15.0]
    curves = spoilt(true_curves(), lambda part: part.assign(y=factor * exact), measured_only=False, **rows)
    assert judged(curves, "expansion-gives-the-optimal-samples") is verdict


def test_a_run_without_judges_between_the_thresholds_cannot_tell_them_apart():
    between = (true_curves()["panel"] == CHANGE["panel"].value) & true_curves()["x"].between(9.3, 12.5)
    left = true_curves()[~(between & (true_curves()["source"] == "simulation"))]
    found = findings(EXPERIMENT, left, SIZES)["paper-threshold-of-finite-optimum"]
    assert found.verdict is UNDECIDED
    assert "threshold.c includes values between 9.2" in found.needs
