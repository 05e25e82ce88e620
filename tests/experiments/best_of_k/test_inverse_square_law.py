"""Part `inverse-square-law` of best-of-k: is every panel filled by the part alone?"""

from solv.experiments.best_of_k.inverse_square_law import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.BEST_OF: {"simulation", "theory"},
    Panels.COEFFICIENT: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("best-of-k", "inverse-square-law").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("best-of-k", "inverse-square-law").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("best-of-k", "inverse-square-law").unpaired() & {Panels.BEST_OF, Panels.COEFFICIENT}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"inverse-square-law"} <= set(smoke("best-of-k", "inverse-square-law").claims)
