"""Part `strong-field` of jailbreak: is every panel filled by the part alone?"""

from solv.experiments.jailbreak.strong_field import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.STRONG: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised():
    found = smoke("jailbreak", "strong-field").sources()
    for panel, sources in SOURCES.items():
        assert sources <= found[panel], panel


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("jailbreak", "strong-field").sound()
