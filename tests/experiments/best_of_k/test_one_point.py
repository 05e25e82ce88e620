"""Part `one-point` of best-of-k: both sides of the edge of its claim."""

import pytest

from solv.experiments.best_of_k import one_point
from solv.tracking.claims import Verdict
from tests.experiments.best_of_k.paper_curves import ideal, judged
from tests.experiments.scaffold import spoilt

HOLDS, FAILS = Verdict.HOLDS, Verdict.FAILS


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, HOLDS), (1.1, FAILS)])
def test_the_full_equivalent_has_five_per_cent(strength, verdict):
    rows = {"panel": one_point.Panels.RATIO}
    curves = spoilt(ideal(), lambda part: part.assign(y=part["y"] * (1 - 0.05 * strength), y_err=1e-4), **rows)
    assert judged(curves, "one-point-equivalent-misses-the-scatter") is verdict
