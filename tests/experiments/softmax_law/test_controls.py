"""Part `controls` of softmax-law: is every panel filled by the part alone?"""

from solv.experiments.softmax_law.controls import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.LOSS: {"theory", "trained"},
    Panels.EXPONENT: {"theory", "trained"},
    Panels.EDGE: {"theory", "trained"},
    Panels.FITS: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "controls").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "controls").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("softmax-law", "controls").unpaired() == {Panels.LOSS, Panels.FITS}


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "controls").claims == ("full-batch-rules",)
