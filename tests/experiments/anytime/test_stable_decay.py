"""Part `stable-decay` of anytime: is every panel filled by the part alone?"""

from solv.experiments.anytime.stable_decay import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.EXPONENT: {"theory"},
    Panels.RISK: {"simulation", "theory"},
    Panels.RATIO: {"simulation"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "stable-decay").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "stable-decay").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"stable-decay-has-the-averaged-rate", "stable-decay-sgd-follows-theory"} <= set(
        smoke("anytime", "stable-decay").claims
    )
