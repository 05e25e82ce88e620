"""Part `extrapolating-judges` of best-of-k: both sides of the edges of its claims."""

import numpy as np
import pytest

from solv.experiments.best_of_k import extrapolating_judges
from solv.tracking.claims import Verdict
from tests.experiments.best_of_k.paper_curves import judged, true_curves
from tests.experiments.scaffold import spoilt

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


BEYOND = {"panel": extrapolating_judges.Panels.BEYOND}


@pytest.mark.parametrize(("sigmas", "verdict"), [(1.1, HOLDS), (0.9, UNDECIDED), (-1.4, UNDECIDED), (-1.41, FAILS)])
@pytest.mark.parametrize("c", [10, 15])
def test_the_optimum_at_t_ten_is_two_standard_errors_deep(c, sigmas, verdict):
    def deep(rows):
        return rows.assign(y=np.where(rows["x"] == 99, 0.0, (-1 if c == 15 else 1) * 2e-4 * sigmas), y_err=1e-4)

    curves = spoilt(true_curves(), deep, **BEYOND, c=c)
    assert judged(curves, "misspecified-judge-has-optimum-at-t-10") is verdict


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize("c", [5, 15])
def test_the_expansion_has_its_accuracy(c, strength, verdict):
    most = extrapolating_judges.ACCURACY[c]
    curves = spoilt(
        true_curves(),
        lambda rows: rows.assign(y=strength * most),
        measured_only=False,
        panel=extrapolating_judges.Panels.EXPANSION,
        third=extrapolating_judges.PAPER,
        c=c,
    )
    assert judged(curves, "expansion-holds-at-t-10") is verdict
