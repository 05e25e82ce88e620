"""Part `chain-attention` of pita: is every panel filled by the part alone?"""

from solv.experiments.pita.chain_attention import Panels
from tests.experiments.scaffold import smoke

SOURCES = {panel: {"trained"} for panel in Panels}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("pita", "chain-attention").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("pita", "chain-attention").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"attention-is-near-uniform", "reduced-model-suffices"} <= set(smoke("pita", "chain-attention").claims)
