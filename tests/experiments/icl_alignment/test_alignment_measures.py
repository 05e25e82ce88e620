"""Part `alignment-measures` of icl-alignment: is every panel filled by the part alone?"""

from solv.experiments.icl_alignment.alignment_measures import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.SCATTER: {"simulation", "theory"},
    Panels.OVERLAP: {"simulation"},
    Panels.BURES_DISTANCE: {"simulation"},
    Panels.RANKS: {"simulation", "theory"},
    Panels.RANKS_WITHIN: {"simulation", "theory"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "alignment-measures").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "alignment-measures").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("icl-alignment", "alignment-measures").unpaired() == {Panels.OVERLAP, Panels.BURES_DISTANCE}


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "alignment-measures").claims == (
        "alignment-orders-linear-errors",
        "alignment-knows-diversity",
    )
