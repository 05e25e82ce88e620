"""Part `language` of best-of-k: is every panel filled by the part alone?"""

from solv.experiments.best_of_k.language.part import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.SAMPLES: {"trained"},
    Panels.BEYOND: {"trained"},
    Panels.DOUBLING: {"trained"},
    Panels.TEMPERATURE: {"trained"},
    Panels.ACCURACY: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("best-of-k", "language").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("best-of-k", "language").sound()


def test_its_claims_are_judged_by_its_own_curves():
    assert {"language-model-shows-the-same"} <= set(smoke("best-of-k", "language").claims)
