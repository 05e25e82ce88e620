"""Part `chain-plane` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.chain_plane import Panels
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
