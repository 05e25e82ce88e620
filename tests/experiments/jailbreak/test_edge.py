"""Part `edge` of jailbreak: is every panel filled by the part alone?"""

from solv.experiments.jailbreak.edge import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.EDGE: {"simulation", "theory"},
    Panels.SHAPE: {"simulation", "theory"},
    Panels.HELD_OUT: {"simulation", "theory"},
    Panels.FIT: {"simulation"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("jailbreak", "edge").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("jailbreak", "edge").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("jailbreak", "edge").unpaired() & {Panels.EDGE, Panels.SHAPE, Panels.HELD_OUT}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"edge-law-predicts-asr"} <= set(smoke("jailbreak", "edge").claims)
