"""Part `spin-glass` of jailbreak: is every panel filled by the part alone?"""

from solv.experiments.jailbreak.spin_glass import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.GLASS: {"anchored", "simulation"},
    Panels.GLASS_RATE: {"anchored", "simulation"},
    Panels.GLASS_NU: {"simulation"},
    Panels.GLASS_MU: {"simulation"},
    Panels.CLUSTERS: {"simulation"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("jailbreak", "spin-glass").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("jailbreak", "spin-glass").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"spin-glass-power-law", "strong-field-exponential", "parameters-grow-with-field"} <= set(
        smoke("jailbreak", "spin-glass").claims
    )
