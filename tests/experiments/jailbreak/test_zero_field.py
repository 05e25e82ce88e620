"""Part `zero-field` of jailbreak: is every panel filled by the part alone?"""

from solv.experiments.jailbreak.zero_field import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.ZERO_FIELD: {"simulation", "theory"},
    Panels.EXPONENT: {"simulation", "theory"},
    Panels.LIMIT_AMPLITUDE: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("jailbreak", "zero-field").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("jailbreak", "zero-field").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert not smoke("jailbreak", "zero-field").unpaired() & {Panels.ZERO_FIELD, Panels.EXPONENT}


def test_its_claims_are_judged_by_its_own_curves():
    assert {"zero-field-power-law"} <= set(smoke("jailbreak", "zero-field").claims)
