"""Part `one-third-law` of softmax-law: is every panel filled by the part alone?"""

from solv.experiments.softmax_law.one_third_law import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.LOSS: {"theory", "trained"},
    Panels.NORM: {"theory", "trained"},
    Panels.GRADIENT: {"theory", "trained"},
    Panels.CLOSED_FORM: {"theory", "trained"},
    Panels.EXPONENT: {"theory", "trained"},
    Panels.INTERVALS: {"trained"},
    Panels.STEEPENING: {"theory", "trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("softmax-law", "one-third-law").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("softmax-law", "one-third-law").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("softmax-law", "one-third-law").unpaired() == {Panels.INTERVALS}


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("softmax-law", "one-third-law").claims == (
        "one-third-loss",
        "one-third-weight-growth",
        "two-thirds-gradient",
        "closed-form",
        "exponential-when-not-peaked",
    )
