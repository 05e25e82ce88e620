"""Part `field` of jailbreak: is every panel filled by the part alone?"""

from solv.experiments.jailbreak.field import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.FIELD: {"simulation", "theory"},
    Panels.AMPLITUDE: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("jailbreak", "field").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("jailbreak", "field").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("jailbreak", "field").unpaired() & {Panels.FIELD, Panels.AMPLITUDE}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"weak-field-amplitude"} <= set(smoke("jailbreak", "field").claims)
