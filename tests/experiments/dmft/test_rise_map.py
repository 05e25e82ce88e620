"""Part `rise-map` of dmft: is every panel filled by the part alone?"""

from solv.experiments.dmft.rise_map import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.RISE: {"simulation", "theory"},
    Panels.LATE: {"simulation", "theory"},
    Panels.RISE_CURVES: {"simulation", "theory"},
    Panels.RISE_REGRESSION: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("dmft", "rise-map").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("dmft", "rise-map").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("dmft", "rise-map").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("dmft", "rise-map").claims == ("map",)
