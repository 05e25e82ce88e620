"""Part `direction` of best-of-k: is every panel filled by the part alone?"""

from solv.experiments.best_of_k.direction import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.DIRECTION: {"simulation", "theory"},
    Panels.GAIN: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("best-of-k", "direction").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("best-of-k", "direction").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("best-of-k", "direction").unpaired() & {Panels.DIRECTION, Panels.GAIN}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"best-judge-is-not-teacher"} <= set(smoke("best-of-k", "direction").claims)
