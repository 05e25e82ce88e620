"""Part `diversity` of icl-alignment: is every panel filled by the part alone?"""

from solv.experiments.icl_alignment.diversity import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.DIVERSITY: {"simulation", "theory"},
    Panels.MISALIGNMENT: {"theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "diversity").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "diversity").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("icl-alignment", "diversity").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "diversity").claims == ("diversity-helps-aligned", "diversity-harms-misaligned")
