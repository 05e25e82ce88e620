"""Part `floor` of anytime: is every panel filled by the part alone?"""

from solv.experiments.anytime.floor import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.FLOOR: {"theory"},
    Panels.RATE: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "floor").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "floor").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"constant-rate-stalls"} <= set(smoke("anytime", "floor").claims)
