"""Part `double-descent` of icl-alignment: is every panel filled by the part alone?"""

from solv.experiments.icl_alignment.double_descent import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.DOUBLE_DESCENT: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "double-descent").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "double-descent").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "double-descent").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "double-descent").claims == ("double-descent-at-tau-1",)
