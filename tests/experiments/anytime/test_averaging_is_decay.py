"""Part `averaging-is-decay` of anytime: is every panel filled by the part alone?"""

from solv.experiments.anytime.averaging_is_decay import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.RATES: {"theory"},
    Panels.WEIGHTS: {"theory"},
    Panels.DIFFERENCE: {"simulation"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "averaging-is-decay").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "averaging-is-decay").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"averaging-is-decay"} <= set(smoke("anytime", "averaging-is-decay").claims)
