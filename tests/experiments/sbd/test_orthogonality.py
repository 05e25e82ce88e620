"""Part `orthogonality` of sbd: is every panel filled by the part alone?"""

from solv.experiments.sbd.orthogonality import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.ORTHOGONALITY: {"simulation", "theory"},
    Panels.EXPANDED: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("sbd", "orthogonality").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("sbd", "orthogonality").sound()


def test_measured_curves_are_called_as_theory_calls_them():
    assert smoke("sbd", "orthogonality").unpaired() == set()


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("sbd", "orthogonality").claims == (
        "score-orthogonal-when-admissible",
        "not-when-inadmissible",
        "expansion-preserves-orthogonality",
    )
