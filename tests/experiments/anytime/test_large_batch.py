"""Part `large-batch` of anytime: is every panel filled by the part alone?"""

from solv.experiments.anytime.large_batch import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.RATIO: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "large-batch").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "large-batch").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"large-batch-constant-beats-cosine"} <= set(smoke("anytime", "large-batch").claims)
