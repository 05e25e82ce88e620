"""Part `one-point` of best-of-k: both sides of the edge of its claim."""

import pytest

from solv.experiments.best_of_k import one_point
from solv.tracking.claims import Verdict
from tests.experiments.best_of_k.paper_curves import judged, true_curves
from tests.experiments.scaffold import spoilt

HOLDS, FAILS = Verdict.HOLDS, Verdict.FAILS


EDGES = [
    (
        "one-point-equivalent-misses-the-scatter",
        {"panel": one_point.Panels.RATIO},
        lambda s: lambda rows: rows.assign(y=rows["y"] * (1 - 0.05 * s)),
    )
]


@pytest.mark.parametrize(("strength", "verdict"), [(0.9, HOLDS), (1.1, FAILS)])
@pytest.mark.parametrize(("claim", "rows", "change"), EDGES)
def test_the_full_equivalent_has_five_per_cent(claim, rows, change, strength, verdict):
    sharp = spoilt(true_curves(), lambda part: part.assign(y_err=1e-4), **rows)
    assert judged(spoilt(sharp, change(strength), **rows), claim) is verdict
