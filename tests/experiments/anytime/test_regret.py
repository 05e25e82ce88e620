"""Part `regret` of anytime: is every panel filled by the part alone?"""

from solv.experiments.anytime.regret import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.ANSWER: {"theory"},
    Panels.RISK: {"theory"},
    Panels.CONSTANT: {"theory"},
    Panels.DECAYING: {"theory"},
    Panels.PEAKS: {"theory"},
    Panels.EDGES: {"theory"},
    Panels.BASELINES: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "regret").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "regret").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {
        "cosine-is-tuned",
        "averaging-is-essential",
        "anytime-matches-tuned-cosine",
        "long-cosine-is-not-anytime",
    } <= set(smoke("anytime", "regret").claims)
