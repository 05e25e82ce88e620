"""Part `chain-errors` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.chain_errors import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.ALIKE: {"anchored", "trained"},
    Panels.APART: {"anchored", "trained"},
    Panels.TOKENS: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-errors").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-errors").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"per-step-error-predicts-rt"} <= set(smoke("pita", "chain-errors").claims)
