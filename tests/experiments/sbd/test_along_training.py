"""Part `along-training` of sbd: is every panel filled by the part alone?"""

from solv.experiments.sbd.along_training import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.CORRELATION: {"trained"},
    Panels.ALIGNMENT: {"trained"},
    Panels.TRUNCATED: {"trained"},
    Panels.FROZEN: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("sbd", "along-training").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("sbd", "along-training").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("sbd", "along-training").unpaired() == set(SOURCES)


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("sbd", "along-training").claims == (
        "correlation-falls-under-bp",
        "alignment-grows",
        "kept-part-descends",
        "dfa-is-frozen-sbd",
    )
