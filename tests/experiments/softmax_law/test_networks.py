"""Part `networks` of softmax-law: is every panel filled by the part alone?"""

from solv.experiments.softmax_law.networks import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.LOSS: {"trained"},
    Panels.EXPONENT: {"theory", "trained"},
    Panels.FITS: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "networks").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "networks").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("softmax-law", "networks").unpaired() == {Panels.LOSS}


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "networks").claims == (
        "universality-of-networks",
        "layers-and-contexts-set-the-exponent",
    )
