"""Part `coordinates` of moe-transfer: is every panel filled by the part alone?"""

from solv.experiments.moe_transfer.coordinates import Panels
from tests.experiments.scaffold import smoke

SOURCES = {
    Panels.LEARNED: {"theory", "trained"},
    Panels.CHANGE: {"trained"},
    Panels.SIZES: {"trained"},
}


def test_every_panel_has_the_curves_that_are_promised_and_no_others():
    assert smoke("moe-transfer", "coordinates").sources() == SOURCES


def test_theory_is_exact_and_measurements_have_counts_and_errors():
    assert smoke("moe-transfer", "coordinates").sound()


def test_measured_curves_are_called_as_theory_calls_them_but_where_there_is_none():
    assert smoke("moe-transfer", "coordinates").unpaired() == {Panels.CHANGE, Panels.SIZES}


def test_its_claims_are_judged_by_its_own_curves():
    assert smoke("moe-transfer", "coordinates").claims == ("coordinates-stay-order-one", "sp-coordinates-drift")
