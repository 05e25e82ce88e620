"""Part `bound` of anytime: is every panel filled by the part alone?"""

from solv.experiments.anytime.bound import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.RATIO: {"theory"},
    Panels.NOISE: {"theory"},
    Panels.REGION: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "bound").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "bound").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"theorem-1-bounds-the-averaged-risk"} <= set(smoke("anytime", "bound").claims)
