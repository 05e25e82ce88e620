"""Part `proofs` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.proofs import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.PROVABLE: {"simulation"},
    Panels.LENGTHS: {"simulation"},
    Panels.CHECKS: {"simulation"},
    Panels.DEPTH: {"simulation"},
    Panels.LENGTHS_BY_LEAVES: {"simulation", "published"},
    Panels.LENGTHS_OF_FULL: {"published"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "proofs").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "proofs").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"all-proofs-check"} <= set(smoke("pita", "proofs").claims)
