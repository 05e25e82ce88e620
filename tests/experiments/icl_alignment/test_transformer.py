"""Part `transformer` of icl-alignment: is every panel filled by the part alone?"""

from solv.experiments.icl_alignment.transformer import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.ERROR: {"theory", "trained"},
    Panels.RESOLVENT: {"trained"},
    Panels.INVERSE: {"trained"},
    Panels.CKA: {"trained"},
    Panels.RANKS_WITHIN: {"theory", "trained"},
    Panels.RANKS: {"theory", "trained"},
    Panels.LEARNED: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("icl-alignment", "transformer").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("icl-alignment", "transformer").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("icl-alignment", "transformer").unpaired() == set(Panels)


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("icl-alignment", "transformer").claims == ("transformer-follows-alignment",)
