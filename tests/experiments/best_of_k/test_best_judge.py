"""Part `best-judge` of best-of-k: both sides of the edges of its claims."""

import numpy as np
import pytest

from solv.experiments.best_of_k import best_judge
from solv.tracking.claims import Verdict
from tests.experiments.best_of_k.paper_curves import judged, true_curves
from tests.experiments.scaffold import spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


@pytest.mark.parametrize(("strength", "verdict"), [(1.1, HOLDS), (0.9, UNDECIDED)])
def test_the_best_judge_beats_the_teacher_by_two_standard_errors(strength, verdict):
    rows = {"panel": best_judge.Panels.FAMILIES, "family": "extrapolate"}

    def gain(part):
        return part.assign(y=1 - np.where(part["x"] == 10, 2 * strength * np.hypot(1e-3, 1e-3), 0), y_err=1e-3)

    assert judged(spoilt(true_curves(), gain, **rows), "best-extrapolation-tends-to-t") is verdict


def test_the_best_extrapolation_is_t_within_two_per_cent():
    rows = {"panel": best_judge.Panels.BEST, "law": best_judge.EXACT}
    for factor, verdict in ((1.0 + 0.9 * 0.02, HOLDS), (1.03, FAILS)):
        curves = spoilt(true_curves(), lambda part, f=factor: part.assign(y=9.99 * f), measured_only=False, **rows)
        assert judged(curves, "best-extrapolation-tends-to-t") is verdict


@pytest.mark.parametrize(("strength", "verdict"), [(1.1, HOLDS), (0.9, UNDECIDED), (-1.4, UNDECIDED), (-1.41, FAILS)])
@pytest.mark.parametrize("family", ["mis", "scale"])
def test_a_judge_at_random_harms_and_one_along_the_teacher_helps(family, strength, verdict):
    rows = {"panel": best_judge.Panels.FAMILIES, "family": family}
    side = 1 if family == "mis" else -1

    def change(part):
        return part.assign(y=1 + side * np.where(part["x"] > 0, 2 * strength * np.hypot(1e-3, 1e-3), 0), y_err=1e-3)

    assert judged(spoilt(true_curves(), change, **rows), "direction-of-misspecification-decides") is verdict
