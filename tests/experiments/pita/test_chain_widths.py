"""Part `chain-widths` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.chain_widths import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.WIDTH_BY_DEPTH: {"trained"},
    Panels.WIDTH_BY_ARMS: {"trained"},
    Panels.CRITICAL_DEPTH: {"trained"},
    Panels.CRITICAL_ARMS: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-widths").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-widths").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"critical-width-exponents"} <= set(smoke("pita", "chain-widths").claims)
