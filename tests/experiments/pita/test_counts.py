"""Part `counts` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.counts import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.COUNTS: {"simulation", "theory"},
    Panels.BREADTH: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "counts").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "counts").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("pita", "counts").unpaired() & {Panels.COUNTS}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"counts"} <= set(smoke("pita", "counts").claims)
