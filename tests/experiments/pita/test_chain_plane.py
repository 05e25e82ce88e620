"""Part `chain-plane` of pita: is every panel filled by the part alone?"""

import pytest

from solv.experiments.pita.answers import DIRECT, TRACE
from solv.experiments.pita.chain_plane import CHAIN_PLANE, GENERALISES, RECORD, Panels
from solv.tracking.claims import Verdict, judge
from solv.tracking.curves import join_curves
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.PLANE: {"theory", "trained"},
    Panels.BEYOND: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-plane").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-plane").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"rt-wins-broad-shallow", "dp-wins-narrow-deep"} <= set(smoke("pita", "chain-plane").claims)


@pytest.mark.parametrize(("best", "verdict"), [(GENERALISES - 0.01, Verdict.UNDECIDED), (GENERALISES, Verdict.FAILS)])
def test_where_neither_kind_generalises_nothing_is_compared(best, verdict):
    curves = [
        RECORD.trained(
            Panels.BEYOND, {"arms": 8, "answer": answer}, x=("levels", 4), y=("accuracy", y), y_err=0.01, n=12
        )
        for answer, y in ((TRACE, best - 0.1), (DIRECT, best))
    ]
    plane = RECORD.trained(Panels.PLANE, {"arms": 8}, x=("levels", 4), y=("difference", -0.1), y_err=0.01, n=12)
    found = judge(CHAIN_PLANE.claims[0], join_curves([*curves, plane]), {})
    assert (found.verdict, "generalise" in found.needs) == (verdict, verdict is Verdict.UNDECIDED)
