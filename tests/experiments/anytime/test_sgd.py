"""Part `sgd` of anytime: is every panel filled by the part alone?"""

from solv.experiments.anytime.sgd import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.SGD: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("anytime", "sgd").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("anytime", "sgd").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("anytime", "sgd").unpaired() & {Panels.SGD}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"sgd-follows-theory"} <= set(smoke("anytime", "sgd").claims)
