"""Part `chain-hops` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.chain_hops import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.HOPS: {"trained"},
    Panels.BREADTH: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-hops").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-hops").sound()
